#include "deployer/rollout/direction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace ci_lambda {
namespace {

constexpr std::string_view kRollingBack = "rolling back";

/// A message that names no deployment belongs to the one that began when it was written.
constexpr std::chrono::seconds kOfTheSameMoment{5};

bool ends_with_id(std::string_view message, std::string_view id) {
    while (message.ends_with('.') || message.ends_with(' ')) message.remove_suffix(1);
    return message.ends_with(id);
}

bool says_that_it_comes_back(const EcsServiceMessage& message, const EcsDeployment& primary) {
    if (!message.text.contains(kRollingBack)) return false;
    if (message.text.contains("ecs-svc/")) return ends_with_id(message.text, primary.id);
    return message.at + kOfTheSameMoment >= primary.created_at;
}

Direction by_words(const EcsService& service, const EcsDeployment& primary) {
    const bool back = primary.rollout_reason.contains(kRollingBack) ||
                      std::ranges::any_of(service.messages, [&](const auto& message) {
                          return says_that_it_comes_back(message, primary);
                      });
    return back ? Direction::kBack : Direction::kForward;
}

const EcsServiceDeployment* record_of_primary(const EcsDeployment& primary, const History& history) {
    return record_of({.target = {},
                      .deployment_id = primary.id,
                      .task_definition = primary.task_definition,
                      .started_at = primary.created_at},
                     history.records);
}

}  // namespace

bool is_missing_in(const History& history, const EcsService& service) {
    const auto* primary = service.primary();
    return primary != nullptr && !history.records.empty() && primary->created_at > history.records.front().created_at &&
           record_of_primary(*primary, history) == nullptr && by_words(service, *primary) == Direction::kForward;
}

bool awaits_its_record(const EcsService& service, const History& history) {
    if (!is_missing_in(history, service)) return false;
    const auto& over_since = history.records.front().finished_at;
    return over_since && service.primary()->created_at > *over_since;
}

Direction direction_of_primary(const EcsService& service, const History& history) {
    const auto* primary = service.primary();
    if (primary == nullptr) return Direction::kUnknown;
    const bool said = by_words(service, *primary) == Direction::kBack;
    if (said) return Direction::kBack;
    if (history.unknown) return Direction::kUnknown;
    if (history.records.empty()) return Direction::kForward;

    const auto& newest = history.records.front();
    if (is_rollback(newest.status) || newest.status == ServiceDeploymentStatus::kRollbackFailed)
        return awaits_its_record(service, history) ? Direction::kUnknown : Direction::kBack;
    return record_of_primary(*primary, history) == &newest ? Direction::kForward : Direction::kUnknown;
}

}  // namespace ci_lambda
