#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/aws/json.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// The state's form on the wire: botocore's model of ecs-2014-11-13.

/// Adds a member if there is such a time.
void add_time(nlohmann::json& json, const char* name, const std::optional<WallTime>& time);

[[nodiscard]] nlohmann::json cluster_json(const EcsState& state, const std::string& cluster);
[[nodiscard]] nlohmann::json service_json(const EcsState& state, const Service& service);
[[nodiscard]] nlohmann::json task_definition_json(const EcsState& state, const TaskDefinitionRevision& revision);
[[nodiscard]] nlohmann::json task_json(const EcsState& state, const LoneTask& one);
[[nodiscard]] nlohmann::json task_json(const EcsState& state, const Service& service, const Task& task);
[[nodiscard]] nlohmann::json service_deployment_json(const EcsState& state, const Service& service,
                                                     const ServiceDeployment& deployment);
/// What ListServiceDeployments shows of it.
[[nodiscard]] nlohmann::json service_deployment_brief_json(const EcsState& state, const Service& service,
                                                           const ServiceDeployment& deployment);
/// Where an Express Mode service is reached.
[[nodiscard]] nlohmann::json ingress_path_json(const EcsState& state, const Service& service);
[[nodiscard]] nlohmann::json service_revision_json(const EcsState& state, const Service& service,
                                                   const ServiceRevision& revision);
/// Of a service revision, given by its number.
[[nodiscard]] nlohmann::json counts_json(const EcsState& state, const Service& service, std::string_view revision,
                                         const TaskCounts& counts);
[[nodiscard]] nlohmann::json tags_json(const Tags& tags);

[[nodiscard]] std::string_view wire_name(ServiceDeploymentStatus status);

}  // namespace ci_lambda::sandbox
