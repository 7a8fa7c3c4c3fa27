#pragma once

#include <optional>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "services/ecs.hpp"

namespace ci_lambda {

/// All services that are ours: those that the configuration names, and, where names go by patterns, those in the
/// cluster that have such a name.
struct OurServices {
    std::vector<EcsTarget> targets;         ///< sorted by id
    std::vector<ServiceId> without_target;  ///< a map names them, but ECS_SERVICE_MAP does not
    std::optional<Error> not_listed;        ///< why the cluster could not be asked; only the configured ones are there
};

[[nodiscard]] OurServices find_our_services(const Config& config, EcsApi& ecs, Deadline deadline);

}  // namespace ci_lambda
