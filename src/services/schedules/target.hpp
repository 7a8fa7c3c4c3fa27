#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

#include "base/result.hpp"
#include "services/schedules/api.hpp"

namespace ci_lambda {

// A target of a schedule or of a rule as JSON: both have the same members. Pure.

/// Whether the target is the API itself: a schedule that calls RunTask, with cluster and task definition in its input
/// (EventBridge Scheduler user guide, "Using universal targets").
[[nodiscard]] bool calls_run_task(std::string_view target_arn);

/// What a target starts; without a task definition where it starts no task. `whole` is left empty.
[[nodiscard]] TaskTarget read_task_target(const nlohmann::json& target);

/// Puts another task definition into a target, and changes nothing else. Fails (kRejected) where the target starts no
/// task, or where an input says it in a way that cannot be changed alone.
[[nodiscard]] Status put_task_definition(nlohmann::json& target, const std::string& task_definition);

}  // namespace ci_lambda
