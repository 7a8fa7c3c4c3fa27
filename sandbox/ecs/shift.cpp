#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "sandbox/ecs/rollout.hpp"

// Deployments that shift traffic: blue/green, linear and canary ones go from stage to stage, and wait for hooks.

namespace ci_lambda::sandbox {
namespace {

using std::chrono::seconds;

/// A stage in which there is nothing to wait for.
constexpr seconds kStage{5};
constexpr seconds kTrafficShift{10};
/// What a hook's function takes to answer.
constexpr seconds kFunction{3};
constexpr double kAllTraffic = 100;

/// Of whichever region and account: the sandbox has one, which is asked from all of them.
bool is_same_function(std::string_view arn, std::string_view own) {
    constexpr std::string_view kName = ":function:";
    const auto at = own.find(kName);
    return at != std::string_view::npos && arn.contains(kName) && arn.substr(arn.find(kName)) == own.substr(at);
}

LifecycleStage first_stage(const ServiceDeployment& deployment) {
    return deployment.sources.size() > 1 ? LifecycleStage::kReconcileService : LifecycleStage::kPreScaleUp;
}

bool is_progressive(const ServiceDeployment& deployment) {
    return deployment.configuration.strategy != Strategy::kBlueGreen;
}

LifecycleStage next_stage(const ServiceDeployment& deployment) {
    using enum LifecycleStage;
    const bool in_steps = is_progressive(deployment);
    switch (deployment.stage) {
        case kNone: return first_stage(deployment);
        case kReconcileService: return kPreScaleUp;
        case kPreScaleUp: return kScaleUp;
        case kScaleUp: return kPostScaleUp;
        case kPostScaleUp: return kTestTrafficShift;
        case kTestTrafficShift: return kPostTestTrafficShift;
        case kPostTestTrafficShift: return in_steps ? kPreProductionTrafficShift : kProductionTrafficShift;
        case kPreProductionTrafficShift: return kProductionTrafficShift;
        case kProductionTrafficShift:
            return deployment.production_weight < kAllTraffic ? kPreProductionTrafficShift
                                                              : kPostProductionTrafficShift;
        case kPostProductionTrafficShift: return kBakeTime;
        case kBakeTime:
        case kCleanUp: return kCleanUp;
    }
    return kCleanUp;
}

double next_weight(const ServiceDeployment& deployment) {
    const double step = deployment.configuration.step_percent;
    switch (deployment.configuration.strategy) {
        case Strategy::kLinear: return std::min(kAllTraffic, deployment.production_weight + step);
        case Strategy::kCanary: return deployment.production_weight > 0 ? kAllTraffic : step;
        case Strategy::kRolling:
        case Strategy::kBlueGreen: break;
    }
    return kAllTraffic;
}

seconds shortest_time_in(const ServiceDeployment& deployment) {
    switch (deployment.stage) {
        case LifecycleStage::kTestTrafficShift: return kTrafficShift;
        case LifecycleStage::kProductionTrafficShift:
            return deployment.production_weight < kAllTraffic ? kTrafficShift + deployment.configuration.step_bake
                                                              : kTrafficShift;
        case LifecycleStage::kBakeTime: return deployment.configuration.bake_time;
        default: return kStage;
    }
}

/// Takes the answers of functions that are due, and what is overdue. Whether it has changed.
bool settle(HookRun& run, WallTime at) {
    if (!run.is_under_way()) return false;
    if (run.answers_at && *run.answers_at <= at)
        run.status = run.hook.target_arn.empty() || run.hook.target_arn == kRefusingFunction ? HookStatus::kFailed
                                                                                             : HookStatus::kSucceeded;
    else if (run.expires_at <= at)
        run.status = HookStatus::kTimedOut;
    return !run.is_under_way();
}

bool is_bad(const HookRun& run) {
    return run.status == HookStatus::kFailed ||
           (run.status == HookStatus::kTimedOut && !run.hook.goes_on_after_timeout);
}

/// As it has been seen, for functions and for time that was over.
std::string why_rolled_back(const HookRun& run) {
    const auto stage = wire_name(run.stage);
    if (run.status == HookStatus::kTimedOut)
        return fmt::format("because {} {} timed out.", stage, run.hook.pause ? "pause hook" : "lifecycle hook(s)");
    if (!run.why_failed.empty())
        return fmt::format(
            "because {} lifecycle hook(s) failed. ECS was unable to parse the response from {} due to: {}", stage,
            run.hook.target_arn, run.why_failed);
    if (run.hook.pause) return fmt::format("because of a rollback request for the {} pause hook.", stage);
    return fmt::format(
        "because {} lifecycle hook(s) failed. Lifecycle hook target {} returned FAILED "
        "status.",
        stage, run.hook.target_arn);
}

std::string_view event_name(HookStatus status) {
    switch (status) {
        case HookStatus::kAwaitingAction: return "HOOK_AWAITING_ACTION";
        case HookStatus::kInProgress: return "HOOK_IN_PROGRESS";
        case HookStatus::kSucceeded: return "HOOK_SUCCEEDED";
        case HookStatus::kFailed: return "HOOK_FAILED";
        case HookStatus::kTimedOut: return "HOOK_TIMED_OUT";
    }
    return "HOOK_FAILED";
}

}  // namespace

void RolloutEngine::move_stages(Service& service, WallTime at) {
    ServiceDeployment* shift = service.traffic_shift();
    if (shift == nullptr || shift->status != ServiceDeploymentStatus::kInProgress) return;
    if (shift->stage == LifecycleStage::kNone) enter_next_stage(service, *shift, at);
    if (!settle_hooks(service, *shift, at)) return;
    ask_functions(service, *shift, at);
    if (is_stage_over(service, *shift, at)) enter_next_stage(service, *shift, at);
    if (service.scenario == Scenario::kShiftFails && shift->stage == LifecycleStage::kProductionTrafficShift) {
        give_up(service,
                {.cause = "because production traffic could not be shifted: the listener rule could not be modified.",
                 .words = "ECS deployment traffic shift",
                 .rolls_back = true},
                at);
        return;
    }
    if (at < shift->stage_over_at) look_no_later_than(service, shift->stage_over_at);
    for (const auto& run : shift->hooks) {
        if (!run.is_under_way()) continue;
        look_no_later_than(service,
                           std::min(run.asks_at.value_or(run.answers_at.value_or(run.expires_at)), run.expires_at));
    }
}

void RolloutEngine::enter_next_stage(const Service& service, ServiceDeployment& shift, WallTime at) {
    shift.stage = next_stage(shift);
    shift.updated_at = at;
    if (shift.stage == LifecycleStage::kTestTrafficShift) shift.test_weight = kAllTraffic;
    if (shift.stage == LifecycleStage::kProductionTrafficShift) shift.production_weight = next_weight(shift);
    shift.stage_over_at = pace_.after(at, shortest_time_in(shift));
    for (const auto& hook : shift.configuration.hooks) {
        if (std::ranges::find(hook.stages, shift.stage) == hook.stages.end()) continue;
        HookRun run{.id = fmt::format("ecs-{}-{}", hook.pause ? "pause" : "lambda", ids_.token(43)),
                    .hook = hook,
                    .stage = shift.stage,
                    .status = hook.pause ? HookStatus::kAwaitingAction : HookStatus::kInProgress,
                    .expires_at = pace_.after(at, hook.timeout),
                    .answers_at = {}};
        if (!hook.pause && is_same_function(hook.target_arn, state_.function))
            run.asks_at = at;
        else if (!hook.pause && hook.target_arn != kSilentFunction)
            run.answers_at = pace_.after(at, kFunction);
        notices_.hook_event(service, shift, run, event_name(run.status), at);
        shift.hooks.push_back(std::move(run));
    }
}

bool RolloutEngine::is_stage_over(const Service& service, const ServiceDeployment& shift, WallTime at) {
    if (shift.stage == LifecycleStage::kCleanUp || at < shift.stage_over_at) return false;
    if (std::ranges::any_of(shift.hooks, &HookRun::is_under_way)) return false;
    if (shift.stage != LifecycleStage::kScaleUp) return true;
    const auto healthy = std::ranges::count_if(service.tasks, [&](const Task& task) {
        return task.is_healthy() && task.deployment_id == service.primary().id;
    });
    return std::cmp_greater_equal(healthy, service.desired_count);
}

bool RolloutEngine::settle_hooks(Service& service, ServiceDeployment& shift, WallTime at) {
    for (auto& run : shift.hooks)
        if (settle(run, at)) notices_.hook_event(service, shift, run, event_name(run.status), at);
    const auto bad = std::ranges::find_if(shift.hooks, is_bad);
    if (bad == shift.hooks.end()) return true;
    // One that fails ends the others of its stage (developer guide, "Lifecycle hooks": one rollback rolls all back).
    const std::string why = why_rolled_back(*bad);
    for (auto& run : shift.hooks)
        if (run.is_under_way()) run.status = HookStatus::kFailed;
    give_up(service, {.cause = why, .words = "ECS deployment lifecycle hook", .rolls_back = true}, at);
    return false;
}

void RolloutEngine::ask_functions(const Service& service, ServiceDeployment& shift, WallTime at) {
    for (auto& run : shift.hooks) {
        if (!run.is_under_way() || !run.asks_at || *run.asks_at > at) continue;
        run.asks_at.reset();
        state_.hook_calls.push_back({.hook_id = run.id, .payload = hook_payload(service, shift, run)});
    }
}

std::string RolloutEngine::hook_payload(const Service& service, const ServiceDeployment& shift,
                                        const HookRun& run) const {
    const auto weights = [&](double own, bool told) {
        Json json = Json::object();
        if (!told) return json;
        json[state_.service_revision_arn(service, shift.target.revision)] = own;
        if (!shift.sources.empty())
            json[state_.service_revision_arn(service, shift.sources.front().revision)] = kAllTraffic - own;
        return json;
    };
    const bool test = run.stage == LifecycleStage::kTestTrafficShift;
    const bool production =
        run.stage == LifecycleStage::kProductionTrafficShift || run.stage == LifecycleStage::kPreProductionTrafficShift;
    Json payload{{"executionId", run.id},
                 {"lifecycleStage", wire_name(run.stage)},
                 {"resourceArn", state_.service_deployment_arn(service, shift.id)},
                 {"executionDetails",
                  {{"serviceArn", state_.service_arn(service)},
                   {"targetServiceRevisionArn", state_.service_revision_arn(service, shift.target.revision)},
                   {"testTrafficWeights", weights(shift.test_weight, test)},
                   {"productionTrafficWeights", weights(shift.production_weight, production)}}}};
    if (!run.details.empty()) payload["hookDetails"] = parse_json(run.details).value_or(Json::object());
    return dump_json(payload);
}

void RolloutEngine::answer_function(std::string_view hook_id, const std::optional<std::string>& answer, WallTime at) {
    constexpr int kUsualDelay = 30;
    for (auto& service : state_.services) {
        ServiceDeployment* shift = service.traffic_shift();
        if (shift == nullptr) continue;
        const auto run = std::ranges::find(shift->hooks, hook_id, &HookRun::id);
        if (run == shift->hooks.end() || !run->is_under_way()) continue;
        const auto json = answer ? parse_json(*answer).value_or(Json()) : Json();
        const auto status = find_string(json, "hookStatus").value_or("");
        if (status == "IN_PROGRESS") {
            const Json* delay = find(json, "callBackDelay");
            const int again = delay != nullptr && delay->is_number_integer() ? delay->get<int>() : kUsualDelay;
            run->asks_at = pace_.after(at, seconds{again});
            if (const Json* details = find(json, "hookDetails"); details != nullptr && details->is_object()) {
                auto merged = parse_json(run->details).value_or(Json::object());
                merged.update(*details);
                run->details = dump_json(merged);
            }
            look_soon(service, at);
            return;
        }
        if (status != "SUCCEEDED" && status != "FAILED") run->why_failed = "HookStatus must not be null";
        run->status = status == "SUCCEEDED" ? HookStatus::kSucceeded : HookStatus::kFailed;
        shift->updated_at = at;
        notices_.hook_event(service, *shift, *run, event_name(run->status), at);
        look_soon(service, at);
        return;
    }
}

void RolloutEngine::answer_hook(Service& service, HookRun& run, bool goes_on, WallTime at) const {
    run.status = goes_on ? HookStatus::kSucceeded : HookStatus::kFailed;
    if (ServiceDeployment* shift = service.traffic_shift()) {
        shift->updated_at = at;
        notices_.hook_event(service, *shift, run, event_name(run.status), at);
    }
    look_soon(service, at);
}

}  // namespace ci_lambda::sandbox
