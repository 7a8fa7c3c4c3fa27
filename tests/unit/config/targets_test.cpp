#include "config/targets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsErr;
using testing::IsOk;

Result<LoadedConfig> load_targets(std::map<std::string, std::string> variables) {
    variables.insert(
        {{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}, {"AWS_REGION", "eu-west-1"}});
    return load_config(testing::FakeEnvironment(std::move(variables)));
}

TEST(Targets, AreNoneWhereNobodyNamesAny) {
    const auto loaded = load_targets({});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->config.targets.all, IsEmpty());
    EXPECT_FALSE(loaded->config.targets.several());
}

TEST(Targets, OfRegionsAreCalledByTheirRegionsInTheirOrder) {
    const auto loaded = load_targets({{"REGIONS", "us-east-1, eu-west-1,us-east-1"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->config.targets.all, ElementsAre(DeploymentTarget{.name = "us-east-1", .region = "us-east-1"},
                                                        DeploymentTarget{.name = "eu-west-1", .region = "eu-west-1"}));
    EXPECT_TRUE(loaded->config.targets.several());
    EXPECT_FALSE(loaded->config.targets.in_order);
}

TEST(Targets, HaveTheAccountOfTheirRole) {
    const auto targets = parse_targets(
        R"({"us":{"region":"us-east-1","cluster":"live","role_arn":"arn:aws:iam::111122223333:role/ci/deploy","external_id":"xy"},
            "eu":{"region":"eu-west-1"}})");
    ASSERT_TRUE(targets.has_value());
    EXPECT_THAT(*targets, ElementsAre(DeploymentTarget{.name = "eu", .region = "eu-west-1"},
                                      DeploymentTarget{.name = "us",
                                                       .region = "us-east-1",
                                                       .account = "111122223333",
                                                       .cluster = ClusterName{"live"},
                                                       .role_arn = "arn:aws:iam::111122223333:role/ci/deploy",
                                                       .external_id = "xy"}));
}

TEST(Targets, NameEverythingThatIsWrongAtOnce) {
    const std::pair<const char*, const char*> rows[] = {
        {"[]", "is an array"},
        {"{", "JSON"},
        {"{}", "names no target"},
        {R"({"a b":{"region":"us-east-1"}})", "is not the name of a target"},
        {R"({"us":"us-east-1"})", "us is a string"},
        {R"({"us":{}})", "us/region is missing"},
        {R"({"us":{"region":"us_east_1"}})", "\"us_east_1\" is not a region"},
        {R"({"us":{"region":""}})", "us/region is empty"},
        {R"({"us":{"region":5}})", "us/region is a number"},
        {R"({"us":{"region":"us-east-1","regoin":"x"}})", "us/regoin is not known; expected \"region\"?"},
        {R"({"us":{"region":"us-east-1","cluster":"arn:aws:ecs:x"}})", "is not the name of a cluster"},
        {R"({"us":{"region":"us-east-1","role_arn":"arn:aws:iam::1:role/x"}})", "is not the ARN of a role"},
        {R"({"us":{"region":"us-east-1","external_id":"abc"}})", "there is no role_arn"},
        {R"({"us":{"region":"us-east-1"},"x":{"region":"us-east-1"}})", "x is the same place as us"},
    };
    for (const auto& [json, what] : rows) {
        const auto targets = parse_targets(json);
        ASSERT_FALSE(targets.has_value()) << json;
        EXPECT_THAT(in_words(targets.error()), HasSubstr(what)) << json;
    }
}

TEST(Targets, OfTheDocumentAreBlamedByTheirPlaceInIt) {
    const auto loaded = load_targets(
        {{"CI_LAMBDA_CONFIG", R"({"targets":{"us":{"region":"us-east-1"},"eu":{"regoin":"x"}},"order":["us","eu"]})"}});
    EXPECT_THAT(loaded, IsErr(ErrorKind::kConfiguration,
                              AllOf(HasSubstr("/targets/eu/regoin"), HasSubstr("/targets/eu/region"))));
}

TEST(Targets, AreDeployedInTheOrderThatIsNamed) {
    const auto loaded = load_targets(
        {{"CI_LAMBDA_CONFIG",
          R"({"targets":{"us":{"region":"us-east-1"},"eu":{"region":"eu-west-1"}},"order":["us","eu"],"roll_back_earlier_targets":true})"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.targets.names(), "us, eu");
    EXPECT_TRUE(loaded->config.targets.in_order);
    EXPECT_TRUE(loaded->config.targets.roll_back_earlier);
}

TEST(Targets, MustAllStandInTheOrder) {
    EXPECT_THAT(load_targets({{"REGIONS", "us-east-1,eu-west-1"}, {"TARGET_ORDER", "us-east-1"}}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("leaves out eu-west-1")));
    EXPECT_THAT(load_targets({{"REGIONS", "us-east-1"}, {"TARGET_ORDER", "us-east-1,ap"}}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("\"ap\" is not one of the targets; there are: us-east-1")));
    EXPECT_THAT(load_targets({{"REGIONS", "us-east-1"}, {"TARGET_ORDER", "us-east-1,us-east-1"}}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("names us-east-1 twice")));
}

TEST(Targets, AreNamedInOneWayOnly) {
    EXPECT_THAT(load_targets({{"REGIONS", "us-east-1"}, {"TARGETS", R"({"eu":{"region":"eu-west-1"}})"}}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("both say where to deploy")));
}

TEST(Targets, EachHaveAConfigurationOfTheirOwn) {
    const auto loaded = load_targets(
        {{"TARGETS",
          R"({"us":{"region":"us-east-1","cluster":"live","role_arn":"arn:aws:iam::111122223333:role/d"},"eu":{"region":"eu-west-1"}})"}});
    ASSERT_THAT(loaded, IsOk());
    const auto us = in_target(loaded->config, *loaded->config.targets.find("us"));
    EXPECT_EQ(us.region, "us-east-1");
    EXPECT_EQ(us.deployment_target, "us");
    EXPECT_EQ(us.home_region, "eu-west-1");
    EXPECT_TRUE(us.targets.several()) << "to tell which events are meant for the others";
    const auto api = us.names.target(ServiceId{"api"});
    ASSERT_TRUE(api.has_value());
    EXPECT_EQ(api->cluster_ref(),
              (ClusterRef{.account = "111122223333", .region = "us-east-1", .name = ClusterName{"live"}}));
    EXPECT_EQ(api->label(), "api in us");
    EXPECT_THAT(us.replicated_from, ::testing::Contains("eu-west-1"));
    EXPECT_THAT(us.replicated_from, ::testing::Not(::testing::Contains("us-east-1")));
    EXPECT_EQ(us.replica_region("eu-west-1"), "us-east-1");
    EXPECT_EQ(us.replica_region("us-east-1"), "");
    EXPECT_EQ(us.replica_region("ap-south-1"), "");
    EXPECT_THAT(loaded->config.replicated_from, IsEmpty());
    const auto eu = in_target(loaded->config, *loaded->config.targets.find("eu"));
    EXPECT_EQ(eu.names.cluster(), ClusterName{"shop_cluster_dev"});
    EXPECT_EQ(eu.replica_region("us-east-1"), "eu-west-1");
}

}  // namespace
}  // namespace ci_lambda
