#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "deployer/follow_up/rollback.hpp"
#include "deployer/observe/memory.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/revision/revision_images.hpp"
#include "deployer/rollout/verdict.hpp"
#include "handlers/decision.hpp"
#include "images/pushed_image.hpp"
#include "services/notify/notification.hpp"

namespace ci_lambda {

/// How a rollout has ended that ECS tells of, with what was read of it anyway.
struct RolloutEnding {
    Verdict verdict = Verdict::kCompleted;    ///< kCompleted, kFailed or kRolledBack
    std::string deployment_id = {};           ///< whose end ECS tells of; empty where it does not say
    std::optional<WallTime> started_at = {};  ///< when what has ended began
    std::vector<PushedImage> pushed = {};     ///< with kCompleted: where that is known to be why
    /// With kCompleted: when the first of the rollouts before it ended that went wrong, in a row; absent where the one
    /// before it was good, and where ECS's records were not read.
    std::optional<WallTime> broken_since = {};
};

/// Turns what ECS says about one of our services into what people hear: with the reason that a developer understands,
/// who triggered the deployment and how long it took; and rolls a failed deployment back where that is wanted.
class RolloutNews {
public:
    struct Options {
        Milliseconds timeout{600'000};
        bool roll_back = false;
        bool waits = false;      ///< the function waits for the ends of what it starts
        bool registers = false;  ///< a push may have become a revision (ECR_DEPLOY_MODE), whose tags say so
        bool verifies = false;   ///< what has completed is watched for a while (VERIFY_ALARMS, VERIFY_URLS)
    };
    /// Whatever is passed in must outlive it.
    RolloutNews(Options options, RolloutObserver& observer, Rollback& rollback, RolloutMemory& memory,
                RevisionImages& revision_images)
        : options_(options),
          observer_(observer),
          rollback_(rollback),
          memory_(memory),
          revision_images_(revision_images) {}

    struct News {
        /// Without project and environment; `nullopt` when this process has said so before: ECS may send one fact
        /// twice, and the start of a deployment of ours is told when it starts.
        std::optional<Notification> notification;
        /// What was done about it, in a sentence: a rollback that has begun. Empty for nothing.
        std::string rollback = {};
        /// What had to be done and could not, for a reason that can heal: the event is to come again.
        std::optional<Error> rollback_error = {};
        /// The rollout that has completed, forward: no rollback. Also of an event that was told before.
        std::optional<Rollout> completed = {};
        bool direction_unknown = false;  ///< it completed, and whether it was a rollback ECS does not say at the moment
        /// Absent where the event tells of no end, or nobody knows of which. Also of an event that was told before.
        std::optional<RolloutEnding> ending = {};
    };
    /// By what it is known that something was said before.
    enum class SaidBefore {
        kByEvent,  ///< ECS said the same
        kByWords   ///< people were told the same: what ECS says may still have to wait, and then comes again
    };
    /// What to tell. `at`: when ECS said it.
    [[nodiscard]] News tell(const Notify& notice, const EcsTarget& target, WallTime at, Deadline deadline,
                            SaidBefore known = SaidBefore::kByEvent);

private:
    struct Story;
    [[nodiscard]] bool was_said(const Notify& notice, WallTime at);
    void tell_completed(Story& story, Deadline deadline);
    void tell_images(Story& story, Deadline deadline);
    void tell_failed(Story& story, Deadline deadline);
    void tell_rolled_back(Story& story, const EcsServiceDeployment* record, Deadline deadline);
    void roll_back(Story& story, Deadline deadline);
    static std::string why_the_others_failed(Story& story);
    void tell_last_words(Story& story, Deadline deadline);

    Options options_;
    RolloutObserver& observer_;
    Rollback& rollback_;
    RolloutMemory& memory_;
    RevisionImages& revision_images_;
};

}  // namespace ci_lambda
