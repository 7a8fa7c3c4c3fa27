#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

std::string_view wire_name(MonitorStatus status) {
    switch (status) {
        case MonitorStatus::kDisabled: return "DISABLED";
        case MonitorStatus::kMonitoring: return "MONITORING";
        case MonitorStatus::kMonitoringComplete: return "MONITORING_COMPLETE";
        case MonitorStatus::kTriggered: return "TRIGGERED";
    }
    return "DISABLED";
}

/// The model's list for `lifecycleStage` lacks PRE_PRODUCTION_TRAFFIC_SHIFT, which it has for hooks.
std::string_view lifecycle_stage(const ServiceDeployment& deployment) {
    return wire_name(deployment.stage == LifecycleStage::kPreProductionTrafficShift
                         ? LifecycleStage::kProductionTrafficShift
                         : deployment.stage);
}

Json hook_json(const HookRun& run) {
    Json json{{"hookId", run.id},
              {"targetType", run.hook.pause ? "PAUSE" : "AWS_LAMBDA"},
              {"status", wire_name(run.status)},
              {"expiresAt", epoch_seconds(run.expires_at)},
              {"timeoutAction", run.hook.goes_on_after_timeout ? "CONTINUE" : "ROLLBACK"}};
    if (!run.hook.target_arn.empty()) json["targetArn"] = run.hook.target_arn;
    return json;
}

Json alarms_json(const ServiceDeployment& deployment) {
    Json names = Json::array();
    Json triggered = Json::array();
    for (const auto& name : deployment.configuration.alarms.names) names.push_back(name);
    for (const auto& name : deployment.triggered_alarms) triggered.push_back(name);
    return {{"status", wire_name(deployment.alarms)},
            {"alarmNames", std::move(names)},
            {"triggeredAlarmNames", std::move(triggered)}};
}

/// A rolling update has no stages and no weights.
void add_traffic_shift(Json& json, const ServiceDeployment& deployment) {
    if (!deployment.shifts_traffic()) return;
    if (deployment.stage != LifecycleStage::kNone) json["lifecycleStage"] = lifecycle_stage(deployment);
    Json hooks = Json::array();
    for (const auto& run : deployment.hooks) hooks.push_back(hook_json(run));
    if (!hooks.empty()) json["lifecycleHookDetails"] = std::move(hooks);
    const auto weigh = [](Json& revision, double test, double production) {
        revision["requestedTestTrafficWeight"] = test;
        revision["requestedProductionTrafficWeight"] = production;
    };
    constexpr double kAll = 100;
    weigh(json["targetServiceRevision"], deployment.test_weight, deployment.production_weight);
    bool is_first = true;  // the traffic of before; what was superseded has none
    for (auto& source : json["sourceServiceRevisions"]) {
        const bool has_traffic = std::exchange(is_first, false);
        weigh(source, has_traffic ? kAll - deployment.test_weight : 0,
              has_traffic ? kAll - deployment.production_weight : 0);
    }
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
        {"alarms", alarms_json(deployment)}};
    add_time(json, "startedAt", deployment.started_at);
    add_time(json, "finishedAt", deployment.finished_at);
    add_time(json, "stoppedAt", deployment.stopped_at);
    if (!deployment.status_reason.empty()) json["statusReason"] = deployment.status_reason;
    add_traffic_shift(json, deployment);
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
