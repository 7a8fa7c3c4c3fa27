#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "events/event.hpp"
#include "support/fixtures.hpp"
#include "unit/events/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(DecodeEvent, ReadsTheEnvelope) {
    const auto event = decode_event(fixture("ssm-update.json"));
    ASSERT_THAT(event, IsOk());
    EXPECT_EQ(event->envelope.source, "aws.ssm");
    EXPECT_EQ(event->envelope.detail_type, "Parameter Store Change");
    EXPECT_EQ(event->envelope.account, "123456789012");
    EXPECT_EQ(event->envelope.time, "2026-01-31T09:05:03Z");
    EXPECT_EQ(event->envelope.region, "us-east-1");
    EXPECT_FALSE(event->envelope.id.empty());
    EXPECT_THAT(event->envelope.resources,
                ElementsAre("arn:aws:ssm:us-east-1:123456789012:parameter/dev/shop/api/LOG_LEVEL"));
}

TEST(DecodeEvent, TakesResourcesInEveryShape) {
    const struct {
        std::string resources;
        std::vector<std::string> expected;
    } cases[] = {
        {R"("resources":["a","b"],)", {"a", "b"}},
        {R"("resources":"a",)", {"a"}},
        {R"("resources":[1,null,"a",["b"]],)", {"a"}},
        {R"("resources":{"a":"b"},)", {}},
        {R"("resources":7,)", {}},
        {R"("resources":null,)", {}},
        {"", {}},
    };
    for (const auto& [resources, expected] : cases) {
        const auto event = decode_event("{" + resources + R"("source":"aws.ec2","detail-type":"x"})");
        ASSERT_THAT(event, IsOk()) << resources;
        EXPECT_EQ(event->envelope.resources, expected) << resources;
    }
}

TEST(DecodeEvent, RefusesWhatIsNoJsonObject) {
    for (const std::string bytes : {"", "{", "[]", "null", "\"x\"", "7", "not json", "{} {}", "\xFF\xFE"})
        EXPECT_THAT(decode_event(bytes), IsErr(ErrorKind::kInvalidEvent, HasSubstr("the event "))) << bytes;
}

TEST(DecodeEvent, SurvivesDeepNesting) {
    for (const std::string& deep :
         {std::string(100'000, '['), std::string(100'000, '[') + std::string(100'000, ']'),
          R"({"source":"action.deploy","detail":{"x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}}"})
        EXPECT_THAT(decode_event(deep), IsErr(ErrorKind::kInvalidEvent, HasSubstr("nested deeper than 1000")));
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
    EXPECT_THAT(decode_event(objects), IsErr(ErrorKind::kInvalidEvent, HasSubstr("nested deeper")));
}

TEST(DecodeEvent, TakesTheDepthThatEventBridgeAllows) {
    const std::string deep = std::string(998, '[') + std::string(998, ']');
    EXPECT_EQ(decode_as<ManualRequest>(event_json("action.deploy", "DEPLOY", R"({"service":"api","x":)" + deep + "}"))
                  .service,
              "api");
}

TEST(DecodeEvent, SurvivesInvalidUtf8) {
    EXPECT_THAT(decode_event("{\"service\":\"a\xFF\"}"),
                IsErr(ErrorKind::kInvalidEvent, HasSubstr("not valid JSON (at byte")));
    EXPECT_THAT(decode_event("{\"\xC3\":1}"), IsErr(ErrorKind::kInvalidEvent, HasSubstr("not valid JSON")));
}

TEST(DecodeEvent, TakesAMegabyte) {
    const std::string megabyte(1'000'000, 'x');
    EXPECT_EQ(
        decode_as<ManualRequest>(event_json("action.deploy", "DEPLOY", R"({"reason":")" + megabyte + "\"}")).reason,
        megabyte);
    EXPECT_LT(other_reason(event_json("source." + megabyte, "x", "{}")).size(), 1000U);
    EXPECT_LT(other_reason(event_json("aws.ecr", megabyte, "{}")).size(), 1000U);
    EXPECT_LT(describe(*decode_event(event_json("aws.ecr", megabyte, "{}"))).size(), 1000U);
}

TEST(DecodeEvent, PassesOverUnknownFields) {
    EXPECT_EQ(
        decode_as<EcrImageAction>(R"({"source":"aws.ecr","detail-type":"ECR Image Action","replay-name":"r","new":[{}],
        "detail":{"action-type":"PUSH","result":"SUCCESS","repository-name":"a/b","another":{"x":[]}}})")
            .repository,
        "a/b");
}

TEST(DecodeEvent, TakesEveryFixture) {
    for (const std::string name : {"ecr-push",
                                   "ecr-push-backend",
                                   "ecr-push-untagged",
                                   "ecr-push-failed",
                                   "ecr-push-signature",
                                   "ecr-push-other-project",
                                   "ecr-delete",
                                   "ecr-scan",
                                   "ssm-update",
                                   "ssm-create",
                                   "ssm-delete",
                                   "ssm-failed",
                                   "ssm-other-env",
                                   "s3-cloudtrail-put",
                                   "s3-cloudtrail-put-denied",
                                   "s3-cloudtrail-complete-multipart",
                                   "s3-cloudtrail-delete-objects",
                                   "s3-cloudtrail-null-parameters",
                                   "s3-native-created",
                                   "s3-native-deleted",
                                   "s3-native-other-key",
                                   "s3-native-tags-added",
                                   "ecs-deployment-in-progress",
                                   "ecs-deployment-rolling-back",
                                   "ecs-deployment-completed",
                                   "ecs-deployment-failed",
                                   "ecs-deployment-other-cluster",
                                   "ecs-task-start-impaired",
                                   "ecs-task-placement-failure",
                                   "ecs-steady-state",
                                   "ecs-resources-as-string",
                                   "ecs-task-state-change",
                                   "manual",
                                   "manual-task-definition",
                                   "manual-without-service",
                                   "manual-other-project",
                                   "manual-other-env",
                                   "bare",
                                   "scheduled",
                                   "scheduler-detail-string",
                                   "sqs-batch"})
        EXPECT_THAT(decode_event(fixture(name + ".json")), IsOk()) << name;
}

/// Our kinds of events, for what they have in common.
const struct {
    std::string source;
    std::string detail_type;
} kOurKinds[] = {
    {"aws.ecr", "ECR Image Action"},
    {"aws.ssm", "Parameter Store Change"},
    {"aws.s3", "AWS API Call via CloudTrail"},
    {"aws.s3", "Object Created"},
    {"aws.s3", "Object Deleted"},
    {"aws.ecs", "ECS Deployment State Change"},
    {"aws.ecs", "ECS Service Action"},
};

TEST(DecodeEvent, NamesADetailOfTheWrongType) {
    for (const auto& [source, detail_type] : kOurKinds) {
        const auto expect = [&](const std::string& detail, const std::string& message) {
            EXPECT_THAT(decode_event(event_json(source, detail_type, detail)),
                        IsErr(ErrorKind::kInvalidEvent,
                              AllOf(HasSubstr(detail_type + " (" + source + ")"), HasSubstr(message))))
                << source << detail;
        };
        expect("null", "\"detail\" must be an object, not null");
        expect("[]", "\"detail\" must be an object, not an array");
        expect("true", "\"detail\" must be an object, not a boolean");
        expect("5", "\"detail\" must be an object, not a number");
        expect(R"("{\"service\":\"api\"}")",
               "\"detail\" must be an object, not a string; was its JSON put into quotes");
        EXPECT_THAT(decode_event(R"({"source":")" + source + R"(","detail-type":")" + detail_type + "\"}"),
                    IsErr(ErrorKind::kInvalidEvent, HasSubstr("\"detail\" is missing")));
    }
}

TEST(DecodeEvent, NamesMembersOfTheWrongType) {
    const struct {
        std::string source;
        std::string detail_type;
        std::string detail;
        std::string message;
    } cases[] = {
        {"aws.ecr", "ECR Image Action", "{}", "\"detail.action-type\" is missing"},
        {"aws.ecr", "ECR Image Action", R"({"action-type":1})",
         "\"detail.action-type\" must be a string, not a number"},
        {"aws.ecr", "ECR Image Action", R"({"action-type":"PUSH","result":"SUCCESS","repository-name":["a"]})",
         "\"detail.repository-name\" must be a string, not an array"},
        {"aws.ecr", "ECR Image Action", R"({"action-type":"PUSH","result":null})",
         "\"detail.result\" must be a string, not null"},
        {"aws.ssm", "Parameter Store Change", R"({"operation":"Update"})", "\"detail.name\" is missing"},
        {"aws.ssm", "Parameter Store Change", R"({"operation":{},"name":"x"})",
         "\"detail.operation\" must be a string, not an object"},
        {"aws.s3", "AWS API Call via CloudTrail", "{}", "\"detail.eventName\" is missing"},
        {"aws.s3", "Object Created", "{}", "\"detail.bucket\" must be an object, and is missing"},
        {"aws.s3", "Object Created", R"({"bucket":"b","object":{"key":"k"}})",
         "\"detail.bucket\" must be an object, and is a string"},
        {"aws.s3", "Object Created", R"({"bucket":{},"object":{"key":"k"}})", "\"detail.bucket.name\" is missing"},
        {"aws.s3", "Object Deleted", R"({"bucket":{"name":"b"},"object":{"key":7}})",
         "\"detail.object.key\" must be a string, not a number"},
        {"aws.ecs", "ECS Service Action", "{}", "\"detail.eventName\" is missing"},
    };
    for (const auto& [source, detail_type, detail, message] : cases)
        EXPECT_THAT(decode_event(event_json(source, detail_type, detail)),
                    IsErr(ErrorKind::kInvalidEvent, AllOf(HasSubstr(source), HasSubstr(message))))
            << detail;
}

TEST(DecodeEvent, SaysWhyOtherEventsAreOfNoInterest) {
    const struct {
        std::string bytes;
        std::string reason;
    } cases[] = {
        {fixture("ecr-scan.json"), "\"ECR Image Scan\" of aws.ecr"},
        {fixture("ecs-task-state-change.json"), "the task has not stopped"},
        {fixture("s3-native-tags-added.json"), "\"Object Tags Added\" of aws.s3"},
        {event_json("aws.ssm", "Parameter Store Policy Action", "{}"), "\"Parameter Store Policy Action\" of aws.ssm"},
        {event_json("aws.ecr", "AWS API Call via CloudTrail", "{}"), "\"AWS API Call via CloudTrail\" of aws.ecr"},
        {event_json("aws.ecr", "ecr image action", "{}"), "\"ecr image action\" of aws.ecr"},
        {event_json("aws.events", "AWS API Call via CloudTrail", "{}"), "the source aws.events"},
        {event_json("aws.ec2", "Scheduled Event", "{}"), "the source aws.ec2"},
        {event_json("action", "DEPLOY", R"({"service":"api"})"), "the source action "},
        {event_json("my.action.deploy", "DEPLOY", R"({"service":"api"})"), "the source my.action.deploy"},
        {event_json("AWS.ECR", "ECR Image Action", "{}"), "the source AWS.ECR"},
        {R"({"source":"aws.ecr","detail":{}})", "an event of aws.ecr without a detail-type"},
        {R"({"source":"aws.s3","detail-type":["Object Created"],"detail":{}})", "without a detail-type"},
        {R"({"source":5,"detail":{}})", "\"source\" is a number, not a string"},
        {R"({"detail-type":"DEPLOY","service":"api"})", "no \"source\""},
        {R"({"source":"","service":"api"})", "no \"source\""},
        {R"({"Records":[{"eventSource":"aws:kinesis"}]})", "\"Records\""},
        {"{}", "neither an EventBridge event"},
        {R"({"Service":"api"})", "no \"service\""},
    };
    for (const auto& [bytes, reason] : cases) EXPECT_THAT(other_reason(bytes), HasSubstr(reason)) << bytes;
}

TEST(Describe, SaysWhatAnEventIs) {
    const struct {
        std::string bytes;
        std::string text;
    } cases[] = {
        {fixture("ecr-push.json"), "ECR Image Action (aws.ecr)"},
        {fixture("manual.json"), "manual request (action.deploy)"},
        {fixture("bare.json"), "manual request"},
        {R"({"source":"aws.ecr"})", "event without a detail-type (aws.ecr)"},
        {"{}", "event without a source"},
    };
    for (const auto& [bytes, text] : cases) EXPECT_EQ(describe(*decode_event(bytes)), text);
}

TEST(Describe, IsOneLineWhateverTheEventHolds) {
    for (const char* bytes : {R"({"source":"a\n\u001b[2Kb","detail-type":"c\rd"})", R"({"source":"a\n\u001b[2Kb"})",
                              R"({"source":"action.\n\u001b[2Kb","detail":{}})"})
        EXPECT_THAT(describe(*decode_event(bytes)), Not(ContainsRegex("[[:cntrl:]]"))) << bytes;
    EXPECT_THAT(decode_event(R"({"action":"a\n\u001b[2Kb"})").error().message, Not(ContainsRegex("[[:cntrl:]]")));
}

}  // namespace
}  // namespace ci_lambda::testing
