// What AWS's own services say: ECR, Parameter Store, S3 and ECS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "events/event.hpp"
#include "support/fixtures.hpp"
#include "unit/events/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

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
    EXPECT_THAT(copy.source_region, Optional(std::string("us-west-2")));
    EXPECT_THAT(copy.source_account, Optional(std::string("123456789012")));
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

}  // namespace
}  // namespace ci_lambda::testing
