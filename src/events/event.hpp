#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace ci_lambda {

/// The fields that every EventBridge event has. All empty for a bare request.
struct Envelope {
    std::string id;
    std::string source;
    std::string detail_type;
    std::string account;
    std::string time;  ///< RFC 3339, whole seconds, as given
    std::string region;
    std::vector<std::string> resources;  ///< a bare string counts as a list of one; anything else as none
    friend bool operator==(const Envelope&, const Envelope&) = default;
};

/// `ECR Image Action` and `ECR Replication Action`.
struct EcrImageAction {
    std::string action;      ///< PUSH, DELETE, UPDATE_STORAGE_CLASS; REPLICATE: it came from another registry
    std::string result;      ///< SUCCESS, FAILED, FAILURE
    std::string repository;  ///< without the registry
    std::optional<std::string> tag;
    std::optional<std::string> digest;
    std::optional<std::string> manifest_media_type = {};
    std::optional<std::string> artifact_media_type = {};  ///< of what the manifest is about: an image's configuration
    // Of REPLICATE, where it was pushed:
    std::optional<std::string> source_region = {};
    std::optional<std::string> source_account = {};
    friend bool operator==(const EcrImageAction&, const EcrImageAction&) = default;
};

/// `Parameter Store Change`. The value is never in the event.
struct ParameterChange {
    std::string operation;  ///< Create, Update, Delete, LabelParameterVersion
    std::string name;       ///< as stored; a leading slash is not guaranteed
    bool failed = false;    ///< `detail.exception` was present
    friend bool operator==(const ParameterChange&, const ParameterChange&) = default;
};

/// A secret of Secrets Manager changed: a call (`AWS API Call via CloudTrail`), or what Secrets Manager did by itself
/// (`AWS Service Event via CloudTrail`). The value is never in the event.
struct SecretChange {
    std::string operation;            ///< PutSecretValue, UpdateSecret, RotationSucceeded, UpdateSecretVersionStage, ..
    std::string secret;               ///< ARN or name, whichever says more
    std::vector<std::string> stages;  ///< that hold another version now: AWSCURRENT, unless the call said which
    std::optional<std::string> error_code;  ///< the call failed
    friend bool operator==(const SecretChange&, const SecretChange&) = default;
};

/// A changed object: from CloudTrail (`AWS API Call via CloudTrail`), from S3 by EventBridge (`Object Created`, ..), or
/// from S3 by the older notifications to SQS, SNS or the function itself.
struct S3ObjectChange {
    enum class Origin { kCloudTrail, kNative, kNotification };
    Origin origin = Origin::kNative;
    std::string operation;  ///< CloudTrail, notification: eventName (PutObject, ObjectCreated:Put); native: detail-type
    std::optional<std::string> bucket;
    std::optional<std::string> key;         ///< raw, never URL-encoded
    std::optional<std::string> error_code;  ///< CloudTrail only: the call failed
    /// One version of an object was deleted for good, by its id: not the deletion that puts a marker on top, nor that
    /// of an object without versions.
    bool deletes_version = false;
    friend bool operator==(const S3ObjectChange&, const S3ObjectChange&) = default;
};

/// `ECS Deployment State Change` and `ECS Service Action`.
struct EcsServiceEvent {
    std::string event_name;              ///< SERVICE_DEPLOYMENT_COMPLETED, .., HOOK_AWAITING_ACTION, ..
    std::string event_type;              ///< INFO, WARN, ERROR
    std::optional<std::string> cluster;  ///< name, from the service's ARN or detail.clusterArn
    std::optional<std::string> service;  ///< name, from resources[0]
    std::optional<std::string> deployment_id;
    std::optional<std::string> reason;
    /// Of an "ECS Hook State Change": the pause, for a person or for a function, that a rollout has come to.
    struct Hook {
        std::string id;
        bool pause = false;      ///< it is a person who is waited for
        std::string stage;       ///< POST_TEST_TRAFFIC_SHIFT, ..
        std::string expires_at;  ///< RFC 3339; empty where ECS does not say
        friend bool operator==(const Hook&, const Hook&) = default;
    };
    std::optional<Hook> hook = {};
    friend bool operator==(const EcsServiceEvent&, const EcsServiceEvent&) = default;
};

/// `CodeDeploy Deployment State-change Notification`. It names no service of ECS.
struct CodeDeployChange {
    std::string application;
    std::string group;
    std::string deployment_id;  ///< `d-..`
    std::string state;          ///< START, QUEUED, READY, SUCCESS, FAILURE, STOP
    friend bool operator==(const CodeDeployChange&, const CodeDeployChange&) = default;
};

/// A deployment that somebody asked for: an event of a `action.*`, `github.actions.*` or `terraform.*` source, or a
/// bare `{"service":..}` sent straight to the function.
struct ManualRequest {
    bool bare = false;
    std::optional<std::string> service;  ///< absent when the request does not say; may be empty (the backend)
    std::optional<std::string> task_definition;
    std::optional<std::string> reason;
    std::optional<std::string> project;
    std::optional<std::string> environment;
    /// What is wrong with the shape of the request. Kept instead of an error, because a request of another environment
    /// or project is none of our business, however broken it is.
    std::optional<std::string> malformed;
    std::optional<std::string> image = {};          ///< `[REGISTRY/]REPOSITORY:TAG`, `..@DIGEST`, or both
    std::optional<std::string> image_tag = {};      ///< of the service's own repository
    std::optional<std::string> promote_from = {};   ///< the environment whose images the service is to get
    std::optional<std::string> action = {};         ///< continue or stop: what is under way, instead of a deployment
    bool rollback = false;                          ///< with `action` stop
    std::optional<std::string> strategy = {};       ///< of this rollout: a word, or a JSON object
    std::vector<std::string> targets = {};          ///< names of deployment targets; empty: all
    std::optional<std::string> until = {};          ///< with `action` hold: when it ends
    std::optional<std::string> by = {};             ///< with `action` hold or release: who says so
    std::optional<std::string> override_hold = {};  ///< deploy although the service is held: why
    std::optional<std::string> pipeline = {};       ///< all services of this one, in its order, in place of `service`
    friend bool operator==(const ManualRequest&, const ManualRequest&) = default;
};

/// Look for rollouts that take too long: asked for by a schedule (EventBridge rule or Scheduler), or by a bare
/// `{"action":"sweep"}`.
struct SweepRequest {
    bool scheduled = false;
    friend bool operator==(const SweepRequest&, const SweepRequest&) = default;
};

/// The state of a `VerifyRequest` that is to look whether the task after the rollout has taken too long.
inline constexpr std::string_view kTaskAfterState = "task_after";

/// Go on watching a service after a rollout of it has completed: asked for by a one-time schedule that this function
/// has made, `{"action":"verify", ..}`.
struct VerifyRequest {
    std::string service;          ///< id
    std::string deployment_id;    ///< `ecs-svc/N`
    std::string task_definition;  ///< ARN
    // RFC 3339, as given, and checked:
    std::string started_at;   ///< when the rollout began
    std::string at;           ///< for when the look was planned
    std::string until;        ///< when the watching is over
    std::string state;        ///< what the looks before it have seen, or `kTaskAfterState`
    std::string target = {};  ///< the deployment target, where there were several; else empty
    friend bool operator==(const VerifyRequest&, const VerifyRequest&) = default;
};

/// Begin what was held, as the hold is over: asked for by a one-time schedule that this function has made,
/// `{"action":"thaw", ..}`.
struct ThawRequest {
    std::string service;      ///< id
    std::string request;      ///< what is to be deployed, JSON
    bool by_person = false;   ///< a person asked for it
    std::string told;         ///< of which hold people were told
    std::string at;           ///< RFC 3339, as given, and checked: for when it was planned
    std::string target = {};  ///< as of `VerifyRequest`
    friend bool operator==(const ThawRequest&, const ThawRequest&) = default;
};

/// What this function leaves in `hookDetails` for the next call of the same hook.
inline constexpr std::string_view kHookState = "ci_lambda";

/// ECS asks a function whether a rollout may go on (ECS developer guide, "Lifecycle hooks for Amazon ECS service
/// deployments").
struct LifecycleHookCall {
    std::string stage;                   ///< POST_TEST_TRAFFIC_SHIFT, ..
    std::string service_deployment;      ///< ARN
    std::string revision;                ///< ARN of the service revision that is rolled out; may be empty
    std::optional<std::string> cluster;  ///< name
    std::string service = {};            ///< name in ECS; empty where the ARN is none
    bool weights_known = false;          ///< only the stages that shift production traffic say them
    double own_percent = 0;              ///< of the production traffic, for that revision
    double others_percent = 0;
    std::string state = {};  ///< what this function left there with its last answer
    friend bool operator==(const LifecycleHookCall&, const LifecycleHookCall&) = default;
};

/// Something that becomes of an approval: `{"approve":TOKEN}` or `{"reject":TOKEN}`, a request;
/// `{"approval_answer":..}`, which the function has signed itself; or, which answers nothing,
/// `{"action":"approval_due","due":..,"token":TOKEN}` of a one-time schedule that this function has made.
struct ApprovalEvent {
    enum class What {
        kApprove,
        kReject,
        kAnswer,
        kRemind,   ///< due: its time is nearly over
        kExpired,  ///< due: its time is over
        kBegun     ///< due: whoever has carried out a yes has ended by now
    };
    What what = What::kApprove;
    std::string token;        ///< or the signed answer, with kAnswer
    std::string reason = {};  ///< in the words of whoever has sent it; may be empty
    friend bool operator==(const ApprovalEvent&, const ApprovalEvent&) = default;
};
/// Whether it is an answer at all.
[[nodiscard]] constexpr bool answers(ApprovalEvent::What what) {
    using enum ApprovalEvent::What;
    return what == kApprove || what == kReject || what == kAnswer;
}

/// Somebody has called the function's URL, or an HTTP API in front of it: a person's browser, Slack, or any machine.
/// Nothing of it is known to be true.
struct HttpCall {
    static constexpr std::size_t kLongestBody = std::size_t{128} * 1024;  ///< Slack sends its whole message along

    std::string method;  ///< GET, POST, ..
    std::string path;    ///< as in the URL, from the first slash on, without the name of a stage
    std::string query;   ///< as in the URL, without the `?`
    /// Of those that are looked at, the names in lower case.
    std::map<std::string, std::string, std::less<>> headers = {};
    std::string body = {};       ///< as it was sent; empty where it is too large, or cannot be read
    bool is_too_large = false;   ///< longer than `kLongestBody`
    bool is_unreadable = false;  ///< what is said to be base 64 is none
    std::string source_ip = {};

    /// Empty where there is no such header.
    [[nodiscard]] std::string_view header(std::string_view name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string_view() : std::string_view(found->second);
    }
    friend bool operator==(const HttpCall&, const HttpCall&) = default;
};

/// By whom tasks were started that run before a deployment, and what they hold for the deployment that follows them:
/// the request as JSON, and until when whoever has started the task waits for it, RFC 3339. Those that run after one
/// hold the service and the deployment.
inline constexpr std::string_view kTaskBeforePrefix = "ci_lambda-before-";
inline constexpr std::string_view kTaskAfterPrefix = "ci_lambda-after-";
inline constexpr std::string_view kTaskRequestVariable = "CI_LAMBDA_REQUEST";
inline constexpr std::string_view kTaskWaitsVariable = "CI_LAMBDA_WAITS_UNTIL";

/// `ECS Task State Change`: such a task has stopped.
struct TaskEnded {
    enum class Ran { kBefore, kAfter };
    std::string task;     ///< ARN
    std::string cluster;  ///< name; may be empty
    std::string request;
    std::string waited_for_until;  ///< RFC 3339; empty: nobody waits
    Ran ran = Ran::kBefore;        ///< the deployment
    friend bool operator==(const TaskEnded&, const TaskEnded&) = default;
};

/// Take the run of a pipeline a step further: asked for by the state machine that carries it,
/// `{"action":"pipeline","step":"look","run":{..}}`.
struct PipelineStep {
    std::string step;         ///< what the state machine believes is due; the run itself says it
    std::string run;          ///< JSON, which the function wrote itself
    std::string target = {};  ///< as of `VerifyRequest`
    friend bool operator==(const PipelineStep&, const PipelineStep&) = default;
};

/// Anything else: nothing to do with deployments.
struct OtherEvent {
    std::string reason;  ///< why it is of no interest, for a person
    friend bool operator==(const OtherEvent&, const OtherEvent&) = default;
};

using EventBody = std::variant<EcrImageAction, ParameterChange, SecretChange, S3ObjectChange, EcsServiceEvent,
                               CodeDeployChange, ManualRequest, SweepRequest, VerifyRequest, LifecycleHookCall,
                               ApprovalEvent, OtherEvent, HttpCall, TaskEnded, ThawRequest, PipelineStep>;

struct Event {
    Envelope envelope;
    EventBody body;
    friend bool operator==(const Event&, const Event&) = default;
};

/// Reads one event from the bytes that Lambda (or a person) hands over.
///
/// Unknown fields are passed over. Fails with kInvalidEvent on what is not a JSON object, is nested deeper than
/// EventBridge allows, or has one of our kinds but a detail of the wrong shape. An event of a kind that is not ours
/// is an `OtherEvent`, never an error.
///
/// Shapes: EventBridge, ECR, SSM, S3 and ECS user guides, pages on EventBridge events.
[[nodiscard]] Result<Event> decode_event(std::string_view bytes);

/// One message that Lambda hands over, with the events in it.
struct Message {
    std::string id;     ///< SQS's or SNS's id of it; empty for an event that came by itself
    std::string group;  ///< of a FIFO queue: messages of one group keep their order
    /// In their order; more than one only in a notification of S3. An error: it cannot be read.
    Result<std::vector<Event>> events;
};

/// What one invocation brings.
struct Delivery {
    enum class Source {
        kEvent,      ///< one event by itself: EventBridge's target is the function
        kQueue,      ///< SQS; each message succeeds or fails by itself
        kFifoQueue,  ///< the same, in order
        kBatch,      ///< SNS, or notifications of S3: the invocation succeeds or fails as a whole
    };
    Source source = Source::kEvent;
    std::vector<Message> messages;
};

/// Reads what Lambda hands over: an event, or a batch of `Records` from SQS, SNS or S3, whose messages hold events,
/// SNS envelopes, notifications of S3 or the records that Lambda sends to an on-failure destination, in one another
/// where that occurs. Never fails: what cannot be read is a message with an error.
///
/// An event without a time or an id of its own gets its message's, so that what is delivered twice is recognised.
///
/// Shapes: Lambda developer guide, "Using Lambda with Amazon SQS", ".. with Amazon SNS", "Capturing records of
/// asynchronous invocations"; S3 user guide, "Event message structure".
[[nodiscard]] Delivery decode_delivery(std::string_view bytes);

/// Reads what people keep of a queue: the output of `aws sqs receive-message`, an array or lines of messages, bodies or
/// events, or what `decode_delivery` reads.
[[nodiscard]] std::vector<Message> decode_dump(std::string_view bytes);

/// The parts of `arn:PARTITION:ecs:REGION:ACCOUNT:service/[CLUSTER/]SERVICE`; older ARNs have no cluster.
struct EcsServiceArn {
    std::optional<std::string> cluster;
    std::string service;
};
[[nodiscard]] std::optional<EcsServiceArn> parse_ecs_service_arn(std::string_view arn);

/// What an event is, in a few words: "ECR Image Action (aws.ecr)", "manual request".
[[nodiscard]] std::string describe(const Event& event);

}  // namespace ci_lambda
