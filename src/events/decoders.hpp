#pragma once

// Private to events/: one decoder per kind of event, and how they read members.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "events/event.hpp"

namespace ci_lambda {

/// `aws.ecr`.
[[nodiscard]] Result<EventBody> decode_ecr(const Envelope& envelope, const Json& event);
/// `aws.ssm`.
[[nodiscard]] Result<EventBody> decode_ssm(const Envelope& envelope, const Json& event);
/// `aws.secretsmanager`.
[[nodiscard]] Result<EventBody> decode_secret(const Envelope& envelope, const Json& event);
/// `detail.errorCode` of CloudTrail, whatever its type: it says that the call failed.
[[nodiscard]] std::optional<std::string> read_error_code(const Json& detail);
/// `aws.s3`.
[[nodiscard]] Result<EventBody> decode_s3(const Envelope& envelope, const Json& event);
/// `aws.ecs`.
[[nodiscard]] Result<EventBody> decode_ecs(const Envelope& envelope, const Json& event);

/// The payload of a Lambda lifecycle hook, which has no envelope.
[[nodiscard]] bool is_hook_call(const Json& event);
[[nodiscard]] Result<EventBody> decode_hook_call(const Json& event);
/// The call of a function URL, or of an HTTP API with payload version 2.0 (Lambda developer guide, "Invoking Lambda
/// function URLs"). Never fails: whoever calls must get an answer.
[[nodiscard]] bool is_http_call(const Json& event);
[[nodiscard]] HttpCall decode_http_call(const Json& event);
/// `aws.codedeploy`.
[[nodiscard]] Result<EventBody> decode_code_deploy(const Envelope& envelope, const Json& event);

/// The events in a `Records` array that S3 itself sends, one a changed object; its test message is nothing to act upon.
[[nodiscard]] Result<std::vector<Event>> decode_s3_notification(const Json& notification);
/// True for such an array, and for the message that S3 sends to try a new configuration out.
[[nodiscard]] bool is_s3_notification(const Json& json);

/// One event, already parsed. Fails with kInvalidEvent.
[[nodiscard]] Result<Event> decode_event(const Json& event);

/// True for the sources that ask for deployments, of whatever environment: `action.*`, `github.actions.*`,
/// `terraform.*`.
[[nodiscard]] bool is_manual_source(std::string_view source);
/// Whether an object, an event or the detail of one, is about an approval.
[[nodiscard]] bool is_approval(const Json& object);
[[nodiscard]] Result<EventBody> decode_approval(const Json& object);
/// Whether an event says that something of an approval is due. It answers none.
[[nodiscard]] bool is_approval_due(const Json& event);
[[nodiscard]] Result<EventBody> decode_approval_due(const Json& event);
/// An event of such a source.
[[nodiscard]] ManualRequest decode_manual(const Json& event);
/// `{"service":"api"}` without any envelope.
[[nodiscard]] ManualRequest decode_bare_request(const Json& event);

/// The event's `detail`, which lives as long as the event. Fails when it is missing or not an object.
[[nodiscard]] Result<const Json*> require_detail(const Json& event);

/// The member `key` of `object`, which must be there and be a string. `path` names the member in messages.
[[nodiscard]] Result<std::string> require_string(const Json& object, std::string_view key, std::string_view path);

/// An event of one of our sources, but of a kind that says nothing about deployments.
[[nodiscard]] OtherEvent other_kind(const Envelope& envelope);

/// Text of an event, cut and on one line, so that it can be part of a sentence.
[[nodiscard]] std::string cut(std::string_view text);

}  // namespace ci_lambda
