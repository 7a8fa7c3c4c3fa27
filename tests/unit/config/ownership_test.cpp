#include "config/ownership.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/fakes.hpp"

namespace ci_lambda {
namespace {

using ::testing::HasSubstr;

/// The configuration of `shop` in `dev` that names these ids, with `more` variables.
Config naming(const std::string& ids, const std::map<std::string, std::string>& more = {}) {
    std::map<std::string, std::string> variables{
        {"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}, {"AUTO_DEPLOY_MAP", ids}};
    for (const auto& [name, value] : more) variables[name] = value;
    return load_config(testing::FakeEnvironment(variables)).value().config;
}

/// What the name says: "api", "api, but ..", or "foreign".
std::string reading(const Config& config, const std::string& name) {
    const auto found = Ownership(config).read(EcsServiceName(name));
    if (!found) return "foreign";
    EXPECT_EQ(found->is_ours_beyond_doubt(), found->doubt().empty());
    if (found->is_ours_beyond_doubt()) return found->id.str();
    return found->id.str() + (found->is_rather_another_ones() ? ", but rather another one's: " : ", but ") +
           found->doubt();
}

const std::pair<const std::string, std::string> kHyphens{"SERVICE_NAME_PATTERN", "{project}-{name}-{env}"};
const std::pair<const std::string, std::string> kShared{"ECS_CLUSTER_NAME", "shared"};

TEST(Ownership, IsBeyondDoubtForNamedServicesWithOneReading) {
    const auto config = naming(R"({"api":true,"api_worker":true,"my.job-1":true})");
    EXPECT_EQ(reading(config, "shop_service_api_dev"), "api");
    EXPECT_EQ(reading(config, "shop_service_api_worker_dev"), "api_worker");
    EXPECT_EQ(reading(config, "shop_service_my.job-1_dev"), "my.job-1");
    EXPECT_EQ(reading(naming(R"({"api":true})", {kHyphens, kShared}), "shop-api-dev"), "api");
    EXPECT_EQ(reading(naming(R"({"api":true,"backend":true})", {kShared}), "shop_service_api_dev"), "api")
        << "an environment api_dev is nothing to think of";
}

TEST(Ownership, WantsTheIdToBeNamed) {
    EXPECT_THAT(reading(naming("{}"), "shop_service_api_dev"), HasSubstr("api, but no variable names api"));
    EXPECT_THAT(reading(naming("{}"), "shop_service_dev"), HasSubstr("backend, but no variable names backend"));
    EXPECT_EQ(reading(naming(R"({"":true})"), "shop_service_dev"), "backend");
    EXPECT_EQ(reading(naming("{}", {{"BACKEND_SERVICE_NAME", "core"}}), "shop_service_dev"), "backend");
    EXPECT_EQ(
        reading(naming("{}", {{"SERVICE_CONFIG", R"({"api":[{"bucket":"b","key":"k"}]})"}}), "shop_service_api_dev"),
        "api");
    EXPECT_EQ(reading(naming("{}", {{"ECR_REPO_MAP", R"({"r":"api"})"}}), "shop_service_api_dev"), "api");
}

TEST(Ownership, DoesNotTakeTheServicesOfAProjectWhoseNameBeginsLikeOurs) {
    const auto config = naming(R"({"api":true})", {kHyphens});
    EXPECT_EQ(reading(config, "shop-admin-api-dev"),
              "admin-api, but rather another one's: its name may also be that of api in the environment dev of the "
              "project shop-admin; ECS_SERVICE_MAP would tell, or a service_name in the document");
    EXPECT_THAT(reading(naming("{}", {kHyphens}), "shop-admin-api-dev"), HasSubstr("no variable names admin-api"));
}

TEST(Ownership, IsInDoubtWhereBothReadingsHaveANamedId) {
    EXPECT_THAT(reading(naming(R"({"api":true,"admin-api":true})", {kHyphens}), "shop-admin-api-dev"),
                HasSubstr("admin-api, but its name may also be that of api"));
    EXPECT_EQ(reading(naming(R"({"admin-api":true})", {kHyphens}), "shop-admin-api-dev"), "admin-api");
}

TEST(Ownership, IsInDoubtWhereTheDefaultPatternsCollide) {
    EXPECT_THAT(reading(naming(R"({"x_service":true})"), "shop_service_x_service_dev"),
                HasSubstr("x_service, but its name may also be that of backend in the environment dev of the project "
                          "shop_service_x"));
    EXPECT_THAT(reading(naming(R"({"x_service_api":true,"api":true})"), "shop_service_x_service_api_dev"),
                HasSubstr("api in the environment dev of the project shop_service_x"));
    EXPECT_THAT(
        reading(naming(R"({"api":true})", {{"SERVICE_NAME_PATTERN", "{project}_{name}_{env}"}}), "shop_api_dev"),
        HasSubstr("backend in the environment dev of the project shop_api"));
}

TEST(Ownership, DoubtsOtherEnvironmentsOnlyWhereTheyMayShareTheCluster) {
    const std::map<std::string, std::string> pattern{{"SERVICE_NAME_PATTERN", "{project}_x_{env}-{name}"}};
    auto shared = pattern;
    shared.insert(kShared);
    const std::string ids = R"({"api":true,"eu-api":true})";
    EXPECT_EQ(reading(naming(ids, pattern), "shop_x_dev-eu-api"), "eu-api")
        << "another environment's cluster is another";
    EXPECT_THAT(reading(naming(ids, shared), "shop_x_dev-eu-api"),
                HasSubstr("api in the environment dev-eu of the project shop"));
}

TEST(Ownership, HasNoDoubtsAboutWhatIsInTheServiceMap) {
    const auto config =
        naming("{}", {{"ECS_SERVICE_MAP", R"({"x":{"service_name":"shop_service_x_service_dev","task_family":"f"}})"}});
    EXPECT_EQ(reading(config, "shop_service_x_service_dev"), "x");
    EXPECT_EQ(reading(config, "shop_service_api_dev"), "foreign");
}

TEST(Ownership, KnowsWhatIsForeign) {
    for (const std::string name : {"", "shop", "other_service_api_dev", "shop_service_api_prod"})
        EXPECT_EQ(reading(naming(R"({"api":true})"), name), "foreign") << name;
}

TEST(Ownership, CopesWithPatternsWithoutAnythingBetweenThePlaceholders) {
    const auto config = naming(R"({"a":true})", {{"SERVICE_NAME_PATTERN", "{project}{env}{name}"}});
    EXPECT_THAT(reading(config, "shopdeva"), HasSubstr("a, but its name may also be that of a in the environment"));
    const std::string longest(255, 'a');
    EXPECT_EQ(reading(config, longest), "foreign");
}

}  // namespace
}  // namespace ci_lambda
