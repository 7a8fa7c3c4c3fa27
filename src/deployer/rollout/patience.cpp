#include "deployer/rollout/patience.hpp"

#include <algorithm>
#include <cmath>

namespace ci_lambda {
namespace {

/// How long ECS waits for a hook where no timeout is configured (ECS API reference, DeploymentLifecycleHook).
constexpr std::chrono::hours kDefaultHookTimeout{24};

/// Behind a Network Load Balancer the shifts of test and of production traffic take about ten minutes each (ECS
/// developer guide, "blue/green deployments with a Network Load Balancer").
constexpr std::chrono::minutes kNetworkLoadBalancer{20};

/// A shift in steps of a tenth of a percent is the finest that there is.
constexpr double kSmallestStep = 0.1;

/// In so many steps all of the traffic moves.
Milliseconds::rep shifts_of(const EcsDeploymentConfiguration& configuration) {
    switch (configuration.strategy) {
        case DeploymentStrategy::kCanary: return 2;
        case DeploymentStrategy::kLinear:
            return static_cast<Milliseconds::rep>(
                std::max(std::ceil(100.0 / std::max(configuration.step_percent, kSmallestStep)), 1.0));
        case DeploymentStrategy::kRolling:
        case DeploymentStrategy::kBlueGreen:
        case DeploymentStrategy::kOther: break;
    }
    return 1;
}

Milliseconds steps_of(const EcsDeploymentConfiguration& configuration) {
    switch (configuration.strategy) {
        case DeploymentStrategy::kCanary: return configuration.step_bake;
        case DeploymentStrategy::kLinear:
            // There is no wait after the step that reaches 100 %.
            return configuration.step_bake * (shifts_of(configuration) - 1);
        case DeploymentStrategy::kRolling:
        case DeploymentStrategy::kBlueGreen:
        case DeploymentStrategy::kOther: break;
    }
    return Milliseconds{0};
}

Milliseconds hooks_of(const EcsDeploymentConfiguration& configuration) {
    Milliseconds all{0};
    for (const auto& hook : configuration.hooks) {
        // A Lambda function answers within seconds: the day that ECS would give it is no plan.
        const Milliseconds one = hook.timeout.value_or(hook.pause ? kDefaultHookTimeout : std::chrono::hours{0});
        Milliseconds::rep times = hook.stages.empty() ? 1 : 0;
        // Hooks of the shift itself run again with each step.
        for (const auto& stage : hook.stages)
            times += stage == "PRODUCTION_TRAFFIC_SHIFT" || stage == "PRE_PRODUCTION_TRAFFIC_SHIFT"
                         ? shifts_of(configuration)
                         : 1;
        all += one * times;
    }
    return all;
}

}  // namespace

Milliseconds takes_on_purpose(const EcsService& service, const EcsDeploymentConfiguration& configuration) {
    auto all = configuration.bake + steps_of(configuration) + hooks_of(configuration);
    if (service.shifts_by_network_load_balancer() && configuration.strategy != DeploymentStrategy::kRolling)
        all += kNetworkLoadBalancer;
    return all;
}

bool has_stages(const EcsDeploymentConfiguration& configuration) {
    return configuration.strategy != DeploymentStrategy::kRolling || !configuration.hooks.empty() ||
           configuration.bake > Milliseconds{0};
}

const EcsHookProgress* waits_for(const EcsServiceDeployment& record) {
    const EcsHookProgress* found = nullptr;
    for (const auto& hook : record.hooks) {
        if (!hook.unfinished) continue;
        if (found == nullptr || hook.pause) found = &hook;
    }
    return found;
}

bool is_only_draining(const EcsService& service, const EcsDeployment& own) {
    if (own.desired_count <= 0 || own.running_count < own.desired_count || own.pending_count > 0) return false;
    if (own.failed_tasks > 0) return false;
    // ECS counts no task that is on its way out: what still drains may run none, and is listed for as long as it does.
    return service.deployments.size() > 1;
}

}  // namespace ci_lambda
