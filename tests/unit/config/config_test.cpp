#include "config/config.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "base/text.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"
#include "unit/config/support.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FakeEnvironment;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsErr;
using testing::IsOk;
using ::testing::Not;
using ::testing::Optional;
using testing::Variables;

constexpr const char* kWebhook = "https://hooks.slack.com/services/T000/B000/s3cr3t";

/// The least that is needed, and `more` on top of it.
Result<LoadedConfig> load(const Variables& more = {}) {
    Variables variables{
        {"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}, {"SLACK_WEBHOOK_URL", kWebhook}};
    for (const auto& [name, value] : more) variables[name] = value;
    return load_config(FakeEnvironment(variables));
}

TEST(LoadConfig, UsesTheDefaultsOfTheOrigin) {
    const auto loaded = load();
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings, IsEmpty());
    const auto& config = loaded->config;
    EXPECT_EQ(config.project, "shop");
    EXPECT_EQ(config.environment, "dev");
    EXPECT_EQ(config.region, "us-east-1");
    EXPECT_EQ(config.log_level, LogLevel::kInfo);
    EXPECT_EQ(config.names.cluster(), ClusterName("shop_cluster_dev"));
    const auto api = config.names.target(ServiceId("api"));
    ASSERT_TRUE(api);
    EXPECT_EQ(api->service, EcsServiceName("shop_service_api_dev"));
    EXPECT_EQ(api->family, TaskFamily("shop_service_api_dev"));
    EXPECT_TRUE(config.ecr_enabled && config.ssm_enabled && config.s3_enabled && config.manual_enabled);
    EXPECT_FALSE(config.dry_run);
    EXPECT_EQ(config.deployment_timeout, std::chrono::seconds{600});
    EXPECT_EQ(config.max_deployment_retries, 2);
    EXPECT_EQ(config.ecs_endpoint, std::nullopt);
    EXPECT_EQ(config.ca_bundle, std::nullopt);
    EXPECT_THAT(config.slack_webhook_url, Optional(Secret(kWebhook)));
    EXPECT_THAT(config.known_services(), IsEmpty());
}

TEST(LoadConfig, CountsAnEmptyValueAsUnset) {
    Variables empty;
    for (const auto& setting : settings()) empty[std::string(setting.name)] = "";
    for (const std::string name : {"PROJECT_NAME", "PROJECT_ENV", "SERVICE_CONFIG", "SLACK_WEBHOOK_URL"})
        empty.erase(name);
    const auto loaded = load(empty);
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.region, "us-east-1");
    EXPECT_EQ(loaded->config.names.cluster(), ClusterName("shop_cluster_dev"));
}

TEST(LoadConfig, ReadsEveryVariable) {
    const auto loaded = load({{"AWS_REGION", "eu-central-1"},
                              {"LOG_LEVEL", "DEBUG"},
                              {"CLUSTER_NAME_PATTERN", "{env}-{project}"},
                              {"SERVICE_NAME_PATTERN", "{name}-{env}"},
                              {"TASK_FAMILY_PATTERN", "tasks-{name}"},
                              {"BACKEND_SERVICE_NAME", "web"},
                              {"DEPLOYMENT_TIMEOUT_SECONDS", " 86400 "},
                              {"MAX_DEPLOYMENT_RETRIES", "0"},
                              {"DRY_RUN", "Yes"},
                              {"ENABLE_ECR_MONITORING", "off"},
                              {"ENABLE_SSM_MONITORING", "0"},
                              {"ENABLE_S3_MONITORING", "No"},
                              {"ENABLE_MANUAL_DEPLOY", "disabled"},
                              {"AWS_CA_BUNDLE", "/etc/ca.pem"}});
    ASSERT_THAT(loaded, IsOk());
    const auto& config = loaded->config;
    EXPECT_EQ(config.region, "eu-central-1");
    EXPECT_EQ(config.names.target(ServiceId("backend"))->region, "eu-central-1");
    EXPECT_EQ(config.log_level, LogLevel::kDebug);
    EXPECT_EQ(config.names.cluster(), ClusterName("dev-shop"));
    const auto api = config.names.target(ServiceId("api"));
    ASSERT_TRUE(api);
    EXPECT_EQ(api->service, EcsServiceName("api-dev"));
    EXPECT_EQ(api->family, TaskFamily("tasks-api"));
    EXPECT_THAT(config.names.canonical("web"), Optional(ServiceId("backend")));
    EXPECT_EQ(config.deployment_timeout, std::chrono::seconds{86400});
    EXPECT_EQ(config.max_deployment_retries, 0);
    EXPECT_TRUE(config.dry_run);
    EXPECT_FALSE(config.ecr_enabled || config.ssm_enabled || config.s3_enabled || config.manual_enabled);
    EXPECT_THAT(config.ca_bundle, Optional(std::string("/etc/ca.pem")));
}

TEST(LoadConfig, ReadsTheMaps) {
    const auto loaded = load({{"ECS_CLUSTER_NAME", "main"},
                              {"ECS_SERVICE_MAP", R"({"api":{"service_name":"a","task_family":"a"},
                                                      "":{"service_name":"b","task_family":"b"}})"},
                              {"ECR_REPO_MAP", R"({"shop/api":["api","backend"]})"},
                              {"SSM_SERVICE_MAP", R"({"/dev/shop/api":"api"})"},
                              {"SERVICE_CONFIG", R"({"api":[{"bucket":"b","key":"one"}]})"},
                              {"S3_SERVICE_MAP", R"({"backend":[{"bucket":"b","key":"one"}]})"},
                              {"AUTO_DEPLOY_MAP", R"({"api":false})"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings, IsEmpty());
    const auto& config = loaded->config;
    const ServiceId api("api");
    const ServiceId backend("backend");
    EXPECT_EQ(config.names.cluster(), ClusterName("main"));
    EXPECT_THAT(config.names.mapped_ids(), ElementsAre("api", "backend"));
    EXPECT_THAT(config.ecr_repositories.at("shop/api"), ElementsAre(api, backend));
    EXPECT_THAT(config.ssm_prefixes.at("dev/shop/api"), ElementsAre(api));
    EXPECT_THAT(config.s3_files.at(S3File{"b", "one"}), ElementsAre(api, backend));
    EXPECT_FALSE(config.auto_deploy.at(api));
}

TEST(LoadConfig, KnowsTheServicesOfEveryMap) {
    const auto loaded = load({{"ECR_REPO_MAP", R"({"r":["e","x"]})"},
                              {"SSM_SERVICE_MAP", R"({"/p":"d"})"},
                              {"SERVICE_CONFIG", R"({"c":[{"bucket":"b","key":"k"}]})"},
                              {"AUTO_DEPLOY_MAP", R"({"":true})"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->config.known_services(),
                ElementsAre(ServiceId("backend"), ServiceId("c"), ServiceId("d"), ServiceId("e"), ServiceId("x")));
}

TEST(LoadConfig, NamesEveryBadVariableAtOnceOnALineOfItsOwn) {
    const auto loaded = load_config(FakeEnvironment({{"PROJECT_ENV", "de v"},
                                                     {"DRY_RUN", "maybe"},
                                                     {"MAX_DEPLOYMENT_RETRIES", "many"},
                                                     {"SERVICE_NAME_PATTERN", "{project}_{nam}"},
                                                     {"SERVICE_CONFIG", R"({"api":[{"bucket":"b","key":5}]})"}}));
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().kind, ErrorKind::kConfiguration);
    const auto lines = split(loaded.error().message, '\n');
    EXPECT_THAT(
        lines,
        ElementsAre(
            "6 variables are missing or wrong:",
            AllOf(HasSubstr("PROJECT_NAME: is not set; expected letters"), Not(HasSubstr("PROJECT_ENV"))),
            HasSubstr("PROJECT_ENV: \"de v\" has characters"),
            HasSubstr("SERVICE_NAME_PATTERN: \"{project}_{nam}\": unknown placeholder {nam} (did you mean {name}?)"),
            HasSubstr("SERVICE_CONFIG: \"api\"[0]: \"key\" must be a string, not a number; expected `{"),
            HasSubstr(
                "MAX_DEPLOYMENT_RETRIES: \"many\" is not a number in range; expected a whole number from 0 to 10"),
            HasSubstr("DRY_RUN: \"maybe\" is not a boolean; expected true/false")));
}

TEST(LoadConfig, RefusesBadValues) {
    const struct {
        std::string name;
        std::string value;
        std::string message;
    } cases[] = {
        {"PROJECT_NAME", "sh/op", "PROJECT_NAME: \"sh/op\""},
        {"PROJECT_ENV", "{env}", "PROJECT_ENV: \"{env}\""},
        {"AWS_REGION", "eu_west_1", "AWS_REGION: \"eu_west_1\" is not the name of a region"},
        {"AWS_REGION", "evil.example.com/", "AWS_REGION"},
        {"AWS_DEFAULT_REGION", "a b", "AWS_DEFAULT_REGION: \"a b\""},
        {"LOG_LEVEL", "loud", "LOG_LEVEL: \"loud\" is not a log level; expected debug, info, warn or error"},
        {"CLUSTER_NAME_PATTERN", "{name}_cluster", "CLUSTER_NAME_PATTERN: \"{name}_cluster\": all services share"},
        {"CLUSTER_NAME_PATTERN", "{cluster}", "CLUSTER_NAME_PATTERN: \"{cluster}\": unknown placeholder {cluster}"},
        {"SERVICE_NAME_PATTERN", "{project}", "SERVICE_NAME_PATTERN: \"{project}\": the pattern has no {name}"},
        {"TASK_FAMILY_PATTERN", "{name", "TASK_FAMILY_PATTERN"},
        {"BACKEND_SERVICE_NAME", "a b", "BACKEND_SERVICE_NAME: \"a b\""},
        {"ENABLE_SLACK_NOTIFICATIONS", "2", "ENABLE_SLACK_NOTIFICATIONS: \"2\" is not a boolean"},
        {"DEPLOYMENT_TIMEOUT_SECONDS", "0", "expected a whole number from 1 to 86400"},
        {"DEPLOYMENT_TIMEOUT_SECONDS", "86401", "DEPLOYMENT_TIMEOUT_SECONDS: \"86401\""},
        {"DEPLOYMENT_TIMEOUT_SECONDS", "10m", "DEPLOYMENT_TIMEOUT_SECONDS: \"10m\""},
        {"DEPLOYMENT_TIMEOUT_SECONDS", "99999999999999999999", "DEPLOYMENT_TIMEOUT_SECONDS"},
        {"MAX_DEPLOYMENT_RETRIES", "-1", "MAX_DEPLOYMENT_RETRIES: \"-1\""},
        {"MAX_DEPLOYMENT_RETRIES", "11", "MAX_DEPLOYMENT_RETRIES: \"11\""},
        {"MAX_DEPLOYMENT_RETRIES", "1.5", "MAX_DEPLOYMENT_RETRIES: \"1.5\""},
        {"ECS_CLUSTER_NAME", "arn:aws:ecs:us-east-1:1:cluster/x", "ECS_CLUSTER_NAME"},
        {"ECS_SERVICE_MAP", "[]", "ECS_SERVICE_MAP: must be a JSON object, not an array"},
        {"ECR_REPO_MAP", R"({"r":true})", "ECR_REPO_MAP: \"r\" must be a service id"},
        {"SSM_SERVICE_MAP", "{'a':1}", "SSM_SERVICE_MAP: not valid JSON"},
        {"S3_SERVICE_MAP", "7", "S3_SERVICE_MAP: must be a JSON object, not a number"},
        {"AUTO_DEPLOY_MAP", R"({"api":1})", "AUTO_DEPLOY_MAP: \"api\" must be true or false"},
        {"AWS_ENDPOINT_URL_ECS", "localhost:4566", "AWS_ENDPOINT_URL_ECS: \"localhost:4566\" is not the URL"},
        {"AWS_ENDPOINT_URL", "ftp://host", "AWS_ENDPOINT_URL: \"ftp://host\" is not the URL"},
    };
    for (const auto& [name, value, message] : cases)
        EXPECT_THAT(load({{name, value}}), IsErr(ErrorKind::kConfiguration, HasSubstr(message))) << name << value;
}

TEST(LoadConfig, CutsLongValuesInErrors) {
    const auto loaded = load({{"DRY_RUN", std::string(10'000, 'x')}});
    ASSERT_FALSE(loaded);
    EXPECT_LT(loaded.error().message.size(), 400U);
}

TEST(LoadConfig, FallsBackToTheDefaultRegionOfLaptops) {
    EXPECT_EQ(load({{"AWS_DEFAULT_REGION", "eu-west-1"}})->config.region, "eu-west-1");
    EXPECT_EQ(load({{"AWS_DEFAULT_REGION", "eu-west-1"}, {"AWS_REGION", "eu-west-2"}})->config.region, "eu-west-2");
}

TEST(LoadConfig, WarnsAndTurnsSlackOffWithoutAWebhook) {
    const auto loaded = load({{"SLACK_WEBHOOK_URL", ""}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.slack_webhook_url, std::nullopt);
    EXPECT_THAT(loaded->warnings, ElementsAre(HasSubstr("SLACK_WEBHOOK_URL is not set, so Slack is off")));
}

TEST(LoadConfig, DoesNotLookAtTheWebhookWhenSlackIsOff) {
    const auto loaded = load({{"ENABLE_SLACK_NOTIFICATIONS", "false"}, {"SLACK_WEBHOOK_URL", "nonsense"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.slack_webhook_url, std::nullopt);
    EXPECT_THAT(loaded->warnings, IsEmpty());
}

TEST(LoadConfig, TakesWebhooksThatKeepTheirSecret) {
    for (const std::string url : {kWebhook, "http://127.0.0.1:9000/slack", "http://localhost/x", "http://[::1]:1/x"})
        EXPECT_THAT(load({{"SLACK_WEBHOOK_URL", url}}), IsOk()) << url;
    EXPECT_EQ(load({{"SLACK_WEBHOOK_URL", std::string(kWebhook) + "\n"}})->config.slack_webhook_url, Secret(kWebhook));
}

TEST(LoadConfig, NeverShowsABadWebhook) {
    for (const std::string url :
         {"s3cr3t", "hooks.slack.com/s3cr3t", "https://s3cr3t", "https://s3cr3t/", "http://hooks.slack.com/s3cr3t",
          "http://127.evil.example/s3cr3t", "https://hooks.slack.com/s3cr3t x", "ftp://hooks.slack.com/s3cr3t"})
        EXPECT_THAT(load({{"SLACK_WEBHOOK_URL", url}}),
                    IsErr(ErrorKind::kConfiguration, AllOf(HasSubstr("SLACK_WEBHOOK_URL: "),
                                                           HasSubstr("https://HOST/PATH"), Not(HasSubstr("s3cr3t")))))
            << url;
}

TEST(LoadConfig, DoesNotShowThePasswordOfAnEndpoint) {
    EXPECT_THAT(load({{"AWS_ENDPOINT_URL", "http://user:s3cr3t@host"}}),
                IsErr(ErrorKind::kConfiguration, AllOf(HasSubstr("AWS_ENDPOINT_URL"), Not(HasSubstr("s3cr3t")))));
}

TEST(LoadConfig, NeedsServiceConfigOnlyWhereFilesAreWatched) {
    EXPECT_THAT(load({{"SERVICE_CONFIG", ""}}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("SERVICE_CONFIG: is not set (S3_SERVICE_MAP will do")));
    EXPECT_THAT(load({{"SERVICE_CONFIG", ""}, {"S3_SERVICE_MAP", "{}"}}), IsOk());
    EXPECT_THAT(load({{"SERVICE_CONFIG", ""}, {"ENABLE_S3_MONITORING", "false"}}), IsOk());
}

TEST(LoadConfig, PrefersTheEndpointOfEcs) {
    EXPECT_THAT(load({{"AWS_ENDPOINT_URL", "http://localhost:1/"}})->config.ecs_endpoint,
                Optional(std::string("http://localhost:1")));
    EXPECT_THAT(load({{"AWS_ENDPOINT_URL", "http://localhost:1"}, {"AWS_ENDPOINT_URL_ECS", "https://ecs.local/x"}})
                    ->config.ecs_endpoint,
                Optional(std::string("https://ecs.local/x")));
}

TEST(LoadConfig, AsksEcsWithoutEncryptionOnThisMachineOnlyUnlessAllowedByName) {
    for (const std::string variable : {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECS"}) {
        for (const std::string url : {"http://localhost:1", "http://127.0.0.9", "http://[::1]:1", "https://ecs.local"})
            EXPECT_THAT(load({{variable, url}}), IsOk()) << url;
        for (const std::string url : {"http://localstack:4566", "http://10.0.0.1", "http://127.evil.example"}) {
            EXPECT_THAT(load({{variable, url}}),
                        IsErr(ErrorKind::kConfiguration,
                              AllOf(HasSubstr(variable + ": \"" + url), HasSubstr("ALLOW_PLAIN_HTTP=true"))));
            EXPECT_THAT(load({{variable, url}, {"ALLOW_PLAIN_HTTP", "true"}})->config.ecs_endpoint, Optional(url));
            EXPECT_THAT(load({{variable, url}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}), IsOk());
        }
    }
}

TEST(LoadConfig, UsesTheEndpointsOfAwsThatAreAskedFor) {
    const auto loaded = load({{"AWS_USE_FIPS_ENDPOINT", "true"}, {"AWS_USE_DUALSTACK_ENDPOINT", "true"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_TRUE(loaded->config.use_fips_endpoint);
    EXPECT_TRUE(loaded->config.use_dualstack_endpoint);
    EXPECT_FALSE(load({})->config.use_fips_endpoint);
}

TEST(LoadConfig, RefusesToChooseBetweenAnEndpointAndThatOfFips) {
    for (const std::string variable : {"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"}) {
        EXPECT_THAT(load({{variable, "true"}, {"AWS_ENDPOINT_URL", "https://vpce.example"}}),
                    IsErr(ErrorKind::kConfiguration, HasSubstr(variable + ": is on, but AWS_ENDPOINT_URL_ECS")));
        EXPECT_THAT(load({{variable, "true"},
                          {"AWS_ENDPOINT_URL", "https://vpce.example"},
                          {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}),
                    IsOk());
    }
}

TEST(LoadConfig, ReadsWhoseEventsCount) {
    const auto loaded =
        load({{"EVENT_ACCOUNTS", " 111122223333, 444455556666"}, {"EVENT_REGIONS", "eu-west-1,us-gov-west-1"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->config.event_accounts, ElementsAre("111122223333", "444455556666"));
    EXPECT_THAT(loaded->config.event_regions, ElementsAre("eu-west-1", "us-gov-west-1"));
    EXPECT_THAT(load({})->config.event_accounts, ElementsAre());
    for (const std::string accounts : {"1", "11112222333x", "111122223333,", "111122223333 444455556666", "*"})
        EXPECT_THAT(load({{"EVENT_ACCOUNTS", accounts}}), IsErr(ErrorKind::kConfiguration, HasSubstr("EVENT_ACCOUNTS")))
            << accounts;
    EXPECT_THAT(load({{"EVENT_REGIONS", "eu_west_1"}}), IsErr(ErrorKind::kConfiguration, HasSubstr("EVENT_REGIONS")));
}

TEST(LoadConfig, ReadsWhatRequestsWithoutEnvironmentMean) {
    EXPECT_EQ(load({})->config.requests_without_environment, WithoutEnvironment::kWarn);
    EXPECT_EQ(load({{"REQUESTS_WITHOUT_ENV", "Deploy"}})->config.requests_without_environment,
              WithoutEnvironment::kDeploy);
    EXPECT_EQ(load({{"REQUESTS_WITHOUT_ENV", " ignore "}})->config.requests_without_environment,
              WithoutEnvironment::kIgnore);
    EXPECT_THAT(load({{"REQUESTS_WITHOUT_ENV", "true"}}),
                IsErr(ErrorKind::kConfiguration, HasSubstr("REQUESTS_WITHOUT_ENV: \"true\" is none of the three")));
}

TEST(LoadConfig, IgnoresEndpointsWhenTold) {
    const auto loaded = load({{"AWS_ENDPOINT_URL", "nonsense"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.ecs_endpoint, std::nullopt);
}

TEST(LoadConfig, TreatsEmptyMapsAsUnset) {
    const auto loaded = load({{"ECS_SERVICE_MAP", "{}"}, {"ECR_REPO_MAP", "{}"}, {"SSM_SERVICE_MAP", "{}"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_FALSE(loaded->config.names.has_service_map());
    EXPECT_TRUE(loaded->config.names.target(ServiceId("api")));
}

TEST(LoadConfig, WarnsOfServicesThatTheServiceMapDoesNotHave) {
    const auto loaded = load({{"ECS_SERVICE_MAP", R"({"worker":{"service_name":"w","task_family":"w"}})"},
                              {"ECR_REPO_MAP", R"({"r":["wroker","worker"]})"},
                              {"SERVICE_CONFIG", R"({"billing":[{"bucket":"b","key":"k"}]})"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings,
                ElementsAre("ECR_REPO_MAP names the service \"wroker\", which is not in ECS_SERVICE_MAP and is passed "
                            "by (did you mean \"worker\"?)",
                            "SERVICE_CONFIG or S3_SERVICE_MAP names the service \"billing\", which is not in "
                            "ECS_SERVICE_MAP and is passed by"));
}

TEST(LoadConfig, ReadsDeploymentGroupsAndSaysWhatIsNone) {
    const auto loaded = load({{"CODE_DEPLOY", "true"}, {"CODE_DEPLOY_GROUPS", "api=Shop/api group, =Shop/core"}});
    ASSERT_THAT(loaded, IsOk());
    EXPECT_TRUE(loaded->config.code_deploy);
    EXPECT_EQ(loaded->config.code_deploy_groups,
              (std::map<ServiceId, std::pair<std::string, std::string>>{{ServiceId("api"), {"Shop", "api group"}},
                                                                        {ServiceId("backend"), {"Shop", "core"}}}));
    for (const auto* const wrong : {"api", "api=Shop", "api=/group", "api=Shop/", "a b=Shop/api"})
        EXPECT_THAT(load({{"CODE_DEPLOY_GROUPS", wrong}}),
                    IsErr(ErrorKind::kConfiguration, HasSubstr("CODE_DEPLOY_GROUPS")))
            << wrong;
    EXPECT_THAT(load({{"CODE_DEPLOY_GROUPS", "api=Shop/api"}})->warnings, ElementsAre(HasSubstr("CODE_DEPLOY is off")));
}

}  // namespace
}  // namespace ci_lambda
