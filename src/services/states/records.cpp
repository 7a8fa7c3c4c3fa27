#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "services/states/api.hpp"

namespace ci_lambda {
namespace {

constexpr std::array<std::pair<ExecutionStatus, std::string_view>, 6> kWords{{
    {ExecutionStatus::kRunning, "RUNNING"},
    {ExecutionStatus::kSucceeded, "SUCCEEDED"},
    {ExecutionStatus::kFailed, "FAILED"},
    {ExecutionStatus::kTimedOut, "TIMED_OUT"},
    {ExecutionStatus::kAborted, "ABORTED"},
    {ExecutionStatus::kPendingRedrive, "PENDING_REDRIVE"},
}};

}  // namespace

std::string_view to_string(ExecutionStatus status) {
    for (const auto& [known, word] : kWords)
        if (known == status) return word;
    return "UNKNOWN";
}

std::optional<ExecutionStatus> execution_status_of(std::string_view word) {
    for (const auto& [status, known] : kWords)
        if (known == word) return status;
    return std::nullopt;
}

bool is_over(ExecutionStatus status) {
    return status != ExecutionStatus::kRunning && status != ExecutionStatus::kPendingRedrive;
}

std::optional<std::string> execution_arn(std::string_view machine, std::string_view name) {
    constexpr std::string_view kKind = ":stateMachine:";
    const auto kind = machine.find(kKind);
    if (!machine.starts_with("arn:") || kind == std::string_view::npos) return std::nullopt;
    auto of_machine = machine.substr(kind + kKind.size());
    // Of a version or an alias, whose executions are those of the machine: `M:7`, `M:PROD`.
    of_machine = of_machine.substr(0, of_machine.find(':'));
    if (of_machine.empty()) return std::nullopt;
    return fmt::format("{}:execution:{}:{}", machine.substr(0, kind), of_machine, name);
}

}  // namespace ci_lambda
