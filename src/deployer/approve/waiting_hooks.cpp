#include "deployer/approve/waiting_hooks.hpp"

#include "deployer/approve/approval_gate.hpp"
#include "deployer/rollout/pauses.hpp"

namespace ci_lambda {

Result<std::vector<WaitingHook>> find_waiting_hooks(EcsRollouts& ecs, const EcsTarget& target,
                                                    const EcsService& service, Deadline deadline) {
    std::vector<WaitingHook> waiting;
    const auto* primary = service.primary();
    if (primary == nullptr || service.service_deployment.empty()) return waiting;
    TRY_ASSIGN(const auto record, ecs.service_deployment(service.service_deployment, deadline));
    for (const auto* hook : pauses_of(record))
        waiting.push_back({.target = target,
                           .task_definition = primary->task_definition,
                           .service_deployment = record.arn,
                           .hook = hook->id,
                           .stage = record.lifecycle_stage,
                           .expires = hook->expires_at,
                           .then_rolls_back = hook->then_rolls_back});
    return waiting;
}

Approval approval_of(const WaitingHook& hook, const Config& config, WallTime now) {
    const auto issued = std::chrono::floor<std::chrono::seconds>(now);
    const auto expires = hook.expires ? std::chrono::floor<std::chrono::seconds>(*hook.expires)
                                      : issued + config.approval.of(hook.target.id).expires;
    return {.environment = environment_of(config),
            .target = config.deployment_target,
            .service = hook.target.id,
            .issued = issued,
            .expires = expires,
            .service_deployment = hook.service_deployment,
            .hook = hook.hook};
}

}  // namespace ci_lambda
