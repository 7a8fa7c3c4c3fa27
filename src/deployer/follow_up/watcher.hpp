#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "deployer/follow_up/rollback.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/rollout/outcome.hpp"
#include "logging/logger.hpp"

namespace ci_lambda {

/// Watches rollouts to their end: one loop for all of them, DescribeServices ten a call, every few seconds and less
/// often as time goes by.
class RolloutWatcher {
public:
    struct Options {
        Milliseconds timeout{600'000};  ///< of one rollout
        bool roll_back = false;         ///< those that fail or take too long
    };
    /// Whatever is passed in must outlive it.
    RolloutWatcher(Options options, RolloutObserver& observer, Rollback& rollback, const Clock& clock, Sleeper& sleeper,
                   const Logger& logger)
        : options_(options),
          observer_(observer),
          rollback_(rollback),
          clock_(clock),
          sleeper_(sleeper),
          logger_(logger) {}

    /// Told of each look at a rollout, the last one included; `service` is nullptr when ECS did not show it.
    using OnLook = std::function<void(const RolloutOutcome& so_far, const EcsService* service)>;
    /// Told the verdicts of each round, when there are any: also failures that are being rolled back and whose last
    /// word is still to come.
    using OnVerdicts = std::function<void(const std::vector<RolloutOutcome>& outcomes)>;

    /// One outcome per rollout, in their order. Returns when all have ended, or before the deadline with the rest
    /// `in_progress`. The functions are called from within; either may be empty. The first look comes after a moment
    /// where ECS has not shown one of the rollouts yet.
    [[nodiscard]] std::vector<RolloutOutcome> watch(const std::vector<Rollout>& rollouts, Deadline deadline,
                                                    const OnLook& on_look = {}, const OnVerdicts& on_verdicts = {});

private:
    class Watch;
    Options options_;
    RolloutObserver& observer_;
    Rollback& rollback_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
};

}  // namespace ci_lambda
