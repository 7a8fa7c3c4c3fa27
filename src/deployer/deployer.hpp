#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/helpers.hpp"
#include "deployer/memory.hpp"
#include "deployer/observer.hpp"
#include "deployer/verdict.hpp"
#include "deployer/watcher.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/ecs.hpp"
#include "services/notifier.hpp"

namespace ci_lambda {

/// What became of one service: `kDeployed` is all that is known of a rollout that nobody waited for.
enum class DeploymentStatus {
    kDeployed,
    kDryRun,
    kFailed,
    kInProgress,
    kCompleted,
    kRolledBack,
    kSuperseded,
    kTimedOut,
    kAlreadyRolling  ///< nothing was sent: what ECS has begun since contains the change
};

/// kAlreadyRolling is "ignored": to whoever caused the event, nothing was left to do.
[[nodiscard]] std::string_view to_string(DeploymentStatus status);

/// What became of one service.
struct DeploymentReport {
    EcsTarget target;
    DeploymentStatus status = DeploymentStatus::kFailed;
    std::string reason;  ///< why it was deployed
    /// Newer revisions that were left out, as they had been rolled back; empty for most.
    std::vector<TaskDefinition> passed_over = {};
    /// The revision that ECS runs, or, in a dry run, would be asked to run; empty if it never got that far.
    std::string task_definition;
    std::string deployment_id;  ///< ECS's `ecs-svc/N`; empty unless accepted, or already rolling
    WallTime started_at{};      ///< by ECS's clock; the epoch where there is no deployment
    int attempts = 0;
    std::optional<Error> error;  ///< set when it could not start

    /// "already rolling: ecs-svc/7"; where somebody waited for the end: how it ended and why, in a sentence.
    std::string outcome;
    std::optional<Milliseconds> took;  ///< from the start to the last look, where somebody waited
};

/// The rollout of an accepted deployment, to be watched.
[[nodiscard]] Rollout rollout_of(const DeploymentReport& report);
/// Puts what the watching found into the report.
void add_outcome(DeploymentReport& report, const RolloutOutcome& outcome);

/// Carries out a `Deploy` decision: pre-flight, UpdateService, retries. All services of one decision run at the same
/// time. What ECS has begun since the change is not begun again (`coalescing.hpp`). Says "started" or "could not start"
/// to the notifier, and nothing about how the rollout ends: ECS's own events do that. Whatever is passed in must
/// outlive it.
class Deployer {
public:
    struct Options {
        std::string project;
        std::string environment;
        int max_retries = 2;
        bool dry_run = false;
        /// Switches the services' circuit breakers on, and passes revisions over that were rolled back.
        bool rollback_on_failure = false;
        /// How long after its own time an event waits for the rest of a burst; at most half of what the deadline
        /// leaves.
        std::chrono::seconds coalesce{0};
    };
    Deployer(Options options, EcsApi& ecs, RolloutObserver& observer, RolloutMemory& memory, Notifier& notifier,
             const Clock& clock, Sleeper& sleeper, const Logger& logger);
    /// One report per request, in the order of the requests. Returns before the deadline. One decision at a time.
    [[nodiscard]] std::vector<DeploymentReport> deploy(const Deploy& decision, Deadline deadline);
    /// See `Helpers::rest`. Between decisions.
    void rest() { helpers_.rest(); }

private:
    class Run;
    Options options_;
    EcsApi& ecs_;
    RolloutObserver& observer_;
    RolloutMemory& memory_;
    Notifier& notifier_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
    std::atomic<bool> warned_{false};  // that services cannot be looked at: once is enough
    Helpers helpers_;
};

}  // namespace ci_lambda
