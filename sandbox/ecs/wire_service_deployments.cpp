#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

std::string_view wire_name(BreakerStatus status) {
    switch (status) {
        case BreakerStatus::kDisabled: return "DISABLED";
        case BreakerStatus::kMonitoring: return "MONITORING";
        case BreakerStatus::kMonitoringComplete: return "MONITORING_COMPLETE";
        case BreakerStatus::kTriggered: return "TRIGGERED";
    }
    return "DISABLED";
}

/// While it is under way: the new tasks start, or the ones that are too many are cleaned up.
std::string_view lifecycle_stage(const ServiceDeployment& deployment) {
    const TaskCounts& target = deployment.target.tasks;
    return target.running >= target.requested && deployment.started_at ? "CLEAN_UP" : "SCALE_UP";
}

}  // namespace

std::string_view wire_name(ServiceDeploymentStatus status) {
    switch (status) {
        case ServiceDeploymentStatus::kPending: return "PENDING";
        case ServiceDeploymentStatus::kInProgress: return "IN_PROGRESS";
        case ServiceDeploymentStatus::kSuccessful: return "SUCCESSFUL";
        case ServiceDeploymentStatus::kStopRequested: return "STOP_REQUESTED";
        case ServiceDeploymentStatus::kStopped: return "STOPPED";
        case ServiceDeploymentStatus::kRollbackRequested: return "ROLLBACK_REQUESTED";
        case ServiceDeploymentStatus::kRollbackInProgress: return "ROLLBACK_IN_PROGRESS";
        case ServiceDeploymentStatus::kRollbackSuccessful: return "ROLLBACK_SUCCESSFUL";
        case ServiceDeploymentStatus::kRollbackFailed: return "ROLLBACK_FAILED";
    }
    return "PENDING";
}

Json service_deployment_json(const EcsState& state, const Service& service, const ServiceDeployment& deployment) {
    Json sources = Json::array();
    for (const auto& source : deployment.sources)
        sources.push_back(counts_json(state, service, source.revision, source.tasks));
    Json json{
        {"serviceDeploymentArn", state.service_deployment_arn(service, deployment.id)},
        {"serviceArn", state.service_arn(service)},
        {"clusterArn", state.cluster_arn(service.cluster)},
        {"createdAt", epoch_seconds(deployment.created_at)},
        {"updatedAt", epoch_seconds(deployment.updated_at)},
        {"sourceServiceRevisions", std::move(sources)},
        {"targetServiceRevision", counts_json(state, service, deployment.target.revision, deployment.target.tasks)},
        {"status", wire_name(deployment.status)},
        {"deploymentConfiguration", parse_json(deployment.configuration.content).value_or(Json::object())},
        {"deploymentCircuitBreaker",
         {{"status", wire_name(deployment.breaker)},
          {"failureCount", deployment.failure_count},
          {"threshold", deployment.threshold}}},
        {"alarms", {{"status", "DISABLED"}, {"alarmNames", Json::array()}, {"triggeredAlarmNames", Json::array()}}}};
    add_time(json, "startedAt", deployment.started_at);
    add_time(json, "finishedAt", deployment.finished_at);
    add_time(json, "stoppedAt", deployment.stopped_at);
    if (!deployment.status_reason.empty()) json["statusReason"] = deployment.status_reason;
    if (deployment.is_ongoing()) json["lifecycleStage"] = lifecycle_stage(deployment);
    if (deployment.rollback)
        json["rollback"] = {{"reason", deployment.rollback->reason},
                            {"startedAt", epoch_seconds(deployment.rollback->started_at)},
                            {"serviceRevisionArn", state.service_revision_arn(service, deployment.rollback->revision)}};
    return json;
}

Json service_deployment_brief_json(const EcsState& state, const Service& service, const ServiceDeployment& deployment) {
    Json json{{"serviceDeploymentArn", state.service_deployment_arn(service, deployment.id)},
              {"serviceArn", state.service_arn(service)},
              {"clusterArn", state.cluster_arn(service.cluster)},
              {"createdAt", epoch_seconds(deployment.created_at)},
              {"targetServiceRevisionArn", state.service_revision_arn(service, deployment.target.revision)},
              {"status", wire_name(deployment.status)}};
    add_time(json, "startedAt", deployment.started_at);
    add_time(json, "finishedAt", deployment.finished_at);
    if (!deployment.status_reason.empty()) json["statusReason"] = deployment.status_reason;
    return json;
}

}  // namespace ci_lambda::sandbox
