#include <map>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "config/config.hpp"
#include "config/ownership.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsErr;
using testing::IsOk;
using ::testing::Not;
using ::testing::Optional;
using ::testing::Pair;

using Environment_ = std::map<std::string, std::string>;

const std::string kWebhookUrl = "https://hooks.slack.com/services/T000/B000/s3cr3t";

Result<LoadedConfig> load_document(const std::string& json, const Environment_& environment = {}) {
    return load_config(testing::FakeEnvironment(environment), DocumentText{.text = json, .source = "file:x.json"});
}

/// `members` beside a project and an environment.
std::string shop(const std::string& members) {
    return R"({"project":"shop","environment":"dev","slack":{"enabled":false})" +
           (members.empty() ? "" : "," + members) + "}";
}

Config config_of(const std::string& members, const Environment_& environment = {}) {
    auto loaded = load_document(shop(members), environment);
    EXPECT_THAT(loaded, IsOk());
    return loaded ? loaded->config : load_document(shop(""))->config;
}

/// The lines of the error, without its first.
std::vector<std::string> problems_of(const std::string& json, const Environment_& environment = {}) {
    const auto loaded = load_document(json, environment);
    if (loaded) return {"no problem"};
    EXPECT_EQ(loaded.error().kind, ErrorKind::kConfiguration);
    auto lines = split(loaded.error().message, '\n');
    lines.erase(lines.begin());
    return lines;
}

std::vector<std::string> problems_of_shop(const std::string& members, const Environment_& environment = {}) {
    return problems_of(shop(members), environment);
}

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
    const auto by_environment = load_config(testing::FakeEnvironment({{"PROJECT_NAME", "shop"},
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
    const auto loaded =
        load_config(testing::FakeEnvironment(Environment_{{"CI_LAMBDA_CONFIG", "// mine\n" + shop("")}}));
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->config.project, "shop");
}

TEST(LoadDocument, NeverPassesOverADocumentThatHasToBeReadFirst) {
    EXPECT_THAT(load_config(testing::FakeEnvironment({{"CI_LAMBDA_CONFIG", "ssm:/shop"}, {"PROJECT_NAME", "shop"}})),
                IsErr(ErrorKind::kConfiguration, HasSubstr("CI_LAMBDA_CONFIG=ssm:/shop: the document has to be read")));
    EXPECT_THAT(load_config(testing::FakeEnvironment(Environment_{{"CI_LAMBDA_CONFIG", "shop.json"}})),
                IsErr(ErrorKind::kConfiguration, HasSubstr("CI_LAMBDA_CONFIG: a path needs `file:`")));
}

// Services.

TEST(LoadDocument, ReadsServicesAsTheFiveMapsWouldSayThem) {
    const auto config = config_of(R"("services":{
        "api": {"service_name":"a","task_family":"ta","repositories":["shop/api"],"parameters":["/dev/shop/api/"],
                "files":[{"bucket":"b","key":"one"}],"auto_deploy":false},
        "worker": {"service_name":"w","task_family":"tw","repositories":["shop/api","jobs"],
                   "files":[{"bucket":"b","key":"one"},{"bucket":"b","key":"two"}]}})");
    const auto by_maps = load_config(testing::FakeEnvironment(
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

// Errors.

TEST(LoadDocument, SaysLineAndColumnOfBrokenJsonAndNothingElse) {
    EXPECT_THAT(
        load_document("{\n  \"project\": s3cr3t\n}"),
        IsErr(ErrorKind::kConfiguration,
              AllOf(HasSubstr("the configuration document (file:x.json) cannot be read: not valid JSON (at line "
                              "2, column "),
                    Not(HasSubstr("s3cr3t")), Not(HasSubstr("\n")))));
    EXPECT_THAT(load_document("[]"),
                IsErr(ErrorKind::kConfiguration, HasSubstr("is an array; expected a JSON object")));
    EXPECT_THAT(load_document(std::string(kMaxDocumentBytes + 1, ' ')),
                IsErr(ErrorKind::kConfiguration, HasSubstr("larger than a megabyte")));
    EXPECT_THAT(load_document("{\"a\":" + std::string(5000, '[')),
                IsErr(ErrorKind::kConfiguration, HasSubstr("nested deeper")));
}

TEST(LoadDocument, NamesEveryProblemOfBothAtOnce) {
    const auto loaded = load_document(
        R"({"environment":"de v","dry_run":"yes","deployment":{"timeout_second":5,"coalesce_seconds":61},
            "services":{"api":{"auto_deploy":"no","auto_deploi":true}},"services_":{}})",
        {{"MAX_DEPLOYMENT_RETRIES", "many"}});
    ASSERT_FALSE(loaded);
    EXPECT_THAT(
        split(loaded.error().message, '\n'),
        ElementsAre(
            "9 settings are missing or wrong (document: file:x.json):",
            "PROJECT_NAME: is not set, and the document has no /project; expected letters, digits, `_`, `-` and `.` "
            "only",
            "/environment: \"de v\" has characters that names must not have; expected letters, digits, `_`, `-` and "
            "`.` only",
            "MAX_DEPLOYMENT_RETRIES: \"many\" is not a number in range; expected a whole number from 0 to 10",
            "/deployment/coalesce_seconds: is 61; expected a whole number from 0 to 60",
            "/deployment/timeout_second: is not known; expected \"timeout_seconds\"?",
            "/dry_run: is \"yes\", a string; expected true or false",
            "/services/api/auto_deploi: is not known; expected \"auto_deploy\"?",
            "/services/api/auto_deploy: is \"no\", a string; expected true or false",
            "/services_: is not known; expected \"services\"?"));
}

TEST(LoadDocument, RefusesBadValues) {
    const struct {
        std::string members;
        std::string problem;
    } cases[] = {
        {R"("dry_run":1)", "/dry_run: is 1; expected true or false"},
        {R"("dry_run":null)", "/dry_run: is null; expected true or false"},
        {R"("log_level":"DEBUG")",
         "/log_level: is \"DEBUG\", a string (did you mean \"debug\"?); expected debug, info"},
        {R"("log_level":7)", "/log_level: is 7; expected debug"},
        {R"("log_level":"")", "/log_level: is empty; leave it out; expected debug"},
        {R"("names":{"cluster":""})", "/names/cluster: is empty; leave it out; expected the cluster's name"},
        {R"("names":{"cluster":"a/b"})", "/names/cluster: \"a/b\" has characters"},
        {R"("names":{"service_pattern":"{project}"})", "/names/service_pattern: \"{project}\": the pattern has no"},
        {R"("names":[])", "/names: is an array; expected an object"},
        {R"("names":{"clusters":"x"})", "/names/clusters: is not known; expected \"cluster\"?"},
        {R"("zzzzzzzzzzzzz":1)", "/zzzzzzzzzzzzz: is not known; expected one of $schema, aws, defaults, deployment"},
        {R"("a/b~c":1)", "/a~1b~0c: is not known"},
        {R"("aws":{"endpoint_url":"ftp://x"})", "/aws/endpoint_url: \"ftp://x\" is not the URL of an endpoint"},
        {R"("aws":{"endpoint_url":"http://x"})", "set ALLOW_PLAIN_HTTP=true (/aws/allow_plain_http)"},
        {R"("deployment":{"timeout_seconds":"600"})", "/deployment/timeout_seconds: is \"600\", a string; expected a"},
        {R"("deployment":{"timeout_seconds":1.5})", "/deployment/timeout_seconds: is 1.5; expected a whole number"},
        {R"("deployment":{"timeout_seconds":0})", "/deployment/timeout_seconds: is 0; expected"},
        {R"("deployment":{"timeout_seconds":-1})", "/deployment/timeout_seconds: is -1; expected"},
        {R"("deployment":{"timeout_seconds":1e300})", "/deployment/timeout_seconds: is 1e+300; expected"},
        {R"("deployment":{"timeout_seconds":99999999999999999999})", "/deployment/timeout_seconds: is 1e+20; expected"},
        {R"("deployment":{"sweep_interval_seconds":59})", "/deployment/sweep_interval_seconds: is 59; expected 0, or"},
        {R"("events":{"accounts":"111122223333"})", "/events/accounts: is \"111122223333\", a string; expected a list"},
        {R"("events":{"accounts":["111122223333,444455556666"]})", "/events/accounts/0: is \"111122223333,4444"},
        {R"("events":{"accounts":["111122223333",7]})", "/events/accounts/1: is 7; expected one of them in a string"},
        {R"("events":{"accounts":["1"]})", "/events/accounts: \"1\" is not one of what belongs there; expected a list"},
        {R"("events":{"regions":["eu_west_1"]})", "/events/regions: \"eu_west_1\" is not"},
        {R"("defaults":{"auto_deploy":"true"})", "/defaults/auto_deploy: is \"true\", a string"},
        {R"("defaults":{"files":[]})", "/defaults/files: is not known; expected one of auto_deploy"},
        {R"("defaults":7)", "/defaults: is a number; expected an object"},
        {R"("services":[])", "/services: is an array; expected {\"ID\""},
        {R"("services":{"api":true})", "/services/api: is a boolean; expected an object"},
        {R"("services":{"":{}})", "/services/: has no id"},
        {R"("services":{"a b":{}})", "/services/a b: is not a service id"},
        {R"("services":{"api":{"service_name":"arn:x"}})",
         "/services/api/service_name: is \"arn:x\"; expected a plain"},
        {R"("services":{"api":{"service_name":""}})", "/services/api/service_name: is empty; expected the name"},
        {R"("services":{"api":{"task_family":"t:4"}})", "/services/api/task_family: is \"t:4\"; expected a plain name"},
        {R"("services":{"api":{"repositories":"r"}})",
         "/services/api/repositories: is \"r\", a string; expected a list"},
        {R"("services":{"api":{"repositories":[7]}})", "/services/api/repositories/0: is 7; expected a string"},
        {R"("services":{"api":{"parameters":["/a//b"]}})", "/services/api/parameters: has \"/a//b\", a path with an"},
        {R"("services":{"api":{"files":{}}})", "/services/api/files: is an object; expected a list of"},
        {R"("services":{"api":{"files":["s3://b/k"]}})",
         "/services/api/files/0: is \"s3://b/k\", a string; expected {"},
        {R"("services":{"api":{"files":[{"bucket":"b"}]}})", "/services/api/files/0/key: is missing"},
        {R"("services":{"api":{"files":[{"bucket":"b","key":"k","kye":1}]}})",
         "/services/api/files/0/kye: is not known; expected \"key\"?"},
        {R"("services":{"api":{"service_name":"x"},"web":{"service_name":"x"}})",
         "/services/web/service_name: is \"x\", as that of api"},
        {R"("services":{"api":{},"web":{"service_name":"shop_service_api_dev"}})",
         "/services/web/service_name: is \"shop_service_api_dev\", as that of api"},
        {R"("names":{"service_pattern":"{name}"},"services":{"backend":{},"web":{"service_name":"x"}})",
         "/services/backend/service_name: is missing, and the pattern \"{name}\" leaves no name for backend"},
        {R"("names":{"backend":"core"},"services":{"backend":{},"core":{}})",
         "/services/core: is a second name for backend"},
        {R"("services":{"api":{},"api":{}})", "/services/api: stands there twice"},
        {R"("dry_run":true,"dry_run":true)", "/dry_run: stands there twice"},
    };
    for (const auto& [members, problem] : cases)
        EXPECT_THAT(problems_of_shop(members), ElementsAre(HasSubstr(problem))) << members;
}

TEST(LoadDocument, NamesARequiredSettingOnceWhereItIsWrong) {
    EXPECT_THAT(problems_of(R"({"project":7,"environment":"dev"})"),
                ElementsAre(HasSubstr("/project: is 7; expected letters")));
}

TEST(LoadDocument, ReportsWrongTypesThatAVariableReplacesButNotItsOwnValue) {
    EXPECT_THAT(problems_of_shop(R"("dry_run":"yes")", {{"DRY_RUN", "true"}}), ElementsAre(HasSubstr("/dry_run: is")));
}

TEST(LoadDocument, KeepsItsErrorReadable) {
    std::string members = R"("services":{"x":{)";
    for (int i = 0; i < 1000; ++i) members += R"("zz)" + std::to_string(i) + R"(":1,)";
    members += R"("auto_deploy":true}})";
    const auto many = problems_of_shop(members);
    EXPECT_EQ(many.size(), 51U);
    EXPECT_EQ(many.back(), "and 950 more in the document");

    const auto hostile = problems_of_shop("\"\\u001b[2J\\n\\u202e" + std::string(10'000, 'x') + "\":1");
    ASSERT_EQ(hostile.size(), 1U);
    EXPECT_LT(hostile.front().size(), 400U);
    EXPECT_EQ(for_terminal(hostile.front()), hostile.front());
}

TEST(LoadDocument, TellsReadablyOfWhateverIsLeftOfIt) {
    const std::string whole = R"({ // a shop
  "project": "shop", "environment": "dev", "names": {"service_pattern": "{project}-{name}", "backend": "core"},
  "deployment": {"timeout_seconds": 60}, /* and */ "events": {"accounts": ["111122223333"]},
  "services": {"api": {"service_name": "a", "files": [{"bucket": "b", "key": "k\\n"}], "auto_deploy": false},
               "core": {"repositories": ["shop/\\u00fc"], "parameters": ["/p"]}},
  "slack": {"webhook": "https://hooks.slack.com/s3cr3t"}})";
    ASSERT_THAT(load_document(whole), IsOk());
    const auto expect_readable = [](const std::string& text) {
        const auto loaded = load_document(text);
        if (loaded) return;
        EXPECT_EQ(loaded.error().kind, ErrorKind::kConfiguration) << text;
        EXPECT_EQ(for_terminal(loaded.error().message), loaded.error().message) << text;
        EXPECT_EQ(sanitize_utf8(loaded.error().message), loaded.error().message) << text;
        EXPECT_THAT(loaded.error().message, Not(HasSubstr("s3cr3t"))) << text;
    };
    using std::string_literals::operator""s;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        expect_readable(whole.substr(0, i));
        expect_readable(whole.substr(0, i) + whole.substr(i + 1));
        for (const auto& other : {"\""s, "{"s, "]"s, ","s, "/"s, "*"s, "\\"s, "\0"s, "\xff"s, "\x1b"s, "9"s})
            expect_readable(whole.substr(0, i) + other + whole.substr(i + 1));
    }
}

TEST(LoadDocument, NeverShowsAWebhook) {
    for (const std::string members :
         {R"("x":{"webhook":"https://h/s3cr3t"})", R"("slack":"https://h/s3cr3t")", R"("slack":{"webhook":["s3cr3t"]})",
          R"("slack":{"webhook":"s3cr3t"})", R"("slack":{"webhook":"http://h/s3cr3t"})",
          R"("slack":{"webhok":"https://h/s3cr3t"})"}) {
        const auto loaded = load_document(R"({"project":"shop","environment":"dev",)" + members + "}");
        EXPECT_THAT(loaded, IsErr(ErrorKind::kConfiguration, Not(HasSubstr("s3cr3t")))) << members;
    }
}

TEST(LoadDocument, SaysBothWaysOutOfSlackWithoutAWebhook) {
    const auto loaded = load_document(R"({"project":"shop","environment":"dev"})");
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->warnings,
                ElementsAre("SLACK_WEBHOOK_URL (/slack/webhook) is not set, so Slack is off; set it, or "
                            "set ENABLE_SLACK_NOTIFICATIONS (/slack/enabled) to false"));
}

// Where values come from.

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

// Secrets.

class MapReaderOfTexts final : public DocumentReader {
public:
    explicit MapReaderOfTexts(std::map<std::string, std::string> texts) : texts_(std::move(texts)) {}
    [[nodiscard]] Result<std::optional<SourceText>> read(const SourceRef& source, std::string_view /*version*/,
                                                         Deadline /*deadline*/) override {
        const auto found = texts_.find(to_string(source));
        if (found == texts_.end()) return fail(ErrorKind::kNotFound, "it does not exist");
        return SourceText{.text = found->second, .version = "1"};
    }

private:
    std::map<std::string, std::string> texts_;
};

TEST(SecretReferences, AreReadAndCheckedAsIfTheyStoodThere) {
    for (const std::string source : {"secretsmanager:shop/slack", "ssm:/shop/slack"}) {
        auto in_document =
            load_document(R"({"project":"shop","environment":"dev","slack":{"webhook":")" + source + "\"}}");
        auto in_variable = load_config(testing::FakeEnvironment({{"PROJECT_NAME", "shop"},
                                                                 {"PROJECT_ENV", "dev"},
                                                                 {"SERVICE_CONFIG", "{}"},
                                                                 {"SLACK_WEBHOOK_URL", source}}));
        for (auto* loaded : {&in_document, &in_variable}) {
            ASSERT_THAT(*loaded, IsOk());
            EXPECT_EQ((*loaded)->config.slack_webhook_url, std::nullopt) << "not read yet";
            EXPECT_THAT((*loaded)->warnings, IsEmpty());
            ASSERT_EQ((*loaded)->secret_references.size(), 1U);
            EXPECT_EQ(to_string((*loaded)->secret_references.front().source), source);
            MapReaderOfTexts reader(Environment_{{source, kWebhookUrl + "\n"}});
            EXPECT_THAT(read_secrets(**loaded, reader, Deadline::none()), IsOk());
            EXPECT_THAT((*loaded)->config.slack_webhook_url, Optional(Secret(kWebhookUrl)));
            EXPECT_THAT((*loaded)->secrets, Contains(Secret(kWebhookUrl)));
        }
    }
}

TEST(SecretReferences, NameTheSourceAndNotTheSecretInTheirErrors) {
    auto loaded = load_document(R"({"project":"p","environment":"e","slack":{"webhook":"secretsmanager:slack"}})");
    ASSERT_THAT(loaded, IsOk());
    MapReaderOfTexts nothing(Environment_{});
    EXPECT_THAT(read_secrets(*loaded, nothing, Deadline::none()),
                IsErr(ErrorKind::kConfiguration,
                      HasSubstr("SLACK_WEBHOOK_URL: secretsmanager:slack cannot be read: it does not exist")));
    for (const std::string bad : {"s3cr3t", "{\"url\":\"https://h/s3cr3t\"}", "http://h/s3cr3t", ""}) {
        MapReaderOfTexts reader(Environment_{{"secretsmanager:slack", bad}});
        EXPECT_THAT(
            read_secrets(*loaded, reader, Deadline::none()),
            IsErr(ErrorKind::kConfiguration, AllOf(HasSubstr("SLACK_WEBHOOK_URL: what secretsmanager:slack holds "),
                                                   HasSubstr("https://HOST"), Not(HasSubstr("s3cr3t")))))
            << bad;
    }
}

TEST(SecretReferences, AreNotReadWhereSlackIsOff) {
    const auto loaded = load_document(
        R"({"project":"p","environment":"e","slack":{"enabled":false,"webhook":"secretsmanager:slack"}})");
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->secret_references, IsEmpty());
    EXPECT_THAT(loaded->secrets, IsEmpty()) << "the name of a secret is none";
}

TEST(SecretReferences, MustNameASecret) {
    EXPECT_THAT(problems_of(R"({"project":"p","environment":"e","slack":{"webhook":"secretsmanager:a b"}})"),
                ElementsAre(HasSubstr("/slack/webhook: what follows `secretsmanager:` is not the name of a secret")));
}

}  // namespace
}  // namespace ci_lambda
