#include "deployer/start/coalescing.hpp"

#include <fmt/format.h>

#include "deployer/revision/named_revision.hpp"

namespace ci_lambda {
namespace {

/// A burst of changes takes a moment: rather one rollout a little later than one for each second of it.
constexpr std::chrono::seconds kBurst{2};

std::string_view in_words(RolloutState state) {
    switch (state) {
        case RolloutState::kCompleted: return "already rolled out";
        case RolloutState::kFailed: return "already rolled, and failed";
        case RolloutState::kNone:
        case RolloutState::kInProgress: break;
    }
    return "already rolling";
}

}  // namespace

HasChange has_change(const EcsService& service, const TaskDefinition& wanted, WallTime changed_at) {
    const auto* primary = service.primary();
    if (primary == nullptr || !runs(*primary, wanted)) return HasChange::kNo;
    if (primary->created_at >= changed_at + kEventTimePrecision + kClockDifference) return HasChange::kYes;
    return primary->created_at < changed_at - kClockDifference ? HasChange::kNo : HasChange::kPerhaps;
}

WallTime settled_at(WallTime changed_at) { return changed_at + kEventTimePrecision + kClockDifference + kBurst; }

std::string already_in_words(const EcsDeployment& primary) {
    return fmt::format("{}: {}", in_words(primary.rollout_state), primary.id);
}

}  // namespace ci_lambda
