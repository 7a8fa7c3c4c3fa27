#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "config/names.hpp"
#include "images/pushed_image.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

/// One rollout: what was asked of ECS, and when.
struct Rollout {
    EcsTarget target;
    std::string deployment_id;    ///< `ecs-svc/N`, or CodeDeploy's `d-..`
    std::string task_definition;  ///< ARN of the revision that it brings
    WallTime started_at{};        ///< by ECS's clock, where ECS said
    /// ARN of ECS's record of it; empty as long as it is not known.
    std::string service_deployment = {};
    /// ECS has shown it. What it has accepted a moment ago may not be visible yet, and is not gone.
    bool seen = false;
    /// When ECS was asked to take it back (StopServiceDeployment), which takes it a while.
    std::optional<WallTime> rollback_asked_at = {};
    /// What was pushed, where that is why it was begun.
    std::vector<PushedImage> pushed = {};
};

/// The rollout of a deployment that ECS shows.
[[nodiscard]] inline Rollout rollout_of(const EcsTarget& target, const EcsDeployment& shown) {
    return {.target = target,
            .deployment_id = shown.id,
            .task_definition = shown.task_definition,
            .started_at = shown.created_at,
            .seen = true};
}

/// ECS's records of a service, newest first.
struct History {
    std::vector<EcsServiceDeployment> records;  ///< empty where ECS keeps none, or they may not be read
    bool unknown = false;                       ///< they could not be read, for a reason that can heal
    bool waited = false;                        ///< to read them took more than one try
};

}  // namespace ci_lambda
