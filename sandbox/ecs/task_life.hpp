#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/ecs/pace.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// What a step of a task means to its service.
enum class TaskNews {
    kNothing,
    kRunning,
    kHealthy,
    kFailedToStart,  ///< it ended before it was RUNNING
    kExited,         ///< its container ended while it was RUNNING
    kUnhealthy,      ///< the load balancer's health checks failed
    kStopped,
};

/// A task of this deployment, PROVISIONING.
[[nodiscard]] Task new_task(const Deployment& deployment, Ids& ids, const Pace& pace, WallTime at);

/// The next step of a task that no service runs; true when it has stopped.
bool step_alone(LoneTask& one, const Pace& pace, WallTime at);

/// Does what was due at `at`, which is the task's `next_step_at`.
TaskNews step(Task& task, const Service& service, const Pace& pace, WallTime at);

/// The scheduler wants it no more: a running one is drained first.
void stop_task(Task& task, std::string reason, const Pace& pace, WallTime at);

}  // namespace ci_lambda::sandbox
