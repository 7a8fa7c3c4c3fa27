#include "views/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/json.hpp"
#include "config/config.hpp"
#include "events/event.hpp"
#include "support/fakes.hpp"
#include "views/decision_view.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

struct Planned {
    std::string text;
    Json json;
};

Planned plan(const std::string& event, const std::map<std::string, std::string>& more = {}) {
    std::map<std::string, std::string> variables{
        {"PROJECT_NAME", "shop"}, {"PROJECT_ENV", "dev"}, {"SERVICE_CONFIG", "{}"}};
    variables.insert(more.begin(), more.end());
    const testing::FakeEnvironment environment(variables);
    const auto loaded = load_config(environment);
    const auto decoded = decode_event(event);
    const auto decision = decide(*decoded, loaded->config);
    return {.text = plan_text(*decoded, *decision), .json = *parse_json(plan_json(*decoded, *decision))};
}

TEST(Plan, ShowsTheSameDecisionToPeopleAndMachines) {
    const auto planned = plan(R"({"service":"api","reason":"a test wants it"})");
    EXPECT_EQ(planned.json["decision"], "deploy");
    ASSERT_THAT(planned.json["deployments"], SizeIs(1));
    EXPECT_EQ(planned.json["deployments"][0]["ecs_service"], "shop_service_api_dev");
    EXPECT_THAT(planned.text, AllOf(HasSubstr("decision  deploy api\n"), HasSubstr("shop_service_api_dev"),
                                    HasSubstr("a test wants it")));
}

TEST(Plan, SaysWhyNothingIsToBeDone) {
    const auto planned = plan(R"({"source":"aws.ssm","detail-type":"Parameter Store Change",
        "detail":{"operation":"Delete","name":"/dev/shop/api/KEY"}})");
    EXPECT_EQ(planned.json["decision"], "ignore");
    EXPECT_THAT(planned.text,
                HasSubstr("decision  nothing to do\nbecause   " + planned.json["reason"].get<std::string>()));
}

TEST(Plan, SaysWhichTasksFollowAPushAndWhatTheyWaitFor) {
    const auto planned = plan(
        R"({"source":"aws.ecr","detail-type":"ECR Image Action","detail":{
        "action-type":"PUSH","result":"SUCCESS","repository-name":"shop_service_api","image-tag":"v7"}})",
        {{"ECR_DEPLOY_MODE", "revision"},
         {"SCHEDULED_TASK_MAP", R"({"report":{"task_family":"shop_report","repositories":["shop_service_api"]}})"}});
    EXPECT_THAT(planned.text, AllOf(HasSubstr("decision  deploy api, update task:report\n"),
                                    HasSubstr("task:report: a revision of shop_report with shop_service_api:v7"),
                                    HasSubstr("what starts it moved to that"), HasSubstr("once api has completed")));
    ASSERT_THAT(planned.json["tasks"], SizeIs(1));
    EXPECT_EQ(planned.json["tasks"][0]["task"], "task:report");
    EXPECT_EQ(planned.json["tasks"][0]["after"], Json::array({"api"}));
    EXPECT_EQ(planned.json["tasks"][0]["images"][0]["tag"], "v7");
}

TEST(Plan, SaysWhatAPushBringsInEachMode) {
    const std::string push = R"({"source":"aws.ecr","detail-type":"ECR Image Action","detail":{
        "action-type":"PUSH","result":"SUCCESS","repository-name":"shop_service_api","image-tag":"v7"}})";
    const std::string newest = "the newest ACTIVE revision of shop_service_api_dev";
    EXPECT_THAT(plan(push).text, AllOf(HasSubstr(newest), Not(HasSubstr(newest + ","))));
    EXPECT_THAT(plan(push, {{"ECR_DEPLOY_MODE", "match"}}).text,
                HasSubstr(newest + ", if it names shop_service_api:v7"));
    EXPECT_THAT(plan(push, {{"ECR_DEPLOY_MODE", "revision"}}).text,
                HasSubstr(newest + ", or a new one of it, with shop_service_api:v7"));
}

TEST(Plan, SaysWhichImageAPersonAsksFor) {
    const auto tag = plan(R"({"service":"api","image_tag":"v42"})");
    EXPECT_THAT(tag.text,
                HasSubstr("to a copy of the newest ACTIVE revision of shop_service_api_dev with the image v42"));
    EXPECT_EQ(tag.json["deployments"][0]["images"][0], "v42");
    EXPECT_THAT(plan(R"({"service":"api","image":"ghcr.io/shop/api:v42"})").text,
                HasSubstr("with the image ghcr.io/shop/api:v42, unless it has that"));
}

TEST(Plan, ShowsWhatPeopleWouldBeTold) {
    const auto planned = plan(R"({"source":"aws.ecs","detail-type":"ECS Deployment State Change",
        "resources":["arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_api_dev"],
        "detail":{"eventType":"ERROR","eventName":"SERVICE_DEPLOYMENT_FAILED","deploymentId":"ecs-svc/1",
                  "reason":"ECS deployment circuit breaker: tasks failed to start."}})");
    EXPECT_EQ(planned.json["notification"]["type"], "error");
    EXPECT_THAT(planned.text, AllOf(HasSubstr("decision  tell the team: api failed"), HasSubstr("circuit breaker")));
}

TEST(Plan, LetsNoEventActOnATerminalOrForgeALine) {
    const auto planned = plan("{\"service\":\"api\",\"reason\":\"x\\u001b[2J\\ndecision  nothing\"}");
    EXPECT_THAT(planned.text, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\ndecision  nothing"))));
}

TEST(DecisionViewOf, NamesAFewServicesAndCountsMany) {
    Deploy deploy{.requests = std::vector<DeploymentRequest>(2), .skipped = {}};
    deploy.requests[0].target.id = ServiceId("api");
    deploy.requests[1].target.id = ServiceId("worker");
    EXPECT_EQ(view_of(Decision(deploy)).headline, "deploy api and worker");
    deploy.requests.resize(30);
    EXPECT_EQ(view_of(Decision(deploy)).headline, "deploy 30 services");
}

}  // namespace
}  // namespace ci_lambda
