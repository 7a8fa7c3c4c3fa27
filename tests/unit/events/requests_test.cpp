// Requests: those that somebody sends, and the schedule's.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/event.hpp"
#include "support/fixtures.hpp"
#include "unit/events/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;

TEST(DecodeManual, ReadsARequest) {
    const auto request = decode_as<ManualRequest>(fixture("manual-task-definition.json"));
    EXPECT_FALSE(request.bare);
    EXPECT_THAT(request.service, Optional(std::string("worker")));
    EXPECT_THAT(request.task_definition, Optional(std::string("shop_service_worker_dev:10")));
    EXPECT_THAT(request.project, Optional(std::string("shop")));
    EXPECT_THAT(request.environment, Optional(std::string("dev")));
    EXPECT_EQ(request.reason, std::nullopt);
    EXPECT_THAT(decode_as<ManualRequest>(fixture("manual.json")).reason,
                Optional(std::string("hotfix for the checkout")));
}

TEST(DecodeApproval, WhatIsDueIsNoAnswer) {
    using What = ApprovalEvent::What;
    for (const auto& [due, what] : std::vector<std::pair<std::string, What>>{
             {"remind", What::kRemind}, {"expired", What::kExpired}, {"begun", What::kBegun}}) {
        const auto event = R"({"action":"approval_due","due":")" + due + R"(","token":"ca1.a.b"})";
        const auto decoded = decode_as<ApprovalEvent>(event);
        EXPECT_EQ(decoded.what, what);
        EXPECT_EQ(decoded.token, "ca1.a.b");
        EXPECT_FALSE(answers(decoded.what));
    }
    for (const auto* event :
         {R"({"action":"approval_due","due":"remind","token":"ca1.a.b","approve":"ca1.a.b"})",
          R"({"action":"approval_due","due":"remind","token":"ca1.a.b","reject":7})",
          R"({"action":"approval_due","due":"approve","token":"ca1.a.b"})",
          R"({"action":"approval_due","due":7,"token":"ca1.a.b"})", R"({"action":"approval_due","token":"ca1.a.b"})",
          R"({"action":"approval_due","due":"remind"})", R"({"action":"approval_due","due":"remind","token":7})"})
        EXPECT_FALSE(decode_event(event)) << event;
    EXPECT_TRUE(answers(decode_as<ApprovalEvent>(R"({"approve":"ca1.a.b","action":"remind","token":"x"})").what));
}

TEST(DecodeManual, NeedsNoParticularDetailType) {
    for (const std::string type : {R"("detail-type":"x",)", R"("detail-type":7,)", ""})
        EXPECT_EQ(decode_as<ManualRequest>("{" + type + R"("source":"terraform.dev","detail":{"service":""}})").service,
                  "")
            << type;
}

TEST(DecodeManual, LeavesOutAReasonThatIsNone) {
    EXPECT_EQ(decode_as<ManualRequest>(event_json("action.deploy", "DEPLOY", R"({"service":"api","reason":5})")).reason,
              std::nullopt);
}

TEST(DecodeManual, KeepsWhatIsWrongWithTheShapeForTheOneWhoKnowsWhoseRequestItIs) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {R"({"service":["api"]})", "\"service\" must be a string, not an array"},
        {R"({"service":"api","task_definition":42})", "\"task_definition\" must be a string, not a number"},
        {R"({"service":"api","project":true})", "\"project\" must be a string"},
        {R"({"service":"api","env":{}})", "\"env\" must be a string, not an object"},
        {R"(["api"])", "\"detail\" must be an object, not an array"},
        {"null", "\"detail\" must be an object, not null"}};
    for (const auto& [detail, message] : cases)
        EXPECT_THAT(decode_as<ManualRequest>(event_json("action.deploy", "DEPLOY", detail)).malformed,
                    Optional(HasSubstr(message)))
            << detail;
    EXPECT_THAT(decode_as<ManualRequest>(R"({"source":"action.deploy"})").malformed, Optional(HasSubstr("missing")));
    EXPECT_THAT(decode_as<ManualRequest>(fixture("manual-detail-string.json")).malformed,
                Optional(HasSubstr("put into quotes twice")));
    EXPECT_EQ(decode_as<ManualRequest>(fixture("manual.json")).malformed, std::nullopt);
}

TEST(DecodeManual, CallsNamesThatCanBeNoneMalformed) {
    for (const std::string member : {"service", "task_definition", "project", "env"})
        EXPECT_THAT(
            decode_as<ManualRequest>(R"({"service":"api",")" + member + R"(":")" + std::string(1001, 'x') + "\"}")
                .malformed,
            Optional("\"" + member + "\" is longer than 1000 bytes"))
            << member;
}

TEST(DecodeManual, ReadsTheRestOfAMalformedRequest) {
    const auto request =
        decode_as<ManualRequest>(event_json("action.deploy", "DEPLOY", R"({"service":7,"project":"other"})"));
    EXPECT_THAT(request.malformed, Optional(HasSubstr("service")));
    EXPECT_THAT(request.project, Optional(std::string("other")));
}

TEST(DecodeBare, ReadsARequestWithoutAnEnvelope) {
    const auto request = decode_as<ManualRequest>(fixture("bare.json"));
    EXPECT_TRUE(request.bare);
    EXPECT_THAT(request.service, Optional(std::string("api")));
    const auto full = decode_as<ManualRequest>(
        R"({"service":"","task_definition":"42","reason":"why","project":"p","env":"e","source":null,"other":1})");
    EXPECT_THAT(full.service, Optional(std::string()));
    EXPECT_THAT(full.task_definition, Optional(std::string("42")));
    EXPECT_THAT(full.reason, Optional(std::string("why")));
    EXPECT_THAT(full.project, Optional(std::string("p")));
    EXPECT_THAT(full.environment, Optional(std::string("e")));
    EXPECT_EQ(decode_as<ManualRequest>(R"({"service":null})").service, std::nullopt);
}

TEST(DecodeBare, NamesMembersOfTheWrongType) {
    EXPECT_EQ(decode_as<ManualRequest>(R"({"service":7})").malformed, "\"service\" must be a string, not a number");
}

TEST(DecodeSweep, ComesFromASchedule) {
    EXPECT_TRUE(decode_as<SweepRequest>(fixture("scheduled.json")).scheduled);
    EXPECT_TRUE(decode_as<SweepRequest>(fixture("scheduler-detail-string.json")).scheduled);
}

TEST(DecodeSweep, CanBeAskedForInABareRequest) {
    EXPECT_FALSE(decode_as<SweepRequest>(R"({"action":"sweep"})").scheduled);
    EXPECT_THAT(decode_event(R"({"action":"sweeep"})"),
                IsErr(ErrorKind::kInvalidEvent, AllOf(HasSubstr("sweeep"), HasSubstr(R"({"action":"sweep"})"))));
    EXPECT_THAT(decode_event(R"({"action":5})"),
                IsErr(ErrorKind::kInvalidEvent, HasSubstr("\"action\" must be a string")));
}

TEST(DecodeBare, ReadsTheImageThatIsAskedFor) {
    const auto request = decode_as<ManualRequest>(R"({"service":"api","image":"repo:v1","image_tag":"v2"})");
    EXPECT_THAT(request.image, Optional(std::string("repo:v1")));
    EXPECT_THAT(request.image_tag, Optional(std::string("v2")));
    EXPECT_THAT(decode_as<ManualRequest>(R"({"service":"api","action":"continue"})").action,
                ::testing::Optional(::testing::StrEq("continue")));
    EXPECT_TRUE(decode_as<ManualRequest>(R"({"service":"api","action":"stop","rollback":true})").rollback);
    EXPECT_THAT(decode_as<ManualRequest>(R"({"service":"api","action":"stop","rollback":"yes"})").malformed,
                Optional(HasSubstr("\"rollback\" must be true or false")));
    EXPECT_THAT(decode_as<ManualRequest>(R"({"service":"api","promote_from":"dev"})").promote_from,
                Optional(std::string("dev")));
    EXPECT_EQ(decode_as<ManualRequest>(R"({"service":"api","image_tag":43})").malformed,
              "\"image_tag\" must be a string, not a number");
}

/// As ECS sends it, with another stage, other weights and details.
std::string hook_call(const std::string& stage, const std::string& weights, const std::string& details) {
    return R"({"executionId":"f4fcae0f","lifecycleStage":")" + stage +
           R"(","resourceArn":"arn:aws:ecs:us-east-1:123456789012:service-deployment/shop_cluster_dev/shop_service_api_dev/EZe",
              "executionDetails":{
                "serviceArn":"arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_api_dev",
                "targetServiceRevisionArn":"rev/2","testTrafficWeights":{},"productionTrafficWeights":)" +
           weights + R"(},"hookDetails":)" + details + "}";
}

TEST(DecodeHook, IsRecognisedByItsShape) {
    const auto call = decode_as<LifecycleHookCall>(hook_call("POST_TEST_TRAFFIC_SHIFT", "{}", "{}"));
    EXPECT_EQ(call.stage, "POST_TEST_TRAFFIC_SHIFT");
    EXPECT_EQ(call.service, "shop_service_api_dev");
    EXPECT_THAT(call.cluster, Optional(std::string("shop_cluster_dev")));
    EXPECT_EQ(call.revision, "rev/2");
    EXPECT_FALSE(call.weights_known);
    EXPECT_EQ(call.state, "");
}

TEST(DecodeHook, RefusesNothingForARefusalRollsBack) {
    for (const std::string details :
         {"null", "7", "[]", "{}", R"({"serviceArn":7})", R"({"serviceArn":"x","productionTrafficWeights":[1]})"}) {
        const auto call = decode_as<LifecycleHookCall>(
            R"({"executionId":"1","lifecycleStage":"PRE_SCALE_UP","resourceArn":"a","executionDetails":)" + details +
            "}");
        EXPECT_EQ(call.service, "") << details;
        EXPECT_FALSE(call.weights_known) << details;
    }
}

TEST(DecodeHook, KnowsTheWeightsAndWhatTheLastAnswerLeft) {
    const auto call = decode_as<LifecycleHookCall>(hook_call(
        "PRODUCTION_TRAFFIC_SHIFT", R"({"rev/2":12.5,"rev/1":87.5})", R"({"bucket":"x","ci_lambda":"left there"})"));
    EXPECT_TRUE(call.weights_known);
    EXPECT_EQ(call.own_percent, 12.5);
    EXPECT_EQ(call.others_percent, 87.5);
    EXPECT_EQ(call.state, "left there");
    EXPECT_EQ(decode_as<LifecycleHookCall>(hook_call("X", "{}", R"({"ci_lambda":7})")).state, "");
}

}  // namespace
}  // namespace ci_lambda::testing
