#pragma once

#include <nlohmann/json_fwd.hpp>

#include "services/codedeploy/api.hpp"

namespace ci_lambda {

// CodeDeploy's answers as records (API reference of the same names). What is missing is empty. Pure.

[[nodiscard]] CodeDeployDeployment read_code_deployment(const nlohmann::json& deployment_info);
[[nodiscard]] CodeDeployGroupInfo read_code_deploy_group(const nlohmann::json& deployment_group_info);
[[nodiscard]] CodeDeployRevision read_code_deploy_revision(const nlohmann::json& revision_location);
[[nodiscard]] CodeDeployTraffic read_code_deploy_traffic(const nlohmann::json& deployment_config_info);
[[nodiscard]] CodeDeployProgress read_code_deploy_progress(const nlohmann::json& deployment_target);

}  // namespace ci_lambda
