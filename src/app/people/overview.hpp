#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/app.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/names.hpp"
#include "deployer/observe/last_rollout.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// What is known of one service: for somebody who asks how it is.
struct ServiceOverview {
    EcsTarget target;
    std::optional<EcsService> service = {};            ///< absent: ECS does not know it
    std::optional<EcsTaskDefinition> definition = {};  ///< of what is PRIMARY; absent where it cannot be read
    /// Of what is PRIMARY: as ECS resolved them, or else as the task definition names them.
    std::vector<EcsServiceRevision::Image> images = {};
    std::string held = {};                 ///< why nothing deploys it now; empty where anything may
    std::optional<LastRollout> last = {};  ///< absent where ECS shows no deployment
};

/// Looks at these services, many at the same time. Changes nothing.
[[nodiscard]] Result<std::vector<ServiceOverview>> look_at(App& app, const Clock& clock, Sleeper& sleeper,
                                                           const std::vector<EcsTarget>& targets, Deadline deadline);

/// The services that were named, or all that are ours.
[[nodiscard]] Result<std::vector<EcsTarget>> named_or_all(App& app, const std::vector<std::string>& named,
                                                          Deadline deadline);

/// Why there is not one service of ours, and what to do.
[[nodiscard]] std::string why_there_is_none(App& app, Deadline deadline);

}  // namespace ci_lambda
