#include "deployer/rollout/pauses.hpp"

#include "deployer/rollout/verdict.hpp"

namespace ci_lambda {

std::vector<const EcsHookProgress*> pauses_of(const EcsServiceDeployment& record) {
    using enum ServiceDeploymentStatus;
    std::vector<const EcsHookProgress*> waiting;
    const bool is_over = record.status == kSuccessful || record.status == kStopped ||
                         record.status == kRollbackSuccessful || record.status == kRollbackFailed;
    if (is_over || is_rollback(record.status)) return waiting;
    for (const auto& hook : record.hooks)
        if (hook.pause && hook.unfinished) waiting.push_back(&hook);
    return waiting;
}

}  // namespace ci_lambda
