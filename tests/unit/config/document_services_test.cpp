#include "config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/ownership.hpp"
#include "unit/config/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(LoadDocument, ReadsServicesAsTheFiveMapsWouldSayThem) {
    const auto config = config_of(R"("services":{
        "api": {"service_name":"a","task_family":"ta","repositories":["shop/api"],"parameters":["/dev/shop/api/"],
                "files":[{"bucket":"b","key":"one"}],"auto_deploy":false},
        "worker": {"service_name":"w","task_family":"tw","repositories":["shop/api","jobs"],
                   "files":[{"bucket":"b","key":"one"},{"bucket":"b","key":"two"}]}})");
    const auto by_maps = load_config(FakeEnvironment(
        {{"PROJECT_NAME", "shop"},
         {"PROJECT_ENV", "dev"},
         {"ENABLE_SLACK_NOTIFICATIONS", "false"},
         {"ECS_SERVICE_MAP",
          R"({"api":{"service_name":"a","task_family":"ta"},"worker":{"service_name":"w","task_family":"tw"}})"},
         {"ECR_REPO_MAP", R"({"shop/api":["worker","api"],"jobs":"worker"})"},
         {"SSM_SERVICE_MAP", R"({"/dev/shop/api":"api"})"},
         {"SERVICE_CONFIG", R"({"api":[{"bucket":"b","key":"one"}],"worker":[{"bucket":"b","key":"one"}]})"},
         {"S3_SERVICE_MAP", R"({"worker":[{"bucket":"b","key":"two"}]})"},
         {"AUTO_DEPLOY_MAP", R"({"api":false})"}}));
    ASSERT_THAT(by_maps, IsOk());
    EXPECT_EQ(config, by_maps->config);
}

TEST(LoadDocument, LeavesTheNamesToThePatternsWhereNoServiceHasOne) {
    const auto config = config_of(R"("services":{"api":{}})");
    EXPECT_FALSE(config.names.has_service_map());
    EXPECT_EQ(config.names.target(ServiceId("api"))->service, EcsServiceName("shop_service_api_dev"));
    EXPECT_TRUE(config.names.target(ServiceId("other"))) << "what is not listed is named by the pattern, too";
    EXPECT_THAT(config.known_services(), ElementsAre(ServiceId("api")));
}

TEST(LoadDocument, TakesItsServicesForAllThatAreOursWhereAnyHasAName) {
    const auto config = config_of(R"("services":{"api":{"task_family":"front"},"worker":{},"backend":{}})");
    EXPECT_THAT(config.names.mapped_ids(), ElementsAre("api", "backend", "worker"));
    EXPECT_EQ(config.names.target(ServiceId("api"))->service, EcsServiceName("shop_service_api_dev"));
    EXPECT_EQ(config.names.target(ServiceId("api"))->family, TaskFamily("front"));
    EXPECT_EQ(config.names.target(ServiceId("worker"))->service, EcsServiceName("shop_service_worker_dev"));
    EXPECT_EQ(config.names.target(ServiceId("backend"))->service, EcsServiceName("shop_service_dev"));
    EXPECT_FALSE(config.names.target(ServiceId("other")));
    EXPECT_FALSE(config.names.id_of(EcsServiceName("shop_service_other_dev")));
}

TEST(LoadDocument, KeepsTheDoubtAboutNamesThatAPatternMade) {
    const auto config = config_of(R"("names":{"service_pattern":"{project}-{name}-{env}","cluster":"shared"},
        "services":{"api":{},"admin-api":{},"mail":{"service_name":"shop-mail-api-dev"}})");
    const Ownership ownership(config);
    EXPECT_FALSE(ownership.read(EcsServiceName("shop-admin-api-dev"))->is_ours_beyond_doubt())
        << "it may be the api of shop-admin";
    EXPECT_TRUE(ownership.read(EcsServiceName("shop-mail-api-dev"))->is_ours_beyond_doubt()) << "somebody wrote it";
    EXPECT_TRUE(ownership.read(EcsServiceName("shop-api-dev"))->is_ours_beyond_doubt());
}

TEST(LoadDocument, MakesAServiceThatIsOnlyListedOursBeyondDoubt) {
    const auto read = [](const Config& config) {
        return Ownership(config).read(EcsServiceName("shop_service_api_dev"))->is_ours_beyond_doubt();
    };
    EXPECT_FALSE(read(config_of("")));
    EXPECT_TRUE(read(config_of(R"("services":{"api":{}})")));
    EXPECT_TRUE(read(config_of(R"("services":{"api":{"auto_deploy":false}})", {{"AUTO_DEPLOY_MAP", "{}"}})));
}

TEST(LoadDocument, KnowsTheBackendByItsOtherName) {
    const auto config = config_of(R"("names":{"backend":"core"},"services":{"core":{"auto_deploy":false}})");
    EXPECT_THAT(config.auto_deploy, ElementsAre(Pair(ServiceId("backend"), false)));
}

TEST(LoadDocument, LetsEachMapReplaceWhatTheDocumentSaysInItsPlace) {
    const std::string services = R"("services":{"api":{"service_name":"a","task_family":"a","repositories":["r"],
        "parameters":["/p"],"files":[{"bucket":"b","key":"k"}],"auto_deploy":false}})";
    const ServiceId api("api");
    const ServiceId web("web");
    const auto names = config_of(services, {{"ECS_SERVICE_MAP", R"({"web":{"service_name":"w","task_family":"w"}})"}});
    EXPECT_THAT(names.names.mapped_ids(), ElementsAre("web"));
    EXPECT_THAT(names.ecr_repositories, ElementsAre(Pair("r", ElementsAre(api))));
    const auto repositories = config_of(services, {{"ECR_REPO_MAP", R"({"s":"web"})"}});
    EXPECT_THAT(repositories.ecr_repositories, ElementsAre(Pair("s", ElementsAre(web))));
    EXPECT_THAT(repositories.names.mapped_ids(), ElementsAre("api"));
    EXPECT_THAT(config_of(services, {{"SSM_SERVICE_MAP", R"({"/q":"web"})"}}).ssm_prefixes,
                ElementsAre(Pair("q", ElementsAre(web))));
    for (const std::string variable : {"SERVICE_CONFIG", "S3_SERVICE_MAP"})
        EXPECT_THAT(config_of(services, {{variable, R"({"web":[{"bucket":"c","key":"k"}]})"}}).s3_files,
                    ElementsAre(Pair(S3File{"c", "k"}, ElementsAre(web))));
    EXPECT_THAT(config_of(services, {{"SERVICE_CONFIG", "{}"}}).s3_files, IsEmpty());
    EXPECT_THAT(config_of(services, {{"AUTO_DEPLOY_MAP", R"({"web":true})"}}).auto_deploy,
                ElementsAre(Pair(web, true)));
}

TEST(LoadDocument, WarnsOfServicesInVariablesThatItDoesNotHave) {
    const auto loaded =
        load_document(shop(R"("services":{"worker":{"service_name":"w"}})"), {{"ECR_REPO_MAP", R"({"r":"wroker"})"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings, ElementsAre("ECR_REPO_MAP names the service \"wroker\", which is not in the document "
                                              "and is passed by (did you mean \"worker\"?)"));
}

TEST(LoadDocument, WarnsOfItsServicesThatAServiceMapDoesNotHave) {
    const auto loaded = load_document(shop(R"("services":{"wroker":{},"api":{"repositories":["r"]}})"),
                                      {{"ECS_SERVICE_MAP", R"({"worker":{"service_name":"w","task_family":"w"}})"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings,
                ElementsAre("/services/*/repositories names the service \"api\", which is not in ECS_SERVICE_MAP and "
                            "is passed by",
                            "the document names the service \"wroker\", which is not in ECS_SERVICE_MAP and is passed "
                            "by (did you mean \"worker\"?)"));
}

}  // namespace
}  // namespace ci_lambda::testing
