#include <fmt/format.h>

#include "base/text.hpp"
#include "events/decoders.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kEventSource = "aws:s3";

/// `records[i].s3.<object>.<key>`.
Result<std::string> require_in_s3(const Json& record, std::string_view object, std::string_view key) {
    const Json* s3 = find(record, "s3");
    const Json* member = s3 == nullptr ? nullptr : find(*s3, object);
    if (member == nullptr || !member->is_object())
        return fail(ErrorKind::kInvalidEvent, fmt::format("\"s3.{}\" must be an object, and is {}", object,
                                                          member == nullptr ? "missing" : type_name(*member)));
    return require_string(*member, key, fmt::format("s3.{}.{}", object, key));
}

Result<Event> decode_record(const Json& record) {
    Event event{.envelope = {.source = "aws.s3",
                             .detail_type = "S3 notification",
                             .time = find_string(record, "eventTime").value_or(""),
                             .region = find_string(record, "awsRegion").value_or("")},
                .body = {}};
    S3ObjectChange change{.origin = S3ObjectChange::Origin::kNotification};
    TRY_ASSIGN(change.operation, require_string(record, "eventName", "eventName"));
    TRY_ASSIGN(change.bucket, require_in_s3(record, "bucket", "name"));
    TRY_ASSIGN(const auto key, require_in_s3(record, "object", "key"));
    change.key = decode_form(key);  // encoded like a form's field (S3 user guide, "Event message structure")
    // A marker on top of the versions is called `:DeleteMarkerCreated`.
    const bool deleted = change.operation == "ObjectRemoved:Delete" || change.operation == "LifecycleExpiration:Delete";
    change.deletes_version = deleted && find(record["s3"]["object"], "versionId") != nullptr;
    event.body = std::move(change);
    return event;
}

bool is_test_message(const Json& json) { return find_string(json, "Event") == "s3:TestEvent"; }

}  // namespace

bool is_s3_notification(const Json& json) {
    if (is_test_message(json)) return true;
    const Json* records = find(json, "Records");
    return records != nullptr && records->is_array() && !records->empty() &&
           find_string(records->front(), "eventSource") == kEventSource;
}

Result<std::vector<Event>> decode_s3_notification(const Json& notification) {
    if (is_test_message(notification))
        return std::vector{Event{.envelope = {.source = "aws.s3", .detail_type = "S3 notification"},
                                 .body = OtherEvent{"S3 tries its notifications out (s3:TestEvent)"}}};
    std::vector<Event> events;
    for (const auto& record : notification["Records"]) {
        auto event = decode_record(record);
        if (!event) return std::unexpected(with_context(std::move(event).error(), "S3 notification"));
        events.push_back(*std::move(event));
    }
    return events;
}

}  // namespace ci_lambda
