#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sandbox/aws_json.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// What a service has when nobody says anything: 100 to 200 percent, no circuit breaker.
[[nodiscard]] DeploymentConfiguration default_configuration();

/// `present` with the members of the request's `deploymentConfiguration` set. Other members stay as they are, as in
/// ECS.
[[nodiscard]] AwsResult<DeploymentConfiguration> merged_configuration(const DeploymentConfiguration& present,
                                                                      const nlohmann::json& request);

}  // namespace ci_lambda::sandbox
