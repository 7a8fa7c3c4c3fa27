#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/aws/event.hpp"
#include "sandbox/codedeploy/operations.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kEcsRole = "ecsCodeDeployRole";

const ServiceDeployment* shift_of(const Service& service, const CodeDeployment& deployment) {
    const auto found =
        std::ranges::find(service.service_deployments, deployment.service_deployment, &ServiceDeployment::id);
    return found == service.service_deployments.end() ? nullptr : &*found;
}

const CodeDeployment* rollback_of(const Service& service, const CodeDeployment& deployment) {
    const auto& all = service.code_deploy->deployments;
    const auto found = std::ranges::find(all, deployment.id, &CodeDeployment::rolls_back);
    return found == all.end() ? nullptr : &*found;
}

/// Of the deployment that brings back what ran before.
std::string_view status_of_rollback(const ServiceDeployment& shift) {
    if (shift.status == ServiceDeploymentStatus::kRollbackSuccessful) return "Succeeded";
    return shift.is_ongoing() ? "InProgress" : "Failed";
}

/// Who reads it takes the deployment as one that was stopped, before ECS does.
std::string_view error_code(const CodeDeployment& deployment, const ServiceDeployment* shift) {
    if (deployment.stopped) return "MANUAL_STOP";
    if (shift != nullptr && !shift->triggered_alarms.empty()) return "ALARM_ACTIVE";
    if (shift != nullptr && shift->status_reason.contains("hook")) return "HOOK_EXECUTION_FAILURE";
    return "HEALTH_CONSTRAINTS";
}

std::string_view state_of(std::string_view status) {
    if (status == "Succeeded") return "SUCCESS";
    if (status == "Failed") return "FAILURE";
    return status == "Stopped" ? "STOP" : "START";
}

bool waits_for_termination(const ServiceDeployment& shift) {
    return shift.is_ongoing() && !shift.rollback &&
           (shift.stage == LifecycleStage::kBakeTime || shift.stage == LifecycleStage::kCleanUp);
}

struct CodeDeployStage {
    std::string_view name;
    LifecycleStage of_ecs;
};
constexpr std::array<CodeDeployStage, 8> kStages{{{"BeforeInstall", LifecycleStage::kPreScaleUp},
                                                  {"Install", LifecycleStage::kScaleUp},
                                                  {"AfterInstall", LifecycleStage::kPostScaleUp},
                                                  {"AllowTestTraffic", LifecycleStage::kTestTrafficShift},
                                                  {"AfterAllowTestTraffic", LifecycleStage::kPostTestTrafficShift},
                                                  {"BeforeAllowTraffic", LifecycleStage::kPreProductionTrafficShift},
                                                  {"AllowTraffic", LifecycleStage::kProductionTrafficShift},
                                                  {"AfterAllowTraffic", LifecycleStage::kPostProductionTrafficShift}}};

/// Where a canary or a linear one goes on in the traffic's steps, it is at AllowTraffic all the time.
LifecycleStage stage_of(const ServiceDeployment& shift) {
    const bool in_steps = shift.stage == LifecycleStage::kPreProductionTrafficShift && shift.production_weight > 0;
    return in_steps ? LifecycleStage::kProductionTrafficShift : shift.stage;
}

Json lifecycle_events_json(const ServiceDeployment& shift) {
    const auto present = stage_of(shift);
    Json events = Json::array();
    for (const auto& stage : kStages) {
        Json event{{"lifecycleEventName", stage.name}, {"status", "Pending"}};
        const bool over = shift.status == ServiceDeploymentStatus::kSuccessful || stage.of_ecs < present;
        if (over || stage.of_ecs == present) {
            const bool failed = !over && (shift.rollback || !shift.is_ongoing());
            event["status"] = over ? "Succeeded" : failed ? "Failed" : "InProgress";
            event["startTime"] = epoch_seconds(over ? shift.created_at : shift.updated_at);
            if (over) event["endTime"] = epoch_seconds(shift.updated_at);
            if (failed) event["diagnostics"] = {{"errorCode", "UnknownError"}, {"message", shift.status_reason}};
        }
        events.push_back(std::move(event));
    }
    return events;
}

Json rollback_json(const std::vector<std::string>& events) {
    return {{"enabled", !events.empty()}, {"events", events}};
}

Json blue_green_json(const CodeDeployGroup& group) {
    return {{"terminateBlueInstancesOnDeploymentSuccess",
             {{"action", "TERMINATE"}, {"terminationWaitTimeInMinutes", group.termination_wait.count()}}},
            {"deploymentReadyOption", {{"actionOnTimeout", "CONTINUE_DEPLOYMENT"}, {"waitTimeInMinutes", 0}}}};
}

Json revision_json(const CodeDeployment& deployment) {
    return {{"revisionType", "AppSpecContent"}, {"appSpecContent", {{"content", deployment.app_spec}}}};
}

}  // namespace

std::string_view status_of(const Service& service, const CodeDeployment& deployment) {
    const auto* shift = shift_of(service, deployment);
    if (shift == nullptr) return "Succeeded";  // what ran when the sandbox began
    if (!deployment.rolls_back.empty()) return status_of_rollback(*shift);
    if (deployment.stopped) return "Stopped";
    if (shift->rollback || shift->status == ServiceDeploymentStatus::kStopped) return "Failed";
    return shift->status == ServiceDeploymentStatus::kSuccessful ? "Succeeded" : "InProgress";
}

Json deployment_info_json(const Service& service, const CodeDeployment& deployment) {
    const auto& group = *service.code_deploy;
    const auto status = status_of(service, deployment);
    const auto* shift = shift_of(service, deployment);
    Json json{
        {"applicationName", group.application},
        {"deploymentGroupName", group.group},
        {"deploymentConfigName", deployment.configuration},
        {"deploymentId", deployment.id},
        {"revision", revision_json(deployment)},
        {"status", status},
        {"createTime", epoch_seconds(deployment.created_at)},
        {"startTime", epoch_seconds(deployment.created_at)},
        {"description", deployment.description},
        {"creator", deployment.creator},
        {"ignoreApplicationStopFailures", false},
        {"autoRollbackConfiguration", rollback_json(deployment.rollback_events)},
        {"updateOutdatedInstancesOnly", false},
        {"deploymentStyle", {{"deploymentType", "BLUE_GREEN"}, {"deploymentOption", "WITH_TRAFFIC_CONTROL"}}},
        {"blueGreenDeploymentConfiguration", blue_green_json(group)},
        {"instanceTerminationWaitTimeStarted",
         shift != nullptr && status == "InProgress" && deployment.rolls_back.empty() && waits_for_termination(*shift)},
        {"computePlatform", "ECS"}};
    if (status == "Failed" || status == "Stopped") {
        json["errorInformation"] = {{"code", error_code(deployment, shift)},
                                    {"message", shift == nullptr ? std::string() : shift->status_reason}};
        auto over_at = shift == nullptr ? deployment.created_at : shift->updated_at;
        if (shift != nullptr && shift->rollback) over_at = shift->rollback->started_at;
        json["completeTime"] = epoch_seconds(deployment.stopped_at.value_or(over_at));
    } else if (status == "Succeeded") {
        const auto at = shift == nullptr ? std::nullopt : shift->finished_at;
        json["completeTime"] = epoch_seconds(at.value_or(deployment.created_at));
    }
    if (const auto* back = rollback_of(service, deployment))
        json["rollbackInfo"] = {{"rollbackDeploymentId", back->id},
                                {"rollbackMessage", fmt::format("Deployment {} is being rolled back.", deployment.id)}};
    if (!deployment.rolls_back.empty())
        json["rollbackInfo"] = {{"rollbackTriggeringDeploymentId", deployment.rolls_back}};
    return json;
}

Json deployment_group_json(const Service& service) {
    const auto& group = *service.code_deploy;
    const auto brief = [&](const CodeDeployment& one) {
        return Json{{"deploymentId", one.id},
                    {"status", status_of(service, one)},
                    {"createTime", epoch_seconds(one.created_at)}};
    };
    Json json{{"applicationName", group.application},
              {"deploymentGroupId", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"},
              {"deploymentGroupName", group.group},
              {"deploymentConfigName", group.configuration},
              {"serviceRoleArn", fmt::format("arn:aws:iam::123456789012:role/{}", kEcsRole)},
              {"autoRollbackConfiguration", rollback_json(group.rollback_events)},
              {"deploymentStyle", {{"deploymentType", "BLUE_GREEN"}, {"deploymentOption", "WITH_TRAFFIC_CONTROL"}}},
              {"blueGreenDeploymentConfiguration", blue_green_json(group)},
              {"computePlatform", "ECS"},
              {"ecsServices", {{{"serviceName", service.name}, {"clusterName", service.cluster}}}}};
    if (group.deployments.empty()) return json;
    json["targetRevision"] = revision_json(group.deployments.back());
    json["lastAttemptedDeployment"] = brief(group.deployments.back());
    for (const auto& one : group.deployments)
        if (status_of(service, one) == "Succeeded") json["lastSuccessfulDeployment"] = brief(one);
    return json;
}

Json deployment_target_json(const EcsState& state, const Service& service, const CodeDeployment& deployment) {
    Json target{{"deploymentId", deployment.id},
                {"targetId", fmt::format("{}:{}", service.cluster, service.name)},
                {"targetArn", state.service_arn(service)},
                {"status", status_of(service, deployment)}};
    const auto* shift = shift_of(service, deployment);
    if (shift == nullptr) return {{"deploymentTargetType", "ECSTarget"}, {"ecsTarget", std::move(target)}};
    target["lastUpdatedAt"] = epoch_seconds(shift->updated_at);
    target["lifecycleEvents"] = lifecycle_events_json(*shift);
    Json sets = Json::array();
    for (const auto& one : service.deployments) {
        const TaskCounts counts = service.counts_of(one.id);
        const bool green = revision_number(one.id) == deployment.revision;
        sets.push_back({{"identifer", one.id},
                        {"desiredCount", counts.requested},
                        {"pendingCount", counts.pending},
                        {"runningCount", counts.running},
                        {"status", green ? "ACTIVE" : "PRIMARY"},
                        {"trafficWeight", green ? shift->production_weight : 100 - shift->production_weight},
                        {"taskSetLabel", green ? "Green" : "Blue"}});
    }
    target["taskSetsInfo"] = std::move(sets);
    return {{"deploymentTargetType", "ECSTarget"}, {"ecsTarget", std::move(target)}};
}

namespace {

/// ECS goes back: that is a deployment of its own for CodeDeploy.
void begin_rollbacks(Service& service, Ids& ids) {
    auto& group = *service.code_deploy;
    const auto before = group.deployments;
    for (const auto& one : before) {
        const auto* shift = shift_of(service, one);
        if (shift == nullptr || !shift->rollback || !one.rolls_back.empty() || rollback_of(service, one) != nullptr)
            continue;
        CodeDeployment back{.id = "d-" + ids.digits(9),
                            .service_deployment = one.service_deployment,
                            .revision = {},
                            .description = fmt::format("rollback of {}", one.id),
                            .creator = "codeDeployRollback",
                            .configuration = group.configuration,
                            .rolls_back = one.id,
                            .created_at = shift->rollback->started_at};
        const auto restored = std::ranges::find(before, shift->rollback->revision, &CodeDeployment::revision);
        if (restored != before.end()) back.app_spec = restored->app_spec;
        group.deployments.push_back(std::move(back));
    }
}

}  // namespace

void tell_of_code_deploy(EcsState& state, Ids& ids, std::vector<std::string>& outbox, WallTime now) {
    for (auto& service : state.services) {
        if (!service.code_deploy) continue;
        auto& group = *service.code_deploy;
        const auto tell = [&](CodeDeployment& one) {
            const std::string told(state_of(status_of(service, one)));
            if (told == one.told) return;
            one.told = told;
            const auto arn = [&](std::string_view what) {
                return fmt::format("arn:aws:codedeploy:{}:{}:{}", state.region, state.account, what);
            };
            outbox.push_back(
                make_event({.source = "aws.codedeploy",
                            .detail_type = "CodeDeploy Deployment State-change Notification",
                            .account = state.account,
                            .region = state.region,
                            .resources = {arn("application:" + group.application),
                                          arn(fmt::format("deploymentgroup:{}/{}", group.application, group.group))}},
                           {{"instanceGroupId", "9fd2fbef-2157-40d8-91e7-6845af69e2d2"},
                            {"region", state.region},
                            {"application", group.application},
                            {"deploymentId", one.id},
                            {"state", told},
                            {"deploymentGroup", group.group}},
                           ids, now));
        };
        // What ends is told before what begins because of it.
        for (auto& one : group.deployments) tell(one);
        const auto known = group.deployments.size();
        begin_rollbacks(service, ids);
        for (std::size_t i = known; i < group.deployments.size(); ++i) tell(group.deployments[i]);
    }
}

}  // namespace ci_lambda::sandbox
