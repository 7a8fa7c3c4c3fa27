#pragma once

#include <optional>
#include <string>

#include "base/names.hpp"
#include "base/time.hpp"
#include "deployer/observe/service_view.hpp"
#include "deployer/start/coalescing.hpp"
#include "handlers/decision.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// Whether what is under way makes a deployment needless. Each looks at one view, and asks for ECS's records only where
// the service alone does not tell.

/// Whether what ECS makes true has a change: a PRIMARY that runs `wanted`, goes forward, has not failed, and began
/// after `changed_at`. Without a time nothing is known.
[[nodiscard]] HasChange has_the_change(ServiceView& view, const TaskDefinition& wanted,
                                       const std::optional<WallTime>& changed_at);

/// The PRIMARY that has the change and failed, and is not being taken back: deployed once more, `wanted` would fail
/// once more.
[[nodiscard]] std::optional<EcsDeployment> failed_with_the_change(ServiceView& view, const TaskDefinition& wanted,
                                                                  const std::optional<WallTime>& changed_at);

/// The PRIMARY that somebody has begun since then with a newer revision than `ours`: its tasks have the change, and
/// nobody who did not name a revision means an older one.
[[nodiscard]] std::optional<EcsDeployment> newer_than(const TaskDefinition& ours, ServiceView& view,
                                                      WallTime wanted_since);

/// An UpdateService that ECS may have carried out although no answer came.
struct UnacknowledgedUpdate {
    WallTime sent_at{};          ///< the first one
    WallTime given_up_at{};      ///< the last one
    std::string primary_before;  ///< `ecs-svc/N` that was PRIMARY before the first one; empty if nobody knows
    TaskDefinition revision;     ///< empty where ECS writes it: any that has begun since may be that one
};

/// The deployment that has begun since we looked before it: that one's, or somebody else's of the same revision, which
/// does as well. What ECS has brought back is none.
[[nodiscard]] std::optional<EcsDeployment> begun_since(const UnacknowledgedUpdate& update, ServiceView& view);

}  // namespace ci_lambda
