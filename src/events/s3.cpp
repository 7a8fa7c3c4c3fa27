#include <fmt/format.h>

#include "events/decoders.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kCloudTrail = "AWS API Call via CloudTrail";
constexpr std::string_view kDeleted = "Object Deleted";

Result<EventBody> decode_cloudtrail(const Json& event) {
    TRY_ASSIGN(const Json* const detail, require_detail(event));
    const auto service = find_string(*detail, "eventSource");
    if (service && *service != "s3.amazonaws.com")
        return OtherEvent{fmt::format("a call of {}, not of S3, has nothing to do with files", cut(*service))};

    S3ObjectChange body{.origin = S3ObjectChange::Origin::kCloudTrail};
    TRY_ASSIGN(body.operation, require_string(*detail, "eventName", "detail.eventName"));
    body.error_code = read_error_code(*detail);
    // CloudTrail records of other calls have no parameters, or null: whether they are needed is the handler's matter.
    if (const Json* parameters = find(*detail, "requestParameters")) {
        body.bucket = find_string(*parameters, "bucketName");
        body.key = find_string(*parameters, "key");
        body.deletes_version = body.operation == "DeleteObject" && find(*parameters, "versionId") != nullptr;
    }
    return body;
}

/// `detail.<object>.<key>`.
Result<std::string> require_nested(const Json& detail, std::string_view object, std::string_view key) {
    const Json* member = find(detail, object);
    if (member == nullptr || !member->is_object())
        return fail(ErrorKind::kInvalidEvent, fmt::format("\"detail.{}\" must be an object, and is {}", object,
                                                          member == nullptr ? "missing" : type_name(*member)));
    return require_string(*member, key, fmt::format("detail.{}.{}", object, key));
}

Result<EventBody> decode_native(const Envelope& envelope, const Json& event) {
    TRY_ASSIGN(const Json* const detail, require_detail(event));
    S3ObjectChange body{.origin = S3ObjectChange::Origin::kNative, .operation = envelope.detail_type};
    TRY_ASSIGN(body.bucket, require_nested(*detail, "bucket", "name"));
    TRY_ASSIGN(body.key, require_nested(*detail, "object", "key"));
    body.deletes_version = envelope.detail_type == kDeleted &&
                           find_string(*detail, "deletion-type") == "Permanently Deleted" &&
                           find(*find(*detail, "object"), "version-id") != nullptr;
    return body;
}

}  // namespace

std::optional<std::string> read_error_code(const Json& detail) {
    const Json* code = find(detail, "errorCode");
    if (code == nullptr) return std::nullopt;
    if (!code->is_string()) return "unreadable";
    return code->get<std::string>();
}

Result<EventBody> decode_s3(const Envelope& envelope, const Json& event) {
    if (envelope.detail_type == kCloudTrail) return decode_cloudtrail(event);
    if (envelope.detail_type == "Object Created" || envelope.detail_type == kDeleted)
        return decode_native(envelope, event);
    // Tags, ACLs, storage classes and restores leave the content as it was.
    return other_kind(envelope);
}

}  // namespace ci_lambda
