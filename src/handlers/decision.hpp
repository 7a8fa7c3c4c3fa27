#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "events/event.hpp"
#include "handlers/home.hpp"
#include "images/pushed_image.hpp"

namespace ci_lambda {

/// An image that a person asks for. Whether there is one is found out when it is deployed.
struct WantedImage {
    std::string registry = {};    ///< host; empty: whichever the revision names
    std::string repository = {};  ///< empty: the service's own
    std::string tag = {};         ///< tag, digest, or both
    std::string digest = {};      ///< `sha256:..`
    friend bool operator==(const WantedImage&, const WantedImage&) = default;
};

/// As they named it: `repo:v42`, or a tag alone.
[[nodiscard]] std::string name_of(const WantedImage& wanted);

/// Where the images have proven good that a service is to get.
struct PromotionSource {
    std::string environment;
    EcsTarget target;  ///< the service there
    friend bool operator==(const PromotionSource&, const PromotionSource&) = default;
};

/// That a person has approved a deployment, and what they saw. It holds for nothing else.
struct GivenApproval {
    std::string by;       ///< who, for people
    std::string running;  ///< the deployment that was PRIMARY, `ecs-svc/N`
    std::string content;  ///< hash of what was to run
    friend bool operator==(const GivenApproval&, const GivenApproval&) = default;
};

/// One service that is to roll.
struct DeploymentRequest {
    EcsTarget target;
    std::optional<TaskDefinition> task_definition;  ///< absent: the family's newest ACTIVE revision
    std::string reason;                             ///< why, for a person: "image shop_service_api:v7 was pushed"
    /// When the event says that it happened; absent for what says no time, such as a bare request: "now".
    std::optional<WallTime> changed_at = {};
    /// Of a change that is told more than once: so long, counted from `changed_at`, nothing is begun, so that what
    /// begins then is one rollout for all that tell it.
    Milliseconds settles{0};
    /// What was pushed, where that is the reason, or one of them: a new image is a reason to try again a revision that
    /// has failed; a changed parameter or file is none.
    std::vector<PushedImage> images = {};
    bool images_alone = false;                    ///< nothing else is a reason
    ImageMode image_mode = ImageMode::kRedeploy;  ///< what `images` do
    ImagePin image_pin = ImagePin::kBoth;
    /// What a person asks for: a revision with these images is registered and deployed, whatever `image_mode` says, and
    /// whatever was taken back. Never with a task definition.
    std::vector<WantedImage> wanted = {};
    /// What runs there is `wanted`, once it has been looked up. Never with a task definition or with `wanted`.
    std::optional<PromotionSource> promoted_from = {};
    std::vector<std::string> own_repositories = {};    ///< that the configuration has for the service; may be empty
    bool again = false;                                ///< with `wanted`: begin a rollout also where it runs already
    std::optional<WantedStrategy> strategy = {};       ///< as configured; absent: whatever the service has
    std::optional<WantedStrategy> strategy_once = {};  ///< what a person asks for instead, for this rollout
    std::optional<ServiceTask> before = {};            ///< as configured: what runs before it is deployed
    /// Why a person wants it although the service is held, or it is no time to deploy; absent: they do not.
    std::optional<std::string> past_holds = {};
    bool asked_for = false;                      ///< by a person: a request, or the command line
    std::optional<GivenApproval> approval = {};  ///< never kept as it is
    /// The same, signed (`KeptApproval`): for what begins later by itself. Where it is good for nothing any more, it is
    /// asked for anew.
    std::string kept_approval = {};
    /// The pipeline whose order it keeps, as it is deployed with services of other stages; empty: it begins at once.
    std::string pipeline = {};
    std::string pipeline_run = {};  ///< the run that wants it, by its id; empty: none does
    // Of one that was held before and that a schedule begins now:
    bool kept_for_person = false;  ///< a person asked for it
    std::string told_held = {};    ///< of which hold people were told
    friend bool operator==(const DeploymentRequest&, const DeploymentRequest&) = default;
};

/// A service that the event concerns but that does not roll.
struct SkippedService {
    std::string service;
    std::string reason;
    friend bool operator==(const SkippedService&, const SkippedService&) = default;
};

/// One task that no service runs, whose family is to have a pushed image, and whose schedules are to run that.
struct TaskRequest {
    ScheduledTask task;
    ClusterName cluster;
    std::string reason;  ///< as of a service
    std::vector<PushedImage> images;
    ImagePin image_pin = ImagePin::kBoth;
    /// The services that get the same image by the same push: the task follows once all of them run it.
    std::vector<EcsTarget> after = {};
    std::vector<WantedImage> wanted = {};            ///< as of a service
    std::vector<std::string> own_repositories = {};  ///< as of a service
    friend bool operator==(const TaskRequest&, const TaskRequest&) = default;
};

struct Deploy {
    std::vector<DeploymentRequest> requests;  ///< no service twice; at least one, where there are no tasks
    std::vector<SkippedService> skipped;
    std::vector<std::string> warnings = {};  ///< for the log: what whoever sent this should know
    std::vector<TaskRequest> tasks = {};     ///< no task twice
};

enum class NoticeLevel { kSuccess, kInfo, kWarning, kError };

/// Something that ECS said about one of our services and that people should hear.
struct Notify {
    NoticeLevel level = NoticeLevel::kInfo;
    ServiceId service;
    std::string event_name;  ///< SERVICE_DEPLOYMENT_COMPLETED, ..
    std::string status;      ///< in words: "completed", "failed", "impaired"
    std::optional<std::string> deployment_id;
    std::optional<std::string> reason;
    std::optional<std::string> doubt = {};  ///< why the service may not be ours, and nothing is rolled back
    bool task_after_ended = false;          ///< what brings it is the end of the task after it, or that there is none
};

/// Nothing to do: not ours, not interesting, or switched off.
struct Ignore {
    std::string reason;
    std::vector<SkippedService> skipped;
    std::optional<std::string> hint;  ///< for the log: what to do when this was unexpected
    /// It would deploy if a service had to do with it; none of those that are known has.
    bool unmatched = false;
};

/// Look at all of our services for rollouts that take too long. Never deploys anything.
struct Sweep {
    bool scheduled = false;  ///< it comes again and again, so each overdue rollout is told by one of them only
};

/// Somebody wants a rollout that waits for a person to go on, or one that is under way to end. Never deploys anything.
struct Steer {
    enum class What { kContinue, kStop };
    What what = What::kContinue;
    EcsTarget target;
    bool rollback = false;                   ///< with kStop: to what ran before
    std::string reason = {};                 ///< in their words; may be empty
    std::vector<std::string> warnings = {};  ///< as of `Deploy`
};

/// Go on watching a service after a rollout of it has completed.
struct Verify {
    EcsTarget target;
    std::string deployment_id;    ///< of the rollout: `ecs-svc/N`
    std::string task_definition;  ///< ARN
    WallTime started_at{};        ///< when the rollout began
    WallTime at{};                ///< for when this look was planned
    WallTime until{};             ///< when the watching is over
    std::string state = {};       ///< what the looks before it have seen
};

/// ECS asks whether a rollout may go on, and waits for the answer of this invocation.
struct AnswerHook {
    std::optional<EcsTarget> target;  ///< absent: not a service of ours, and its rollouts are not held up
    std::string stage;
    std::string service_deployment;  ///< ARN
    std::string state;               ///< what the call before this one left; empty for the first one
    bool judged = false;             ///< traffic flows to what is new, so that alarms and URLs say something of it
    std::string reason;              ///< why not, where it is not judged
};

/// Something becomes of an approval. What it is about stands in its token, which is opened when it is carried out: by
/// the keys, and at that moment's time.
struct AnswerApproval {
    ApprovalEvent event;
};

/// Somebody wants a service to be held, or to be held no longer. Never deploys anything.
struct SetHold {
    enum class What { kHold, kRelease };
    What what = What::kHold;
    EcsTarget target;
    std::string until = {};                  ///< as `parse_until` reads it; empty: until somebody releases it
    std::string by = {};                     ///< who; may be empty
    std::string reason = {};                 ///< in their words; may be empty
    std::vector<std::string> warnings = {};  ///< as of `Deploy`
};

/// Take the run of a pipeline a step further. The run is read when that is done, by the configuration of then.
struct StepPipeline {
    std::string run;  ///< JSON
};

using Decision =
    std::variant<Deploy, Notify, Sweep, Steer, Verify, AnswerHook, AnswerApproval, Ignore, SetHold, StepPipeline>;

/// What this event should do. Pure: no I/O, no clock, so that `plan`, a dry run, the tests and the real thing share
/// one brain. Fails (kInvalidEvent) on input that claims to be ours but cannot be acted upon.
[[nodiscard]] Result<Decision> decide(const Event& event, const Config& config, const Home& home = {});

/// The tasks that follow the image of a service once that has completed: as if it had been pushed just now, `at` when
/// it was pushed.
[[nodiscard]] std::vector<TaskRequest> tasks_that_follow(const PushedImage& image, const Config& config);

/// Whether tasks that no service runs must be known to decide about it: it is a pushed image, or somebody names a task.
[[nodiscard]] bool may_concern_tasks(const Event& event, const Config& config);

/// Whether the event may concern a service that discovery does not know yet, for none that it knows is concerned.
[[nodiscard]] bool may_concern_an_unknown_service(const Event& event, const Result<Decision>& decision,
                                                  const Config& config);

}  // namespace ci_lambda
