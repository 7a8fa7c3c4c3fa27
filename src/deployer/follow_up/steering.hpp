#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/result.hpp"
#include "base/retry.hpp"
#include "base/time.hpp"
#include "deployer/follow_up/rollback.hpp"
#include "deployer/rollout/rollout.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// What became of the wish to let a rollout go on, or to end it.
struct SteeringReport {
    enum class Means {
        kNone,       ///< nothing was done; `words` say why not
        kContinued,  ///< what waited for a person goes on
        kGoingBack,  ///< ECS brings back what ran before
    };
    Means means = Means::kNone;
    std::string words;                ///< a sentence for a person
    std::optional<Rollout> rollout;   ///< the one that it is about, where there is one
    std::optional<Error> error = {};  ///< with kNone: it failed, after all retries, or was refused
    bool dry = false;                 ///< with kNone: nothing was done as it was a dry run; `words` say what would be
};

/// What a person, or somebody's event, says to a rollout that is under way. Each attempt looks at the service and at
/// ECS's record of its rollout first, so that an answer is never given to another rollout than the one that waits.
class Steering {
public:
    /// Whatever is passed in must outlive it.
    Steering(RetryPolicy retries, EcsApi& ecs, Rollback& rollback, const Clock& clock, Sleeper& sleeper,
             const Logger& logger)
        : retries_(retries), ecs_(ecs), rollback_(rollback), clock_(clock), sleeper_(sleeper), logger_(logger) {}

    /// Answers all of the PAUSE hooks that wait for a person (ContinueServiceDeployment). Nothing that waits for a
    /// function: that is its to answer.
    SteeringReport go_on(const EcsTarget& target, bool dry_run, Deadline deadline) {
        return go_on(target, dry_run, deadline, {});
    }
    /// One hook of one rollout.
    struct Hook {
        std::string service_deployment = {};  ///< ARN
        std::string id = {};                  ///< empty: all that wait, of whatever rollout
    };
    /// The same of one hook alone: where that waits no longer, nothing is done.
    SteeringReport go_on(const EcsTarget& target, bool dry_run, Deadline deadline, const Hook& only);

    struct Stop {
        bool rollback = false;  ///< ECS's own controller can end a rollout in no other way
        std::string reason = {};
        bool dry_run = false;
    };
    /// A no to one hook of one rollout (ContinueServiceDeployment, too): ECS brings back what ran before. Where that
    /// hook waits no longer, nothing is done.
    SteeringReport go_back(const EcsTarget& target, const std::string& reason, bool dry_run, Deadline deadline,
                           const Hook& only);
    /// Ends a rollout that is under way; one that has completed is left alone.
    SteeringReport stop(const EcsTarget& target, const Stop& stop, Deadline deadline);

private:
    enum class Says { kYes, kNo };
    class Answering;
    SteeringReport answer(const EcsTarget& target, Says says, bool dry_run, Deadline deadline, const Hook& only);

    RetryPolicy retries_;
    EcsApi& ecs_;
    Rollback& rollback_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
};

}  // namespace ci_lambda
