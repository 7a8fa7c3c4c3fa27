#pragma once

#include <vector>

#include "services/ecs/records.hpp"

namespace ci_lambda {

/// The pauses in which a rollout waits for a person now: none once it goes back or is over. Into the record.
[[nodiscard]] std::vector<const EcsHookProgress*> pauses_of(const EcsServiceDeployment& record);

}  // namespace ci_lambda
