#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sandbox/aws/json.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// What a service has when nobody says anything: 100 to 200 percent, no circuit breaker.
[[nodiscard]] DeploymentConfiguration default_configuration();

/// `present` with the members of the request's `deploymentConfiguration` set. Other members stay as they are, as in
/// ECS.
[[nodiscard]] AwsResult<DeploymentConfiguration> merged_configuration(const DeploymentConfiguration& present,
                                                                      const nlohmann::json& request);

/// The same for a service whose deployments go like `scenario` from now on, and went like `before`: with what the one
/// needs, and without what the other one had.
[[nodiscard]] DeploymentConfiguration configured_for(const DeploymentConfiguration& present, Scenario before,
                                                     Scenario scenario);

}  // namespace ci_lambda::sandbox
