#include "sandbox/ecs/task_life.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace ci_lambda::sandbox {
namespace {

using std::chrono::seconds;

// How long a task stays in each state. ECS publishes no figures; these are what a small Fargate service takes, with the
// load balancer's default deregistration delay (300 s) cut down to what people set in practice.
constexpr seconds kProvisioning{6};
constexpr seconds kPending{9};
constexpr seconds kPendingWhenSlow{660};
constexpr seconds kUntilHealthy{10};
/// Before the first health check has passed: the old tasks stay.
constexpr seconds kUntilCrash{8};
constexpr seconds kUntilUnhealthy{45};  // three checks, 15 s apart
constexpr seconds kDeactivating{20};
constexpr seconds kStopping{5};
constexpr seconds kDeprovisioning{5};

constexpr int kOutOfMemory = 137;

/// The way of a task that has nothing to drain: its container is gone, or never was.
void end_task(Task& task, std::string code, std::string reason, const Pace& pace, WallTime at) {
    task.stopping_at = at;
    task.stop_code = std::move(code);
    task.stopped_reason = std::move(reason);
    task.health = TaskHealth::kUnknown;
    task.status = TaskStatus::kDeprovisioning;
    task.next_step_at = pace.after(at, kDeprovisioning);
}

void container_exits(Task& task, int code, std::string reason, const Pace& pace, WallTime at) {
    task.exit_code = code;
    task.container_reason = std::move(reason);
    end_task(task, "EssentialContainerExited", "Essential container in task exited", pace, at);
}

/// As real tasks of Fargate platform version 1.4.0 have it.
void image_is_missing(Task& task, const Pace& pace, WallTime at) {
    const std::string image = task.images.empty() ? "image" : task.images.front().image;
    const std::string reason = fmt::format(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {0}: {0}: "
        "not found",
        image);
    task.container_reason = reason;
    end_task(task, "TaskFailedToStart", reason, pace, at);
}

TaskNews leave_pending(Task& task, const Pace& pace, WallTime at) {
    switch (task.fate) {
        case Scenario::kImageNotFound: image_is_missing(task, pace, at); return TaskNews::kFailedToStart;
        case Scenario::kCrashOnStart: container_exits(task, 1, {}, pace, at); return TaskNews::kFailedToStart;
        case Scenario::kCrashAfterStart: task.next_step_at = pace.after(at, kUntilCrash); break;
        case Scenario::kFailingHealthChecks: task.next_step_at = pace.after(at, kUntilUnhealthy); break;
        case Scenario::kHealthy:
        case Scenario::kNoCapacity:
        case Scenario::kBake:
        case Scenario::kPause:
        case Scenario::kLinear:
        case Scenario::kCanary:
        case Scenario::kAlarm:
        case Scenario::kAlarmInBake:
        case Scenario::kProtected:
        case Scenario::kHook:
        case Scenario::kHookFails:
        case Scenario::kHookTimesOut:
        case Scenario::kShiftFails:
        case Scenario::kNobodyAnswers:
        case Scenario::kSlow: task.next_step_at = pace.after(at, kUntilHealthy); break;
    }
    task.status = TaskStatus::kRunning;
    task.started_at = at;
    return TaskNews::kRunning;
}

TaskNews go_on_running(Task& task, const Service& service, const Pace& pace, WallTime at) {
    if (task.fate == Scenario::kCrashAfterStart) {
        container_exits(task, kOutOfMemory, "OutOfMemoryError: Container killed due to memory usage", pace, at);
        return TaskNews::kExited;
    }
    if (task.fate == Scenario::kFailingHealthChecks) {
        stop_task(task, fmt::format("Task failed ELB health checks in (target-group {})", service.target_group), pace,
                  at);
        task.health = TaskHealth::kUnhealthy;
        return TaskNews::kUnhealthy;
    }
    task.health = TaskHealth::kHealthy;
    return TaskNews::kHealthy;
}

}  // namespace

Task new_task(const Deployment& deployment, Ids& ids, const Pace& pace, WallTime at) {
    Task task;
    task.id = ids.hex(32);
    task.deployment_id = deployment.id;
    task.task_definition = deployment.task_definition;
    task.images = deployment.images;
    task.fate = deployment.fate;
    task.created_at = at;
    task.next_step_at = pace.after(at, kProvisioning);
    return task;
}

bool step_alone(LoneTask& one, const Pace& pace, WallTime at) {
    auto& task = one.task;
    task.next_step_at.reset();
    switch (task.status) {
        case TaskStatus::kProvisioning:
            task.status = TaskStatus::kPending;
            task.next_step_at = pace.after(at, kPending);
            return false;
        case TaskStatus::kPending:
            task.status = TaskStatus::kRunning;
            task.started_at = at;
            task.next_step_at = pace.after(at, one.fate.runs);
            return false;
        case TaskStatus::kRunning: container_exits(task, one.fate.exit_code, {}, pace, at); return false;
        case TaskStatus::kDeprovisioning:
            task.status = TaskStatus::kStopped;
            task.stopped_at = at;
            return true;
        default: return false;
    }
}

TaskNews step(Task& task, const Service& service, const Pace& pace, WallTime at) {
    task.next_step_at.reset();
    switch (task.status) {
        case TaskStatus::kProvisioning:
            task.status = TaskStatus::kPending;
            task.next_step_at = pace.after(at, task.fate == Scenario::kSlow ? kPendingWhenSlow : kPending);
            return TaskNews::kNothing;
        case TaskStatus::kPending: return leave_pending(task, pace, at);
        case TaskStatus::kRunning: return go_on_running(task, service, pace, at);
        case TaskStatus::kDeactivating:
            task.status = TaskStatus::kStopping;
            task.next_step_at = pace.after(at, kStopping);
            return TaskNews::kNothing;
        case TaskStatus::kStopping:
            task.status = TaskStatus::kDeprovisioning;
            task.exit_code = 0;  // it was asked to end, and did
            task.next_step_at = pace.after(at, kDeprovisioning);
            return TaskNews::kNothing;
        case TaskStatus::kDeprovisioning:
            task.status = TaskStatus::kStopped;
            task.stopped_at = at;
            return TaskNews::kStopped;
        case TaskStatus::kStopped: break;
    }
    return TaskNews::kNothing;
}

void stop_task(Task& task, std::string reason, const Pace& pace, WallTime at) {
    if (task.status != TaskStatus::kRunning) {
        end_task(task, "ServiceSchedulerInitiated", std::move(reason), pace, at);
        return;
    }
    task.stopping_at = at;
    task.stop_code = "ServiceSchedulerInitiated";
    task.stopped_reason = std::move(reason);
    task.status = TaskStatus::kDeactivating;
    task.next_step_at = pace.after(at, kDeactivating);
}

}  // namespace ci_lambda::sandbox
