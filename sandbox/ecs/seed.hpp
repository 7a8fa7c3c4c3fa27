#pragma once

#include <string>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// A service to begin with.
struct ServiceSeed {
    std::string name;
    std::string cluster;
    std::string task_definition;  ///< `family:revision`, which the state must have
    int desired_count = 1;
    std::string container;  ///< behind the load balancer
    int container_port = 80;
    bool has_alternate = false;  ///< as in Service
};

/// Adds a service that has run for a while: one deployment, COMPLETED, with all its tasks RUNNING and healthy, made by
/// a service deployment that was SUCCESSFUL. The circuit breaker is off, which is ECS's default.
void add_running_service(EcsState& state, Ids& ids, const ServiceSeed& seed, WallTime since);

}  // namespace ci_lambda::sandbox
