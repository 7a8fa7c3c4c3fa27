#include "sandbox/ecs/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ranges>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kPlatformVersion = "1.4.0";
constexpr std::string_view kPlatformFamily = "Linux";

std::string_view wire_name(DeploymentState state) { return state == DeploymentState::kPrimary ? "PRIMARY" : "ACTIVE"; }

std::string_view wire_name(RolloutState state) {
    switch (state) {
        case RolloutState::kInProgress: return "IN_PROGRESS";
        case RolloutState::kCompleted: return "COMPLETED";
        case RolloutState::kFailed: return "FAILED";
    }
    return "IN_PROGRESS";
}

Json network_json() {
    return {{"awsvpcConfiguration",
             {{"subnets", {"subnet-0a1b2c3d4e5f60718"}},
              {"securityGroups", {"sg-0123456789abcdef0"}},
              {"assignPublicIp", "DISABLED"}}}};
}

Json load_balancers_json(const Service& service) {
    Json json{{"targetGroupArn", service.target_group},
              {"containerName", service.container},
              {"containerPort", service.container_port}};
    if (service.can_shift_traffic() && !service.code_deploy) {
        const std::string listener = service.target_group.substr(0, service.target_group.find(":targetgroup/"));
        json["advancedConfiguration"] = {
            {"alternateTargetGroupArn", service.target_group + "a"},
            {"productionListenerRule",
             listener + ":listener-rule/app/shop/0123456789abcdef/0123456789abcdef/0123456789abcdef"},
            {"roleArn", "arn:aws:iam::123456789012:role/ecsInfrastructureRole"}};
    }
    return Json::array({std::move(json)});
}

Json deployment_json(const Service& service, const Deployment& deployment) {
    const TaskCounts counts = service.counts_of(deployment.id);
    // A failed deployment wants no tasks, even while some of it are still there.
    const bool failed = deployment.state == DeploymentState::kActive && !deployment.launches;
    return {{"id", deployment.id},
            {"status", wire_name(deployment.state)},
            {"taskDefinition", deployment.task_definition},
            {"desiredCount", failed ? 0 : counts.requested},
            {"pendingCount", counts.pending},
            {"runningCount", counts.running},
            {"failedTasks", deployment.failed_tasks()},
            {"createdAt", epoch_seconds(deployment.created_at)},
            {"updatedAt", epoch_seconds(deployment.updated_at)},
            {"launchType", "FARGATE"},
            {"platformVersion", kPlatformVersion},
            {"platformFamily", kPlatformFamily},
            {"networkConfiguration", network_json()},
            {"rolloutState", wire_name(deployment.rollout)},
            {"rolloutStateReason", deployment.rollout_reason}};
}

/// Which of a service's deployments has the production traffic.
const Deployment& serving(const Service& service) {
    const auto& shifts = service.service_deployments;
    const bool shifting = !shifts.empty() && shifts.back().is_ongoing() && shifts.back().shifts_traffic() &&
                          !shifts.back().rollback && shifts.back().production_weight < 100;
    return shifting && service.deployments.size() > 1 ? service.deployments[1] : service.primary();
}

Json task_sets_json(const EcsState& state, const Service& service) {
    Json sets = Json::array();
    for (const auto& deployment : service.deployments) {
        const TaskCounts counts = service.counts_of(deployment.id);
        const auto made = std::ranges::find(service.code_deploy->deployments, revision_number(deployment.id),
                                            &CodeDeployment::revision);
        Json set{{"id", deployment.id},
                 {"taskSetArn", fmt::format("arn:aws:ecs:{}:{}:task-set/{}/{}/{}", state.region, state.account,
                                            service.cluster, service.name, deployment.id)},
                 {"serviceArn", state.service_arn(service)},
                 {"clusterArn", state.cluster_arn(service.cluster)},
                 {"startedBy", "CODE_DEPLOY"},
                 {"status", &deployment == &serving(service) ? "PRIMARY" : "ACTIVE"},
                 {"taskDefinition", deployment.task_definition},
                 {"computedDesiredCount", counts.requested},
                 {"pendingCount", counts.pending},
                 {"runningCount", counts.running},
                 {"createdAt", epoch_seconds(deployment.created_at)},
                 {"updatedAt", epoch_seconds(deployment.updated_at)},
                 {"launchType", "FARGATE"},
                 {"platformVersion", kPlatformVersion},
                 {"networkConfiguration", network_json()},
                 {"loadBalancers", load_balancers_json(service)},
                 {"scale", {{"value", 100.0}, {"unit", "PERCENT"}}},
                 {"stabilityStatus", counts.running < counts.requested ? "STABILIZING" : "STEADY_STATE"}};
        if (made != service.code_deploy->deployments.end()) set["externalId"] = made->id;
        sets.push_back(std::move(set));
    }
    return sets;
}

Json messages_json(const Service& service) {
    Json messages = Json::array();
    for (const auto& message : service.messages)
        messages.push_back({{"id", message.id}, {"createdAt", epoch_seconds(message.at)}, {"message", message.text}});
    return messages;
}

Json content_of(const std::string& content) {
    auto parsed = parse_json(content);
    return parsed && parsed->is_object() ? *std::move(parsed) : Json::object();
}

/// What DescribeServices makes of a PAUSE hook: neither its type nor its timeout is shown (seen in May 2026). Whoever
/// sends it back asks for a Lambda function that there is not.
Json configuration_json(const DeploymentConfiguration& configuration) {
    Json json = content_of(configuration.content);
    const auto hooks = json.find("lifecycleHooks");
    if (hooks == json.end() || !hooks->is_array()) return json;
    for (auto& hook : *hooks)
        if (find_string(hook, "targetType") == "PAUSE") hook = {{"lifecycleStages", hook["lifecycleStages"]}};
    return json;
}

}  // namespace

void add_time(Json& json, const char* name, const std::optional<WallTime>& time) {
    if (time) json[name] = epoch_seconds(*time);
}

Json counts_json(const EcsState& state, const Service& service, std::string_view revision, const TaskCounts& counts) {
    return {{"arn", state.service_revision_arn(service, revision)},
            {"requestedTaskCount", counts.requested},
            {"runningTaskCount", counts.running},
            {"pendingTaskCount", counts.pending}};
}

Json tags_json(const Tags& tags) {
    Json list = Json::array();
    for (const auto& [key, value] : tags) list.push_back({{"key", key}, {"value", value}});
    return list;
}

Json cluster_json(const EcsState& state, const std::string& cluster) {
    int services = 0;
    TaskCounts tasks;
    for (const auto& service : state.services) {
        if (service.cluster != cluster) continue;
        const TaskCounts counts = service.counts();
        ++services;
        tasks.running += counts.running;
        tasks.pending += counts.pending;
    }
    return {{"clusterArn", state.cluster_arn(cluster)},
            {"clusterName", cluster},
            {"status", "ACTIVE"},
            {"registeredContainerInstancesCount", 0},
            {"runningTasksCount", tasks.running},
            {"pendingTasksCount", tasks.pending},
            {"activeServicesCount", services},
            {"statistics", Json::array()},
            {"tags", Json::array()},
            {"settings", Json::array()},
            {"capacityProviders", Json::array()},
            {"defaultCapacityProviderStrategy", Json::array()}};
}

Json service_json(const EcsState& state, const Service& service) {
    Json deployments = Json::array();
    Json revisions = Json::array();
    for (const auto& deployment : service.deployments) {
        deployments.push_back(deployment_json(service, deployment));
        revisions.push_back(
            counts_json(state, service, revision_number(deployment.id), service.counts_of(deployment.id)));
    }
    const TaskCounts counts = service.counts();
    Json json{{"serviceArn", state.service_arn(service)},
              {"serviceName", service.name},
              {"clusterArn", state.cluster_arn(service.cluster)},
              {"status", "ACTIVE"},
              {"desiredCount", service.desired_count},
              {"runningCount", counts.running},
              {"pendingCount", counts.pending},
              {"launchType", "FARGATE"},
              {"platformVersion", "LATEST"},
              {"platformFamily", kPlatformFamily},
              {"taskDefinition", service.primary().task_definition},
              {"deploymentConfiguration", configuration_json(service.configuration)},
              {"deployments", std::move(deployments)},
              {"events", messages_json(service)},
              {"createdAt", epoch_seconds(service.created_at)},
              {"currentServiceRevisions", std::move(revisions)},
              {"loadBalancers", load_balancers_json(service)},
              {"serviceRegistries", Json::array()},
              {"placementConstraints", Json::array()},
              {"placementStrategy", Json::array()},
              {"networkConfiguration", network_json()},
              {"healthCheckGracePeriodSeconds", 0},
              {"schedulingStrategy", "REPLICA"},
              {"deploymentController", {{"type", "ECS"}}},
              {"enableECSManagedTags", false},
              {"propagateTags", "NONE"},
              {"enableExecuteCommand", false}};
    if (service.code_deploy) {
        json["deploymentController"] = {{"type", "CODE_DEPLOY"}};
        json["taskSets"] = task_sets_json(state, service);
        json["deployments"] = Json::array();
        json.erase("currentServiceRevisions");
        json.erase("deploymentConfiguration");
    }
    json["resourceManagementType"] = service.express ? "ECS" : "CUSTOMER";
    // Seen of the real ECS: kayac/ecspresso pull request 902.
    if (service.express) json.erase("taskDefinition");
    if (!service.service_deployments.empty() && !service.code_deploy)
        json["currentServiceDeployment"] = state.service_deployment_arn(service, service.service_deployments.back().id);
    return json;
}

Json task_definition_json(const EcsState& state, const TaskDefinitionRevision& revision) {
    Json json = content_of(revision.content);
    json["taskDefinitionArn"] = state.task_definition_arn(revision);
    json["family"] = revision.family;
    json["revision"] = revision.revision;
    json["status"] = revision.active ? "ACTIVE" : "INACTIVE";
    json["registeredAt"] = epoch_seconds(revision.registered_at);
    return json;
}

Json ingress_path_json(const EcsState& state, const Service& service) {
    return {{"accessType", "PUBLIC"}, {"endpoint", fmt::format("{}.ecs.{}.on.aws", service.name, state.region)}};
}

Json service_revision_json(const EcsState& state, const Service& service, const ServiceRevision& revision) {
    Json images = Json::array();
    for (const auto& image : revision.images) {
        images.push_back({{"containerName", image.container}, {"image", image.image}});
        if (!image.digest.empty()) images.back()["imageDigest"] = image.digest;
    }
    Json json{{"serviceRevisionArn", state.service_revision_arn(service, revision.number)},
              {"serviceArn", state.service_arn(service)},
              {"clusterArn", state.cluster_arn(service.cluster)},
              {"taskDefinition", revision.task_definition},
              {"launchType", "FARGATE"},
              {"platformVersion", kPlatformVersion},
              {"platformFamily", kPlatformFamily},
              {"loadBalancers", load_balancers_json(service)},
              {"networkConfiguration", network_json()},
              {"containerImages", std::move(images)},
              {"guardDutyEnabled", false},
              {"createdAt", epoch_seconds(revision.created_at)}};
    if (service.express)
        json["ecsManagedResources"] = {{"ingressPaths", Json::array({ingress_path_json(state, service)})}};
    return json;
}

}  // namespace ci_lambda::sandbox
