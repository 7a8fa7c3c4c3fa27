#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "discovery/discovered.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {
namespace {

/// The calls after which an object's content is another. A multipart upload ends in CompleteMultipartUpload and sends
/// no PutObject.
constexpr std::array<std::string_view, 4> kCalls{"PutObject", "DeleteObject", "CopyObject", "CompleteMultipartUpload"};
constexpr std::array<std::string_view, 2> kNativeEvents{"Object Created", "Object Deleted"};

/// `ObjectCreated:Put`, `ObjectRemoved:Delete`, ..; what a lifecycle rule deletes is gone as well, as with the native
/// `Object Deleted` (S3 user guide, "Supported event types").
constexpr std::array<std::string_view, 3> kNotifications{"ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:"};

bool changes_content(const S3ObjectChange& change) {
    switch (change.origin) {
        case S3ObjectChange::Origin::kCloudTrail: return std::ranges::find(kCalls, change.operation) != kCalls.end();
        case S3ObjectChange::Origin::kNative:
            return std::ranges::find(kNativeEvents, change.operation) != kNativeEvents.end();
        case S3ObjectChange::Origin::kNotification:
            return std::ranges::any_of(kNotifications,
                                       [&](std::string_view kind) { return change.operation.starts_with(kind); });
    }
    return false;
}

Decision ignore_delete_objects(const S3ObjectChange& change) {
    return Ignore{.reason = fmt::format("DeleteObjects on bucket {} does not say which files it deleted",
                                        change.bucket.value_or("(unknown)")),
                  .skipped = {},
                  .hint =
                      "CloudTrail records no keys for DeleteObjects. If a deleted file must deploy, turn on the "
                      "bucket's own EventBridge notifications (\"Object Deleted\"), or delete objects one by one: "
                      "`aws s3 rm` sends DeleteObject"};
}

/// The current version is as it was, in all likelihood: lifecycle rules delete the old ones for good, one event each.
Decision ignore_deleted_version(const S3ObjectChange& change) {
    return Ignore{.reason = fmt::format("{} deleted one version of s3://{}/{} for good, not the file", change.operation,
                                        change.bucket.value_or(""), change.key.value_or("")),
                  .skipped = {},
                  .hint =
                      "No event says whether the version was the current one. If it was, deploy by hand what reads "
                      "the file"};
}

std::vector<ServiceId> services_that_read(const S3File& file, const Config& config) {
    const auto found = config.s3_files.find(file);
    auto services = found == config.s3_files.end() ? std::vector<ServiceId>{} : found->second;
    add(services, discovered_users(config, config.s3_files, [&](const DiscoveredService& service) {
            return (service.uses && uses_file(*service.uses, file)) ||
                   std::ranges::find(service.rules.files, file) != service.rules.files.end();
        }));
    return services;
}

}  // namespace

Result<Decision> decide_s3(const S3ObjectChange& change, const Config& config) {
    if (!config.s3_enabled) return ignore("changed files do not deploy (ENABLE_S3_MONITORING is off)");
    if (change.error_code && !change.error_code->empty())
        return ignore(fmt::format("{} failed ({})", change.operation, *change.error_code));
    if (change.operation == "DeleteObjects") return ignore_delete_objects(change);
    if (!changes_content(change)) return ignore(fmt::format("{} changes no file's content", change.operation));
    // CloudTrail may leave all parameters of a call out.
    if (change.origin == S3ObjectChange::Origin::kCloudTrail && !change.bucket && !change.key)
        return ignore(fmt::format("{} (CloudTrail) does not say which file it is about", change.operation));
    if (!change.bucket || !change.key)
        return fail(ErrorKind::kInvalidEvent, fmt::format("{} (aws.s3): the event names no {}", change.operation,
                                                          change.bucket ? "object key" : "bucket"));

    auto services = services_that_read(S3File{.bucket = *change.bucket, .key = *change.key}, config);
    if (services.empty() && config.discovery)
        return unmatched(
            fmt::format("no service of {} reads s3://{}/{}", clusters_in_words(config), *change.bucket, *change.key));
    if (services.empty())
        return ignore(fmt::format("s3://{}/{} is no file of ours ({})", *change.bucket, *change.key,
                                  config.in_document.contains("SERVICE_CONFIG") ? config.called("SERVICE_CONFIG")
                                                                                : "SERVICE_CONFIG, S3_SERVICE_MAP"));
    if (change.deletes_version) return ignore_deleted_version(change);
    return deploy_automatically(
        std::move(services), fmt::format("s3://{}/{} was changed ({})", *change.bucket, *change.key, change.operation),
        config);
}

}  // namespace ci_lambda
