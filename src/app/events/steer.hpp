#pragma once

#include "app/targets/wiring.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

/// Lets a rollout go on that waits for a person, or ends one, and tells people of a rollback that begins so. The answer
/// is `continued`, `in_progress` (it goes back), `dry_run`, or `ignored` where there was nothing to be done; an error
/// of the invocation only where ECS could not be asked, or failed.
[[nodiscard]] Handled carry_out_steer(Wiring& parts, const Steer& steer, Deadline deadline);

}  // namespace ci_lambda
