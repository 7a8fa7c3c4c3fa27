#pragma once

#include <vector>

#include "base/names.hpp"
#include "services/ecs.hpp"

namespace ci_lambda {

/// Which revision of a family to deploy, and which newer ones are passed over.
struct RevisionChoice {
    TaskDefinition revision;                  ///< empty when every revision is a bad one
    std::vector<TaskDefinition> passed_over;  ///< rolled back before, newest first
};

/// The newest revision that has not been rolled back. A revision counts as rolled back when ECS remembers no rollout of
/// it that succeeded, and its last one ended and was followed by one of another revision. Pure.
///
/// `active`: the family's ACTIVE revisions, newest first, at least one; `history` and `revisions`: ECS's records of the
/// service, and the revisions that they targeted.
[[nodiscard]] RevisionChoice choose_revision(const std::vector<TaskDefinition>& active,
                                             const std::vector<EcsServiceDeployment>& history,
                                             const std::vector<EcsServiceRevision>& revisions);

}  // namespace ci_lambda
