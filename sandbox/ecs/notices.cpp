#include "sandbox/ecs/notices.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

std::string_view event_type(std::string_view name) {
    if (name == "SERVICE_DEPLOYMENT_FAILED" || name == "SERVICE_TASK_PLACEMENT_FAILURE") return "ERROR";
    if (name == "HOOK_FAILED" || name == "HOOK_TIMED_OUT") return "ERROR";
    if (name == "SERVICE_TASK_START_IMPAIRED") return "WARN";
    return "INFO";
}

std::string envelope(const EcsState& state, const Service& service, Ids& ids, std::string_view detail_type, Json detail,
                     WallTime at, const std::string& resource = {}) {
    return dump_json({{"version", "0"},
                      {"id", ids.uuid()},
                      {"detail-type", detail_type},
                      {"source", "aws.ecs"},
                      {"account", state.account},
                      {"time", format_rfc3339(at).substr(0, 19) + "Z"},
                      {"region", state.region},
                      {"resources", {resource.empty() ? state.service_arn(service) : resource}},
                      {"detail", std::move(detail)}});
}

}  // namespace

void Notices::message(Service& service, std::string_view text, WallTime at) const {
    service.messages.push_front(
        {.id = ids_.uuid(), .at = at, .text = fmt::format("(service {}) {}", service.name, text)});
    if (service.messages.size() > kMaxServiceMessages) service.messages.pop_back();
}

void Notices::message(Service& service, const Deployment& deployment, std::string_view text, WallTime at) const {
    message(service, fmt::format("(deployment {}) {}", deployment.id, text), at);
}

void Notices::deployment_event(const Service& service, const Deployment& deployment, std::string_view name,
                               std::string_view reason, WallTime at) const {
    if (service.code_deploy) return;  // CodeDeploy tells it
    outbox_.push_back(envelope(state_, service, ids_, "ECS Deployment State Change",
                               {{"eventType", event_type(name)},
                                {"eventName", name},
                                {"clusterArn", state_.cluster_arn(service.cluster)},
                                {"deploymentId", deployment.id},
                                {"updatedAt", format_rfc3339(at)},
                                {"reason", reason}},
                               at));
}

void Notices::hook_event(const Service& service, const ServiceDeployment& deployment, const HookRun& run,
                         std::string_view name, WallTime at) const {
    const std::string arn = state_.service_deployment_arn(service, deployment.id);
    outbox_.push_back(envelope(state_, service, ids_, "ECS Hook State Change",
                               {{"eventType", event_type(name)},
                                {"eventName", name},
                                {"hookId", run.id},
                                {"hookType", run.hook.pause ? "PAUSE" : "AWS_LAMBDA"},
                                {"expiresAt", format_rfc3339(run.expires_at).substr(0, 19) + "Z"},
                                {"lifecycleStage", wire_name(run.stage)},
                                {"clusterArn", state_.cluster_arn(service.cluster)},
                                {"serviceArn", state_.service_arn(service)},
                                {"serviceDeploymentArn", arn},
                                {"updatedAt", format_rfc3339(at)}},
                               at, arn));
}

void Notices::service_event(const Service& service, std::string_view name, std::string_view reason, WallTime at) const {
    Json detail{{"eventType", event_type(name)},
                {"eventName", name},
                {"clusterArn", state_.cluster_arn(service.cluster)},
                {"createdAt", format_rfc3339(at)}};
    if (!reason.empty()) detail["reason"] = reason;
    outbox_.push_back(envelope(state_, service, ids_, "ECS Service Action", std::move(detail), at));
}

void Notices::task_event(const LoneTask& one, WallTime at) const {
    Json detail = task_json(state_, one);
    // The event has times as texts, and no tags.
    for (const auto* member : {"createdAt", "startedAt", "stoppingAt", "stoppedAt"}) detail.erase(member);
    detail.erase("tags");
    detail["updatedAt"] = format_rfc3339(at);
    outbox_.push_back(dump_json({{"version", "0"},
                                 {"id", ids_.uuid()},
                                 {"detail-type", "ECS Task State Change"},
                                 {"source", "aws.ecs"},
                                 {"account", state_.account},
                                 {"time", format_rfc3339(at).substr(0, 19) + "Z"},
                                 {"region", state_.region},
                                 {"resources", {state_.task_arn(one.cluster, one.task.id)}},
                                 {"detail", std::move(detail)}}));
}

std::string list_tasks(const std::vector<Task*>& tasks, std::string_view kind) {
    std::string text = fmt::format("{} {}:", tasks.size(), kind);
    for (const Task* task : tasks) text += fmt::format(" (task {})", task->id);
    return text + '.';
}

}  // namespace ci_lambda::sandbox
