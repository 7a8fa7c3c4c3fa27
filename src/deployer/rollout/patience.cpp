#include "deployer/rollout/patience.hpp"

#include <fmt/format.h>

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

Milliseconds steps_of(const EcsDeploymentConfiguration& configuration) {
    switch (configuration.strategy) {
        case DeploymentStrategy::kCanary: return configuration.step_bake;
        case DeploymentStrategy::kLinear: {
            // There is no wait after the step that reaches 100 %.
            const auto steps = std::ceil(100.0 / std::max(configuration.step_percent, kSmallestStep)) - 1;
            return configuration.step_bake * static_cast<Milliseconds::rep>(std::max(steps, 0.0));
        }
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
        all += one * static_cast<Milliseconds::rep>(std::max<std::size_t>(hook.stages.size(), 1));
    }
    return all;
}

std::string until(const EcsHookProgress& hook) {
    if (!hook.expires_at) return "";
    const auto text = format_rfc3339(*hook.expires_at);  // 2026-01-31T09:05:03.007Z
    return fmt::format(" until {} {} UTC, then ECS {}", text.substr(0, 10), text.substr(11, 5),
                       hook.then_rolls_back ? "rolls it back" : "goes on");
}

}  // namespace

Milliseconds takes_on_purpose(const EcsService& service, const EcsDeploymentConfiguration& configuration) {
    auto all = configuration.bake + steps_of(configuration) + hooks_of(configuration);
    if (service.shifts_by_network_load_balancer && configuration.strategy != DeploymentStrategy::kRolling)
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

std::string stage_in_words(const EcsServiceDeployment& record) {
    const auto& stage = record.lifecycle_stage;
    if (const auto* hook = waits_for(record)) {
        const auto at = stage.empty() ? std::string() : " at " + stage;
        return fmt::format("waits for {}{}{}", hook->pause ? "approval" : "a hook", at, until(*hook));
    }
    if (stage == "BAKE_TIME") return "bakes: both revisions are kept for a while";
    if (stage == "CLEAN_UP") return "is done but for the old tasks, which are being ended";
    return stage.empty() ? "" : fmt::format("is at {}", stage);
}

bool is_only_draining(const EcsService& service, const EcsDeployment& own) {
    if (own.desired_count <= 0 || own.running_count < own.desired_count || own.pending_count > 0) return false;
    if (own.failed_tasks > 0) return false;
    // ECS counts no task that is on its way out: what still drains may run none, and is listed for as long as it does.
    return service.deployments.size() > 1;
}

}  // namespace ci_lambda
