#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/aws/operation.hpp"
#include "sandbox/ecs/operations.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// AWS CodeDeploy (version 2014-10-06), for services of ECS. A deployment of it is a blue/green one of the sandbox's
/// ECS under another name: how it goes is what that one says.
struct CodeDeployContext {
    EcsContext& ecs;
    Ids& ids;
};
using CodeDeployOperation = AwsOperation<CodeDeployContext>;

/// nullptr when the sandbox does not know it.
[[nodiscard]] const CodeDeployOperation* find_code_deploy_operation(std::string_view name);

/// Adds the shop's service `legacy` with its application and deployment group, and changes the group: `configuration`
/// (a name of CodeDeploy's own), `termination_wait_minutes`, `auto_rollback`. Its deployments to come are like that.
[[nodiscard]] AwsResult<nlohmann::json> set_up_code_deploy(EcsState& state, Ids& ids, const nlohmann::json& settings,
                                                           WallTime now);

/// Begins CodeDeploy's rollbacks where ECS goes back, and appends what has changed since the last time to `outbox`, as
/// CodeDeploy's events.
void tell_of_code_deploy(EcsState& state, Ids& ids, std::vector<std::string>& outbox, WallTime now);

// How a deployment stands.

/// `InProgress`, `Succeeded`, ..
[[nodiscard]] std::string_view status_of(const Service& service, const CodeDeployment& deployment);
[[nodiscard]] nlohmann::json deployment_info_json(const Service& service, const CodeDeployment& deployment);
[[nodiscard]] nlohmann::json deployment_group_json(const Service& service);
[[nodiscard]] nlohmann::json deployment_target_json(const EcsState& state, const Service& service,
                                                    const CodeDeployment& deployment);

}  // namespace ci_lambda::sandbox
