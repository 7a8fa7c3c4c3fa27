#include <fmt/format.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "events/decoders.hpp"
#include "events/event.hpp"

namespace ci_lambda {
namespace {

/// Long enough for every source and detail-type of AWS.
constexpr std::size_t kLongestQuote = 128;

std::vector<std::string> read_resources(const Json& event) {
    std::vector<std::string> resources;
    const Json* member = find(event, "resources");
    if (member == nullptr) return resources;
    if (member->is_string()) resources.push_back(member->get<std::string>());
    if (member->is_array()) {
        for (const auto& item : *member)
            if (item.is_string()) resources.push_back(item.get<std::string>());
    }
    return resources;
}

Envelope read_envelope(const Json& event) {
    const auto text = [&](std::string_view key) { return find_string(event, key).value_or(""); };
    return {.id = text("id"),
            .source = text("source"),
            .detail_type = text("detail-type"),
            .account = text("account"),
            .time = text("time"),
            .region = text("region"),
            .resources = read_resources(event)};
}

OtherEvent without_source(const Json& event) {
    if (find(event, "Records") != nullptr) return {"a batch of \"Records\", but of none of SQS, SNS and S3"};
    if (const Json* source = find(event, "source"); source != nullptr && !source->is_string())
        return {fmt::format("\"source\" is {}, not a string", type_name(*source))};
    return {R"(neither an EventBridge event (no "source") nor a request (no "service", no "action"))"};
}

std::string kind_of(const Envelope& envelope) {
    if (envelope.source.empty()) return "event without a source";
    if (envelope.detail_type.empty()) return fmt::format("event without a detail-type ({})", cut(envelope.source));
    return fmt::format("{} ({})", cut(envelope.detail_type), cut(envelope.source));
}

/// A rule's schedule comes from `aws.events`, one of EventBridge Scheduler without an input of its own from
/// `aws.scheduler` (EventBridge user guide, "scheduled events").
bool is_schedule(const Envelope& envelope) {
    return (envelope.source == "aws.events" || envelope.source == "aws.scheduler") &&
           envelope.detail_type == "Scheduled Event";
}

/// A member of a request that this function wrote itself.
Result<std::string> require_short(const Json& event, std::string_view key) {
    constexpr std::size_t kLongest = 2000;
    TRY_ASSIGN(auto text, require_string(event, key, key));
    if (text.size() > kLongest)
        return fail(ErrorKind::kInvalidEvent, fmt::format("\"{}\" is longer than {} bytes", key, kLongest));
    return text;
}

Result<std::string> require_time(const Json& event, std::string_view key) {
    TRY_ASSIGN(auto text, require_short(event, key));
    if (!parse_rfc3339(text))
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format("\"{}\" must be a time such as 2026-01-31T09:05:03Z, not {}", key, cut(text)));
    return text;
}

bool is_verify(const Json& event) { return find_string(event, "action") == "verify"; }

Result<EventBody> decode_verify(const Json& event) {
    VerifyRequest request;
    TRY_ASSIGN(request.service, require_short(event, "service"));
    TRY_ASSIGN(request.deployment_id, require_short(event, "deployment_id"));
    TRY_ASSIGN(request.task_definition, require_short(event, "task_definition"));
    TRY_ASSIGN(request.started_at, require_time(event, "started_at"));
    TRY_ASSIGN(request.at, require_time(event, "at"));
    TRY_ASSIGN(request.until, require_time(event, "until"));
    request.state = find_string(event, "state").value_or("");
    request.target = find_string(event, "target").value_or("");
    return request;
}

bool is_thaw(const Json& event) { return find_string(event, "action") == "thaw"; }

Result<EventBody> decode_thaw(const Json& event) {
    constexpr std::size_t kLongestRequest = 200'000;
    ThawRequest thaw;
    TRY_ASSIGN(thaw.service, require_short(event, "service"));
    TRY_ASSIGN(thaw.at, require_time(event, "at"));
    const auto* request = find(event, "request");
    if (request == nullptr || !request->is_object())
        return fail(ErrorKind::kInvalidEvent, "\"request\" must be what was held, an object");
    thaw.request = dump_json(*request);
    if (thaw.request.size() > kLongestRequest)
        return fail(ErrorKind::kInvalidEvent, fmt::format("\"request\" is longer than {} bytes", kLongestRequest));
    thaw.by_person = is_true(event, "by_person");
    thaw.told = find_string(event, "told").value_or("");
    thaw.target = find_string(event, "target").value_or("");
    return thaw;
}

bool is_pipeline_step(const Json& event) {
    return find_string(event, "action") == "pipeline" && find(event, "run") != nullptr;
}

Result<EventBody> decode_pipeline_step(const Json& event) {
    constexpr std::size_t kLongestRun = 256'000;  // what Step Functions takes
    PipelineStep step;
    step.step = find_string(event, "step").value_or("");
    const auto* run = find(event, "run");
    if (!run->is_object()) return fail(ErrorKind::kInvalidEvent, "\"run\" must be the run of a pipeline, an object");
    step.run = dump_json(*run);
    if (step.run.size() > kLongestRun)
        return fail(ErrorKind::kInvalidEvent, fmt::format("\"run\" is longer than {} bytes", kLongestRun));
    step.target = find_string(*run, "target").value_or("");
    return step;
}

Result<EventBody> decode_action(const Json& event) {
    TRY_ASSIGN(const auto action, require_string(event, "action", "action"));
    if (action == "sweep") return SweepRequest{};
    return fail(ErrorKind::kInvalidEvent,
                fmt::format(R"(there is no action "{}"; the one there is: {{"action":"sweep"}})", cut(action)));
}

Result<EventBody> decode_body(const Envelope& envelope, const Json& event) {
    const bool has_envelope = find(event, "source") != nullptr || find(event, "detail-type") != nullptr;
    if (!has_envelope && is_http_call(event)) return decode_http_call(event);
    if (!has_envelope && is_hook_call(event)) return decode_hook_call(event);
    // It names a service, too, and must never be taken for the wish to deploy it.
    if (!has_envelope && is_verify(event)) return decode_verify(event);
    if (!has_envelope && is_approval_due(event)) return decode_approval_due(event);
    if (!has_envelope && is_approval(event)) return decode_approval(event);
    if (!has_envelope && is_thaw(event)) return decode_thaw(event);
    if (!has_envelope && is_pipeline_step(event)) return decode_pipeline_step(event);
    if (!has_envelope && (event.contains("service") || event.contains("pipeline"))) return decode_bare_request(event);
    if (!has_envelope && event.contains("action")) return decode_action(event);
    if (envelope.source.empty()) return without_source(event);
    if (is_manual_source(envelope.source)) {
        const auto detail = require_detail(event);
        if (detail && is_approval(**detail)) return decode_approval(**detail);
        return decode_manual(event);
    }
    if (envelope.source == "aws.ecr") return decode_ecr(envelope, event);
    if (envelope.source == "aws.ssm") return decode_ssm(envelope, event);
    if (envelope.source == "aws.secretsmanager") return decode_secret(envelope, event);
    if (envelope.source == "aws.s3") return decode_s3(envelope, event);
    if (envelope.source == "aws.ecs") return decode_ecs(envelope, event);
    if (envelope.source == "aws.codedeploy") return decode_code_deploy(envelope, event);
    if (is_schedule(envelope)) return SweepRequest{.scheduled = true};
    return OtherEvent{fmt::format("events of the source {} have nothing to do with deployments", cut(envelope.source))};
}

}  // namespace

Result<Event> decode_event(std::string_view bytes) {
    const auto json = parse_json(bytes);
    if (!json) return fail(ErrorKind::kInvalidEvent, fmt::format("the event is unreadable: {}", json.error().message));
    return decode_event(*json);
}

Result<Event> decode_event(const Json& json) {
    if (!json.is_object())
        return fail(ErrorKind::kInvalidEvent, fmt::format("the event must be a JSON object, not {}", type_name(json)));

    Event event{.envelope = read_envelope(json), .body = OtherEvent{}};
    auto body = decode_body(event.envelope, json);
    if (!body) {
        const auto kind = event.envelope.source.empty() ? "request" : kind_of(event.envelope);
        return std::unexpected(with_context(body.error(), kind));
    }
    event.body = *std::move(body);
    return event;
}

Result<const Json*> require_detail(const Json& event) {
    const auto detail = event.find("detail");
    if (detail == event.end()) return fail(ErrorKind::kInvalidEvent, "\"detail\" is missing");
    if (detail->is_string())
        return fail(ErrorKind::kInvalidEvent,
                    "\"detail\" must be an object, not a string; was its JSON put into quotes twice?");
    if (!detail->is_object())
        return fail(ErrorKind::kInvalidEvent, fmt::format("\"detail\" must be an object, not {}", type_name(*detail)));
    return &*detail;
}

Result<std::string> require_string(const Json& object, std::string_view key, std::string_view path) {
    const auto member = object.find(key);
    if (member == object.end()) return fail(ErrorKind::kInvalidEvent, fmt::format("\"{}\" is missing", path));
    if (!member->is_string())
        return fail(ErrorKind::kInvalidEvent, fmt::format("\"{}\" must be a string, not {}", path, type_name(*member)));
    return member->get<std::string>();
}

OtherEvent other_kind(const Envelope& envelope) {
    if (envelope.detail_type.empty())
        return {fmt::format("an event of {} without a detail-type has nothing to do with deployments",
                            cut(envelope.source))};
    return {fmt::format("\"{}\" of {} has nothing to do with deployments", cut(envelope.detail_type),
                        cut(envelope.source))};
}

std::string cut(std::string_view text) { return one_line(text, kLongestQuote); }

std::string describe(const Event& event) {
    if (std::holds_alternative<VerifyRequest>(event.body)) return "verify request";
    if (std::holds_alternative<ThawRequest>(event.body)) return "end of a hold";
    if (std::holds_alternative<PipelineStep>(event.body)) return "step of a pipeline";
    if (const auto* sweep = std::get_if<SweepRequest>(&event.body); sweep != nullptr && !sweep->scheduled)
        return "sweep request";
    if (std::holds_alternative<LifecycleHookCall>(event.body)) return "lifecycle hook";
    if (const auto* approval = std::get_if<ApprovalEvent>(&event.body))
        return answers(approval->what) ? "answer to an approval" : "something due of an approval";
    if (const auto* call = std::get_if<HttpCall>(&event.body))
        return fmt::format("{} {} by HTTP", cut(call->method), cut(call->path));
    const auto* request = std::get_if<ManualRequest>(&event.body);
    if (request == nullptr) return kind_of(event.envelope);
    return request->bare ? "manual request" : fmt::format("manual request ({})", cut(event.envelope.source));
}

}  // namespace ci_lambda
