#pragma once

#include <optional>
#include <string>
#include <vector>

#include "approvals/token.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// A rollout that ECS keeps waiting for a person.
struct WaitingHook {
    EcsTarget target;
    std::string task_definition;     ///< ARN of what is rolled out
    std::string service_deployment;  ///< ARN
    std::string hook;                ///< its id
    std::string stage;               ///< POST_TEST_TRAFFIC_SHIFT, ..; may be empty
    std::optional<WallTime> expires = {};
    bool then_rolls_back = true;  ///< what ECS does when nobody answers; else it goes on
};

/// All that this service's rollout waits for now. `service`: as it has just been described.
[[nodiscard]] Result<std::vector<WaitingHook>> find_waiting_hooks(EcsRollouts& ecs, const EcsTarget& target,
                                                                  const EcsService& service, Deadline deadline);

/// What answers it: good until ECS decides itself, or as long as other approvals.
[[nodiscard]] Approval approval_of(const WaitingHook& hook, const Config& config, WallTime now);

}  // namespace ci_lambda
