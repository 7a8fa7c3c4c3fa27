#include <fmt/format.h>

#include "base/json.hpp"
#include "events/decoders.hpp"

namespace ci_lambda {
namespace {

/// Of what the function itself left with its last answer: a few numbers.
constexpr std::size_t kLongestState = 4000;

}  // namespace

bool is_hook_call(const Json& event) {
    return find_string(event, "executionId") && find_string(event, "lifecycleStage") &&
           find_string(event, "resourceArn") && find(event, "executionDetails") != nullptr;
}

Result<EventBody> decode_hook_call(const Json& event) {
    const Json* details = find(event, "executionDetails");
    if (!details->is_object())
        return fail(ErrorKind::kInvalidEvent,
                    fmt::format("\"executionDetails\" must be an object, not {}", type_name(*details)));
    LifecycleHookCall call{.stage = find_string(event, "lifecycleStage").value_or(""),
                           .service_deployment = find_string(event, "resourceArn").value_or(""),
                           .revision = find_string(*details, "targetServiceRevisionArn").value_or("")};
    TRY_ASSIGN(const auto service, require_string(*details, "serviceArn", "executionDetails.serviceArn"));
    if (const auto parts = parse_ecs_service_arn(service)) {
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
