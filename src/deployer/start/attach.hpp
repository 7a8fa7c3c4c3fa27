#pragma once

#include <optional>

#include "base/time.hpp"
#include "deployer/observe/observer.hpp"
#include "handlers/decision.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// The deployment that ECS is rolling out now, when it is what this request asks for: the very revision that the
/// request names, or the family's newest one where it names none. `nullopt` when something else rolls, nothing does,
/// ECS is going back to that revision rather than forward, or it cannot be known.
///
/// A request of a person carries no time, so "the same" can only mean the same revision: what has changed since that
/// rollout began (a parameter, a tag that was pushed again) is not in it.
[[nodiscard]] std::optional<EcsDeployment> rolling_already(EcsStarter& ecs, RolloutObserver& observer,
                                                           const DeploymentRequest& request, Deadline deadline);

}  // namespace ci_lambda
