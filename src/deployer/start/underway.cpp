#include "deployer/start/underway.hpp"

#include "deployer/revision/choice.hpp"
#include "deployer/revision/named_revision.hpp"
#include "deployer/rollout/direction.hpp"

namespace ci_lambda {

HasChange has_the_change(ServiceView& view, const TaskDefinition& wanted, const std::optional<WallTime>& changed_at) {
    if (!changed_at || view.service() == nullptr) return HasChange::kNo;
    const auto has = has_change(*view.service(), wanted, *changed_at);
    if (has == HasChange::kNo) return has;
    if (view.primary()->rollout_state == RolloutState::kFailed) return HasChange::kNo;
    return direction_of_primary(*view.service(), view.history()) == Direction::kForward ? has : HasChange::kNo;
}

std::optional<EcsDeployment> failed_with_the_change(ServiceView& view, const TaskDefinition& wanted,
                                                    const std::optional<WallTime>& changed_at) {
    if (!changed_at || view.service() == nullptr) return std::nullopt;
    if (has_change(*view.service(), wanted, *changed_at) != HasChange::kYes) return std::nullopt;
    if (view.primary()->rollout_state != RolloutState::kFailed) return std::nullopt;
    if (direction_of_primary(*view.service(), view.history()) != Direction::kForward) return std::nullopt;
    return *view.primary();
}

std::optional<EcsDeployment> newer_than(const TaskDefinition& ours, ServiceView& view, WallTime wanted_since) {
    const auto* running = view.primary();
    if (running == nullptr || running->created_at < wanted_since - kClockDifference) return std::nullopt;
    const auto& family = view.target().family;
    const auto our_number = revision_number(ours.str(), family);
    const auto their_number = revision_number(running->task_definition, family);
    if (!our_number || !their_number || *their_number <= *our_number) return std::nullopt;
    if (running->rollout_state == RolloutState::kFailed) return std::nullopt;
    if (direction_of_primary(*view.service(), view.history()) == Direction::kBack) return std::nullopt;
    return *running;
}

std::optional<EcsDeployment> begun_since(const UnacknowledgedUpdate& update, ServiceView& view) {
    const auto* running = view.primary();
    if (running == nullptr || update.primary_before.empty()) return std::nullopt;
    if (running->id == update.primary_before) return std::nullopt;
    if (!update.revision.empty() && !runs(*running, update.revision)) return std::nullopt;
    if (running->created_at < update.sent_at - kClockDifference) return std::nullopt;
    if (direction_of_primary(*view.service(), view.history()) == Direction::kBack) return std::nullopt;
    return *running;
}

}  // namespace ci_lambda
