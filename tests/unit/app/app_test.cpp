#include "app/app.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "unit/app/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST_F(AppTest, DeploysAndAnswersWithTheDocumentedShape) {
    const auto handled = handle(kManual);
    EXPECT_FALSE(handled.error);
    const auto json = *parse_json(to_json(handled.answer));
    EXPECT_EQ(json["status"], "deployed");
    EXPECT_THAT(json["detail"].get<std::string>(), HasSubstr("api"));
    ASSERT_THAT(json["deployments"], SizeIs(1));
    const auto& one = json["deployments"][0];
    EXPECT_EQ(one["service"], "api");
    EXPECT_EQ(one["status"], "deployed");
    EXPECT_EQ(one["cluster"], "shop_cluster_dev");
    EXPECT_EQ(one["ecs_service"], "shop_service_api_dev");
    EXPECT_EQ(one["task_definition"], "td:42");
    EXPECT_EQ(one["deployment_id"], "ecs-svc/1");
    EXPECT_EQ(one["attempts"], 1);
    EXPECT_FALSE(one.contains("error"));
}

TEST_F(AppTest, NamesEachFailedAndEachStartedServiceInTheInvocationsError) {
    const auto handled = handle(R"({"source":"aws.s3","detail-type":"Object Created",
                                    "detail":{"bucket":{"name":"b"},"object":{"key":"k"}}})");
    ASSERT_TRUE(handled.error);
    EXPECT_EQ(handled.error->type, "Function.DeploymentFailed");
    EXPECT_THAT(handled.error->message,
                AllOf(HasSubstr("worker: "), HasSubstr("ECS says no"), HasSubstr("Started: api")));
    EXPECT_EQ(handled.answer.status, "failed");
    EXPECT_THAT(handled.answer.deployments, SizeIs(2));
}

TEST_F(AppTest, RefusesBadInputAsInvalidEvent) {
    for (const std::string event : {"", "nonsense", "[]", R"({"source":"action.deploy","detail":{}})"}) {
        const auto handled = handle(event);
        ASSERT_TRUE(handled.error) << event;
        EXPECT_EQ(handled.error->type, "Function.InvalidEvent");
    }
    EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(AppTest, IgnoresWhatIsNotOursWithoutTouchingAws) {
    const auto handled = handle(R"({"source":"aws.ec2","detail-type":"x","detail":{}})");
    EXPECT_FALSE(handled.error);
    EXPECT_EQ(handled.answer.status, "ignored");
    EXPECT_THAT(handled.answer.detail, Not(IsEmpty()));
    EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(AppTest, ADryRunSendsNoUpdateAndNoMessage) {
    environment_.set("DRY_RUN", "true");
    const auto handled = handle(kManual);
    EXPECT_EQ(handled.answer.status, "dry_run");
    EXPECT_THAT(handled.answer.deployments.at(0).task_definition, HasSubstr(":42"));
    for (const auto& request : server_.requests())
        EXPECT_THAT(request.header("X-Amz-Target"), Not(HasSubstr("UpdateService")));
    EXPECT_THAT(slack_messages(), IsEmpty());
}

TEST_F(AppTest, TheCommandLineCanAskForADryRun) {
    EXPECT_EQ(app({.dry_run = true})->handle(kManual, Deadline::none()).answer.status, "dry_run");
}

TEST_F(AppTest, NeverPrintsASecretNotEvenOneThatAnEventRepeats) {
    worker_update_ = reply(400, R"({"__type":"ClientException","message":"for topsecretsessiontoken"})");
    slack_ = reply(404, "<html>no page /services/T000/B000/webhooksecret here</html>");
    const std::string event = R"({"service":"worker","reason":"topsecretaccesskey and )" +
                              server_.url("/services/T000/B000/webhooksecret") + "\"}";
    const auto handled = handle(event);
    handle(kCompleted);
    const auto everything =
        log_.sink.text() + to_json(handled.answer) + handled.error->message + to_json(handle(kCompleted).answer);
    for (const std::string secret : {"topsecretaccesskey", "topsecretsessiontoken", "webhooksecret"})
        EXPECT_THAT(everything, Not(HasSubstr(secret)));
    EXPECT_THAT(log_.sink.text(), HasSubstr("event received")) << "the log is at debug";
}

TEST_F(AppTest, BadConfigurationNamesEverythingThatIsWrong) {
    environment_.set("DRY_RUN", "perhaps");
    environment_.set("AWS_ENDPOINT_URL_ECS", "nowhere");
    const auto created = App::create({}, environment_, log_.sink, clock_, sleeper_);
    EXPECT_THAT(created,
                IsErr(ErrorKind::kConfiguration, AllOf(HasSubstr("DRY_RUN"), HasSubstr("AWS_ENDPOINT_URL_ECS"))));
}

}  // namespace
}  // namespace ci_lambda::testing
