#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// The services that a person names. What cannot be a service's id, an empty one included, is kConfiguration; an id
/// that a map does not have is kNotFound, with the one that was probably meant. No network.
[[nodiscard]] Result<std::vector<EcsTarget>> named_services(const Config& config,
                                                            const std::vector<std::string>& names);

/// Names of tasks that no service runs (`task:report`), and all others.
struct NamedByPeople {
    std::vector<std::string> tasks;
    std::vector<std::string> services;
};
[[nodiscard]] NamedByPeople split_tasks(const std::vector<std::string>& names);

/// A sentence on a service that ECS does not have, with the id that was probably meant: one that the configuration
/// names, or the cluster has.
[[nodiscard]] std::string no_such_service(const Config& config, EcsApi& ecs, const EcsTarget& target,
                                          Deadline deadline);

/// Fails with kNotFound when ECS lacks one of these services, and with what ECS says when it cannot be asked in a way
/// that will not heal. Where looking is not allowed, or may work in a moment, it is left to those who act.
[[nodiscard]] Status check_that_they_exist(const Config& config, EcsApi& ecs, const std::vector<EcsTarget>& targets,
                                           Deadline deadline);

}  // namespace ci_lambda
