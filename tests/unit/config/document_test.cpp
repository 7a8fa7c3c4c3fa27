#include "config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "unit/config/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;

TEST(LoadDocument, ReadsEverySetting) {
    const auto loaded = load_document(R"({
        "$schema": "ci_lambda.schema.json",
        "project": "shop", "environment": "dev", "log_level": "debug", "dry_run": true,
        "names": {"cluster": "live", "cluster_pattern": "{env}", "service_pattern": "{name}-{env}",
                  "task_family_pattern": "t-{name}", "backend": "web"},
        "slack": {"webhook": "https://hooks.slack.com/services/T000/B000/s3cr3t", "enabled": true},
        "events": {"images": false, "parameters": false, "files": false, "requests": false,
                   "requests_without_environment": "ignore", "accounts": ["111122223333", "444455556666"],
                   "regions": ["eu-west-1"]},
        "deployment": {"timeout_seconds": 60.0, "wait": true, "rollback_on_failure": true, "sweep_interval_seconds": 900,
                       "coalesce_seconds": 10, "max_retries": 0},
        "aws": {"region": "eu-central-1", "endpoint_url": "http://emulator:1/", "allow_plain_http": true,
                "ca_bundle": "/etc/ca.pem"},
        "defaults": {"auto_deploy": false},
        "services": {"api": {"auto_deploy": true}}})");
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings, IsEmpty());
    const auto& config = loaded->config;
    EXPECT_EQ(config.project, "shop");
    EXPECT_EQ(config.environment, "dev");
    EXPECT_EQ(config.log_level, LogLevel::kDebug);
    EXPECT_TRUE(config.dry_run);
    EXPECT_EQ(config.names.cluster(), ClusterName("live"));
    EXPECT_EQ(config.names.target(ServiceId("api"))->service, EcsServiceName("api-dev"));
    EXPECT_EQ(config.names.target(ServiceId("api"))->family, TaskFamily("t-api"));
    EXPECT_THAT(config.names.canonical("web"), Optional(ServiceId("backend")));
    EXPECT_THAT(config.slack_webhook_url, Optional(Secret(kWebhookUrl)));
    EXPECT_THAT(loaded->secrets, ElementsAre(Secret(kWebhookUrl)));
    EXPECT_FALSE(config.ecr_enabled || config.ssm_enabled || config.s3_enabled || config.manual_enabled);
    EXPECT_EQ(config.requests_without_environment, WithoutEnvironment::kIgnore);
    EXPECT_THAT(config.event_accounts, ElementsAre("111122223333", "444455556666"));
    EXPECT_THAT(config.event_regions, ElementsAre("eu-west-1"));
    EXPECT_EQ(config.deployment_timeout, std::chrono::seconds{60});
    EXPECT_TRUE(config.wait_for_deployment);
    EXPECT_TRUE(config.rollback_on_failure);
    EXPECT_EQ(config.sweep_interval, std::chrono::seconds{900});
    EXPECT_EQ(config.coalesce, std::chrono::seconds{10});
    EXPECT_EQ(config.max_deployment_retries, 0);
    EXPECT_EQ(config.region, "eu-central-1");
    EXPECT_THAT(config.ecs_endpoint, Optional(std::string("http://emulator:1")));
    EXPECT_THAT(config.ca_bundle, Optional(std::string("/etc/ca.pem")));
    EXPECT_TRUE(config.deploys_on_events(ServiceId("api")));
    EXPECT_FALSE(config.deploys_on_events(ServiceId("worker")));
}

TEST(LoadDocument, UsesTheDefaultsOfTheEnvironment) {
    const auto by_environment = load_config(FakeEnvironment({{"PROJECT_NAME", "shop"},
                                                             {"PROJECT_ENV", "dev"},
                                                             {"SERVICE_CONFIG", "{}"},
                                                             {"ENABLE_SLACK_NOTIFICATIONS", "false"}}));
    ASSERT_THAT(by_environment, IsOk());
    EXPECT_EQ(config_of(""), by_environment->config);
}

TEST(LoadDocument, LetsAVariableThatIsSetWinSettingBySetting) {
    const auto loaded = load_document(shop(R"("dry_run":true,"deployment":{"max_retries":5,"timeout_seconds":60})"),
                                      {{"PROJECT_ENV", "prod"}, {"MAX_DEPLOYMENT_RETRIES", "1"}, {"DRY_RUN", ""}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.environment, "prod");
    EXPECT_EQ(loaded->config.max_deployment_retries, 1);
    EXPECT_EQ(loaded->config.deployment_timeout, std::chrono::seconds{60});
    EXPECT_TRUE(loaded->config.dry_run) << "an empty variable counts as not set";
}

TEST(LoadDocument, PrefersTheRegionOfLaptopsToThatOfTheDocument) {
    EXPECT_EQ(config_of(R"("aws":{"region":"eu-west-1"})", {{"AWS_DEFAULT_REGION", "eu-west-2"}}).region, "eu-west-2");
    EXPECT_EQ(config_of(R"("aws":{"region":"eu-west-1"})").region, "eu-west-1");
}

TEST(LoadDocument, ReadsWhatIsInTheVariableItself) {
    const auto loaded = load_config(FakeEnvironment(Variables{{"CI_LAMBDA_CONFIG", "// mine\n" + shop("")}}));
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.project, "shop");
}

TEST(LoadDocument, NeverPassesOverADocumentThatHasToBeReadFirst) {
    EXPECT_THAT(load_config(FakeEnvironment({{"CI_LAMBDA_CONFIG", "ssm:/shop"}, {"PROJECT_NAME", "shop"}})),
                IsErr(ErrorKind::kConfiguration, HasSubstr("CI_LAMBDA_CONFIG=ssm:/shop: the document has to be read")));
    EXPECT_THAT(load_config(FakeEnvironment(Variables{{"CI_LAMBDA_CONFIG", "shop.json"}})),
                IsErr(ErrorKind::kConfiguration, HasSubstr("CI_LAMBDA_CONFIG: a path needs `file:`")));
}

TEST(LoadDocument, SaysBothWaysOutOfSlackWithoutAWebhook) {
    const auto loaded = load_document(R"({"project":"shop","environment":"dev"})");
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings,
                ElementsAre("SLACK_WEBHOOK_URL (/slack/webhook) is not set, so Slack is off; set it, or "
                            "set ENABLE_SLACK_NOTIFICATIONS (/slack/enabled) to false"));
}

TEST(LoadDocument, TellsWhereEachSettingComesFrom) {
    using From = SettingOrigin::Kind;
    const auto loaded =
        load_document(shop(R"("log_level":"warn","deployment":{"max_retries":1},"services":{"api":{"repositories":["r"],
                                "files":[{"bucket":"b","key":"k"}]}})"),
                      {{"MAX_DEPLOYMENT_RETRIES", "2"}, {"AWS_DEFAULT_REGION", "eu-west-1"}, {"S3_SERVICE_MAP", "{}"}});
    ASSERT_THAT(loaded, IsOk());
    std::map<std::string_view, std::pair<From, std::string_view>> origins;
    for (const auto& origin : loaded->origins) origins[origin.setting] = {origin.kind, origin.place};
    EXPECT_EQ(origins.size(), settings().size());
    EXPECT_THAT(origins["PROJECT_NAME"], Pair(From::kDocument, "/project"));
    EXPECT_THAT(origins["LOG_LEVEL"], Pair(From::kDocument, "/log_level"));
    EXPECT_THAT(origins["MAX_DEPLOYMENT_RETRIES"], Pair(From::kVariable, "MAX_DEPLOYMENT_RETRIES"));
    EXPECT_THAT(origins["DEPLOYMENT_TIMEOUT_SECONDS"], Pair(From::kDefault, ""));
    EXPECT_THAT(origins["AWS_REGION"], Pair(From::kVariable, "AWS_DEFAULT_REGION"));
    EXPECT_THAT(origins["ECR_REPO_MAP"], Pair(From::kDocument, "/services/*/repositories"));
    EXPECT_THAT(origins["SERVICE_CONFIG"], Pair(From::kNothing, ""));
    EXPECT_THAT(origins["S3_SERVICE_MAP"], Pair(From::kVariable, "S3_SERVICE_MAP"));
    EXPECT_THAT(origins["ECS_SERVICE_MAP"], Pair(From::kNothing, ""));
}

}  // namespace
}  // namespace ci_lambda::testing
