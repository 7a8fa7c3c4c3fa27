#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "config/names.hpp"
#include "deployer/watcher.hpp"
#include "services/ecs.hpp"

namespace ci_lambda::cli {

/// What is known of one service for `status`.
struct ServiceStatus {
    EcsTarget target;
    const EcsService* service = nullptr;  ///< nullptr: ECS does not know it
};

/// A table for people: what runs, at which revision, since when, and what is rolling. Ends in a line break.
[[nodiscard]] std::string status_table(const std::vector<ServiceStatus>& services, WallTime now);
/// The same for machines: a JSON array.
[[nodiscard]] std::string status_json(const std::vector<ServiceStatus>& services, WallTime now);

/// One line on a rollout that is watched: tasks new and old, running of desired, elapsed, the service's last message.
[[nodiscard]] std::string progress_line(const RolloutOutcome& so_far, const EcsService* service);

}  // namespace ci_lambda::cli
