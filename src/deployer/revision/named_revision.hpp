#pragma once

#include <string>
#include <string_view>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/names.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// The family of the copies that a rollback registers, or the service's own: what a person may name for it.
[[nodiscard]] bool belongs_to(const TaskDefinition& named, const EcsTarget& target);

/// `41` and `:41` mean the service's own family; anything else is taken as it is.
[[nodiscard]] TaskDefinition named_revision(std::string_view text, const TaskFamily& family);

/// The revision that a person named for this service. The error says what is wrong with it: it is of another family
/// (kRejected), there is none (kNotFound), or it is not ACTIVE (kRejected).
[[nodiscard]] Result<EcsTaskDefinition> find_named_revision(EcsRevisions& ecs, const EcsTarget& target,
                                                            const TaskDefinition& named, Deadline deadline);

/// Whether the deployment runs the revision that was asked for by its ARN or as `family:7`. A family alone is no
/// revision, so nothing is known of it.
[[nodiscard]] bool runs(const EcsDeployment& deployment, const TaskDefinition& wanted);

}  // namespace ci_lambda
