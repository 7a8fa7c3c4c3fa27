#include "sandbox/ecs_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

/// AWS JSON 1.1: seconds since 1970 as a number.
double epoch_seconds(WallTime time) {
    const auto whole = std::chrono::floor<Milliseconds>(time.time_since_epoch());
    return static_cast<double>(whole.count()) / 1000.0;
}

std::string_view wire_name(DeploymentState state) { return state == DeploymentState::kPrimary ? "PRIMARY" : "ACTIVE"; }

std::string_view wire_name(RolloutState state) {
    switch (state) {
        case RolloutState::kInProgress: return "IN_PROGRESS";
        case RolloutState::kCompleted: return "COMPLETED";
        case RolloutState::kFailed: return "FAILED";
    }
    return "IN_PROGRESS";
}

std::string rollout_reason(const ServiceDeployment& deployment) {
    switch (deployment.rollout) {
        case RolloutState::kInProgress: return fmt::format("ECS deployment {} in progress.", deployment.id);
        case RolloutState::kCompleted: return fmt::format("ECS deployment {} completed.", deployment.id);
        case RolloutState::kFailed: return "ECS deployment circuit breaker: task failed to start.";
    }
    return {};
}

Json network_json() {
    return {{"awsvpcConfiguration",
             {{"subnets", {"subnet-0a1b2c3d4e5f60718"}},
              {"securityGroups", {"sg-0123456789abcdef0"}},
              {"assignPublicIp", "DISABLED"}}}};
}

Json deployment_json(const ServiceDeployment& deployment) {
    return {{"id", deployment.id},
            {"status", wire_name(deployment.state)},
            {"taskDefinition", deployment.task_definition},
            {"desiredCount", deployment.desired_count},
            {"pendingCount", 0},
            {"runningCount", deployment.running_count},
            {"failedTasks", 0},
            {"createdAt", epoch_seconds(deployment.created_at)},
            {"updatedAt", epoch_seconds(deployment.updated_at)},
            {"launchType", "FARGATE"},
            {"platformVersion", "1.4.0"},
            {"platformFamily", "Linux"},
            {"networkConfiguration", network_json()},
            {"rolloutState", wire_name(deployment.rollout)},
            {"rolloutStateReason", rollout_reason(deployment)}};
}

}  // namespace

int Service::running_count() const {
    return std::accumulate(deployments.begin(), deployments.end(), 0,
                           [](int sum, const auto& deployment) { return sum + deployment.running_count; });
}

std::string EcsState::cluster_arn(std::string_view cluster) const {
    return fmt::format("arn:aws:ecs:{}:{}:cluster/{}", region, account, cluster);
}

std::string EcsState::service_arn(std::string_view cluster, std::string_view service) const {
    return fmt::format("arn:aws:ecs:{}:{}:service/{}/{}", region, account, cluster, service);
}

std::string EcsState::task_definition_arn(const TaskDefinitionRevision& revision) const {
    return fmt::format("arn:aws:ecs:{}:{}:task-definition/{}:{}", region, account, revision.family, revision.revision);
}

Json cluster_json(const EcsState& state, const std::string& cluster) {
    int services = 0;
    int running = 0;
    for (const auto& service : state.services) {
        if (service.cluster != cluster) continue;
        ++services;
        running += service.running_count();
    }
    return {{"clusterArn", state.cluster_arn(cluster)},
            {"clusterName", cluster},
            {"status", "ACTIVE"},
            {"registeredContainerInstancesCount", 0},
            {"runningTasksCount", running},
            {"pendingTasksCount", 0},
            {"activeServicesCount", services},
            {"statistics", Json::array()},
            {"tags", Json::array()},
            {"settings", Json::array()},
            {"capacityProviders", Json::array()},
            {"defaultCapacityProviderStrategy", Json::array()}};
}

Json service_json(const EcsState& state, const Service& service) {
    Json deployments = Json::array();
    for (const auto& deployment : service.deployments) deployments.push_back(deployment_json(deployment));
    return {{"serviceArn", state.service_arn(service.cluster, service.name)},
            {"serviceName", service.name},
            {"clusterArn", state.cluster_arn(service.cluster)},
            {"status", "ACTIVE"},
            {"desiredCount", service.desired_count},
            {"runningCount", service.running_count()},
            {"pendingCount", 0},
            {"launchType", "FARGATE"},
            {"platformVersion", "LATEST"},
            {"platformFamily", "Linux"},
            {"taskDefinition", service.primary().task_definition},
            {"deploymentConfiguration",
             {{"deploymentCircuitBreaker", {{"enable", true}, {"rollback", true}}},
              {"maximumPercent", 200},
              {"minimumHealthyPercent", 100}}},
            {"deployments", std::move(deployments)},
            {"events", Json::array()},
            {"createdAt", epoch_seconds(service.created_at)},
            {"loadBalancers", Json::array()},
            {"serviceRegistries", Json::array()},
            {"placementConstraints", Json::array()},
            {"placementStrategy", Json::array()},
            {"networkConfiguration", network_json()},
            {"schedulingStrategy", "REPLICA"},
            {"deploymentController", {{"type", "ECS"}}},
            {"enableECSManagedTags", false},
            {"propagateTags", "NONE"},
            {"enableExecuteCommand", false}};
}

Json task_definition_json(const EcsState& state, const TaskDefinitionRevision& revision) {
    auto content = parse_json(revision.content);
    Json json = content && content->is_object() ? *std::move(content) : Json::object();
    json["taskDefinitionArn"] = state.task_definition_arn(revision);
    json["family"] = revision.family;
    json["revision"] = revision.revision;
    json["status"] = revision.active ? "ACTIVE" : "INACTIVE";
    json["registeredAt"] = epoch_seconds(revision.registered_at);
    return json;
}

}  // namespace ci_lambda::sandbox
