#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

// What ECS says and is asked, as far as we look at it.

/// How far ECS says a deployment is. ECS keeps none for other deployment controllers and behind a Classic Load
/// Balancer.
enum class RolloutState { kNone, kInProgress, kCompleted, kFailed };

/// One entry of a service's `deployments`: a set of tasks of one revision.
struct EcsDeployment {
    std::string id;               ///< `ecs-svc/N`
    std::string status;           ///< PRIMARY, ACTIVE, INACTIVE
    std::string task_definition;  ///< ARN
    int desired_count = 0;
    int pending_count = 0;
    int running_count = 0;
    int failed_tasks = 0;
    WallTime created_at{};
    WallTime updated_at{};
    RolloutState rollout_state = RolloutState::kNone;
    std::string rollout_reason;
};

/// One of a service's `taskSets`, by which CodeDeploy and others deploy.
struct EcsTaskSet {
    std::string id;               ///< `ecs-svc/N`: who started its tasks
    std::string external_id;      ///< of CodeDeploy's deployment, `d-..`; empty where somebody else made it
    std::string status;           ///< PRIMARY: it has the production traffic; ACTIVE, DRAINING
    std::string task_definition;  ///< ARN
    int desired_count = 0;
    int pending_count = 0;
    int running_count = 0;
    WallTime created_at{};
    WallTime updated_at{};
};

/// One line of what ECS calls the service's events.
struct EcsServiceMessage {
    WallTime at{};
    std::string text;
};

/// How tasks and traffic move from the old revision to the new one. An open list: ECS may learn more (kOther).
enum class DeploymentStrategy { kRolling, kBlueGreen, kLinear, kCanary, kOther };

/// A pause in a rollout that the configuration asks for: for a person (PAUSE) or for a Lambda function.
struct EcsLifecycleHook {
    bool pause = false;
    std::vector<std::string> stages;
    std::optional<Milliseconds> timeout;      ///< absent where none is configured: ECS then waits a day
    std::string function = {};                ///< ARN of the Lambda function
    std::string role = {};                    ///< ARN; with which ECS invokes it
    std::optional<bool> then_continues = {};  ///< when the timeout is over; absent where ECS does not show it
};

/// `deploymentConfiguration`: how a rollout goes, what it takes on purpose, and when ECS takes it back by itself (ECS
/// API reference, DeploymentConfiguration).
struct EcsDeploymentConfiguration {
    DeploymentStrategy strategy = DeploymentStrategy::kRolling;
    Milliseconds bake{0};       ///< both revisions are kept for this long after the last shift of traffic
    double step_percent = 100;  ///< of the traffic. Linear: each step; canary: the first one
    Milliseconds step_bake{0};  ///< linear: between two steps; canary: before all of the traffic moves
    std::vector<EcsLifecycleHook> hooks;
    bool breaker_rolls_back = false;  ///< the circuit breaker is on, with rollback
    bool alarms_roll_back = false;    ///< alarms of CloudWatch are on, with rollback
    std::string circuit_breaker;      ///< the JSON object as ECS gave it; empty if it gave none
    std::vector<std::string> alarm_names = {};
    bool alarms_on = false;
    int minimum_healthy_percent = 0;
    bool early_success = false;                     ///< a rolling update ends before all tasks run
    std::optional<int> early_healthy_percent = {};  ///< with `early_success`
    bool cleanup_deferred = false;                  ///< with `early_success`: old tasks are ended afterwards

    /// ECS brings back what ran before when the rollout goes wrong. Every strategy that moves traffic does (ECS
    /// developer guide, "blue/green deployments").
    [[nodiscard]] bool rolls_back_by_itself() const {
        return breaker_rolls_back || alarms_roll_back || strategy != DeploymentStrategy::kRolling;
    }
};

/// A load balancer of a service, with what a shift of traffic needs (ECS API reference, AdvancedConfiguration).
struct EcsLoadBalancer {
    std::string target_group;  ///< ARN
    bool classic = false;      ///< a Classic Load Balancer
    bool advanced = false;     ///< it has an `advancedConfiguration`; the rest is empty without
    std::string alternate_target_group = {};
    std::string production_rule = {};
    std::string test_rule = {};
    std::string role = {};
};

using EcsTags = std::map<std::string, std::string>;

/// A service as DescribeServices shows it; only what we look at.
struct EcsService {
    EcsServiceName name;
    std::string status;                 ///< ACTIVE, DRAINING, INACTIVE
    std::string deployment_controller;  ///< ECS, CODE_DEPLOY, EXTERNAL; empty counts as ECS
    std::string task_definition;        ///< ARN; that of the PRIMARY where ECS names none of the service
    int desired_count = 0;
    int running_count = 0;
    std::vector<EcsDeployment> deployments;
    std::vector<EcsServiceMessage> messages;  ///< newest first
    std::string service_deployment;           ///< ARN of the current or last one; empty where ECS names none
    std::vector<std::string> revisions;       ///< ARNs of the service revisions that have tasks
    EcsDeploymentConfiguration configuration;
    EcsTags tags = {};  ///< only where they were asked for, and may be read
    std::string arn = {};
    /// An Express Mode service (`resourceManagementType` is ECS): UpdateExpressGatewayService deploys it.
    bool express = false;
    std::vector<EcsLoadBalancer> load_balancers = {};
    bool service_connect = false;            ///< of the PRIMARY deployment
    std::vector<EcsTaskSet> task_sets = {};  ///< with another deployment controller than ECS
    /// JSON object: what RunTask needs so that a task runs where the service's run; `{}` where ECS says nothing.
    std::string task_placement = "{}";
    // The first of its load balancers; empty where there is none:
    std::string balanced_container = {};
    int balanced_port = 0;
    /// CodeDeploy deploys it, we may use that, and know how: its `deployments` are CodeDeploy's (deployer/code_deploy).
    bool by_code_deploy = false;
    /// Why not, where CodeDeploy was asked.
    std::optional<Error> code_deploy_error = {};

    /// The deployment that ECS is making or has made true; nullptr if ECS showed none.
    [[nodiscard]] const EcsDeployment* primary() const;
    [[nodiscard]] const EcsDeployment* deployment(const std::string& id) const;
    /// ARN of the service revision of a deployment, `ecs-svc/N`: it ends in N. Empty where ECS does not show it.
    [[nodiscard]] std::string revision_of(std::string_view deployment_id) const;
    /// Behind a Network Load Balancer each shift of traffic takes minutes (ECS developer guide, "blue/green
    /// deployments with a Network Load Balancer").
    [[nodiscard]] bool shifts_by_network_load_balancer() const;
};

/// What DescribeExpressGatewayService says of an Express Mode service (ECS API reference, ECSExpressGatewayService).
struct EcsExpressService {
    std::string status;         ///< ACTIVE, DRAINING, INACTIVE
    std::string status_reason;  ///< ECS's words; may be empty
    /// What one of its service revisions runs.
    struct Configuration {
        std::string revision;         ///< ARN of the service revision
        std::string task_definition;  ///< ARN; written by ECS, unless somebody has brought their own
        std::string
            primary_container;  ///< the JSON object as ECS gave it, which may hold secrets; empty if it gave none
        std::string image;      ///< of the primary container
        WallTime created_at{};
    };
    std::vector<Configuration> configurations;  ///< those in use, newest first

    /// What belongs to a deployment, `ecs-svc/N`: the service revision's ARN ends in N. Else the newest; nullptr where
    /// ECS shows none.
    [[nodiscard]] const Configuration* of_deployment(std::string_view deployment_id) const;
};

/// A deployment of an Express Mode service: what is left out of it stays as it is.
struct UpdateExpressRequest {
    std::string service;                  ///< ARN
    std::string primary_container;        ///< JSON object, as it was described; empty with `task_definition`
    std::string image = {};               ///< for the primary container; empty: the one that it has
    TaskDefinition task_definition = {};  ///< instead of the container, where ECS does not write the task definition
};

/// Whether we can start a deployment of it: UpdateService refuses CODE_DEPLOY and EXTERNAL controllers (ECS API
/// reference, UpdateService), and CodeDeploy may be asked for the former.
[[nodiscard]] inline bool can_be_updated(const EcsService& service) {
    return service.by_code_deploy || service.deployment_controller.empty() || service.deployment_controller == "ECS";
}
/// Why not, for a person: "the service .. has the deployment controller EXTERNAL, ..".
[[nodiscard]] Error why_it_cannot_be_updated(const EcsService& service);

/// What UpdateService is to change so that the service's circuit breaker and its rollback are on, as JSON; `nullopt`
/// when ECS rolls back by itself already, or could not be told to. Only what changes: members that are not sent stay,
/// while hooks that were read do not survive being written back (DescribeServices leaves parts of them out).
[[nodiscard]] std::optional<std::string> configuration_with_rollback(const EcsService& service);

struct DescribedServices {
    std::vector<EcsService> services;
    /// Names that ECS does not know (`failures[].reason == MISSING`) or could not describe, with its reason.
    struct Failure {
        EcsServiceName name;
        std::string reason;
    };
    std::vector<Failure> failures;
    /// Why tags that were asked for are missing; empty where they are there, or were not asked for.
    std::string no_tags = {};

    [[nodiscard]] const EcsService* find(const EcsServiceName& name) const;
};

struct EcsCluster {
    ClusterName name;
    std::string status;
};

struct UpdateServiceRequest {
    ClusterName cluster;
    EcsServiceName service;
    TaskDefinition task_definition;
    /// JSON object with the members of deploymentConfiguration to change; absent: it stays as it is.
    std::optional<std::string> deployment_configuration = {};
    // Of a service that CodeDeploy deploys; ECS takes no such thing:
    std::string reason = {};       ///< what is written to the deployment, for a person
    bool goes_back_alone = false;  ///< it is to be rolled back when it fails, where the group does not say so
};

/// A deployment that ECS has accepted: the PRIMARY one of the answer to UpdateService.
struct AcceptedDeployment {
    std::string deployment_id;    ///< `ecs-svc/N`, or CodeDeploy's `d-..`; empty if none was named
    std::string task_definition;  ///< ARN of the revision that it runs
    WallTime created_at{};        ///< by ECS's clock; by ours if ECS did not say
};

/// `status` of a service deployment (ECS API reference, ServiceDeployment).
enum class ServiceDeploymentStatus {
    kUnknown,
    kPending,
    kInProgress,
    kSuccessful,
    kStopped,
    kStopRequested,
    kRollbackRequested,
    kRollbackInProgress,
    kRollbackSuccessful,
    kRollbackFailed
};

/// How a lifecycle hook of a rollout stands.
struct EcsHookProgress {
    std::string id;           ///< `ecs-pause-..`: ContinueServiceDeployment asks for it
    std::string function;     ///< ARN of the Lambda function that is asked; empty for a pause
    bool pause = false;       ///< it is a person who is waited for
    bool unfinished = false;  ///< AWAITING_ACTION or IN_PROGRESS
    std::optional<WallTime> expires_at;
    bool then_rolls_back = true;  ///< what ECS does when nobody answers; else it goes on
    bool rejected = false;        ///< FAILED: of a pause, somebody has said that it is to be rolled back
};

/// Whether it is the id of a deployment of CodeDeploy, `d-..`, which stands where ECS has an ARN or `ecs-svc/N`.
[[nodiscard]] inline bool is_code_deployment(std::string_view id) { return id.starts_with("d-"); }

/// ECS's record of one rollout, rollback included. Its id is not that of the `ecs-svc/N` deployment.
struct EcsServiceDeployment {
    std::string arn;
    ServiceDeploymentStatus status = ServiceDeploymentStatus::kUnknown;
    std::string reason;  ///< ECS's words; may be empty
    /// ARN of the service revision; a rollback does not change it. Ends in the number of its `ecs-svc/N` deployment.
    std::string target_revision;
    WallTime created_at{};
    std::optional<WallTime> finished_at;

    // What only `service_deployment()` knows:
    std::string lifecycle_stage;                  ///< BAKE_TIME, ..; an open list, empty for a rolling update
    std::optional<WallTime> updated_at;           ///< when ECS last changed the record
    std::optional<double> test_percent;           ///< of the test traffic for the new revision; absent for rolling
    std::optional<double> production_percent;     ///< the same of the production traffic
    std::vector<EcsHookProgress> hooks;           ///< of the present stage and of those before it
    std::vector<std::string> triggered_alarms;    ///< names
    std::string rollback_reason;                  ///< why ECS rolled it back
    std::optional<WallTime> rollback_started_at;  ///< absent when it does not go back
    std::optional<EcsDeploymentConfiguration> configuration;  ///< its own: a later change of the service's is not its
};

/// What a service ran, exactly: the revision and the digests that its image tags stood for.
struct EcsServiceRevision {
    std::string arn;
    std::string task_definition;  ///< ARN
    struct Image {
        std::string container;
        std::string image;   ///< as the task definition has it
        std::string digest;  ///< `sha256:..`; empty if ECS resolved none
        friend bool operator==(const Image&, const Image&) = default;
    };
    std::vector<Image> images;
    bool express = false;  ///< ECS manages what it runs behind: the service is an Express Mode one
};

/// A task definition's revision, as far as it matters which one to deploy.
struct EcsTaskDefinition {
    std::string arn;
    std::string status;  ///< ACTIVE, INACTIVE, DELETE_IN_PROGRESS
    struct Image {
        std::string container;
        std::string image;  ///< `repo:tag` or `repo@sha256:..`
        friend bool operator==(const Image&, const Image&) = default;
    };
    std::vector<Image> images;
    EcsTags tags;  ///< empty where they may not be read
    // `runtimePlatform` (ECS API reference, RuntimePlatform); empty where it says none:
    std::string cpu_architecture = {};  ///< X86_64, ARM64
    std::string os_family = {};         ///< LINUX, WINDOWS_SERVER_2022_CORE, ..
    bool for_fargate = false;           ///< requiresCompatibilities has FARGATE, where none means X86_64 and LINUX
    /// One container, and nothing that the primary container of an Express Mode service cannot say.
    bool is_primary_container = false;
    /// Of a container that logs by the driver awslogs (ECS API reference, LogConfiguration).
    struct Log {
        std::string container;
        std::string group;
        std::string stream_prefix;  ///< may be empty
        std::string region;         ///< may be empty
        friend bool operator==(const Log&, const Log&) = default;
    };
    std::vector<Log> logs = {};
};

/// A task that runs.
struct EcsRunningTask {
    std::string started_by;  ///< the `ecs-svc/N` that started it
    /// Its containers; the digest is what was pulled, empty where ECS does not say.
    std::vector<EcsServiceRevision::Image> images;
};

/// What a task definition's revision takes from outside of itself: whatever changes of that concerns who runs it. Each
/// text as it stands there, sorted, each once.
struct EcsReferences {
    std::vector<std::string> images;
    /// Of parameters and secrets, by ARN or name: `secrets`, the log drivers' `secretOptions`, `repositoryCredentials`,
    /// and the credentials of volumes.
    std::vector<std::string> values;
    std::vector<std::string> files;  ///< ARNs of objects in S3: `environmentFiles`, and FireLens's configuration
    friend bool operator==(const EcsReferences&, const EcsReferences&) = default;
};

/// A revision with all that it refers to.
struct DescribedRevision {
    EcsTaskDefinition definition;
    EcsReferences references;
};

/// A task that has stopped.
struct EcsStoppedTask {
    std::string arn;
    std::string started_by;  ///< the `ecs-svc/N` that started it
    std::string stop_code;   ///< TaskFailedToStart, EssentialContainerExited, ServiceSchedulerInitiated, ..
    std::string stopped_reason;
    WallTime stopped_at{};
    struct Container {
        std::string name;
        std::optional<int> exit_code;  ///< absent: it did not run
        std::string reason;
        std::string runtime_id = {};  ///< Docker's own id
    };
    std::vector<Container> containers;
    std::string task_definition = {};  ///< ARN
};

/// A task that was started by itself, as far as it has come.
struct EcsTask {
    EcsStoppedTask what;
    std::string last_status;  ///< PROVISIONING, PENDING, RUNNING, .., STOPPED
    WallTime created_at{};
    std::string container = {};  ///< the first one that an override is for; empty for none
    [[nodiscard]] bool has_stopped() const { return last_status == "STOPPED"; }
};

struct RunTaskRequest {
    ClusterName cluster;
    TaskDefinition task_definition;
    std::string placement;             ///< `EcsService::task_placement`
    std::string container;             ///< for which the rest is
    std::vector<std::string> command;  ///< empty: as the task definition has it
    std::map<std::string, std::string> environment;
    std::string started_by;    ///< at most 128 letters, digits, `-`, `/` and `_`
    std::string client_token;  ///< at most 64 characters: the same once more finds the first one's task
};

}  // namespace ci_lambda
