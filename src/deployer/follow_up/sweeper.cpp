#include "deployer/follow_up/sweeper.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "deployer/rollout/direction.hpp"

namespace ci_lambda {
namespace {

/// Whether ECS is still at it. A FAILED one that stays where it is counts too: nobody has brought back what worked.
bool is_rolling(const EcsService& service, const EcsDeployment& primary) {
    switch (primary.rollout_state) {
        case RolloutState::kCompleted: return false;
        case RolloutState::kInProgress:
        case RolloutState::kFailed: return true;
        case RolloutState::kNone: return service.deployments.size() > 1;
    }
    return false;
}

}  // namespace

bool Sweeper::is_news(const RolloutOutcome& outcome, std::optional<WallTime> scheduled_at) {
    if (scheduled_at && options_.interval > Milliseconds{0}) {
        const auto overdue_for = *scheduled_at - outcome.judgement.overdue_since;
        // By the schedule's own time, which is a little older than the look: then the next sweep tells it.
        if (overdue_for < WallTime::duration{0} || overdue_for >= options_.interval) return false;
    }
    return memory_.first_time(overdue_fact(outcome.rollout), outcome.rollout.started_at);
}

/// ECS is bringing back what ran before: such a deployment may keep the time at which it first began, days ago. How
/// long the way back may take is for the record of what it leaves to say, and nothing that we could do would help it.
bool Sweeper::comes_back(const EcsTarget& target, const EcsService& service, Deadline deadline) {
    const auto history = observer_.history(target, deadline);
    // Rather one sweep later than a healthy rollback stopped.
    return history.unknown || direction_of_primary(service, history) == Direction::kBack;
}

Result<Sweeper::Findings> Sweeper::sweep(const std::vector<EcsTarget>& targets, std::optional<WallTime> scheduled_at,
                                         Deadline deadline) {
    std::map<ClusterRef, std::vector<EcsServiceName>> clusters;
    for (const auto& target : targets) clusters[target.cluster_ref()].push_back(target.service);
    std::map<ClusterRef, DescribedServices> described;
    for (const auto& [cluster, names] : clusters) {
        TRY_ASSIGN(described[cluster], observer_.describe(cluster.name, names, deadline));
    }

    const auto due = scheduled_at.value_or(clock_.now()) - options_.timeout;
    Findings found;
    for (const auto& target : targets) {
        const auto* service = described[target.cluster_ref()].find(target.service);
        if (service == nullptr) found.unseen.push_back(target.id);
        const auto* primary = service == nullptr ? nullptr : service->primary();
        if (primary == nullptr || service->status != "ACTIVE" || !can_be_updated(*service)) continue;
        if (!is_rolling(*service, *primary) || primary->created_at > due) continue;
        Overdue one{.outcome = {.rollout = rollout_of(target, *primary),
                                .judgement = {},
                                .took = std::chrono::duration_cast<Milliseconds>(clock_.now() - primary->created_at),
                                .rollback = {}}};
        auto& outcome = one.outcome;
        if (comes_back(target, *service, deadline)) continue;
        outcome.judgement = observer_.observe(outcome.rollout, service, options_.timeout, deadline).judgement;
        const bool bad =
            outcome.judgement.verdict == Verdict::kTimedOut || outcome.judgement.verdict == Verdict::kFailed;
        if (!bad) continue;  // slow on purpose, or ECS is rolling it back, or it ended between two calls
        // A failure has been told by ECS's own event.
        one.news = outcome.judgement.verdict == Verdict::kTimedOut && is_news(outcome, scheduled_at);
        if (options_.roll_back) {
            auto report = rollback_.roll_back(outcome.rollout, outcome.judgement, deadline);
            outcome.rollback = std::move(report.words);
            outcome.rollback_error = std::move(report.error);
        }
        logger_.warn("rollout overdue", {{log_key::kService, target.id.str()},
                                         {log_key::kDeploymentId, outcome.rollout.deployment_id},
                                         {log_key::kReason, outcome.judgement.reason},
                                         {"told", one.news}});
        found.overdue.push_back(std::move(one));
    }
    return found;
}

}  // namespace ci_lambda
