#include <string>

#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

using Origin = S3ObjectChange::Origin;

S3ObjectChange change_by(const std::string& operation, const std::string& key = "api.env",
                         const std::string& bucket = "shop-env") {
    const auto origin = operation.starts_with("Object ") ? Origin::kNative : Origin::kCloudTrail;
    return {.origin = origin, .operation = operation, .bucket = bucket, .key = key, .error_code = {}};
}

TEST(S3Handler, DeploysAfterEveryChangeOfContent) {
    for (const std::string operation :
         {"PutObject", "DeleteObject", "CopyObject", "CompleteMultipartUpload", "Object Created", "Object Deleted"}) {
        const auto decision = decide_body(change_by(operation), shop());
        EXPECT_THAT(deployed(decision), ElementsAre("api")) << operation;
        EXPECT_EQ(deploy_reason(decision), "s3://shop-env/api.env was changed (" + operation + ")");
    }
}

TEST(S3Handler, DeploysEveryServiceThatUsesTheFile) {
    EXPECT_THAT(deployed(decide_body(change_by("PutObject", "all.env"), shop())), ElementsAre("api", "worker"));
    const auto config =
        shop({service_map(), {"S3_SERVICE_MAP", R"({"billing":[{"bucket":"shop-env","key":"all.env"}]})"}});
    const auto decision = decide_body(change_by("PutObject", "all.env"), config);
    EXPECT_THAT(deployed(decision), ElementsAre("api", "worker"));
    EXPECT_THAT(std::get<Deploy>(*decision).skipped,
                ElementsAre(SkippedService{"billing", "billing is not in ECS_SERVICE_MAP"}));
}

TEST(S3Handler, ComparesBucketAndKeyWholeAndRaw) {
    const auto config = shop({{"SERVICE_CONFIG", R"({"api":[{"bucket":"b","key":"a+b%20c.env"}]})"}});
    EXPECT_THAT(deployed(decide_body(change_by("PutObject", "a+b%20c.env", "b"), config)), ElementsAre("api"));
    const struct {
        std::string bucket;
        std::string key;
    } near_misses[] = {
        {"b", "a b c.env"},    {"b", "a+b%20c.env.bak"}, {"b", "x/a+b%20c.env"},
        {"b", "/a+b%20c.env"}, {"b", "A+B%20C.ENV"},     {"bb", "a+b%20c.env"},
        {"B", "a+b%20c.env"},  {"", "a+b%20c.env"},      {"b", ""},
    };
    for (const auto& [bucket, key] : near_misses)
        EXPECT_THAT(ignored_because(decide_body(change_by("PutObject", key, bucket), config)),
                    HasSubstr("s3://" + bucket + "/" + key + " is no file of ours"))
            << bucket << key;
}

TEST(S3Handler, IgnoresCallsThatChangeNoContent) {
    for (const std::string operation : {"GetObject", "PutObjectTagging", "PutObjectAcl", "CreateMultipartUpload",
                                        "RestoreObject", "putobject", "", "Object Tags Added"})
        EXPECT_THAT(ignored_because(decide_body(change_by(operation), shop())), HasSubstr("changes no file's content"))
            << operation;
}

TEST(S3Handler, IgnoresCallsThatFailed) {
    auto change = change_by("PutObject");
    change.error_code = "AccessDenied";
    EXPECT_EQ(ignored_because(decide_body(change, shop())), "PutObject failed (AccessDenied)");
    change.error_code = "";
    EXPECT_THAT(deployed(decide_body(change, shop())), ElementsAre("api"));
}

TEST(S3Handler, GivesAHintForDeleteObjects) {
    auto change = change_by("DeleteObjects");
    change.key.reset();
    const auto decision = decide_body(change, shop());
    EXPECT_EQ(ignored_because(decision), "DeleteObjects on bucket shop-env does not say which files it deleted");
    EXPECT_THAT(std::get<Ignore>(*decision).hint, Optional(HasSubstr("aws s3 rm")));
}

TEST(S3Handler, RefusesAChangeWithoutBucketOrKey) {
    auto change = change_by("PutObject");
    change.key.reset();
    EXPECT_THAT(decide_body(change, shop()),
                IsErr(ErrorKind::kInvalidEvent, HasSubstr("PutObject (aws.s3): the event names no object key")));
    change = change_by("PutObject");
    change.bucket.reset();
    EXPECT_THAT(decide_body(change, shop()), IsErr(ErrorKind::kInvalidEvent, HasSubstr("names no bucket")));
}

TEST(S3Handler, IgnoresACallOfWhichCloudTrailTellsNoParameters) {
    for (const std::string operation : {"PutObject", "DeleteObject", "CopyObject", "CompleteMultipartUpload"}) {
        auto change = change_by(operation);
        change.bucket.reset();
        change.key.reset();
        EXPECT_EQ(ignored_because(decide_body(change, shop())),
                  operation + " (CloudTrail) does not say which file it is about");
    }
}

TEST(S3Handler, DoesNotTakeAnOldVersionThatIsDeletedForTheFile) {
    for (const std::string operation : {"Object Deleted", "DeleteObject"}) {
        auto change = change_by(operation);
        change.deletes_version = true;
        const auto decision = decide_body(change, shop());
        EXPECT_EQ(ignored_because(decision),
                  operation + " deleted one version of s3://shop-env/api.env for good, not the file");
        EXPECT_THAT(std::get<Ignore>(*decision).hint, Optional(HasSubstr("by hand")));
    }
    auto other = change_by("Object Deleted", "other.env");
    other.deletes_version = true;
    EXPECT_THAT(ignored_because(decide_body(other, shop())), HasSubstr("is no file of ours"));
}

TEST(S3Handler, IgnoresAllWhenSwitchedOff) {
    EXPECT_THAT(ignored_because(decide_body(change_by("PutObject"), shop({{"ENABLE_S3_MONITORING", "no"}}))),
                HasSubstr("ENABLE_S3_MONITORING"));
}

TEST(S3Handler, ObeysAutoDeployMap) {
    EXPECT_THAT(
        deployed(decide_body(change_by("PutObject", "all.env"), shop({{"AUTO_DEPLOY_MAP", R"({"api":false})"}}))),
        ElementsAre("worker"));
}

}  // namespace
}  // namespace ci_lambda::testing
