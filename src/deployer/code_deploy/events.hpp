#pragma once

#include <optional>

#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/code_deploy/groups.hpp"
#include "events/event.hpp"
#include "services/codedeploy/api.hpp"

namespace ci_lambda {

/// What CodeDeploy says of a deployment, as ECS would say it of a service, so that it is decided and told in one way.
/// CodeDeploy's event names the group alone, and neither who began it nor why it ended: both are looked up. `nullopt`
/// for what is no news, and for a group that deploys no service of ECS.
[[nodiscard]] Result<std::optional<EcsServiceEvent>> as_service_event(const CodeDeployChange& change,
                                                                      CodeDeployGroups& groups, CodeDeployApi& api,
                                                                      Deadline deadline);

}  // namespace ci_lambda
