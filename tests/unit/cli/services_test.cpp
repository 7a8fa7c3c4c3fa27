#include "cli/services.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "base/json.hpp"
#include "discovery/discovered.hpp"
#include "discovery/tasks.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeEnvironment;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Config by(const std::map<std::string, std::string>& more) {
    std::map<std::string, std::string> variables{{"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}};
    for (const auto& [name, value] : more) variables[name] = value;
    return load_config(FakeEnvironment(variables)).value().config;
}

/// One service `api` in the cluster `prod` that uses one of everything, and has these tags.
Config discovered(const EcsTags& tags, std::map<std::string, std::string> more = {}) {
    more.insert({{"DISCOVERY", "true"}, {"ECS_CLUSTER_NAME", "prod"}});
    const auto written = by(more);
    const EcsReferences references{
        .images = {"123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/api:v1", "nginx:1"},
        .values = {"/shared/key", "KEY", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf:user::",
                   "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf:password::"},
        .files = {"arn:aws:s3:::acme-env/api.env"}};
    auto found = std::make_shared<Discovered>();
    found->services.push_back({.target = {.id = ServiceId("api"),
                                          .cluster = ClusterName("prod"),
                                          .service = EcsServiceName("api"),
                                          .family = TaskFamily("api")},
                               .task_definition = "arn:aws:ecs:us-east-1:123456789012:task-definition/api:42",
                               .uses = std::make_shared<const ServiceUses>(uses_of(references, {})),
                               .rules = read_rules(tags).rules});
    return with_discovered(written, found);
}

TEST(ServicesVerb, SaysOfEachFactWhereItComesFrom) {
    const auto services = summaries(discovered(
        {{"ci_lambda:tags", "v@ -@-rc@"}, {"ci_lambda:auto-deploy", "off"}, {"ci_lambda:repositories", "acme/base"}}));
    ASSERT_THAT(services, SizeIs(1));
    EXPECT_EQ(services[0].task_definition, "api:42");
    EXPECT_THAT(services[0].facts,
                ElementsAre(ServiceFact{"image", "shop_service_api", "the naming rule"},
                            ServiceFact{"image", "acme/api", "api:42"},
                            ServiceFact{"image", "acme/base", "its tag ci_lambda:repositories"},
                            ServiceFact{"parameter", "/dev/shop/api/*", "the naming rule"},
                            ServiceFact{"parameter", "/shared/key", "api:42"},
                            ServiceFact{"parameter", "KEY", "api:42"}, ServiceFact{"secret", "db-AbCdEf", "api:42"},
                            ServiceFact{"file", "s3://acme-env/api.env", "api:42"},
                            ServiceFact{"tags", "v*, !*-rc*", "its tag ci_lambda:tags"},
                            ServiceFact{"deploys", "by hand only", "its tag ci_lambda:auto-deploy"}));
}

TEST(ServicesVerb, SaysThatAServiceIsAnExpressOne) {
    auto config = discovered({});
    auto found = *config.discovered;
    found.services.front().express = true;
    config.discovered = std::make_shared<const Discovered>(found);
    EXPECT_THAT(summaries(config).at(0).facts, Contains(ServiceFact{"type", "Express Mode service", "ECS"}));
}

TEST(ServicesVerb, AMapIsAllThatCountsForWhomItNames) {
    const auto services = summaries(discovered({}, {{"ECR_REPO_MAP", R"({"gold":["api"],"other":["web"]})"},
                                                    {"ECR_TAG_FILTER", "v*"},
                                                    {"ECR_DEPLOY_MODE", "match"}}));
    ASSERT_THAT(services, SizeIs(1));
    const auto& facts = services[0].facts;
    EXPECT_EQ(facts[0], (ServiceFact{"image", "gold", "ECR_REPO_MAP"}));
    EXPECT_EQ(facts[1].kind, "parameter");
    EXPECT_THAT(facts, Contains(ServiceFact{"tags", "v*", "ECR_TAG_FILTER"}));
    EXPECT_THAT(facts, Contains(ServiceFact{"mode", "match", "ECR_DEPLOY_MODE"}));
}

TEST(ServicesVerb, ShowsWhatTheConfigurationSaysWithoutDiscovery) {
    const auto config = by({{"SERVICE_CONFIG", R"({"api":[{"bucket":"b","key":"k"}]})"}});
    const auto services = summaries(config);
    ASSERT_THAT(services, SizeIs(1));
    EXPECT_EQ(services[0].target.service, EcsServiceName("shop_service_api_dev"));
    EXPECT_THAT(services[0].task_definition, IsEmpty());
    EXPECT_THAT(services[0].facts, Contains(ServiceFact{"file", "s3://b/k", "SERVICE_CONFIG"}));
}

TEST(ServicesVerb, IsATableForPeopleAndAnArrayForMachines) {
    const auto services = summaries(discovered({{"ci_lambda:image-mode", "revision"}}));
    const auto lines = services_table(services);
    std::string text;
    for (const auto& line : lines) text += rendered(line, false) + "\n";
    EXPECT_EQ(text,
              "api  api in prod, runs api:42\n"
              "    image      shop_service_api       the naming rule\n"
              "    image      acme/api               api:42\n"
              "    parameter  /dev/shop/api/*        the naming rule\n"
              "    parameter  /shared/key            api:42\n"
              "    parameter  KEY                    api:42\n"
              "    secret     db-AbCdEf              api:42\n"
              "    file       s3://acme-env/api.env  api:42\n"
              "    mode       revision               its tag ci_lambda:image-mode\n");
    const auto json = *parse_json(services_json(services));
    ASSERT_THAT(json, SizeIs(1));
    EXPECT_EQ(json[0]["service"], "api");
    EXPECT_EQ(json[0]["facts"][1]["what"], "acme/api");
    EXPECT_EQ(json[0]["facts"][1]["from"], "api:42");
}

/// A task that a schedule and a rule start, with these tags.
Config with_a_task(const EcsTags& tags) {
    const auto written = by({{"DISCOVERY", "true"}, {"DISCOVERY_TASKS", "true"}, {"ECS_CLUSTER_NAME", "prod"}});
    const auto uses = std::make_shared<const ServiceUses>(uses_of(
        {.images = {"123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/report:v1"}, .values = {}, .files = {}}, {}));
    TaskStarter starter{.kind = TaskStarter::Kind::kSchedule,
                        .name = {.group = "night", .name = "report"},
                        .cluster = ClusterName("prod"),
                        .task_definition = "shop_report_dev:42"};
    auto rule = starter;
    rule.kind = TaskStarter::Kind::kRule;
    rule.name = {.name = "weekly"};
    const std::map<std::string, TaskRevision> revisions{
        {"shop_report_dev:42", {.uses = uses, .rules = read_task_rules(tags).rules, .problems = {}}}};
    auto found = std::make_shared<const DiscoveredTasks>(tasks_of({starter, rule}, revisions, "shop", "dev"));
    return with_discovered_tasks(with_discovered(written, std::make_shared<Discovered>()), std::move(found));
}

TEST(ServicesVerb, ListsTasksWithWhatStartsThem) {
    const auto services = summaries(with_a_task({{"ci_lambda:tags", "v@"}, {"ci_lambda:auto-deploy", "off"}}));
    std::string text;
    for (const auto& line : services_table(services)) text += rendered(line, false) + "\n";
    EXPECT_EQ(text,
              "task:report  shop_report_dev in prod, which no service runs\n"
              "    image       acme/report            shop_report_dev:42\n"
              "    started by  schedule night/report  at shop_report_dev:42\n"
              "    started by  rule weekly            at shop_report_dev:42\n"
              "    tags        v*                     its tag ci_lambda:tags\n"
              "    deploys     by hand only           its tag ci_lambda:auto-deploy\n");
    const auto json = *parse_json(services_json(services));
    ASSERT_THAT(json, SizeIs(1));
    EXPECT_EQ(json[0]["task"], "task:report");
    EXPECT_FALSE(json[0].contains("ecs_service"));
    EXPECT_EQ(json[0]["facts"][1]["kind"], "started by");
}

TEST(ServicesVerb, ListsTasksOfTheMapWithWhatItSays) {
    const auto services = summaries(by(
        {{"SERVICE_CONFIG", "{}"},
         {"SCHEDULED_TASK_MAP",
          R"({"report":{"task_family":"r","repositories":["acme/r"],"schedules":["night/r"]},"sums":{"task_family":"s"}})"}}));
    ASSERT_THAT(services, SizeIs(2));
    EXPECT_THAT(services[0].facts, ElementsAre(ServiceFact{"image", "acme/r", "SCHEDULED_TASK_MAP"},
                                               ServiceFact{"started by", "schedule night/r", "SCHEDULED_TASK_MAP"}));
    EXPECT_THAT(services[1].facts,
                ElementsAre(ServiceFact{"image", "those of its newest revision", "SCHEDULED_TASK_MAP"},
                            ServiceFact{"started by", "what names its family", "a look at each push"}));
}

}  // namespace
}  // namespace ci_lambda::cli
