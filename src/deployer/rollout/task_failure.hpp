#pragma once

#include <string>

#include "services/ecs/records.hpp"

namespace ci_lambda {

/// Why one task stopped, for a developer: "container app ended with exit code 137 (out of memory)". Empty when the task
/// was stopped by a deployment or by scaling, which is no failure.
///
/// Stop codes and reasons: ECS developer guide, "stopped tasks error codes".
[[nodiscard]] std::string why_task_stopped(const EcsStoppedTask& task);

}  // namespace ci_lambda
