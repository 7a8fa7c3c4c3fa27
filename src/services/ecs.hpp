#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

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

/// One line of what ECS calls the service's events.
struct EcsServiceMessage {
    WallTime at{};
    std::string text;
};

/// A service as DescribeServices shows it; only what we look at.
struct EcsService {
    EcsServiceName name;
    std::string status;                 ///< ACTIVE, DRAINING, INACTIVE
    std::string deployment_controller;  ///< ECS, CODE_DEPLOY, EXTERNAL; empty counts as ECS
    std::string task_definition;        ///< ARN
    int desired_count = 0;
    int running_count = 0;
    std::vector<EcsDeployment> deployments;
    std::vector<EcsServiceMessage> messages;  ///< newest first
    std::string service_deployment;           ///< ARN of the current or last one; empty where ECS names none
    std::string deployment_configuration;     ///< the JSON object as ECS gave it; empty if it gave none
    bool rolls_back_by_itself = false;        ///< its circuit breaker is on, with rollback

    /// The deployment that ECS is making or has made true; nullptr if ECS showed none.
    [[nodiscard]] const EcsDeployment* primary() const;
    [[nodiscard]] const EcsDeployment* deployment(const std::string& id) const;
};

/// Whether UpdateService can start a deployment of it: CODE_DEPLOY and EXTERNAL controllers refuse it (ECS API
/// reference, UpdateService).
[[nodiscard]] inline bool can_be_updated(const EcsService& service) {
    return service.deployment_controller.empty() || service.deployment_controller == "ECS";
}

/// The service's deployment configuration with the circuit breaker and its rollback switched on and nothing else
/// changed, as JSON for UpdateService; `nullopt` when it is on already, or when ECS would refuse it: the breaker is for
/// rolling updates only (ECS API reference, DeploymentCircuitBreaker).
[[nodiscard]] std::optional<std::string> configuration_with_rollback(const EcsService& service);

struct DescribedServices {
    std::vector<EcsService> services;
    /// Names that ECS does not know (`failures[].reason == MISSING`) or could not describe, with its reason.
    struct Failure {
        EcsServiceName name;
        std::string reason;
    };
    std::vector<Failure> failures;

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
    /// JSON object that replaces the service's deploymentConfiguration; absent: it stays as it is.
    std::optional<std::string> deployment_configuration = {};
};

/// A deployment that ECS has accepted: the PRIMARY one of the answer to UpdateService.
struct AcceptedDeployment {
    std::string deployment_id;    ///< `ecs-svc/N`; empty if ECS named none
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

/// ECS's record of one rollout, rollback included. Its id is not that of the `ecs-svc/N` deployment.
struct EcsServiceDeployment {
    std::string arn;
    ServiceDeploymentStatus status = ServiceDeploymentStatus::kUnknown;
    std::string reason;           ///< ECS's words; may be empty
    std::string target_revision;  ///< ARN of the service revision
    WallTime created_at{};
    std::optional<WallTime> finished_at;
    std::string rollback_reason;  ///< why ECS rolled it back; only `service_deployment()` knows it
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
};

/// A revision of a task definition family, as far as people ask for it.
struct EcsTaskDefinition {
    std::string arn;
    std::string status;  ///< ACTIVE, INACTIVE, DELETE_IN_PROGRESS
    struct Image {
        std::string container;
        std::string image;  ///< `repo:tag` or `repo@sha256:..`
        friend bool operator==(const Image&, const Image&) = default;
    };
    std::vector<Image> images;
    std::map<std::string, std::string> tags;
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
        std::optional<int> exit_code;
        std::string reason;
    };
    std::vector<Container> containers;
};

/// The calls of Amazon ECS that we use (API version 2014-11-13). Each method is one call, or the pages of one list;
/// nothing is retried in here. Thread-safe. Errors carry ECS's own code and words.
class EcsApi {
public:
    EcsApi() = default;
    EcsApi(const EcsApi&) = delete;
    EcsApi& operator=(const EcsApi&) = delete;
    virtual ~EcsApi() = default;

    /// How many services DescribeServices takes in one call (ECS API reference).
    static constexpr std::size_t kMaxServicesPerDescribe = 10;

    /// Idempotent. At most `kMaxServicesPerDescribe` names.
    virtual Result<DescribedServices> describe_services(const ClusterName& cluster,
                                                        const std::vector<EcsServiceName>& names,
                                                        Deadline deadline) = 0;
    /// Idempotent. The ACTIVE revisions as ARNs, the highest number first; kNotFound when the family has none.
    virtual Result<std::vector<TaskDefinition>> active_task_definitions(const TaskFamily& family,
                                                                        Deadline deadline) = 0;
    /// Idempotent. `name` as DescribeTaskDefinition takes it: a family (its newest ACTIVE revision), `family:42` or an
    /// ARN. With the tags. kNotFound when there is no such revision.
    virtual Result<EcsTaskDefinition> describe_task_definition(const TaskDefinition& name, Deadline deadline) = 0;
    /// DescribeServices and ListTaskDefinitions at the same time, on the calling thread alone.
    struct Lookup {
        Result<DescribedServices> services;
        Result<std::vector<TaskDefinition>> revisions;
    };
    virtual Lookup look_up(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                           const TaskFamily& family, Deadline deadline) = 0;
    /// NOT idempotent: with forceNewDeployment each accepted call starts a rollout.
    virtual Result<AcceptedDeployment> update_service(const UpdateServiceRequest& request, Deadline deadline) = 0;
    /// Idempotent. kNotFound when there is no such cluster.
    virtual Result<EcsCluster> describe_cluster(const ClusterName& cluster, Deadline deadline) = 0;
    /// Idempotent. All pages.
    virtual Result<std::vector<EcsServiceName>> list_services(const ClusterName& cluster, Deadline deadline) = 0;

    /// Idempotent. The latest ones (at most 100), newest first.
    virtual Result<std::vector<EcsServiceDeployment>> service_deployments(const ClusterName& cluster,
                                                                          const EcsServiceName& service,
                                                                          Deadline deadline) = 0;
    /// Idempotent. One of them with all that ECS says of it; kNotFound when ECS has forgotten it.
    virtual Result<EcsServiceDeployment> service_deployment(const std::string& arn, Deadline deadline) = 0;
    /// Idempotent. Those of `arns` that ECS still knows; at most 20 are asked for in one call.
    virtual Result<std::vector<EcsServiceRevision>> service_revisions(const std::vector<std::string>& arns,
                                                                      Deadline deadline) = 0;
    /// Idempotent. The service's tasks that stopped within the last hour or so, as long as ECS keeps them (at most
    /// 100).
    virtual Result<std::vector<EcsStoppedTask>> stopped_tasks(const ClusterName& cluster, const EcsServiceName& service,
                                                              Deadline deadline) = 0;
    /// Asks ECS to end this rollout and to go back to what ran before. ECS refuses one that has ended.
    virtual Status roll_back_service_deployment(const std::string& arn, Deadline deadline) = 0;
    /// Registers a copy of `revision` in another family, with each image that has a digest pinned to it; the ARN.
    virtual Result<TaskDefinition> register_pinned_copy(const EcsServiceRevision& revision, const TaskFamily& family,
                                                        Deadline deadline) = 0;
};

}  // namespace ci_lambda
