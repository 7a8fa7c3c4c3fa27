#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ci_lambda {

// AppSpecs for ECS (CodeDeploy user guide, "AppSpec File example for an Amazon ECS deployment"): JSON or YAML, and the
// case of their keys does not matter. Pure.

/// The task definition that it names; empty where it names none.
[[nodiscard]] std::string task_definition_in(std::string_view app_spec);

/// The same AppSpec, hooks included, for another task definition. Fails with kRejected where it does not say in one
/// place which one it is for.
[[nodiscard]] Result<std::string> with_task_definition(std::string_view app_spec, std::string_view task_definition);

/// One without hooks: the container and its port that get the traffic.
[[nodiscard]] std::string new_app_spec(std::string_view task_definition, std::string_view container, int port);

}  // namespace ci_lambda
