#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "sandbox/ecs/seed.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

// Express Mode services: a container and a few numbers in, and ECS writes a task definition out of them.

/// The family of what ECS writes. AWS does not document its name.
[[nodiscard]] std::string express_family(std::string_view cluster, std::string_view service);

/// Writes one more revision. `configuration`: as in `ExpressMode`; `container`: ExpressGatewayContainer as JSON object.
TaskDefinitionRevision& write_express_revision(EcsState& state, std::string_view cluster, std::string_view service,
                                               std::string_view configuration, std::string_view container,
                                               WallTime now);

/// As `add_running_service`, of an Express Mode service: it deploys as a canary, and ECS takes back what goes wrong.
/// `seed.task_definition`, `container` and `container_port` are made here.
void add_running_express_service(EcsState& state, Ids& ids, ServiceSeed seed, std::string_view configuration,
                                 std::string_view container, WallTime since);

}  // namespace ci_lambda::sandbox
