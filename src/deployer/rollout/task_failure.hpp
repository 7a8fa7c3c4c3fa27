#pragma once

#include <string>

#include "services/ecs/records.hpp"

namespace ci_lambda {

/// Why one task stopped, for a developer: "container app ended with exit code 137 (out of memory)". Empty when the task
/// was stopped by a deployment or by scaling, which is no failure.
///
/// Stop codes and reasons: ECS developer guide, "stopped tasks error codes".
[[nodiscard]] std::string why_task_stopped(const EcsStoppedTask& task);

/// The container that tells most: one that ended badly by itself, then one that was ended by a signal, as the others
/// are once an essential one is gone; else one with something to say; nullptr for none.
[[nodiscard]] const EcsStoppedTask::Container* failed_container(const EcsStoppedTask& task);

}  // namespace ci_lambda
