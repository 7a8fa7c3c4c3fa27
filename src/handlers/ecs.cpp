#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "config/ownership.hpp"
#include "discovery/discovered.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {
namespace {

NoticeLevel level_of(std::string_view event_type) {
    if (event_type == "ERROR") return NoticeLevel::kError;
    if (event_type == "WARN") return NoticeLevel::kWarning;
    return NoticeLevel::kInfo;
}

/// SERVICE_TASK_PLACEMENT_FAILURE -> "task placement failure".
std::string words(std::string_view event_name) {
    for (const std::string_view prefix : {"SERVICE_DEPLOYMENT_", "SERVICE_"}) {
        if (!event_name.starts_with(prefix)) continue;
        event_name.remove_prefix(prefix.size());
        break;
    }
    return replace_all(to_lower(event_name), "_", " ");
}

/// A rollback is announced as one more IN_PROGRESS; its reason is the only sign (Amazon ECS developer guide, service
/// deployment state change events).
bool is_rollback(const EcsServiceEvent& event) {
    return event.event_name == "SERVICE_DEPLOYMENT_IN_PROGRESS" && event.reason &&
           event.reason->contains("rolling back");
}

struct Verdict {
    NoticeLevel level;
    std::string status;
};

/// What a hook has come to; `nullopt` when that is no news: a function is being asked, or lets the rollout go on.
std::optional<Verdict> judge_hook(const EcsServiceEvent& event) {
    if (event.event_name == "HOOK_AWAITING_ACTION") return Verdict{NoticeLevel::kWarning, "waiting for approval"};
    if (event.event_name == "HOOK_SUCCEEDED" && event.hook->pause) return Verdict{NoticeLevel::kInfo, "approved"};
    if (event.event_name == "HOOK_FAILED")
        return Verdict{NoticeLevel::kWarning, event.hook->pause ? "not approved" : "stopped by a hook"};
    if (event.event_name == "HOOK_TIMED_OUT")
        return Verdict{NoticeLevel::kWarning, event.hook->pause ? "not approved in time" : "held up by a hook"};
    return std::nullopt;
}

/// "at POST_TEST_TRAFFIC_SHIFT, until 2026-03-05T16:04:41Z".
std::string where_and_how_long(const EcsServiceEvent::Hook& hook) {
    const auto stage = hook.stage.empty() ? std::string("a stage") : hook.stage;
    if (hook.expires_at.empty()) return "at " + stage;
    return fmt::format("at {}, until {}", stage, hook.expires_at);
}

std::string hook_in_words(const EcsServiceEvent& event, const ServiceId& id) {
    const auto& hook = *event.hook;
    if (event.event_name == "HOOK_AWAITING_ACTION")
        return fmt::format(
            "ECS waits {} for somebody to let it go on (ci_lambda continue {}) or to take it back (ci_lambda stop {} "
            "--rollback); hook {}",
            where_and_how_long(hook), id, id, hook.id);
    if (event.event_name == "HOOK_SUCCEEDED") return fmt::format("It goes on after {}.", hook.stage);
    if (event.event_name == "HOOK_FAILED")
        return hook.pause ? fmt::format("Somebody decided at {} to roll it back.", hook.stage)
                          : fmt::format("The function of a lifecycle hook at {} said no.", hook.stage);
    return fmt::format("Nobody answered at {} in time.", hook.stage);
}

Verdict judge(const EcsServiceEvent& event) {
    if (event.event_name == "SERVICE_DEPLOYMENT_COMPLETED") return {NoticeLevel::kSuccess, "completed"};
    if (event.event_name == "SERVICE_DEPLOYMENT_FAILED") return {NoticeLevel::kError, "failed"};
    if (event.event_name == "SERVICE_TASK_START_IMPAIRED") return {NoticeLevel::kWarning, "impaired"};
    if (is_rollback(event)) return {NoticeLevel::kWarning, "rolling back"};
    return {level_of(event.event_type), words(event.event_name)};
}

}  // namespace

Decision decide_ecs(const EcsServiceEvent& event, const Config& config) {
    if (!event.service) return ignore(fmt::format("{} names no service in its resources", event.event_name));
    const auto cluster = event.cluster ? ClusterName{*event.cluster} : config.names.cluster();
    if (config.discovery && std::ranges::find(config.clusters, cluster) == config.clusters.end())
        return ignore(fmt::format("service {} is in the cluster {}, not in {}", *event.service, cluster,
                                  clusters_in_words(config)));
    if (!config.discovery && cluster != config.names.cluster())
        return ignore(
            fmt::format("service {} is in the cluster {}, not in {}", *event.service, cluster, config.names.cluster()));
    const auto reading = Ownership(config).read(cluster, EcsServiceName{*event.service});
    if (!reading) {
        auto reason = fmt::format("service {} is not one of ours", *event.service);
        return config.discovery ? unmatched(std::move(reason)) : ignore(std::move(reason));
    }
    const auto& id = reading->id;
    if (reading->is_rather_another_ones())
        return ignore(fmt::format("service {} is not one of ours, as it seems: no variable names {}, and {}",
                                  *event.service, id, reading->doubt()));
    if (event.event_name == "SERVICE_STEADY_STATE" || event.event_name == "TASKSET_STEADY_STATE")
        return ignore(fmt::format("{} is steady, which is no news", id));

    auto verdict = event.hook ? judge_hook(event) : judge(event);
    if (!verdict) return ignore(fmt::format("{} of {} asks nothing of anybody", event.event_name, id));
    return Notify{.level = verdict->level,
                  .service = id,
                  .event_name = event.event_name,
                  .status = std::move(verdict->status),
                  .deployment_id = event.deployment_id,
                  .reason = event.hook ? hook_in_words(event, id) : event.reason,
                  .doubt = reading->is_ours_beyond_doubt() ? std::nullopt : std::optional(reading->doubt())};
}

}  // namespace ci_lambda
