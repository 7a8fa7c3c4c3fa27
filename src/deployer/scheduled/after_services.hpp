#pragma once

#include <optional>
#include <string>
#include <vector>

#include "deployer/start/report.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

/// Why a task must not get the image: a service that got it by the same event was waited for, and has not completed.
/// Where nobody waited nothing is known, and what `after` names is another matter: there ECS says when it has
/// completed. `reports`: of the services of `decision`. Pure.
[[nodiscard]] std::optional<std::string> why_left_alone(const TaskRequest& task, const Deploy& decision,
                                                        const std::vector<DeploymentReport>& reports);

}  // namespace ci_lambda
