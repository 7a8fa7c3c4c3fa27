#pragma once

#include <string>

#include "base/time.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/rollout/verdict.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// The last rollout of a service, under way or over, and how it stands.
struct LastRollout {
    Rollout rollout;
    Judgement judgement;
};

/// What a person means who asks how the deployment of this service went. That is not always what is PRIMARY: where ECS
/// rolls back, or has, the PRIMARY brings back what ran before, and the last rollout is the one that failed. Where
/// ECS's records cannot be read, it is the PRIMARY.
[[nodiscard]] LastRollout look_at_last_rollout(RolloutObserver& observer, const EcsTarget& target,
                                               const EcsService& service, Milliseconds timeout, Deadline deadline);

/// How a rollout ended that was over when somebody asked: "shop_service_api_dev:42 began 2 h 5 min ago and was rolled
/// back: ECS rolled it back ..".
[[nodiscard]] std::string ended_in_words(const LastRollout& last, WallTime now);

}  // namespace ci_lambda
