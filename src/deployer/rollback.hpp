#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/memory.hpp"
#include "deployer/verdict.hpp"
#include "logging/logger.hpp"
#include "services/ecs.hpp"

namespace ci_lambda {

/// What became of the wish to roll one rollout back.
struct RollbackReport {
    enum class Means {
        kNone,      ///< nothing was done; `words` says why not
        kEcs,       ///< ECS goes back to what ran before: it was doing so already, or was asked to
        kRevision,  ///< a new rollout brings back the last revision that worked
    };
    Means means = Means::kNone;
    std::string words;               ///< a sentence for a person
    std::optional<Rollout> rollout;  ///< with kRevision: the rollout that brings it back
};

/// Rolls a bad rollout back by the best means that ECS has: what ECS does by itself is left to it; one that takes too
/// long is stopped with ROLLBACK (StopServiceDeployment); for one that failed and stays there, the revision of the last
/// successful rollout is deployed, with the image digests that it ran. Never rolls back a rollback, and never touches a
/// service whose rollout is not this one any more.
class Rollback {
public:
    /// Whatever is passed in must outlive it.
    Rollback(EcsApi& ecs, RolloutMemory& memory, const Logger& logger) : ecs_(ecs), memory_(memory), logger_(logger) {}

    /// For a rollout that was judged kFailed or kTimedOut. What does not work is said in the report and in the log.
    RollbackReport roll_back(const Rollout& rollout, const Judgement& judgement, Deadline deadline);

    /// What a person asks for: `rollout` is what the service has now, under way (`rolling`) or over. One that is over
    /// gives way to the last successful one that ran something else.
    RollbackReport roll_back_on_request(const Rollout& rollout, bool rolling, Deadline deadline);

private:
    enum class Way { kStop, kRestore };
    enum class Same { kRefuse, kPassOver };  ///< an earlier success that ran the very same
    using History = std::vector<EcsServiceDeployment>;

    RollbackReport run(const Rollout& rollout, Way way, Same same, Deadline deadline);
    Result<RollbackReport> attempt(const Rollout& rollout, Way way, Same same, Deadline deadline);
    Result<RollbackReport> stop(const Rollout& rollout, const History& history, Deadline deadline);
    Result<RollbackReport> restore(const Rollout& rollout, const History& history, Same same, Deadline deadline);
    Status check_still_leading(const Rollout& rollout, Deadline deadline);
    Result<EcsServiceRevision> last_good_revision(const Rollout& rollout, const History& history, Same same,
                                                  Deadline deadline);
    Result<TaskDefinition> exact_revision(const Rollout& rollout, const EcsServiceRevision& good, Deadline deadline);

    EcsApi& ecs_;
    RolloutMemory& memory_;
    const Logger& logger_;
};

/// True when the rollout brings back an older revision: a rollback of ours, in this process or an earlier one.
[[nodiscard]] bool is_own_rollback(const Rollout& rollout, const RolloutMemory& memory);

}  // namespace ci_lambda
