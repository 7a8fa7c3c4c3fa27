#include "deployer/start/attach.hpp"

#include "deployer/revision/named_revision.hpp"
#include "deployer/rollout/direction.hpp"
#include "deployer/start/coalescing.hpp"

namespace ci_lambda {
namespace {

/// A family alone means its newest revision.
bool names_a_revision(const DeploymentRequest& request) {
    return request.task_definition && request.task_definition->str().contains(':');
}

}  // namespace

std::optional<EcsDeployment> rolling_already(EcsStarter& ecs, RolloutObserver& observer,
                                             const DeploymentRequest& request, Deadline deadline) {
    const auto& target = request.target;
    auto described = ecs.describe_services(target.cluster, {target.service}, deadline);
    const auto* service = described ? described->find(target.service) : nullptr;
    const auto* primary = service == nullptr ? nullptr : service->primary();
    if (primary == nullptr || primary->rollout_state != RolloutState::kInProgress) return std::nullopt;
    auto wanted = request.task_definition;
    if (!names_a_revision(request) && service->express) {
        wanted = TaskDefinition(primary->task_definition);  // the newest that there is
    } else if (!names_a_revision(request)) {
        const auto active = ecs.active_task_definitions(target.family, deadline);
        if (!active) return std::nullopt;
        wanted = active->front();
    }
    if (!runs(*primary, *wanted)) return std::nullopt;
    // Rather a rollout too many than one that is missed.
    if (direction_of_primary(*service, observer.history(target, deadline)) != Direction::kForward) return std::nullopt;
    return *primary;
}

}  // namespace ci_lambda
