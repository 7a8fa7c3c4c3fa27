#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/ecs/quirks.hpp"
#include "sandbox/ecs/registry.hpp"
#include "sandbox/ecs/scenario.hpp"
#include "sandbox/ecs/strategy.hpp"

namespace ci_lambda::sandbox {

/// What the sandbox's ECS keeps: plain data. Its form on the wire is in wire.hpp, what moves it in rollout.hpp.

using Tags = std::map<std::string, std::string>;

struct TaskDefinitionRevision {
    std::string family;
    int revision = 0;
    bool active = true;
    WallTime registered_at{};
    std::string content;  ///< JSON object: containerDefinitions, cpu, memory, ..
    Tags tags = {};
};

/// A container's image, and the digest that stood behind its name when it was deployed.
struct ContainerImage {
    std::string container;
    std::string image;
    std::string digest;
};

enum class TaskStatus { kProvisioning, kPending, kRunning, kDeactivating, kStopping, kDeprovisioning, kStopped };
enum class TaskHealth { kUnknown, kHealthy, kUnhealthy };

struct Task {
    std::string id;             ///< 32 hexadecimal digits
    std::string deployment_id;  ///< `ecs-svc/N`: who started it
    std::string task_definition;
    std::vector<ContainerImage> images;
    Scenario fate = Scenario::kHealthy;
    TaskStatus status = TaskStatus::kProvisioning;
    TaskHealth health = TaskHealth::kUnknown;
    WallTime created_at{};
    std::optional<WallTime> started_at;
    std::optional<WallTime> stopping_at;
    std::optional<WallTime> stopped_at;
    std::string stop_code;
    std::string stopped_reason;
    std::optional<int> exit_code;
    std::string container_reason;
    std::optional<WallTime> next_step_at;     ///< absent: it stays as it is
    bool alone = false;                       ///< RunTask has started it: it ends by itself
    std::optional<WallTime> protected_until;  ///< the scheduler does not stop it before (scale-in protection)

    /// Not on its way out.
    [[nodiscard]] bool is_wanted() const { return !stopping_at; }
    [[nodiscard]] bool is_pending() const { return is_wanted() && status != TaskStatus::kRunning; }
    [[nodiscard]] bool is_running() const { return is_wanted() && status == TaskStatus::kRunning; }
    [[nodiscard]] bool is_healthy() const { return is_running() && health == TaskHealth::kHealthy; }
    [[nodiscard]] bool is_protected(WallTime at) const { return protected_until && at < *protected_until; }
};

enum class DeploymentState { kPrimary, kActive };
enum class RolloutState { kInProgress, kCompleted, kFailed };

/// One of a service's `deployments`.
struct Deployment {
    std::string id;  ///< `ecs-svc/` and the number of its service revision
    DeploymentState state = DeploymentState::kPrimary;
    RolloutState rollout = RolloutState::kInProgress;
    std::string rollout_reason;
    std::string task_definition;  ///< ARN
    std::vector<ContainerImage> images;
    Scenario fate = Scenario::kHealthy;
    bool launches = true;     ///< false: it failed or was stopped, and starts no more tasks
    int launch_failures = 0;  ///< tasks that did not come to RUNNING since the last one that did
    int health_failures = 0;  ///< tasks that failed health checks since the last one that became healthy
    bool told_impaired = false;
    bool told_no_capacity = false;
    WallTime created_at{};
    WallTime updated_at{};
    WallTime wanted_since{};  ///< it became PRIMARY: with the UpdateService, or with a rollback to it

    [[nodiscard]] int failed_tasks() const { return launch_failures + health_failures; }
};

/// What a deployment deployed, for good.
struct ServiceRevision {
    std::string number;  ///< 19 digits, those of the deployment's id
    std::string task_definition;
    std::vector<ContainerImage> images;
    WallTime created_at{};
    bool successful = false;
};

struct TaskCounts {
    int requested = 0;
    int running = 0;
    int pending = 0;
};

struct DeploymentConfiguration {
    bool breaker = false;
    bool breaker_rollback = false;
    int maximum_percent = 200;
    int minimum_healthy_percent = 100;
    Strategy strategy = Strategy::kRolling;
    std::chrono::minutes bake_time{0};
    double step_percent = 100;  ///< of the traffic: each step of a linear deployment, the first of a canary one
    std::chrono::minutes step_bake{0};
    std::vector<LifecycleHook> hooks = {};
    DeploymentAlarms alarms = {};
    std::string content;  ///< JSON object, as it was given
};

enum class ServiceDeploymentStatus {
    kPending,
    kInProgress,
    kSuccessful,
    kStopRequested,
    kStopped,
    kRollbackRequested,
    kRollbackInProgress,
    kRollbackSuccessful,
    kRollbackFailed,
};

/// Of the circuit breaker, and of the alarms.
enum class MonitorStatus { kDisabled, kMonitoring, kMonitoringComplete, kTriggered };

struct Rollback {
    std::string reason;
    WallTime started_at{};
    std::string revision;  ///< number
    std::string restored;  ///< number of the PRIMARY deployment; another one with RollbackLook::kNewId
};

struct RevisionCounts {
    std::string revision;  ///< number
    TaskCounts tasks;
};

/// What ListServiceDeployments lists. Its id has nothing to do with `ecs-svc/N`.
struct ServiceDeployment {
    std::string id;
    ServiceDeploymentStatus status = ServiceDeploymentStatus::kPending;
    std::string status_reason;
    RevisionCounts target;
    std::vector<RevisionCounts> sources;
    DeploymentConfiguration configuration;
    MonitorStatus breaker = MonitorStatus::kDisabled;
    int failure_count = 0;
    int threshold = 0;
    MonitorStatus alarms = MonitorStatus::kDisabled;
    std::set<std::string> ignored_alarms;  ///< they were in ALARM already when it began
    std::vector<std::string> triggered_alarms;
    std::optional<WallTime> alarm_due;     ///< when one goes off by itself
    std::optional<WallTime> bake_over_at;  ///< of a rolling update with alarms, once all tasks are there
    LifecycleStage stage = LifecycleStage::kNone;
    WallTime stage_over_at{};  ///< not before
    double test_weight = 0;    ///< percent of the traffic that the new tasks get
    double production_weight = 0;
    std::vector<HookRun> hooks;
    std::optional<Rollback> rollback;
    std::optional<WallTime> rollback_due;  ///< somebody has asked for it
    WallTime created_at{};
    WallTime updated_at{};
    std::optional<WallTime> started_at;
    std::optional<WallTime> finished_at;
    std::optional<WallTime> stopped_at;

    [[nodiscard]] bool is_ongoing() const { return !finished_at; }
    [[nodiscard]] bool shifts_traffic() const { return configuration.strategy != Strategy::kRolling; }
};

/// A line of a service's `events`.
struct ServiceMessage {
    std::string id;
    WallTime at{};
    std::string text;
};

/// What an Express Mode service has of its own.
struct ExpressMode {
    std::string configuration;  ///< JSON object: executionRoleArn, cpu, scalingTarget, ..
    /// The primary containers of the task definitions that ECS wrote, as they were given; by ARN.
    std::map<std::string, std::string> containers = {};
};

/// One deployment of CodeDeploy. How it goes is what the service deployment says that it stands for.
struct CodeDeployment {
    std::string id;                  ///< `d-..`
    std::string service_deployment;  ///< id; of a rollback that of what it takes back
    std::string revision;            ///< number of the service revision that it brings; empty for a rollback
    std::string description = {};
    std::string creator = "user";
    std::string app_spec = {};
    std::string configuration = {};
    std::vector<std::string> rollback_events = {};
    std::string rolls_back = {};  ///< id of the deployment that it takes back
    bool stopped = false;         ///< by StopDeployment
    WallTime created_at{};
    std::optional<WallTime> stopped_at = {};
    std::string told = {};  ///< the last state that was told by an event
};

/// What a service has of its own that CodeDeploy deploys: its deployment group.
struct CodeDeployGroup {
    std::string application;
    std::string group;
    std::string configuration = "CodeDeployDefault.ECSAllAtOnce";
    std::chrono::minutes termination_wait{5};
    std::vector<std::string> rollback_events = {};  ///< empty: automatic rollbacks are off
    std::vector<CodeDeployment> deployments = {};   ///< oldest first
};

struct Service {
    std::string name;
    std::string cluster;
    int desired_count = 0;
    WallTime created_at{};
    DeploymentConfiguration configuration;
    std::optional<ExpressMode> express;               ///< ECS manages the rest
    std::optional<CodeDeployGroup> code_deploy = {};  ///< its deployment controller is CODE_DEPLOY
    std::string target_group;                         ///< ARN
    std::string container;                            ///< the one that the load balancer knows
    int container_port = 0;
    bool has_alternate = false;  ///< its load balancer has a second target group: its traffic can be shifted
    Tags tags;
    Scenario scenario = Scenario::kHealthy;  ///< of the deployments to come

    std::vector<Deployment> deployments;  ///< the primary one first; never empty
    std::vector<Task> tasks;              ///< all that are not STOPPED
    std::deque<Task> stopped_tasks;       ///< oldest first
    std::vector<ServiceRevision> revisions;
    std::vector<ServiceDeployment> service_deployments;  ///< oldest first
    std::deque<ServiceMessage> messages;                 ///< newest first
    bool steady = true;
    std::optional<WallTime> look_at;            ///< when the scheduler looks at it again
    std::optional<WallTime> launch_not_before;  ///< after failures

    /// Scenarios with a shift of traffic bring the second target group with them.
    [[nodiscard]] bool can_shift_traffic() const {
        return has_alternate || configuration.strategy != Strategy::kRolling;
    }
    [[nodiscard]] const Deployment& primary() const { return deployments.front(); }
    [[nodiscard]] TaskCounts counts() const;
    [[nodiscard]] TaskCounts counts_of(const std::string& deployment_id) const;
    /// What a rollback goes back to; nullptr when nothing has ever succeeded.
    [[nodiscard]] const ServiceRevision* last_successful_revision() const;
    [[nodiscard]] const ServiceRevision* revision(std::string_view number) const;
    /// How many deployments are not done: ECS refuses a new one when there are kMaxUnfinishedDeployments.
    [[nodiscard]] int unfinished_deployments() const;
    /// The one that is under way; nullptr for none.
    [[nodiscard]] ServiceDeployment* ongoing_service_deployment();
    /// The same if it goes forward and is no rolling update.
    [[nodiscard]] ServiceDeployment* traffic_shift();
};

/// What was pushed under an image's name.
struct PushedImage {
    int pushes = 0;                ///< where no registry knows it
    std::string digest = {};       ///< where one does: what the last deployment found
    bool broken = false;           ///< the last push was made for a scenario other than healthy
    std::optional<Scenario> fate;  ///< of what was pushed last, if somebody has said so
};

/// How tasks go that RunTask starts.
struct AloneFate {
    int exit_code = 0;
    std::chrono::seconds runs{20};  ///< of ECS's time
};

/// A task that no service runs. Who started it is its `deployment_id`.
struct LoneTask {
    Task task;
    std::string cluster;
    std::string group;
    std::string overrides = "{}";  ///< JSON, as given
    std::string client_token;
    std::string request;  ///< JSON, as given: the same token must come with the same
    AloneFate fate;
};

/// A function is asked by a lifecycle hook.
struct HookCall {
    std::string hook_id;
    std::string payload;  ///< JSON
};

struct EcsState {
    std::string account;
    std::string region;
    std::vector<std::string> clusters;
    std::vector<Service> services;
    std::map<std::string, std::vector<TaskDefinitionRevision>> families;  ///< revisions in ascending order
    std::map<std::string, PushedImage> images;                            ///< by name: `repository:tag`
    std::map<std::string, Scenario> fates = {};      ///< by `family:revision`: how it goes, whatever the scenario is
    std::set<std::string, std::less<>> alarms = {};  ///< those in ALARM
    Quirks quirks = {};
    std::deque<LoneTask> lone_tasks = {};  ///< oldest first
    AloneFate alone = {};                  ///< of those to come
    /// ARN of the function that hooks really ask; all others answer by themselves.
    std::string function = {};
    std::vector<HookCall> hook_calls = {};  ///< that are still to be made
    /// Says what stands behind names; nullptr: each name stands for something of its own. Must outlive the state.
    ImageRegistry* registry = nullptr;

    [[nodiscard]] std::string cluster_arn(std::string_view cluster) const;
    [[nodiscard]] std::string service_arn(std::string_view cluster, std::string_view service) const;
    [[nodiscard]] std::string service_arn(const Service& service) const;
    [[nodiscard]] std::string task_arn(std::string_view cluster, std::string_view id) const;
    [[nodiscard]] std::string task_definition_arn(const TaskDefinitionRevision& revision) const;
    [[nodiscard]] std::string service_revision_arn(const Service& service, std::string_view number) const;
    [[nodiscard]] std::string service_deployment_arn(const Service& service, std::string_view id) const;

    [[nodiscard]] Service* find_service(std::string_view cluster, std::string_view name_or_arn);
    /// `family:revision`, an ARN, or a family, which means its newest ACTIVE revision; nullptr for none.
    [[nodiscard]] TaskDefinitionRevision* find_task_definition(std::string_view reference);
};

/// ECS keeps that many of a service's messages (ECS API reference, Service: "the 100 most recent events").
inline constexpr std::size_t kMaxServiceMessages = 100;
/// AWS support, quoted in aws/containers-roadmap issue 2836; a deployment of before counts until its tasks are gone.
inline constexpr int kMaxUnfinishedDeployments = 5;

/// `1234` of `ecs-svc/1234`.
[[nodiscard]] std::string revision_number(std::string_view deployment_id);
[[nodiscard]] std::string deployment_id(std::string_view revision_number);

}  // namespace ci_lambda::sandbox
