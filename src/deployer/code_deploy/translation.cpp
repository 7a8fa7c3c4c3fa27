#include "deployer/code_deploy/translation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// CodeDeploy begins its rollback moments after the end of what it takes back.
constexpr Milliseconds kRollbackBeginsWithin{60'000};

/// A hook's function has that long (CodeDeploy user guide, "AppSpec 'hooks' section").
constexpr std::chrono::hours kHookTime{1};

/// CodeDeploy's lifecycle events of a deployment in ECS, in their order, and what ECS calls that stage.
struct Stage {
    std::string_view name;
    std::string_view of_ecs;
    bool hook;
};
constexpr std::array<Stage, 8> kStages{{{"BeforeInstall", "PRE_SCALE_UP", true},
                                        {"Install", "SCALE_UP", false},
                                        {"AfterInstall", "POST_SCALE_UP", true},
                                        {"AllowTestTraffic", "TEST_TRAFFIC_SHIFT", false},
                                        {"AfterAllowTestTraffic", "POST_TEST_TRAFFIC_SHIFT", true},
                                        {"BeforeAllowTraffic", "PRE_PRODUCTION_TRAFFIC_SHIFT", true},
                                        {"AllowTraffic", "PRODUCTION_TRAFFIC_SHIFT", false},
                                        {"AfterAllowTraffic", "POST_PRODUCTION_TRAFFIC_SHIFT", true}}};

bool is_over_lately(const CodeDeployDeployment& deployment, WallTime now) {
    return now - deployment.completed_at.value_or(deployment.created_at) < kRollbackBeginsWithin;
}

/// CodeDeploy, or whoever stopped it, has said that what ran before is to come back, and that has not begun yet. Of one
/// that was stopped nobody knows what was asked for: a moment is waited.
bool is_about_to_go_back(const CodeDeployDeployment& deployment, WallTime now) {
    if (is_running(deployment.status) || deployment.status == CodeDeployStatus::kSucceeded) return false;
    if (!deployment.rollback_id.empty()) return true;
    if (!is_over_lately(deployment, now)) return false;
    return deployment.status == CodeDeployStatus::kStopped || deployment.goes_back_on_failure;
}

bool will_go_back(const CodeDeployDeployment& deployment) {
    return deployment.status == CodeDeployStatus::kFailed ? deployment.goes_back_on_failure
                                                          : deployment.goes_back_on_stop;
}

ServiceDeploymentStatus status_of_rollback(const std::optional<CodeDeployDeployment>& rollback) {
    if (!rollback || is_running(rollback->status)) return ServiceDeploymentStatus::kRollbackInProgress;
    return rollback->status == CodeDeployStatus::kSucceeded ? ServiceDeploymentStatus::kRollbackSuccessful
                                                            : ServiceDeploymentStatus::kRollbackFailed;
}

ServiceDeploymentStatus status_of(const CodeDeployStory& story, const std::string& serves, WallTime now) {
    using enum ServiceDeploymentStatus;
    const auto& deployment = story.deployment;
    switch (deployment.status) {
        case CodeDeployStatus::kCreated:
        case CodeDeployStatus::kQueued: return kPending;
        case CodeDeployStatus::kInProgress:
        case CodeDeployStatus::kBaking:
        case CodeDeployStatus::kReady:
        case CodeDeployStatus::kUnknown: return kInProgress;
        case CodeDeployStatus::kSucceeded: return kSuccessful;
        case CodeDeployStatus::kFailed:
        case CodeDeployStatus::kStopped: break;
    }
    if (!deployment.rollback_id.empty()) return status_of_rollback(story.rollback);
    if (is_about_to_go_back(deployment, now)) return will_go_back(deployment) ? kRollbackRequested : kStopRequested;
    // It failed before the traffic moved, so what ran before runs.
    const bool runs = serves.empty() || serves == deployment.id;
    return deployment.status == CodeDeployStatus::kFailed && !runs ? kRollbackSuccessful : kStopped;
}

/// The stage that goes on: the last one that has begun.
const CodeDeployProgress::Stage* present_stage(const CodeDeployProgress& progress) {
    const CodeDeployProgress::Stage* present = nullptr;
    for (const auto& stage : progress.stages)
        if (stage.started_at && (present == nullptr || *stage.started_at >= *present->started_at)) present = &stage;
    return present;
}

void add_stage(EcsServiceDeployment& record, const CodeDeployStory& story) {
    const auto& deployment = story.deployment;
    const auto* stage = story.progress ? present_stage(*story.progress) : nullptr;
    if (stage != nullptr) {
        record.updated_at = stage->ended_at ? std::max(*stage->started_at, *stage->ended_at) : *stage->started_at;
        const auto known = std::ranges::find(kStages, stage->name, &Stage::name);
        if (known != kStages.end()) record.lifecycle_stage = known->of_ecs;
        if (known != kStages.end() && known->hook && stage->status == "InProgress" && !deployment.waits_for_termination)
            record.hooks.push_back({.id = {},
                                    .function = stage->name,
                                    .pause = false,
                                    .unfinished = true,
                                    .expires_at = *stage->started_at + kHookTime,
                                    .then_rolls_back = true});
    }
    if (story.progress) record.production_percent = story.progress->green_percent;
    if (deployment.status == CodeDeployStatus::kReady)
        record.hooks.push_back({.id = deployment.id,
                                .function = {},
                                .pause = true,
                                .unfinished = true,
                                .expires_at = deployment.waits_for_yes && record.updated_at
                                                  ? std::optional(*record.updated_at + *deployment.waits_for_yes)
                                                  : std::nullopt,
                                .then_rolls_back = true});
    if (!deployment.waits_for_termination) return;
    record.lifecycle_stage = deployment.keeps_old_for > Milliseconds{0} ? "BAKE_TIME" : "CLEAN_UP";
    record.production_percent = 100;
}

EcsDeployment as_deployment(const CodeDeployDeployment& deployment, const std::string& task_definition,
                            const EcsTaskSet* set, RolloutState state, int desired) {
    EcsDeployment one{.id = deployment.id,
                      .status = "PRIMARY",
                      .task_definition = task_definition,
                      .desired_count = desired,
                      .created_at = deployment.created_at,
                      .updated_at = deployment.completed_at.value_or(deployment.created_at),
                      .rollout_state = state,
                      .rollout_reason = {}};
    if (set == nullptr) return one;
    if (one.task_definition.empty()) one.task_definition = set->task_definition;
    one.desired_count = std::max(set->desired_count, set->running_count);
    one.pending_count = set->pending_count;
    one.running_count = set->running_count;
    return one;
}

/// Of a task set that is not what was begun last.
EcsDeployment as_deployment(const EcsTaskSet& set, bool leads) {
    return {.id = set.external_id.empty() ? set.id : set.external_id,
            .status = leads ? "PRIMARY" : "ACTIVE",
            .task_definition = set.task_definition,
            .desired_count = set.desired_count,
            .pending_count = set.pending_count,
            .running_count = set.running_count,
            .created_at = set.created_at,
            .updated_at = set.updated_at,
            .rollout_state = leads ? RolloutState::kCompleted : RolloutState::kNone,
            .rollout_reason = {}};
}

/// How what was begun last stands there as PRIMARY; `nullopt` where it came to nothing, and something else serves.
std::optional<RolloutState> state_as_primary(const CodeDeployDeployment& last, bool serves, WallTime now) {
    if (is_running(last.status)) return RolloutState::kInProgress;
    if (last.status == CodeDeployStatus::kSucceeded) return RolloutState::kCompleted;
    if (is_about_to_go_back(last, now)) return RolloutState::kInProgress;
    return serves ? std::optional(RolloutState::kFailed) : std::nullopt;
}

}  // namespace

std::optional<CodeDeployTraffic> traffic_of_name(std::string_view name) {
    using enum CodeDeployTraffic::Kind;
    constexpr std::string_view kOwn = "CodeDeployDefault.ECS";
    if (!name.starts_with(kOwn)) return std::nullopt;
    name.remove_prefix(kOwn.size());
    if (name == "AllAtOnce") return CodeDeployTraffic{};
    if (name == "Linear10PercentEvery1Minutes")
        return CodeDeployTraffic{.kind = kLinear, .percent = 10, .interval = std::chrono::minutes{1}};
    if (name == "Linear10PercentEvery3Minutes")
        return CodeDeployTraffic{.kind = kLinear, .percent = 10, .interval = std::chrono::minutes{3}};
    if (name == "Canary10Percent5Minutes")
        return CodeDeployTraffic{.kind = kCanary, .percent = 10, .interval = std::chrono::minutes{5}};
    if (name == "Canary10Percent15Minutes")
        return CodeDeployTraffic{.kind = kCanary, .percent = 10, .interval = std::chrono::minutes{15}};
    return std::nullopt;
}

EcsDeploymentConfiguration as_configuration(const CodeDeployDeployment& deployment, const CodeDeployTraffic& traffic) {
    EcsDeploymentConfiguration one{.strategy = DeploymentStrategy::kBlueGreen,
                                   .bake = deployment.keeps_old_for,
                                   .step_percent = traffic.percent,
                                   .step_bake = traffic.interval,
                                   .hooks = {}};
    if (traffic.kind == CodeDeployTraffic::Kind::kCanary) one.strategy = DeploymentStrategy::kCanary;
    if (traffic.kind == CodeDeployTraffic::Kind::kLinear) one.strategy = DeploymentStrategy::kLinear;
    if (deployment.waits_for_yes)
        one.hooks.push_back({.pause = true, .stages = {"READY"}, .timeout = deployment.waits_for_yes});
    return one;
}

std::string why_it_ended(const CodeDeployDeployment& deployment) {
    std::string why =
        deployment.error_code == "MANUAL_STOP" ? "stopped by a person (MANUAL_STOP)" : deployment.error_code;
    if (deployment.error_message.empty()) return why;
    return why.empty() ? deployment.error_message : fmt::format("{}: {}", why, deployment.error_message);
}

std::string in_the_way_in_words(const CodeDeployDeployment& deployment) {
    std::string more;
    if (!deployment.creator.empty()) more = fmt::format(", begun by {}", deployment.creator);
    if (deployment.waits_for_termination)
        more += fmt::format("; it has all of the traffic, and the old tasks are kept for {} after that",
                            in_words(deployment.keeps_old_for));
    if (deployment.status == CodeDeployStatus::kReady) more += "; it waits for somebody to let the traffic move";
    return fmt::format("{} ({} since {}{})", deployment.id, to_string(deployment.status),
                       minute_in_words(deployment.created_at), more);
}

EcsServiceDeployment as_record(const CodeDeployStory& story, const std::string& serves, WallTime now) {
    const auto& deployment = story.deployment;
    EcsServiceDeployment record{.arn = deployment.id,
                                .status = status_of(story, serves, now),
                                .reason = why_it_ended(deployment),
                                .target_revision = deployment.id,
                                .created_at = deployment.created_at,
                                .finished_at = deployment.completed_at,
                                .lifecycle_stage = {},
                                .updated_at = {},
                                .test_percent = {},
                                .production_percent = {},
                                .hooks = {},
                                .triggered_alarms = {},
                                .rollback_reason = {},
                                .rollback_started_at = {},
                                .configuration = {}};
    if (!record.reason.empty()) record.reason = "CodeDeploy: " + record.reason;
    if (story.rollback) record.rollback_started_at = story.rollback->created_at;
    if (story.traffic) record.configuration = as_configuration(deployment, *story.traffic);
    if (is_running(deployment.status)) add_stage(record, story);
    return record;
}

void show_code_deployments(EcsService& service, const CodeDeployStory* last, WallTime now) {
    service.deployments.clear();
    const auto leads = std::ranges::find(service.task_sets, "PRIMARY", &EcsTaskSet::status);
    const EcsTaskSet* serving = leads == service.task_sets.end() ? nullptr : &*leads;
    const EcsTaskSet* own = nullptr;
    std::optional<RolloutState> state;
    if (last != nullptr) {
        const auto set = std::ranges::find(service.task_sets, last->deployment.id, &EcsTaskSet::external_id);
        if (set != service.task_sets.end()) own = &*set;
        // What ran before has never left: it has the traffic again.
        if (own == nullptr && last->deployment.is_rollback()) own = serving;
        state = state_as_primary(last->deployment, own != nullptr && own == serving, now);
    }
    if (state) {
        auto primary = as_deployment(last->deployment, last->task_definition, own, *state, service.desired_count);
        if (last->deployment.is_rollback())
            primary.rollout_reason =
                fmt::format("CodeDeploy: rolling back {}",
                            last->deployment.rolls_back.empty() ? "to what ran before" : last->deployment.rolls_back);
        else if (*state == RolloutState::kFailed)
            primary.rollout_reason = why_it_ended(last->deployment);
        service.deployments.push_back(std::move(primary));
    }
    for (const auto& set : service.task_sets) {
        if (state && &set == own) continue;
        const bool is_primary = !state && &set == serving;
        if (is_primary || set.running_count > 0 || set.desired_count > 0)
            service.deployments.push_back(as_deployment(set, is_primary));
    }
    service.service_deployment = {};
    if (last != nullptr)
        service.service_deployment = last->deployment.is_rollback() ? last->deployment.rolls_back : last->deployment.id;
    if (const auto* primary = service.primary(); primary != nullptr) service.task_definition = primary->task_definition;
}

}  // namespace ci_lambda
