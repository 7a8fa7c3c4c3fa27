#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "sandbox/ecs/images.hpp"
#include "sandbox/ecs/rollout.hpp"

// How deployments begin and end. Where a text is AWS's own, it is one that has been seen; the reasons of service
// deployments are not documented and are ours.

namespace ci_lambda::sandbox {
namespace {

using std::chrono::seconds;

/// No deployment ends earlier: a rollback takes ECS about this long even if it has nothing to start.
constexpr seconds kShortestRollout{20};
/// Tasks that fail to start before ECS calls it a pattern. More than the circuit breaker of a small service takes.
constexpr int kFailuresBeforeImpaired = 4;
/// Under the scenario `alarm`: late enough for all the new tasks to be there.
constexpr seconds kUntilAlarm{120};
constexpr seconds kUntilAlarmInBake{360};
/// Under the scenario `protected`.
constexpr seconds kProtection{1800};
/// ECS chooses a bake time itself when there are alarms and none is set: less than five minutes (developer guide, "How
/// CloudWatch alarms detect Amazon ECS deployment failures").
constexpr seconds kBakeTimeOfAlarms{180};

/// All that should run does, and nothing else.
bool is_settled(const Service& service) {
    const auto is_right = [&](const Task& task) {
        return task.is_healthy() && task.deployment_id == service.primary().id;
    };
    return std::cmp_equal(service.tasks.size(), service.desired_count) && std::ranges::all_of(service.tasks, is_right);
}

void finish(ServiceDeployment& deployment, ServiceDeploymentStatus status, WallTime at) {
    deployment.status = status;
    deployment.updated_at = at;
    deployment.finished_at = at;
}

void supersede(ServiceDeployment& deployment, WallTime at) {
    const bool was_rolling_back = deployment.rollback.has_value();
    finish(deployment, was_rolling_back ? ServiceDeploymentStatus::kRollbackFailed : ServiceDeploymentStatus::kStopped,
           at);
    deployment.status_reason = "Service deployment stopped because a newer service deployment has started.";
    if (!was_rolling_back) deployment.stopped_at = at;
}

Deployment make_deployment(std::string id, std::string task_definition, ResolvedImages images, WallTime at) {
    Deployment deployment;
    deployment.id = std::move(id);
    deployment.rollout_reason = fmt::format("ECS deployment {} in progress.", deployment.id);
    deployment.task_definition = std::move(task_definition);
    deployment.images = std::move(images.images);
    deployment.fate = images.fate;
    deployment.created_at = at;
    deployment.updated_at = at;
    deployment.wanted_since = at;
    return deployment;
}

/// Puts the deployment of this revision first, as it was, or anew if it is not there any more.
Deployment& make_primary(Service& service, const ServiceRevision& revision, WallTime at) {
    const std::string id = deployment_id(revision.number);
    service.deployments.front().state = DeploymentState::kActive;
    const auto found = std::ranges::find(service.deployments, id, &Deployment::id);
    if (found == service.deployments.end())
        service.deployments.insert(service.deployments.begin(),
                                   make_deployment(id, revision.task_definition, {.images = revision.images}, at));
    else
        std::rotate(service.deployments.begin(), found, found + 1);
    return service.deployments.front();
}

}  // namespace

int breaker_threshold(int desired_count) { return std::clamp((desired_count + 1) / 2, 3, 200); }

void RolloutEngine::deploy(Service& service, const TaskDefinitionRevision& revision, WallTime at) {
    if (ServiceDeployment* older = service.ongoing_service_deployment()) supersede(*older, at);
    const std::string number = ids_.digits(19);
    const std::string task_definition = state_.task_definition_arn(revision);
    auto images = resolve_images(state_, service, revision);
    service.revisions.push_back(
        {.number = number, .task_definition = task_definition, .images = images.images, .created_at = at});

    ServiceDeployment history;
    history.id = ids_.token(21);
    history.target.revision = number;
    for (const auto& deployment : service.deployments)
        history.sources.push_back({.revision = revision_number(deployment.id), .tasks = {}});
    history.configuration = service.configuration;
    history.created_at = at;
    history.updated_at = at;
    if (const auto& alarms = history.configuration.alarms; alarms.enabled && !alarms.names.empty()) {
        history.alarms = MonitorStatus::kMonitoring;
        for (const auto& name : alarms.names)
            if (state_.alarms.contains(name)) history.ignored_alarms.insert(name);
        if (images.fate == Scenario::kAlarm) history.alarm_due = pace_.after(at, kUntilAlarm);
        if (images.fate == Scenario::kAlarmInBake) history.alarm_due = pace_.after(at, kUntilAlarmInBake);
    }
    service.service_deployments.push_back(std::move(history));

    if (service.scenario == Scenario::kProtected) {
        const auto old = std::ranges::find_if(service.tasks, &Task::is_running);
        if (old != service.tasks.end()) old->protected_until = pace_.after(at, kProtection);
    }
    service.deployments.front().state = DeploymentState::kActive;
    service.deployments.insert(service.deployments.begin(),
                               make_deployment(deployment_id(number), task_definition, std::move(images), at));
    service.launch_not_before.reset();
    service.steady = false;
    update_counts(service);
    look_soon(service, at);
    const Deployment& primary = service.primary();
    notices_.deployment_event(service, primary, "SERVICE_DEPLOYMENT_IN_PROGRESS", primary.rollout_reason, at);
}

void RolloutEngine::request_rollback(Service& service, WallTime at) const {
    ServiceDeployment* ongoing = service.ongoing_service_deployment();
    if (ongoing == nullptr || ongoing->rollback || ongoing->status == ServiceDeploymentStatus::kStopRequested) return;
    if (ongoing->status == ServiceDeploymentStatus::kRollbackRequested) return;
    ongoing->status = ServiceDeploymentStatus::kRollbackRequested;
    ongoing->rollback_due = pace_.after(at, state_.quirks.until_rollback);
    ongoing->updated_at = at;
    look_no_later_than(service, *ongoing->rollback_due);
}

void RolloutEngine::request_stop(Service& service, WallTime at) const {
    ServiceDeployment* ongoing = service.ongoing_service_deployment();
    if (ongoing == nullptr || ongoing->rollback || ongoing->status == ServiceDeploymentStatus::kRollbackRequested)
        return;
    ongoing->status = ServiceDeploymentStatus::kStopRequested;
    ongoing->updated_at = at;
    look_soon(service, at);
}

void RolloutEngine::carry_out_request(Service& service, WallTime at) {
    ServiceDeployment* ongoing = service.ongoing_service_deployment();
    if (ongoing == nullptr) return;
    if (ongoing->status == ServiceDeploymentStatus::kPending) {
        ongoing->status = ServiceDeploymentStatus::kInProgress;
        ongoing->updated_at = at;
    }
    if (!ongoing->started_at) ongoing->started_at = at;
    if (ongoing->status == ServiceDeploymentStatus::kStopRequested) {
        finish(*ongoing, ServiceDeploymentStatus::kStopped, at);
        ongoing->stopped_at = at;
        ongoing->status_reason = "Service deployment stopped by a StopServiceDeployment request.";
        service.deployments.front().launches = false;
        service.deployments.front().updated_at = at;
        return;
    }
    if (ongoing->status != ServiceDeploymentStatus::kRollbackRequested) return;
    if (ongoing->rollback_due && at < *ongoing->rollback_due) {
        look_no_later_than(service, *ongoing->rollback_due);
        return;
    }
    if (const ServiceRevision* good = service.last_successful_revision())
        roll_back(service, *good, "Service deployment rolled back by a StopServiceDeployment request.",
                  "ECS deployment stopped", at);
}

/// At somebody's wish: it neither fails nor completes any more, but gives way.
bool RolloutEngine::is_to_be_rolled_back(Service& service) {
    const ServiceDeployment* ongoing = service.ongoing_service_deployment();
    return ongoing != nullptr && ongoing->status == ServiceDeploymentStatus::kRollbackRequested;
}

void RolloutEngine::judge_failures(Service& service, WallTime at) {
    Deployment& primary = service.deployments.front();
    if (!primary.launches || primary.rollout != RolloutState::kInProgress) return;
    if (is_to_be_rolled_back(service)) return;
    if (service.configuration.breaker && primary.failed_tasks() >= breaker_threshold(service.desired_count)) {
        break_circuit(service, at);
        return;
    }
    if (primary.launch_failures < kFailuresBeforeImpaired || std::exchange(primary.told_impaired, true)) return;
    notices_.message(service,
                     "is unable to consistently start tasks successfully. For more information, see the "
                     "Troubleshooting section of the Amazon ECS Developer Guide.",
                     at);
    notices_.service_event(service, "SERVICE_TASK_START_IMPAIRED", {}, at);
}

void RolloutEngine::fail(Service& service, std::string_view message, std::string_view reason,
                         std::string_view event_reason, WallTime at) {
    Deployment& failed = service.deployments.front();
    failed.rollout = RolloutState::kFailed;
    failed.rollout_reason = std::string(reason);
    failed.launches = false;
    failed.updated_at = at;
    notices_.message(service, failed, message, at);
    notices_.deployment_event(service, failed, "SERVICE_DEPLOYMENT_FAILED", event_reason, at);
}

void RolloutEngine::break_circuit(Service& service, WallTime at) {
    // The event says it in the singular (developer guide, "Amazon ECS service deployment state change events").
    fail(service, "deployment failed: tasks failed to start.", "ECS deployment circuit breaker: tasks failed to start.",
         "ECS deployment circuit breaker: task failed to start.", at);
    if (ServiceDeployment* ongoing = service.ongoing_service_deployment()) {
        update_counts(service);
        ongoing->breaker = MonitorStatus::kTriggered;
    }
    give_up(service,
            {.cause = "because the circuit breaker threshold was exceeded.",
             .words = "ECS deployment circuit breaker",
             .rolls_back = service.configuration.breaker_rollback},
            at);
}

void RolloutEngine::judge_alarms(Service& service, WallTime at) {
    ServiceDeployment* ongoing = service.ongoing_service_deployment();
    if (ongoing == nullptr || ongoing->rollback || ongoing->alarms != MonitorStatus::kMonitoring) return;
    const auto& alarms = ongoing->configuration.alarms;
    if (ongoing->alarm_due && at < *ongoing->alarm_due) look_no_later_than(service, *ongoing->alarm_due);
    if (ongoing->alarm_due && *ongoing->alarm_due <= at) state_.alarms.insert(alarms.names.front());
    for (const auto& name : alarms.names)
        if (state_.alarms.contains(name) && !ongoing->ignored_alarms.contains(name))
            ongoing->triggered_alarms.push_back(name);
    if (ongoing->triggered_alarms.empty()) return;
    ongoing->alarms = MonitorStatus::kTriggered;
    fail(service, "deployment failed: alarm detected.", "ECS deployment alarm: alarm detected.",
         "ECS deployment alarm: alarm detected.", at);
    give_up(
        service,
        {.cause = fmt::format("because of alarms in the ALARM state: {}.", fmt::join(ongoing->triggered_alarms, ", ")),
         .words = "ECS deployment alarm",
         .rolls_back = alarms.rollback},
        at);
}

void RolloutEngine::give_up(Service& service, const Ending& ending, WallTime at) {
    ServiceDeployment* ongoing = service.ongoing_service_deployment();
    if (ongoing == nullptr) return;
    update_counts(service);
    ongoing->updated_at = at;
    const ServiceRevision* good = service.last_successful_revision();
    if (ending.rolls_back && good != nullptr) {
        roll_back(service, *good, "Service deployment rolled back " + ending.cause, ending.words, at);
        return;
    }
    service.deployments.front().launches = false;
    finish(*ongoing, ServiceDeploymentStatus::kStopped, at);
    ongoing->stopped_at = at;
    ongoing->status_reason = ending.rolls_back ? "No rollback candidate was found to run the rollback."
                                               : "Service deployment stopped " + ending.cause;
}

void RolloutEngine::roll_back(Service& service, const ServiceRevision& revision, std::string_view cause,
                              std::string_view words, WallTime at) {
    service.deployments.front().launches = false;
    service.deployments.front().updated_at = at;
    const std::string wanted = revision.number;
    Deployment& back = bring_back(service, revision, at);
    back.state = DeploymentState::kPrimary;
    back.rollout = RolloutState::kInProgress;
    back.rollout_reason = fmt::format("{}: rolling back to deploymentId {}.", words, back.id);
    back.launches = true;
    back.fate = Scenario::kHealthy;
    back.updated_at = at;
    back.wanted_since = at;
    service.launch_not_before.reset();
    service.steady = false;
    if (ServiceDeployment* ongoing = service.ongoing_service_deployment()) {
        ongoing->status = ServiceDeploymentStatus::kRollbackInProgress;
        ongoing->status_reason = std::string(cause);
        ongoing->rollback = Rollback{
            .reason = std::string(cause), .started_at = at, .revision = wanted, .restored = revision_number(back.id)};
        ongoing->test_weight = 0;
        ongoing->production_weight = 0;
        ongoing->updated_at = at;
    }
    notices_.message(service, fmt::format("rolling back to deployment {}.", back.id), at);
    notices_.deployment_event(service, back, "SERVICE_DEPLOYMENT_IN_PROGRESS", back.rollout_reason, at);
}

Deployment& RolloutEngine::bring_back(Service& service, const ServiceRevision& revision, WallTime at) {
    const auto look = state_.quirks.rollback;
    ServiceRevision wanted = revision;
    if (look == RollbackLook::kNewId) {
        wanted.number = ids_.digits(19);
        wanted.created_at = at;
        service.revisions.push_back(wanted);
    }
    const bool is_there = std::ranges::find(service.deployments, deployment_id(wanted.number), &Deployment::id) !=
                          service.deployments.end();
    Deployment& back = make_primary(service, wanted, at);
    if (look == RollbackLook::kOldTime && !is_there) back.created_at = wanted.created_at;
    if (look != RollbackLook::kOldTime) back.created_at = at;
    return back;
}

/// A failed deployment is shown until the rollback has completed.
void RolloutEngine::drop_drained(Service& service) const {
    std::erase_if(service.deployments, [&](const Deployment& deployment) {
        return deployment.state == DeploymentState::kActive && deployment.rollout != RolloutState::kFailed &&
               std::ranges::find(service.tasks, deployment.id, &Task::deployment_id) == service.tasks.end();
    });
}

/// A rolling update with alarms is watched for a while when all is done; nullopt for all others.
std::optional<WallTime> RolloutEngine::bake_over_at(Service& service, WallTime at) const {
    ServiceDeployment* ongoing = service.ongoing_service_deployment();
    if (ongoing == nullptr || ongoing->rollback || ongoing->shifts_traffic() ||
        ongoing->alarms != MonitorStatus::kMonitoring)
        return std::nullopt;
    const seconds bake_time = ongoing->configuration.bake_time;
    if (!ongoing->bake_over_at)
        ongoing->bake_over_at = pace_.after(at, bake_time > seconds{0} ? bake_time : kBakeTimeOfAlarms);
    return ongoing->bake_over_at;
}

void RolloutEngine::conclude(Service& service, WallTime at) {
    const Deployment& primary = service.primary();
    if (!primary.launches || !is_settled(service) || is_to_be_rolled_back(service)) return;
    if (const auto* shift = service.traffic_shift(); shift != nullptr && shift->stage != LifecycleStage::kCleanUp)
        return;
    if (primary.rollout == RolloutState::kInProgress) {
        const auto earliest = pace_.after(primary.wanted_since, kShortestRollout);
        if (at < earliest) {
            look_no_later_than(service, earliest);
            return;
        }
        if (const auto bake_end = bake_over_at(service, at); bake_end && at < *bake_end)
            look_no_later_than(service, *bake_end);
        else
            complete(service, at);
    }
    if (std::exchange(service.steady, true)) return;
    notices_.message(service, "has reached a steady state.", at);
    notices_.service_event(service, "SERVICE_STEADY_STATE", {}, at);
}

void RolloutEngine::complete(Service& service, WallTime at) {
    std::erase_if(service.deployments,
                  [](const Deployment& deployment) { return deployment.state == DeploymentState::kActive; });
    Deployment& primary = service.deployments.front();
    primary.rollout = RolloutState::kCompleted;
    primary.rollout_reason = fmt::format("ECS deployment {} completed.", primary.id);
    primary.updated_at = at;
    const auto revision = std::ranges::find(service.revisions, revision_number(primary.id), &ServiceRevision::number);
    if (revision != service.revisions.end()) revision->successful = true;
    if (ServiceDeployment* ongoing = service.ongoing_service_deployment()) {
        update_counts(service);
        if (ongoing->breaker == MonitorStatus::kMonitoring) ongoing->breaker = MonitorStatus::kMonitoringComplete;
        if (ongoing->alarms == MonitorStatus::kMonitoring) ongoing->alarms = MonitorStatus::kMonitoringComplete;
        for (const auto& name : ongoing->triggered_alarms) state_.alarms.erase(name);  // what raised them is gone
        finish(*ongoing,
               ongoing->rollback ? ServiceDeploymentStatus::kRollbackSuccessful : ServiceDeploymentStatus::kSuccessful,
               at);
    }
    notices_.message(service, primary, "deployment completed.", at);
    notices_.deployment_event(service, primary, "SERVICE_DEPLOYMENT_COMPLETED", primary.rollout_reason, at);
}

/// What the service deployment that is under way tells about its tasks; one that has ended keeps what it said last.
void RolloutEngine::update_counts(Service& service) const {
    ServiceDeployment* ongoing = service.ongoing_service_deployment();
    if (ongoing == nullptr) return;
    ongoing->target.tasks = service.counts_of(deployment_id(ongoing->target.revision));
    for (auto& source : ongoing->sources) source.tasks = service.counts_of(deployment_id(source.revision));
    if (!service.configuration.breaker || ongoing->breaker == MonitorStatus::kTriggered) return;
    ongoing->breaker = MonitorStatus::kMonitoring;
    ongoing->threshold = breaker_threshold(service.desired_count);
    if (!ongoing->rollback) ongoing->failure_count = service.primary().failed_tasks();
}

}  // namespace ci_lambda::sandbox
