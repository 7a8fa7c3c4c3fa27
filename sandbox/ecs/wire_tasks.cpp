#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

std::string_view wire_name(TaskStatus status) {
    switch (status) {
        case TaskStatus::kProvisioning: return "PROVISIONING";
        case TaskStatus::kPending: return "PENDING";
        case TaskStatus::kRunning: return "RUNNING";
        case TaskStatus::kDeactivating: return "DEACTIVATING";
        case TaskStatus::kStopping: return "STOPPING";
        case TaskStatus::kDeprovisioning: return "DEPROVISIONING";
        case TaskStatus::kStopped: return "STOPPED";
    }
    return "STOPPED";
}

std::string_view wire_name(TaskHealth health) {
    switch (health) {
        case TaskHealth::kUnknown: return "UNKNOWN";
        case TaskHealth::kHealthy: return "HEALTHY";
        case TaskHealth::kUnhealthy: return "UNHEALTHY";
    }
    return "UNKNOWN";
}

std::string_view container_status(const Task& task) {
    switch (task.status) {
        case TaskStatus::kProvisioning:
        case TaskStatus::kPending: return "PENDING";
        case TaskStatus::kRunning:
        case TaskStatus::kDeactivating:
        case TaskStatus::kStopping: return "RUNNING";
        case TaskStatus::kDeprovisioning:
        case TaskStatus::kStopped: return "STOPPED";
    }
    return "STOPPED";
}

/// The digest is known once the image is there.
bool has_image(const Task& task) {
    return task.started_at || (task.exit_code && task.fate != Scenario::kImageNotFound);
}

Json container_json(const EcsState& state, const Service& service, const Task& task, const ContainerImage& image) {
    const std::string arn = state.task_arn(service.cluster, task.id);
    Json json{{"containerArn", fmt::format("arn:aws:ecs:{}:{}:container/{}/{}/{}", state.region, state.account,
                                           service.cluster, task.id, image.container)},
              {"taskArn", arn},
              {"name", image.container},
              {"image", image.image},
              {"lastStatus", container_status(task)},
              {"healthStatus", wire_name(task.health)},
              {"networkInterfaces", Json::array()},
              {"cpu", "0"}};
    if (has_image(task)) json["imageDigest"] = image.digest;
    if (task.exit_code) json["exitCode"] = *task.exit_code;
    if (!task.container_reason.empty()) json["reason"] = task.container_reason;
    return json;
}

}  // namespace

Json task_json(const EcsState& state, const Service& service, const Task& task) {
    Json containers = Json::array();
    for (const auto& image : task.images) containers.push_back(container_json(state, service, task, image));
    Json json{{"taskArn", state.task_arn(service.cluster, task.id)},
              {"clusterArn", state.cluster_arn(service.cluster)},
              {"taskDefinitionArn", task.task_definition},
              {"group", "service:" + service.name},
              {"startedBy", task.deployment_id},
              {"lastStatus", wire_name(task.status)},
              {"desiredStatus", task.is_wanted() ? "RUNNING" : "STOPPED"},
              {"healthStatus", wire_name(task.health)},
              {"launchType", "FARGATE"},
              {"platformVersion", "1.4.0"},
              {"platformFamily", "Linux"},
              {"cpu", "256"},
              {"memory", "512"},
              {"attachments", Json::array()},
              {"attributes", Json::array()},
              {"overrides", {{"containerOverrides", Json::array()}}},
              {"enableExecuteCommand", false},
              {"tags", Json::array()},
              {"version", 1},
              {"containers", std::move(containers)},
              {"createdAt", epoch_seconds(task.created_at)}};
    add_time(json, "startedAt", task.started_at);
    add_time(json, "stoppingAt", task.stopping_at);
    add_time(json, "stoppedAt", task.stopped_at);
    if (!task.stop_code.empty()) json["stopCode"] = task.stop_code;
    if (!task.stopped_reason.empty()) json["stoppedReason"] = task.stopped_reason;
    return json;
}

Json task_json(const EcsState& state, const LoneTask& one) {
    Service nobody;
    nobody.cluster = one.cluster;
    auto json = task_json(state, nobody, one.task);
    json["group"] = one.group;
    json["overrides"] = parse_json(one.overrides).value_or(Json::object());
    if (!json["overrides"].contains("containerOverrides")) json["overrides"]["containerOverrides"] = Json::array();
    return json;
}

}  // namespace ci_lambda::sandbox
