#pragma once

#include <optional>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "config/ownership.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// A service of the cluster that could be ours, by its name, but also somebody else's.
struct DoubtfulService {
    EcsServiceName name;
    ServiceReading reading;
};

/// The services that are ours, or could be: those that the configuration names, and, where names go by patterns, those
/// in the cluster that have such a name.
struct OurServices {
    std::vector<EcsTarget> targets;         ///< all that could be ours, to be looked at; sorted by id
    std::vector<EcsTarget> certain;         ///< of those the ones that are ours beyond doubt, to be acted upon unasked
    std::vector<DoubtfulService> doubtful;  ///< all others, also those that are rather another one's
    std::vector<ServiceId> without_target;  ///< a map names them, but ECS_SERVICE_MAP does not
    std::optional<Error> not_listed;        ///< why the cluster could not be asked; only the configured ones are there
};

[[nodiscard]] OurServices find_our_services(const Config& config, EcsInventory& ecs, Deadline deadline);

}  // namespace ci_lambda
