#include "base/json.hpp"
#include "events/decoders.hpp"

namespace ci_lambda {
namespace {

/// Of what the function itself left with its last answer: a few numbers.
constexpr std::size_t kLongestState = 4000;

}  // namespace

bool is_hook_call(const Json& event) {
    return find_string(event, "executionId") && find_string(event, "lifecycleStage") &&
           find_string(event, "resourceArn") && event.contains("executionDetails");
}

Result<EventBody> decode_hook_call(const Json& event) {
    // Nothing of it is refused: ECS takes an invocation that fails for a no, and rolls back. What is not understood is
    // no service of ours, and is not held up.
    const Json none = Json::object();
    const Json* given_details = find(event, "executionDetails");
    const Json* details = given_details != nullptr && given_details->is_object() ? given_details : &none;
    LifecycleHookCall call{.stage = find_string(event, "lifecycleStage").value_or(""),
                           .service_deployment = find_string(event, "resourceArn").value_or(""),
                           .revision = find_string(*details, "targetServiceRevisionArn").value_or("")};
    if (const auto parts = parse_ecs_service_arn(find_string(*details, "serviceArn").value_or(""))) {
        call.cluster = parts->cluster;
        call.service = parts->service;
    }
    if (const Json* weights = find(*details, "productionTrafficWeights"); weights != nullptr && weights->is_object())
        for (const auto& [revision, weight] : weights->items()) {
            if (!weight.is_number()) continue;
            call.weights_known = true;
            (revision == call.revision ? call.own_percent : call.others_percent) += weight.get<double>();
        }
    if (const Json* given = find(event, "hookDetails"); given != nullptr && given->is_object())
        if (auto state = find_string(*given, kHookState); state && state->size() <= kLongestState)
            call.state = *std::move(state);
    return call;
}

}  // namespace ci_lambda
