#pragma once

#include <optional>
#include <vector>

#include "deployer/rollout/verdict.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

/// What brought a service's PRIMARY deployment about. Only a rollout that goes forward proves that a change has
/// arrived: what ECS brings back may keep tasks, and always keeps image digests, that are older than it looks.
enum class Direction {
    kForward,  ///< somebody deployed it
    kBack,     ///< ECS brings it back, has brought it back, or is about to take it back
    kUnknown,  ///< ECS's records do not say, or cannot be read at the moment
};

/// Pure. By ECS's records of the service; where there are none, by what the deployment and the service's messages say
/// of a rollback (ECS developer guide, "deployment circuit breaker": "rolling back to deployment ecs-svc/N").
[[nodiscard]] Direction direction_of_primary(const EcsService& service, const History& history);

/// The PRIMARY goes forward, as far as its words tell, and began after all of ECS's records, which do not have it.
[[nodiscard]] bool is_missing_in(const History& history, const EcsService& service);
/// The same, and began when the latest of them was over: they are late. What comes back begins before that.
[[nodiscard]] bool awaits_its_record(const EcsService& service, const History& history);

}  // namespace ci_lambda
