#include "base/text.hpp"
#include "events/decoders.hpp"

namespace ci_lambda {
namespace {

/// The `RESOURCE` of `arn:PARTITION:ecs:REGION:ACCOUNT:RESOURCE`, in its segments.
std::vector<std::string> ecs_resource(std::string_view arn) {
    constexpr std::size_t kArnParts = 6;
    const auto parts = split(arn, ':');
    if (parts.size() != kArnParts || parts[0] != "arn" || parts[2] != "ecs") return {};
    return split(parts[5], '/');
}

std::optional<std::string> cluster_of(const Json& detail) {
    const auto arn = find_string(detail, "clusterArn");
    if (!arn) return std::nullopt;
    const auto segments = ecs_resource(*arn);
    if (segments.size() != 2 || segments[0] != "cluster" || segments[1].empty()) return std::nullopt;
    return segments[1];
}

/// Of most tasks nothing is to be done: a rule lets only those through that were started here.
EventBody decode_task(const Json& detail) {
    if (find_string(detail, "lastStatus") != "STOPPED") return OtherEvent{.reason = "the task has not stopped"};
    const auto started_by = find_string(detail, "startedBy").value_or("");
    const bool ran_after = started_by.starts_with(kTaskAfterPrefix);
    if (!ran_after && !started_by.starts_with(kTaskBeforePrefix))
        return OtherEvent{.reason = "the task was started neither before nor after a deployment"};
    TaskEnded ended{.task = find_string(detail, "taskArn").value_or(""),
                    .cluster = cluster_of(detail).value_or(""),
                    .request = {},
                    .waited_for_until = {},
                    .ran = ran_after ? TaskEnded::Ran::kAfter : TaskEnded::Ran::kBefore};
    const Json* overrides = find(detail, "overrides");
    const Json* containers = overrides == nullptr ? nullptr : find(*overrides, "containerOverrides");
    if (containers != nullptr && containers->is_array())
        for (const auto& container : *containers) {
            const Json* environment = find(container, "environment");
            if (environment == nullptr || !environment->is_array()) continue;
            for (const auto& variable : *environment) {
                const auto name = find_string(variable, "name");
                if (name == kTaskRequestVariable) ended.request = find_string(variable, "value").value_or("");
                if (name == kTaskWaitsVariable) ended.waited_for_until = find_string(variable, "value").value_or("");
            }
        }
    if (ended.request.empty()) return OtherEvent{.reason = "the task does not say what it was run for"};
    return ended;
}

}  // namespace

std::optional<EcsServiceArn> parse_ecs_service_arn(std::string_view arn) {
    const auto segments = ecs_resource(arn);
    if (segments.empty() || segments[0] != "service") return std::nullopt;
    if (segments.size() == 2 && !segments[1].empty())
        return EcsServiceArn{.cluster = std::nullopt, .service = segments[1]};
    if (segments.size() == 3 && !segments[1].empty() && !segments[2].empty())
        return EcsServiceArn{.cluster = segments[1], .service = segments[2]};
    return std::nullopt;
}

Result<EventBody> decode_ecs(const Envelope& envelope, const Json& event) {
    if (envelope.detail_type == "ECS Task State Change") {
        TRY_ASSIGN(const Json* const task, require_detail(event));
        return decode_task(*task);
    }
    const bool of_a_hook = envelope.detail_type == "ECS Hook State Change";
    if (envelope.detail_type != "ECS Deployment State Change" && envelope.detail_type != "ECS Service Action" &&
        !of_a_hook)
        return other_kind(envelope);
    TRY_ASSIGN(const Json* const detail, require_detail(event));
    EcsServiceEvent body;
    TRY_ASSIGN(body.event_name, require_string(*detail, "eventName", "detail.eventName"));
    body.event_type = find_string(*detail, "eventType").value_or("");
    body.deployment_id = find_string(*detail, "deploymentId");
    body.reason = find_string(*detail, "reason");
    body.cluster = cluster_of(*detail);
    if (of_a_hook)
        body.hook = EcsServiceEvent::Hook{.id = find_string(*detail, "hookId").value_or(""),
                                          .pause = find_string(*detail, "hookType") == "PAUSE",
                                          .stage = find_string(*detail, "lifecycleStage").value_or(""),
                                          .expires_at = find_string(*detail, "expiresAt").value_or("")};
    // A hook's resources are service deployments, and one documented sample has none; for the other kinds they are the
    // only place that names the service.
    auto named = of_a_hook ? find_string(*detail, "serviceArn") : std::nullopt;
    if (!named && !envelope.resources.empty()) named = envelope.resources.front();
    if (!named) return body;
    if (const auto arn = parse_ecs_service_arn(*named)) {
        body.service = arn->service;
        if (arn->cluster) body.cluster = arn->cluster;
    }
    return body;
}

}  // namespace ci_lambda
