#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/retry.hpp"
#include "base/time.hpp"
#include "deployer/observe/memory.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/rollout/verdict.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// What became of the wish to roll one rollout back.
struct RollbackReport {
    enum class Means {
        kNone,      ///< nothing was done; `words` says why not
        kEcs,       ///< ECS goes back to what ran before: it was doing so already, or was asked to
        kRevision,  ///< a new rollout brings back the last revision that worked
    };
    Means means = Means::kNone;
    std::string words;                ///< a sentence for a person
    std::optional<Rollout> rollout;   ///< with kRevision: the rollout that brings it back
    std::optional<Error> error = {};  ///< with kNone: it failed, after all retries, for a reason that can heal
    bool dry = false;                 ///< with kNone: nothing was done as it was a dry run; `words` say what would be
};

/// What a person wants to be rolled back, and why.
struct RollbackWish {
    Rollout rollout;                        ///< what the service has now
    bool rolling = false;                   ///< it is under way; else it is over
    std::string reason = {};                ///< in the person's words; may be empty
    std::optional<TaskDefinition> to = {};  ///< an earlier revision of the family; absent: the last one that worked
    bool dry_run = false;                   ///< look everything up, say what would be done, do nothing
    bool only_stop = false;                 ///< with `rolling`: what has completed meanwhile is left alone
};

/// Rolls a bad rollout back by the best means that ECS has: what ECS does by itself is left to it; one that takes too
/// long is stopped with ROLLBACK (StopServiceDeployment); for one that failed and stays there, the revision of the last
/// successful rollout is deployed, as a copy with the image digests that it ran and with tags that say what it stands
/// for (`RollbackCopy`). Never rolls back a rollback, and never touches a service whose rollout is not this one any
/// more, or has become good.
///
/// What fails for a reason that can heal is tried again as often as a deployment is, and looked at anew each time.
class Rollback {
public:
    /// Whatever is passed in must outlive it.
    Rollback(RetryPolicy retries, EcsApi& ecs, RolloutMemory& memory, const Clock& clock, Sleeper& sleeper,
             const Logger& logger)
        : retries_(retries), ecs_(ecs), memory_(memory), clock_(clock), sleeper_(sleeper), logger_(logger) {}

    /// A person has had ECS take it back. ECS's record will not say so, nor will the copy once something else runs; and
    /// what somebody has taken back must not come again by itself.
    void mark_as_taken_back_by_person(const Rollout& rollout, Deadline deadline);

    /// For a rollout that was judged kFailed or kTimedOut. What does not work is said in the report and in the log.
    RollbackReport roll_back(const Rollout& rollout, const Judgement& judgement, Deadline deadline);

    /// For a rollout that has completed and turned out to be bad since; `why` in a sentence. The last one that
    /// succeeded before it is deployed again, as for a person, and marked as nobody's wish.
    RollbackReport take_back_completed(const Rollout& rollout, const std::string& why, Deadline deadline);

    /// What a person asks for: a rollout that is under way is stopped; one that is over gives way to the last
    /// successful one that ran something else, or to the revision that is named.
    RollbackReport roll_back_on_request(const RollbackWish& wish, Deadline deadline);

private:
    class Run;

    RetryPolicy retries_;
    EcsApi& ecs_;
    RolloutMemory& memory_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
};

/// True when the rollout brings back an older revision: a rollback of ours, in this process or an earlier one.
[[nodiscard]] bool is_own_rollback(const Rollout& rollout, const RolloutMemory& memory);

}  // namespace ci_lambda
