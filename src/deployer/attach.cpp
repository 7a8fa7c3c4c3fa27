#include "deployer/attach.hpp"

#include "deployer/coalescing.hpp"
#include "deployer/verdict.hpp"

namespace ci_lambda {
namespace {

/// A family alone means its newest revision.
bool names_a_revision(const DeploymentRequest& request) {
    return request.task_definition && request.task_definition->str().contains(':');
}

/// The PRIMARY brings back what ran before. Unknown counts as yes: rather a rollout too many than one that is missed.
bool goes_back(EcsApi& ecs, const EcsTarget& target, const EcsDeployment& primary, Deadline deadline) {
    if (primary.rollout_reason.contains("rolling back")) return true;
    const auto history = ecs.service_deployments(target.cluster, target.service, deadline);
    if (!history) return history.error().kind != ErrorKind::kAccessDenied;
    return !history->empty() && history->front().status != ServiceDeploymentStatus::kInProgress &&
           history->front().status != ServiceDeploymentStatus::kPending;
}

}  // namespace

std::optional<EcsDeployment> rolling_already(EcsApi& ecs, const DeploymentRequest& request, Deadline deadline) {
    const auto& target = request.target;
    auto described = ecs.describe_services(target.cluster, {target.service}, deadline);
    const auto* service = described ? described->find(target.service) : nullptr;
    const auto* primary = service == nullptr ? nullptr : service->primary();
    if (primary == nullptr || primary->rollout_state != RolloutState::kInProgress) return std::nullopt;
    auto wanted = request.task_definition;
    if (!names_a_revision(request)) {
        const auto active = ecs.active_task_definitions(target.family, deadline);
        if (!active) return std::nullopt;
        wanted = active->front();
    }
    if (!runs(*primary, *wanted) || goes_back(ecs, target, *primary, deadline)) return std::nullopt;
    return *primary;
}

}  // namespace ci_lambda
