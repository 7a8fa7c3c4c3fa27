#include <string>

#include "events/event.hpp"
#include "support/fixtures.hpp"
#include "support/matchers.hpp"

namespace ci_lambda {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using testing::fixture;
using ::testing::HasSubstr;
using testing::IsErr;
using testing::IsOk;
using ::testing::Not;
using ::testing::Optional;

/// An event of EventBridge; `detail` is JSON.
std::string event_json(const std::string& source, const std::string& detail_type, const std::string& detail) {
    return R"({"version":"0","id":"1","detail-type":")" + detail_type + R"(","source":")" + source +
           R"(","account":"123456789012","time":"2026-01-31T09:05:03Z","region":"us-east-1","resources":[],"detail":)" +
           detail + "}";
}

template <typename Body>
Body decode_as(const std::string& bytes) {
    const auto event = decode_event(bytes);
    EXPECT_THAT(event, IsOk()) << bytes;
    if (!event || !std::holds_alternative<Body>(event->body)) {
        ADD_FAILURE() << "another kind of event: " << bytes;
        return Body{};
    }
    return std::get<Body>(event->body);
}

std::string other_reason(const std::string& bytes) { return decode_as<OtherEvent>(bytes).reason; }

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
        {fixture("ecs-task-state-change.json"), "\"ECS Task State Change\" of aws.ecs"},
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

TEST(DecodeEcr, ReadsAPush) {
    const auto push = decode_as<EcrImageAction>(fixture("ecr-push.json"));
    EXPECT_EQ(push.action, "PUSH");
    EXPECT_EQ(push.result, "SUCCESS");
    EXPECT_EQ(push.repository, "shop_service_api");
    EXPECT_THAT(push.tag, Optional(std::string("v7")));
    EXPECT_THAT(push.digest, Optional(HasSubstr("sha256:")));
}

TEST(DecodeEcr, ReadsAReplication) {
    const auto copy = decode_as<EcrImageAction>(fixture("ecr-replication.json"));
    EXPECT_EQ(copy.action, "REPLICATE");
    EXPECT_EQ(copy.result, "SUCCESS");
    EXPECT_EQ(copy.repository, "shop_service_api");
    EXPECT_THAT(copy.tag, Optional(std::string("v7")));
}

TEST(DecodeEcr, LeavesATagOutThatIsNone) {
    EXPECT_EQ(decode_as<EcrImageAction>(fixture("ecr-push-untagged.json")).tag, std::nullopt);
    for (const std::string tag : {"null", "7", "[]"})
        EXPECT_EQ(decode_as<EcrImageAction>(
                      event_json(
                          "aws.ecr", "ECR Image Action",
                          R"({"action-type":"PUSH","result":"SUCCESS","repository-name":"r","image-tag":)" + tag + "}"))
                      .tag,
                  std::nullopt);
}

TEST(DecodeSsm, ReadsAChange) {
    const auto change = decode_as<ParameterChange>(fixture("ssm-update.json"));
    EXPECT_EQ(change.operation, "Update");
    EXPECT_EQ(change.name, "/dev/shop/api/LOG_LEVEL");
    EXPECT_FALSE(change.failed);
    EXPECT_TRUE(decode_as<ParameterChange>(fixture("ssm-failed.json")).failed);
}

TEST(DecodeS3, ReadsACallFromCloudTrail) {
    const auto change = decode_as<S3ObjectChange>(fixture("s3-cloudtrail-put.json"));
    EXPECT_EQ(change.origin, S3ObjectChange::Origin::kCloudTrail);
    EXPECT_EQ(change.operation, "PutObject");
    EXPECT_THAT(change.bucket, Optional(std::string("shop-env")));
    EXPECT_THAT(change.key, Optional(std::string("api.env")));
    EXPECT_EQ(change.error_code, std::nullopt);
    EXPECT_THAT(decode_as<S3ObjectChange>(fixture("s3-cloudtrail-put-denied.json")).error_code,
                Optional(std::string("AccessDenied")));
}

TEST(DecodeS3, TakesCallsWithoutParameters) {
    for (const std::string parameters : {"null", "[]", "\"x\"", R"({"bucketName":1,"key":null})"}) {
        const auto change = decode_as<S3ObjectChange>(
            event_json("aws.s3", "AWS API Call via CloudTrail",
                       R"({"eventName":"PutObject","requestParameters":)" + parameters + "}"));
        EXPECT_EQ(change.bucket, std::nullopt) << parameters;
        EXPECT_EQ(change.key, std::nullopt) << parameters;
    }
}

TEST(DecodeS3, TellsTheDeletionOfAVersionFromThatOfTheFile) {
    const auto native = [](const std::string& deletion) {
        return decode_as<S3ObjectChange>(
                   event_json("aws.s3", "Object Deleted", R"({"bucket":{"name":"b"},)" + deletion + "}"))
            .deletes_version;
    };
    EXPECT_TRUE(native(R"("object":{"key":"k","version-id":"v1"},"deletion-type":"Permanently Deleted")"));
    EXPECT_FALSE(native(R"("object":{"key":"k","version-id":"v2"},"deletion-type":"Delete Marker Created")"));
    EXPECT_FALSE(native(R"("object":{"key":"k"},"deletion-type":"Permanently Deleted")"));
    EXPECT_FALSE(native(R"("object":{"key":"k","version-id":"v2"})"));
    EXPECT_TRUE(decode_as<S3ObjectChange>(fixture("s3-native-deleted-version.json")).deletes_version);
    EXPECT_FALSE(decode_as<S3ObjectChange>(fixture("s3-native-delete-marker.json")).deletes_version);
    EXPECT_FALSE(decode_as<S3ObjectChange>(fixture("s3-native-deleted.json")).deletes_version);

    const auto call = [](const std::string& name, const std::string& more) {
        return decode_as<S3ObjectChange>(event_json("aws.s3", "AWS API Call via CloudTrail",
                                                    R"({"eventName":")" + name +
                                                        R"(","requestParameters":{"bucketName":"b","key":"k")" + more +
                                                        "}}"))
            .deletes_version;
    };
    EXPECT_TRUE(call("DeleteObject", R"(,"versionId":"v1")"));
    EXPECT_FALSE(call("DeleteObject", ""));
    EXPECT_FALSE(call("PutObject", R"(,"versionId":"v1")"));
}

TEST(DecodeS3, CountsAnErrorOfAnyTypeAsAFailedCall) {
    EXPECT_TRUE(decode_as<S3ObjectChange>(event_json("aws.s3", "AWS API Call via CloudTrail",
                                                     R"({"eventName":"PutObject","errorCode":{"a":1}})"))
                    .error_code);
    EXPECT_FALSE(decode_as<S3ObjectChange>(event_json("aws.s3", "AWS API Call via CloudTrail",
                                                      R"({"eventName":"PutObject","errorCode":null})"))
                     .error_code);
}

TEST(DecodeS3, LeavesCallsOfOtherServicesAlone) {
    EXPECT_THAT(other_reason(event_json("aws.s3", "AWS API Call via CloudTrail",
                                        R"({"eventSource":"kms.amazonaws.com","eventName":"PutObject"})")),
                HasSubstr("kms.amazonaws.com"));
}

TEST(DecodeS3, ReadsNativeEventsAndKeepsTheKeyRaw) {
    const auto created = decode_as<S3ObjectChange>(fixture("s3-native-created.json"));
    EXPECT_EQ(created.origin, S3ObjectChange::Origin::kNative);
    EXPECT_EQ(created.operation, "Object Created");
    EXPECT_THAT(created.bucket, Optional(std::string("shop-env")));
    EXPECT_THAT(created.key, Optional(std::string("api.env")));
    EXPECT_EQ(decode_as<S3ObjectChange>(fixture("s3-native-deleted.json")).operation, "Object Deleted");
    EXPECT_THAT(decode_as<S3ObjectChange>(
                    event_json("aws.s3", "Object Created", R"({"bucket":{"name":"b"},"object":{"key":"a+b%20c d"}})"))
                    .key,
                Optional(std::string("a+b%20c d")));
}

TEST(DecodeEcs, ReadsAServiceFromItsResources) {
    const auto event = decode_as<EcsServiceEvent>(fixture("ecs-deployment-failed.json"));
    EXPECT_EQ(event.event_name, "SERVICE_DEPLOYMENT_FAILED");
    EXPECT_EQ(event.event_type, "ERROR");
    EXPECT_THAT(event.cluster, Optional(std::string("shop_cluster_dev")));
    EXPECT_THAT(event.service, Optional(std::string("shop_service_api_dev")));
    EXPECT_THAT(event.deployment_id, Optional(HasSubstr("ecs-svc/")));
    EXPECT_THAT(event.reason, Optional(HasSubstr("circuit breaker")));
    EXPECT_THAT(decode_as<EcsServiceEvent>(fixture("ecs-resources-as-string.json")).service,
                Optional(std::string("shop_service_api_dev")));
}

TEST(DecodeEcs, ReadsOfAHookWhoWaitsWhereAndForHowLong) {
    const auto event = decode_as<EcsServiceEvent>(fixture("ecs-hook-awaiting-action.json"));
    EXPECT_EQ(event.event_name, "HOOK_AWAITING_ACTION");
    EXPECT_THAT(event.service, Optional(std::string("shop_service_api_dev")));
    EXPECT_THAT(event.cluster, Optional(std::string("shop_cluster_dev")));
    ASSERT_TRUE(event.hook);
    EXPECT_TRUE(event.hook->pause);
    EXPECT_EQ(event.hook->stage, "POST_TEST_TRAFFIC_SHIFT");
    EXPECT_EQ(event.hook->expires_at, "2026-03-05T16:04:41Z");
    EXPECT_EQ(event.hook->id, "ecs-pause-8Qm2");
}

TEST(DecodeEcs, TakesTheClusterOfTheDetailForAnOldArn) {
    const auto decode = [](const std::string& resources, const std::string& cluster) {
        return decode_as<EcsServiceEvent>(R"({"source":"aws.ecs","detail-type":"ECS Service Action","resources":)" +
                                          resources + R"(,"detail":{"eventName":"SERVICE_STEADY_STATE","clusterArn":)" +
                                          cluster + "}}");
    };
    const std::string old_arn = R"(["arn:aws:ecs:us-east-1:123456789012:service/api"])";
    const std::string cluster_arn = R"("arn:aws:ecs:us-east-1:123456789012:cluster/main")";
    EXPECT_THAT(decode(old_arn, cluster_arn).cluster, Optional(std::string("main")));
    EXPECT_THAT(decode(old_arn, cluster_arn).service, Optional(std::string("api")));
    EXPECT_EQ(decode(old_arn, "\"main\"").cluster, std::nullopt);
    EXPECT_EQ(decode(old_arn, "7").cluster, std::nullopt);
    EXPECT_EQ(decode("[]", cluster_arn).service, std::nullopt);
    EXPECT_THAT(decode("[]", cluster_arn).cluster, Optional(std::string("main")));
}

TEST(ParseEcsServiceArn, KnowsBothForms) {
    const auto with_cluster = parse_ecs_service_arn("arn:aws-cn:ecs:cn-north-1:123456789012:service/main/api");
    ASSERT_TRUE(with_cluster);
    EXPECT_THAT(with_cluster->cluster, Optional(std::string("main")));
    EXPECT_EQ(with_cluster->service, "api");
    const auto without = parse_ecs_service_arn("arn:aws:ecs:us-east-1:123456789012:service/api");
    ASSERT_TRUE(without);
    EXPECT_EQ(without->cluster, std::nullopt);
    EXPECT_EQ(without->service, "api");
}

TEST(ParseEcsServiceArn, RefusesEverythingElse) {
    for (const std::string arn :
         {"", "api", "arn:aws:ecs:us-east-1:1:service", "arn:aws:ecs:us-east-1:1:service/",
          "arn:aws:ecs:us-east-1:1:service//api", "arn:aws:ecs:us-east-1:1:service/main/",
          "arn:aws:ecs:us-east-1:1:service/a/b/c", "arn:aws:ecs:us-east-1:1:cluster/main",
          "arn:aws:ecs:us-east-1:1:service-deployment/main/api/x", "arn:aws:ec2:us-east-1:1:service/main/api",
          "arn:aws:ecs:us-east-1:service/main/api", "arn:aws:ecs:us-east-1:1:service/main/api:x",
          "xrn:aws:ecs:us-east-1:1:service/main/api"})
        EXPECT_FALSE(parse_ecs_service_arn(arn)) << arn;
}

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
}  // namespace ci_lambda
