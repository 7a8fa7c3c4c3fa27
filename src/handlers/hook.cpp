#include <fmt/format.h>

#include "config/ownership.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {
namespace {

/// Traffic flows to what is new, test traffic or a part of the production traffic.
bool has_traffic(std::string_view stage) {
    return stage == "POST_TEST_TRAFFIC_SHIFT" || stage == "PRE_PRODUCTION_TRAFFIC_SHIFT" ||
           stage == "PRODUCTION_TRAFFIC_SHIFT" || stage == "POST_PRODUCTION_TRAFFIC_SHIFT";
}

/// The hooks of the traffic's shift run again on the way back, and must let it go on: then all of the traffic is
/// somebody else's (ECS developer guide, "Lifecycle hooks"). Before the first step of a shift it looks the same, and
/// the stages before that have judged it.
bool goes_back(const LifecycleHookCall& call) {
    return call.weights_known && call.own_percent <= 0 && call.others_percent > 0;
}

}  // namespace

Decision decide_hook(const LifecycleHookCall& call, const Config& config) {
    AnswerHook hook{.stage = call.stage, .service_deployment = call.service_deployment, .state = call.state};
    const auto cluster = call.cluster ? ClusterName{*call.cluster} : config.names.cluster();
    const auto reading = Ownership(config).read(cluster, EcsServiceName{call.service});
    if (reading && reading->is_ours_beyond_doubt()) hook.target = config.names.target(reading->id);
    if (!hook.target)
        hook.reason = fmt::format("{} is not a service of ours beyond doubt, and is not held up",
                                  call.service.empty() ? "what ECS asks about" : call.service);
    else if (!has_traffic(call.stage))
        hook.reason = fmt::format("at {} no traffic goes to it yet", call.stage);
    else if (goes_back(call))
        hook.reason = "all of the traffic goes to what ran before: nothing is to be judged of that";
    else
        hook.judged = true;
    return hook;
}

}  // namespace ci_lambda
