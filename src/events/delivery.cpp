#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/time.hpp"
#include "events/decoders.hpp"

namespace ci_lambda {
namespace {

/// A notification of S3, in an envelope of SNS, in a message of SQS, in a record of Lambda's: nothing real is deeper.
constexpr int kMaxDepth = 5;

/// A queue has its own end for what fails again and again; from elsewhere, a failure could cause itself.
enum class From { kQueue, kElsewhere };

using Events = Result<std::vector<Event>>;

Events unwrap(const Json& json, From from, int depth);

Events unwrap_text(const std::string& text, std::string_view what, From from, int depth) {
    const auto json = parse_json(text);
    if (!json) return fail(ErrorKind::kInvalidEvent, fmt::format("{} is unreadable: {}", what, json.error().message));
    return unwrap(*json, from, depth + 1);
}

bool is_sns_envelope(const Json& json) {
    return find_string(json, "Type") == "Notification" && find_string(json, "TopicArn") && find_string(json, "Message");
}

/// What Lambda sends to an on-failure destination: the event is in it as it came.
const Json* find_failed_event(const Json& json) {
    return find(json, "requestContext") == nullptr ? nullptr : find(json, "requestPayload");
}

/// Where the function is the destination of its own failures, each would cause the next.
Event echo() {
    return {.envelope = {},
            .body = OtherEvent{"it is a record of a failed invocation, which is not tried again by itself; "
                               "`ci_lambda replay` does it"}};
}

/// The records of a batch of this source; nullptr for anything else.
const Json* find_records(const Json& json, std::string_view source_key, std::string_view source) {
    const Json* records = find(json, "Records");
    if (records == nullptr || !records->is_array() || records->empty()) return nullptr;
    return find_string(records->front(), source_key) == source ? records : nullptr;
}

const Json* find_sqs_records(const Json& json) { return find_records(json, "eventSource", "aws:sqs"); }
const Json* find_sns_records(const Json& json) { return find_records(json, "EventSource", "aws:sns"); }

/// Puts the message's own id and time where the events have none.
void complete(std::vector<Event>& events, const std::string& id, const std::string& time) {
    for (std::size_t i = 0; i < events.size(); ++i) {
        auto& envelope = events[i].envelope;
        if (envelope.id.empty() && !id.empty()) envelope.id = events.size() == 1 ? id : fmt::format("{}/{}", id, i);
        if (envelope.time.empty()) envelope.time = time;
    }
}

Message read_sns_record(const Json& record, From from, int depth) {
    const Json* sns = find(record, "Sns");
    const auto text = sns == nullptr ? std::nullopt : find_string(*sns, "Message");
    if (!text)
        return {.id = {}, .group = {}, .events = fail(ErrorKind::kInvalidEvent, "the record of SNS has no message")};
    Message message{.id = find_string(*sns, "MessageId").value_or(""),
                    .group = {},
                    .events = unwrap_text(*text, "the message of SNS", from, depth)};
    if (message.events) complete(*message.events, message.id, find_string(*sns, "Timestamp").value_or(""));
    return message;
}

/// SQS's time of sending, milliseconds since the epoch, as the time of an event.
std::string sent_at(std::string_view sent_timestamp) {
    constexpr unsigned long long kFarFuture = 7'000'000'000'000;  // the year 2191
    const auto sent = parse_unsigned(sent_timestamp);
    if (!sent || *sent > kFarFuture) return "";
    return format_rfc3339(WallTime{Milliseconds{static_cast<std::int64_t>(*sent)}});
}

/// One of `Records` (Lambda's names) or of `Messages` (SQS's own): they differ in the case of the first letter.
struct SqsNames {
    std::string_view id;
    std::string_view body;
    std::string_view attributes;
};
constexpr SqsNames kLambdaNames{.id = "messageId", .body = "body", .attributes = "attributes"};
constexpr SqsNames kSqsNames{.id = "MessageId", .body = "Body", .attributes = "Attributes"};

Message read_sqs_message(const Json& record, const SqsNames& names) {
    Message message{.id = find_string(record, names.id).value_or(""),
                    .group = {},
                    .events = fail(ErrorKind::kInvalidEvent, "the message of SQS has no body")};
    if (const auto body = find_string(record, names.body))
        message.events = unwrap_text(*body, "the message's body", From::kQueue, 0);
    const Json* attributes = find(record, names.attributes);
    if (attributes == nullptr) attributes = &record;
    message.group = find_string(*attributes, "MessageGroupId").value_or("");
    if (message.events)
        complete(*message.events, message.id, sent_at(find_string(*attributes, "SentTimestamp").value_or("")));
    return message;
}

bool is_fifo(const Json& records) {
    return find_string(records.front(), "eventSourceARN").value_or("").ends_with(".fifo");
}

Events unwrap(const Json& json, From from, int depth) {
    if (depth > kMaxDepth) return fail(ErrorKind::kInvalidEvent, "there are too many envelopes in one another");
    if (is_sns_envelope(json)) {
        TRY_ASSIGN(auto events, unwrap_text(*find_string(json, "Message"), "the message of SNS", from, depth));
        complete(events, find_string(json, "MessageId").value_or(""), find_string(json, "Timestamp").value_or(""));
        return events;
    }
    if (const Json* failed = find_failed_event(json))
        return from == From::kQueue ? unwrap(*failed, from, depth + 1) : Events(std::vector{echo()});
    if (is_s3_notification(json)) return decode_s3_notification(json);
    if (const Json* records = find_sns_records(json)) {
        std::vector<Event> events;
        for (const auto& record : *records) {
            TRY_ASSIGN(auto some, read_sns_record(record, from, depth).events);
            std::ranges::move(some, std::back_inserter(events));
        }
        return events;
    }
    TRY_ASSIGN(auto event, decode_event(json));
    return std::vector{std::move(event)};
}

}  // namespace

Delivery decode_delivery(std::string_view bytes) {
    Delivery delivery;
    const auto json = parse_json(bytes);
    if (!json) {
        delivery.messages.push_back({.id = {},
                                     .group = {},
                                     .events = fail(ErrorKind::kInvalidEvent,
                                                    fmt::format("the event is unreadable: {}", json.error().message))});
    } else if (const Json* queued = find_sqs_records(*json)) {
        delivery.source = is_fifo(*queued) ? Delivery::Source::kFifoQueue : Delivery::Source::kQueue;
        for (const auto& record : *queued) delivery.messages.push_back(read_sqs_message(record, kLambdaNames));
    } else if (const Json* published = find_sns_records(*json)) {
        delivery.source = Delivery::Source::kBatch;
        for (const auto& record : *published) delivery.messages.push_back(read_sns_record(record, From::kElsewhere, 0));
    } else {
        if (is_s3_notification(*json)) delivery.source = Delivery::Source::kBatch;
        delivery.messages.push_back({.id = {}, .group = {}, .events = unwrap(*json, From::kElsewhere, 0)});
    }
    return delivery;
}

namespace {

/// Puts the messages of one JSON value of a dump into `messages`.
void read_dumped(const Json& json, std::vector<Message>& messages) {
    const Json* several = find_sqs_records(json);
    const auto& names = several != nullptr ? kLambdaNames : kSqsNames;
    if (several == nullptr) several = find(json, "Messages");
    if (several != nullptr && several->is_array()) {
        for (const auto& one : *several) messages.push_back(read_sqs_message(one, names));
    } else if (json.is_array()) {
        for (const auto& one : json) read_dumped(one, messages);
    } else if (find_string(json, kSqsNames.body)) {
        messages.push_back(read_sqs_message(json, kSqsNames));
    } else if (find_string(json, kLambdaNames.body)) {
        messages.push_back(read_sqs_message(json, kLambdaNames));
    } else {
        messages.push_back({.id = {}, .group = {}, .events = unwrap(json, From::kQueue, 0)});
    }
}

}  // namespace

std::vector<Message> decode_dump(std::string_view bytes) {
    std::vector<Message> messages;
    const auto json = parse_json(bytes);
    if (json) {
        read_dumped(*json, messages);
        return messages;
    }
    // Not one JSON value: then one a line, or nothing at all.
    const auto unreadable = [](std::string_view what, const Error& error) {
        return Message{
            .id = {},
            .group = {},
            .events = fail(ErrorKind::kInvalidEvent, fmt::format("{} is unreadable: {}", what, error.message))};
    };
    std::size_t number = 0;
    for (const auto& line : split(bytes, '\n')) {
        ++number;
        if (trim(line).empty()) continue;
        const auto one = parse_json(line);
        if (!one && messages.empty()) return {unreadable("the dump", json.error())};
        if (one)
            read_dumped(*one, messages);
        else
            messages.push_back(unreadable(fmt::format("line {}", number), one.error()));
    }
    return messages;
}

}  // namespace ci_lambda
