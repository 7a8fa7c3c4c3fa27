#pragma once

#include <optional>
#include <string>

#include "config/strategy.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// The strategy that a service is to have, and what DescribeServices shows of the one that it has. Pure.

/// Why ECS would refuse the strategy for this service, and what to add; `nullopt` where nothing speaks against it (ECS
/// developer guide, "troubleshooting blue/green deployments").
[[nodiscard]] std::optional<std::string> why_not_with(const WantedStrategy& wanted, const EcsService& service);

/// What UpdateService is to change of `deploymentConfiguration`.
struct ConfigurationChange {
    std::optional<std::string> json = {};  ///< the members that differ; absent: nothing is sent
    std::string words = {};                ///< of the strategy, for people: "canary with .. (it was rolling)"
};

/// Only what differs, as members that are not sent stay. Hooks that were read are never sent back: those that are
/// wanted are sent whole, unless ECS shows all of them as they are wanted. `rolls_back`: the circuit breaker and its
/// rollback are to be on, unless ECS rolls back by itself with the strategy that it will have then.
[[nodiscard]] ConfigurationChange change_of_configuration(const WantedStrategy* wanted, const EcsService& service,
                                                          bool rolls_back);

/// Why ECS begins no further deployment: it takes five that are unfinished, those included whose tasks are still being
/// ended (aws/containers-roadmap issue 2836).
[[nodiscard]] std::optional<std::string> why_no_more_deployments(const EcsService& service);

}  // namespace ci_lambda
