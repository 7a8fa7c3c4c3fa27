#pragma once

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace ci_lambda::sandbox {

/// What the sandbox's ECS keeps: plain data, and its form on the wire (botocore's model of ecs-2014-11-13).

struct TaskDefinitionRevision {
    std::string family;
    int revision = 0;
    bool active = true;
    WallTime registered_at;
    std::string content;  ///< JSON object: containerDefinitions, cpu, memory, ..
};

enum class DeploymentState { kPrimary, kActive };
enum class RolloutState { kInProgress, kCompleted, kFailed };

struct ServiceDeployment {
    std::string id;  ///< `ecs-svc/` and 19 digits
    DeploymentState state = DeploymentState::kPrimary;
    RolloutState rollout = RolloutState::kInProgress;
    std::string task_definition;  ///< ARN
    int desired_count = 0;
    int running_count = 0;
    WallTime created_at;
    WallTime updated_at;
};

struct Service {
    std::string name;
    std::string cluster;
    int desired_count = 0;
    WallTime created_at;
    std::vector<ServiceDeployment> deployments;  ///< the primary one first; never empty

    [[nodiscard]] const ServiceDeployment& primary() const { return deployments.front(); }
    [[nodiscard]] int running_count() const;
};

struct EcsState {
    std::string account;
    std::string region;
    std::vector<std::string> clusters;
    std::vector<Service> services;
    std::map<std::string, std::vector<TaskDefinitionRevision>> families;  ///< revisions in ascending order

    [[nodiscard]] std::string cluster_arn(std::string_view cluster) const;
    [[nodiscard]] std::string service_arn(std::string_view cluster, std::string_view service) const;
    [[nodiscard]] std::string task_definition_arn(const TaskDefinitionRevision& revision) const;
};

[[nodiscard]] nlohmann::json cluster_json(const EcsState& state, const std::string& cluster);
[[nodiscard]] nlohmann::json service_json(const EcsState& state, const Service& service);
[[nodiscard]] nlohmann::json task_definition_json(const EcsState& state, const TaskDefinitionRevision& revision);

}  // namespace ci_lambda::sandbox
