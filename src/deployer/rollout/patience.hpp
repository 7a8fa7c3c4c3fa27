#pragma once

#include <optional>

#include "base/time.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// A rollout that is slow on purpose is not late: traffic that moves in steps, revisions that bake, hooks that wait.
// Pure.

/// What a rollout takes by its configuration alone, beyond what ECS needs: steps, bake times, and hooks with a timeout
/// that somebody chose; a day for a hook that waits for a person for as long as ECS lets it.
[[nodiscard]] Milliseconds takes_on_purpose(const EcsService& service, const EcsDeploymentConfiguration& configuration);

/// Whether a look at ECS's record of it, in full, would say more than DescribeServices does of a rollout in progress.
[[nodiscard]] bool has_stages(const EcsDeploymentConfiguration& configuration);

/// The hook that a rollout stands still for; nullptr for none.
[[nodiscard]] const EcsHookProgress* waits_for(const EcsServiceDeployment& record);

/// All of its tasks run and none has failed, and what is left to do is to end old ones, which may be protected or slow
/// to drain: whoever stopped it would take a healthy rollout back. `own`: the service's PRIMARY deployment.
[[nodiscard]] bool is_only_draining(const EcsService& service, const EcsDeployment& own);

}  // namespace ci_lambda
