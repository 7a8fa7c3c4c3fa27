#include "deployer/follow_up/watcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace ci_lambda {
namespace {

/// Tasks take tens of seconds to come and go: looking more often shows nothing new, and DescribeServices has a quota.
constexpr Milliseconds kFirstWait{3000};
constexpr Milliseconds kLongestWait{15'000};

Milliseconds longer(Milliseconds wait) { return std::min(wait * 3 / 2, kLongestWait); }

}  // namespace

/// One call of `watch`.
class RolloutWatcher::Watch {
public:
    Watch(RolloutWatcher& watcher, const std::vector<Rollout>& rollouts, Deadline deadline, const OnLook& on_look,
          const OnVerdicts& on_verdicts)
        : watcher_(watcher), deadline_(deadline), on_look_(on_look), on_verdicts_(on_verdicts) {
        for (const auto& rollout : rollouts) {
            auto& entry = entries_.emplace_back();
            entry.outcome.rollout = rollout;
            entry.followed = rollout;
        }
    }

    std::vector<RolloutOutcome> run() {
        auto wait = kFirstWait;
        // What was accepted this instant is not visible yet.
        if (std::ranges::any_of(entries_, [](const Entry& entry) { return !entry.followed.seen; }) &&
            has_time_for(wait)) {
            watcher_.sleeper_.sleep_for(wait);
            wait = longer(wait);
        }
        for (;; wait = longer(wait)) {
            look_at_all();
            tell_verdicts();
            if (std::ranges::all_of(entries_, &Entry::over)) break;
            if (!has_time_for(wait)) break;
            watcher_.sleeper_.sleep_for(wait);
        }
        std::vector<RolloutOutcome> outcomes;
        for (auto& entry : entries_) outcomes.push_back(std::move(entry.outcome));
        return outcomes;
    }

private:
    struct Entry {
        RolloutOutcome outcome;
        /// What is looked at: the rollout itself, or the one that brings back what ran before it.
        Rollout followed;
        bool restoring = false;   ///< `followed` is that other one
        bool tried_back = false;  ///< a rollback was tried
        bool over = false;
    };

    [[nodiscard]] bool has_time_for(Milliseconds wait) const {
        const auto left = deadline_.remaining(watcher_.clock_);
        return !left || *left > wait;
    }

    void look_at_all() {
        std::map<ClusterRef, std::vector<Entry*>> by_cluster;
        for (auto& entry : entries_)
            if (!entry.over) by_cluster[entry.followed.target.cluster_ref()].push_back(&entry);
        for (auto& [cluster, entries] : by_cluster) look_at_some(cluster.name, entries);
    }

    void tell_verdicts() {
        const auto verdicts = std::exchange(verdicts_, {});
        if (on_verdicts_ && !verdicts.empty()) on_verdicts_(verdicts);
    }

    void look_at_some(const ClusterName& cluster, const std::vector<Entry*>& entries) {
        std::vector<EcsServiceName> names;
        for (const auto* entry : entries) names.push_back(entry->followed.target.service);
        const auto described = watcher_.observer_.describe(cluster, names, deadline_);
        for (auto* entry : entries) {
            if (described) {
                look_at(*entry, described->find(entry->followed.target.service));
            } else {
                cannot_see(*entry, described.error());
            }
        }
    }

    void cannot_see(Entry& entry, const Error& error) {
        entry.outcome.judgement = {
            .verdict = Verdict::kInProgress,
            .reason = fmt::format("how it goes cannot be seen: {}", error.message),
        };
        entry.over = !error.retryable();  // what can heal is tried again in the next round
        if (entry.over)
            watcher_.logger_.warn("rollout not watched", {{log_key::kService, entry.followed.target.id.str()},
                                                          {log_key::kDeploymentId, entry.followed.deployment_id},
                                                          {log_key::kError, error.message}});
        if (on_look_) on_look_(entry.outcome, nullptr);
    }

    void look_at(Entry& entry, const EcsService* service) {
        const auto look = watcher_.observer_.observe(entry.followed, service, watcher_.options_.timeout, deadline_);
        // ECS's clock may be a little ahead.
        entry.outcome.took =
            std::max(std::chrono::duration_cast<Milliseconds>(look.facts.now - entry.outcome.rollout.started_at),
                     Milliseconds{0});
        if (entry.restoring)
            judge_restoring(entry, look.judgement);
        else
            judge_itself(entry, look.judgement, service);
        if (on_look_) on_look_(entry.outcome, service);
    }

    void finish(Entry& entry) {
        entry.over = true;
        verdicts_.push_back(entry.outcome);
    }

    void judge_itself(Entry& entry, const Judgement& judgement, const EcsService* service) {
        entry.outcome.judgement = judgement;
        if (!judgement.final()) return;
        if (judgement.verdict == Verdict::kCompleted && service != nullptr) look_at_images(entry, *service);
        const bool bad = judgement.verdict == Verdict::kFailed || judgement.verdict == Verdict::kTimedOut;
        if (!bad || !watcher_.options_.roll_back || entry.tried_back) {
            finish(entry);
            return;
        }
        entry.tried_back = true;
        auto report = watcher_.rollback_.roll_back(entry.followed, judgement, deadline_);
        entry.outcome.rollback = report.words;
        entry.outcome.rolling_back = report.means != RollbackReport::Means::kNone;
        entry.outcome.rollback_error = report.error;
        verdicts_.push_back(entry.outcome);
        if (report.means == RollbackReport::Means::kNone) {
            entry.over = true;
            return;
        }
        entry.outcome.judgement.verdict = Verdict::kInProgress;
        entry.outcome.judgement.rolling_back = true;
        if (report.means != RollbackReport::Means::kRevision) {
            entry.followed.rollback_asked_at = watcher_.clock_.now();
            return;
        }
        entry.followed = *std::move(report.rollout);
        entry.restoring = true;
    }

    /// Whether what was pushed is what runs now.
    void look_at_images(Entry& entry, const EcsService& service) {
        entry.outcome.images = watcher_.observer_.running_images(entry.followed, service, deadline_);
        entry.outcome.proof = prove(entry.followed.pushed, entry.outcome.images);
    }

    /// The rollout that brings back what ran before tells how the first one ended.
    void judge_restoring(Entry& entry, const Judgement& judgement) {
        if (!judgement.final()) return;
        auto& outcome = entry.outcome;
        outcome.judgement.told_by_ecs = judgement.told_by_ecs;
        outcome.judgement.rolling_back = false;
        if (judgement.verdict == Verdict::kCompleted) {
            outcome.judgement.verdict = Verdict::kRolledBack;
            outcome.judgement.now_runs = entry.followed.task_definition;
        } else if (judgement.verdict == Verdict::kSuperseded) {
            outcome.judgement.verdict = Verdict::kSuperseded;
            outcome.judgement.now_runs = judgement.now_runs;
        } else {
            outcome.judgement.verdict = Verdict::kFailed;
            outcome.judgement.reason += fmt::format("; and its rollback did not succeed: {}", judgement.reason);
        }
        finish(entry);
    }

    RolloutWatcher& watcher_;
    Deadline deadline_;
    const OnLook& on_look_;
    const OnVerdicts& on_verdicts_;
    std::vector<RolloutOutcome> verdicts_;  // of this round
    std::vector<Entry> entries_;
};

std::vector<RolloutOutcome> RolloutWatcher::watch(const std::vector<Rollout>& rollouts, Deadline deadline,
                                                  const OnLook& on_look, const OnVerdicts& on_verdicts) {
    return Watch(*this, rollouts, deadline, on_look, on_verdicts).run();
}

}  // namespace ci_lambda
