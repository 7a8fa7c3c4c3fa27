#pragma once

#include <optional>
#include <string>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/names.hpp"
#include "deployer/memory.hpp"
#include "deployer/rollback.hpp"
#include "services/ecs.hpp"

namespace ci_lambda {

/// Brings a service back to the revision that a person named, whatever runs or rolls now: as a copy in the rollback
/// family, with the image digests that it ran last, so that the next event does not take it for a mere older revision
/// of the family. A copy that is named itself is deployed as it is. The errors are those of `find_named_revision`, and
/// ECS's own.
[[nodiscard]] Result<RollbackReport> roll_back_to(EcsApi& ecs, RolloutMemory& memory, const EcsTarget& target,
                                                  const TaskDefinition& named, Deadline deadline);

/// What a rollback would do, in a sentence, by doing it without a change: to the revision that is named, or, without
/// one, what `Rollback::roll_back_on_request` chooses.
[[nodiscard]] Result<std::string> would_roll_back(EcsApi& ecs, const Rollout& now, bool rolling,
                                                  const std::optional<TaskDefinition>& named, Deadline deadline);

}  // namespace ci_lambda
