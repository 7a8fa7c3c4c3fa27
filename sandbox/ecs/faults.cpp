#include "sandbox/ecs/faults.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr int kServerError = 500;

/// The answer instead of the one that there would have been.
AwsAnswer refusal(FaultKind kind, std::string_view operation) {
    switch (kind) {
        case FaultKind::kThrottled:
            return to_answer(AwsError{.type = "ThrottlingException", .message = "Rate exceeded"});
        case FaultKind::kDenied:
            return to_answer(AwsError{
                .type = "AccessDeniedException",
                .message = fmt::format("User: arn:aws:sts::123456789012:assumed-role/ci_lambda/ci_lambda is not "
                                       "authorized to perform: ecs:{0} because no identity-based policy allows the "
                                       "ecs:{0} action",
                                       operation)});
        case FaultKind::kUnknown:
            return to_answer(AwsError{.type = "UnknownOperationException", .message = std::string(operation)});
        case FaultKind::kFailedBefore:
        case FaultKind::kFailedAfter:
        case FaultKind::kEmpty: break;
    }
    auto answer =
        to_answer(AwsError{.type = "ServerException", .message = "Service Unavailable. Please try again later."});
    answer.status = kServerError;
    return answer;
}

/// With nothing in its lists, and without a next page.
AwsAnswer emptied(const AwsAnswer& answer) {
    Json body = parse_json(answer.body).value_or(Json::object());
    for (auto& member : body)
        if (member.is_array()) member.clear();
    body.erase("nextToken");
    return {.status = answer.status, .body = dump_json(body)};
}

}  // namespace

std::optional<FaultKind> Faults::take(std::string_view operation, std::string_view body) {
    for (auto& fault : faults_) {
        if (fault.operation != operation || !body.contains(fault.about)) continue;
        if (fault.times == 0) continue;
        if (fault.after > 0) {
            --fault.after;
            continue;
        }
        if (fault.times != Fault::kAlways) --fault.times;
        return fault.kind;
    }
    return std::nullopt;
}

AwsAnswer answer_with(std::optional<FaultKind> fault, std::string_view operation,
                      const std::function<AwsAnswer()>& work) {
    if (!fault) return work();
    if (*fault == FaultKind::kEmpty) return emptied(work());
    if (*fault == FaultKind::kFailedAfter) (void)work();
    return refusal(*fault, operation);
}

}  // namespace ci_lambda::sandbox
