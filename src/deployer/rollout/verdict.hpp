#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/time.hpp"
#include "deployer/rollout/last_words.hpp"
#include "deployer/rollout/phase.hpp"
#include "deployer/rollout/rollout.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

/// How a rollout stands, or how it ended.
enum class Verdict { kInProgress, kCompleted, kFailed, kRolledBack, kSuperseded, kTimedOut };

/// `in_progress`, `completed`, ..
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// What ECS says, at one moment.
struct RolloutFacts {
    const EcsService* service = nullptr;        ///< nullptr: ECS does not know the service
    History history;                            ///< empty where it was not asked for
    std::vector<EcsStoppedTask> stopped_tasks;  ///< of the service; empty where not asked for or not allowed
    WallTime now{};
    std::string express = {};  ///< what ECS says of an Express service itself; empty where not asked for, or nothing
};

struct Judgement {
    Verdict verdict = Verdict::kInProgress;
    std::string reason;         ///< a sentence for a developer; never empty
    bool rolling_back = false;  ///< with kInProgress and kTimedOut: ECS is on its way back already
    bool told_by_ecs = false;   ///< with kFailed: ECS itself tells the world so, in an event
    WallTime overdue_since{};   ///< with kTimedOut
    bool draining = false;      ///< with kInProgress: late by the clock, but only old tasks are left to be ended
    /// With kInProgress and kTimedOut: what it is doing, where there is a word for it.
    std::optional<RolloutPhase> phase = {};
    std::string now_runs;  ///< ARN of the revision that runs instead; empty unless rolled back or superseded
    /// Of one container that failed, where they could be read; not by `judge`.
    std::optional<LastWords> last_words = {};

    [[nodiscard]] bool final() const { return verdict != Verdict::kInProgress; }
};

/// The verdict on one rollout. Pure. Says `completed` only when ECS says that this very rollout completed.
///
/// `timeout`: how long a rollout may be in progress before it is `timed_out`, beyond what its configuration takes on
/// purpose (`patience.hpp`); one that ECS is rolling back already gets the same time once more. What waits for a person
/// or for a hook is never late, and neither is what only ends old tasks.
///
/// The rules: the rollout is ours as long as its deployment is PRIMARY. When it is not, ECS's record (the service
/// deployment) tells a rollback from a newer deployment of somebody else; where there is no record, the deployments and
/// the service's messages do. ECS developer guide, "deployment circuit breaker" and "service deployments".
[[nodiscard]] Judgement judge(const Rollout& rollout, const RolloutFacts& facts, Milliseconds timeout);

/// ECS is on its way back, or is about to be.
[[nodiscard]] bool is_rolling_back(ServiceDeploymentStatus status);
/// The same, or it has come back. Not one that failed to.
[[nodiscard]] bool is_rollback(ServiceDeploymentStatus status);

/// ECS began another rollout after this one.
[[nodiscard]] bool has_successor(const EcsServiceDeployment& record, const std::vector<EcsServiceDeployment>& history);

/// ECS has something to go back to: a rollout that succeeded before this one (`own`, nullptr where it is not known).
/// Without any records, that something else still runs.
[[nodiscard]] bool can_go_back(const EcsService& service, const History& history, const EcsServiceDeployment* own);

/// Whether the records of ECS are needed for a verdict: the deployment is no longer PRIMARY, or has failed.
[[nodiscard]] bool needs_history(const Rollout& rollout, const EcsService& service);

/// ECS's record of this rollout among `history`: by its ARN, else the one that was created at the same time; nullptr
/// for none.
[[nodiscard]] const EcsServiceDeployment* record_of(const Rollout& rollout,
                                                    const std::vector<EcsServiceDeployment>& history);

/// Why the tasks of this deployment stopped, in the words of the commonest reason, or, where no task stopped, the
/// service's last message since then that says anything; empty if there is neither.
[[nodiscard]] std::string why_tasks_fail(const std::string& deployment_id, WallTime since, const RolloutFacts& facts);

/// A message of the service without its beginning, "(service NAME) ", which ECS gives to each.
[[nodiscard]] std::string_view without_service(const EcsService& service, std::string_view message);

}  // namespace ci_lambda
