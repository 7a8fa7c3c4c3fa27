#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/names.hpp"
#include "deployer/gate/gate.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "deployer/rollout/outcome.hpp"
#include "deployer/rollout/verdict.hpp"
#include "images/pushed_image.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

/// What became of one service: `kDeployed` is all that is known of a rollout that nobody waited for.
enum class DeploymentStatus {
    kDeployed,
    kDryRun,
    kFailed,
    kInProgress,
    kCompleted,
    kAnotherImage,  ///< completed, but not with what was pushed
    kRolledBack,
    kSuperseded,
    kTimedOut,
    kAlreadyRolling,    ///< nothing was sent: what ECS has begun since contains the change, or nothing that may be sent
                        ///< does
    kHeld,              ///< nothing was sent: it is no time for it, and it begins later
    kAwaitingApproval,  ///< nothing was sent: a person has to approve it first
    kOutdated           ///< nothing was sent: what was approved is not what would be deployed now
};

/// kAlreadyRolling is "ignored": to whoever caused the event, nothing was left to do.
[[nodiscard]] std::string_view to_string(DeploymentStatus status);

/// What a deployment is that did not begin.
[[nodiscard]] DeploymentStatus status_of(Barrier::Kind kind);

/// A revision that is a copy of another one, with other images.
struct Registration {
    TaskDefinition base;
    std::optional<TaskDefinition> revision = {};  ///< absent in a dry run
    std::vector<ImageChange> changes = {};
};

/// What became of one service.
struct DeploymentReport {
    EcsTarget target;
    DeploymentStatus status = DeploymentStatus::kFailed;
    std::string reason;  ///< why it was deployed
    /// The revision that ECS runs, or, in a dry run, would be asked to run; empty if it never got that far.
    std::string task_definition;
    std::string deployment_id;  ///< ECS's `ecs-svc/N`; empty unless accepted, or already rolling
    WallTime started_at{};      ///< by ECS's clock; the epoch where there is no deployment
    int attempts = 0;
    std::optional<Error> error;  ///< set when it could not start
    /// The newest revision, where another one is deployed instead of it: it was taken back before.
    std::string left_out = {};
    std::vector<PushedImage> pushed = {};  ///< where that is why it was deployed
    /// Of its containers: what the revision names, where that was read; once it has completed, what runs.
    std::vector<EcsServiceRevision::Image> images = {};
    /// What was pushed and is not brought by the revision, in a sentence.
    std::string not_brought = {};

    /// With kAlreadyRolling: it has failed before, and still stands there.
    bool failed_before = false;

    /// "already rolling: ecs-svc/7"; where somebody waited for the end: how it ended and why, in a sentence.
    std::string outcome;
    std::optional<RolloutPhase> phase = {};  ///< what it was doing at the last look, where it had not ended
    std::optional<Milliseconds> took;        ///< from the start to the last look, where somebody waited
    /// With kAlreadyRolling: it is all that a person has asked for.
    bool has_what_was_wanted = false;
    std::vector<std::string> notes = {};  ///< what a person should know of it: what could not be checked
    /// What was registered for it; in a dry run, what would be.
    std::optional<Registration> registration = {};

    /// With kHeld and kAwaitingApproval, and in a dry run that would end so.
    std::optional<Barrier> barrier = {};
    std::optional<WallTime> begins_at = {};  ///< with kHeld: when a schedule begins it; absent where nothing does
    bool told_before = false;                ///< with kHeld and kAwaitingApproval: people know of it
    /// With kAwaitingApproval: no process has told it, whatever this one remembers.
    bool to_be_asked = false;
    std::string passed = {};  ///< that it was held, and a person began it all the same: "held by alice"

    std::optional<Error> rollback_error =
        {};  ///< it went wrong, and could not be rolled back for a reason that can heal
    std::optional<LastWords> last_words = {};  ///< of a container that failed, where they could be read
};

/// The rollout of an accepted deployment, to be watched.
[[nodiscard]] Rollout rollout_of(const DeploymentReport& report);
/// Puts what the watching found into the report.
void add_outcome(DeploymentReport& report, const RolloutOutcome& outcome);

}  // namespace ci_lambda
