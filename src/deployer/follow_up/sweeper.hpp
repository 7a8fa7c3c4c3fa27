#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/follow_up/rollback.hpp"
#include "deployer/follow_up/watcher.hpp"
#include "deployer/observe/memory.hpp"
#include "deployer/observe/observer.hpp"
#include "logging/logger.hpp"

namespace ci_lambda {

/// Finds rollouts that take too long, whoever began them, and rolls them back where that is wanted. Keeps no state: ECS
/// is the state.
class Sweeper {
public:
    struct Options {
        Milliseconds timeout{600'000};  ///< of one rollout
        Milliseconds interval{0};       ///< between two scheduled sweeps; 0: nobody knows
        bool roll_back = false;
    };
    /// Whatever is passed in must outlive it.
    Sweeper(Options options, RolloutObserver& observer, Rollback& rollback, RolloutMemory& memory, const Clock& clock,
            const Logger& logger)
        : options_(options),
          observer_(observer),
          rollback_(rollback),
          memory_(memory),
          clock_(clock),
          logger_(logger) {}

    struct Overdue {
        RolloutOutcome outcome;
        bool news = false;  ///< nobody has been told yet
    };

    struct Findings {
        std::vector<Overdue> overdue;
        std::vector<ServiceId> unseen;  ///< ECS did not show them: they are gone, or their names are wrong
    };

    /// All overdue rollouts of these services, and those that failed and stay there. `scheduled_at`: the time of the
    /// schedule, when it was one: such a sweep tells only the rollouts that became overdue since the sweep before it.
    /// Without it (somebody asked), all are told.
    [[nodiscard]] Result<Findings> sweep(const std::vector<EcsTarget>& targets, std::optional<WallTime> scheduled_at,
                                         Deadline deadline);

private:
    [[nodiscard]] bool comes_back(const EcsTarget& target, const EcsService& service, Deadline deadline);
    [[nodiscard]] bool is_news(const RolloutOutcome& outcome, std::optional<WallTime> scheduled_at);

    Options options_;
    RolloutObserver& observer_;
    Rollback& rollback_;
    RolloutMemory& memory_;
    const Clock& clock_;
    const Logger& logger_;
};

}  // namespace ci_lambda
