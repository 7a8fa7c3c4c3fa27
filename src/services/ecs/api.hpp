#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// The calls of Amazon ECS that we use (API version 2014-11-13), in interfaces by what they are used for: who takes one
// of them can do no more, and a fake of it is short. Each method is one call, or the pages of one list; nothing is
// retried in here. Thread-safe. Errors carry ECS's own code and words. What two uses need stands in both interfaces.

/// How many services DescribeServices takes in one call (ECS API reference).
inline constexpr std::size_t kMaxServicesPerDescribe = 10;

/// What watching a rollout needs. All of it is idempotent.
class EcsRollouts {
public:
    EcsRollouts() = default;
    EcsRollouts(const EcsRollouts&) = delete;
    EcsRollouts& operator=(const EcsRollouts&) = delete;
    virtual ~EcsRollouts() = default;

    /// At most `kMaxServicesPerDescribe` names. A name that makes ECS refuse the whole call is a failure of its own,
    /// and costs the others no more than a call.
    virtual Result<DescribedServices> describe_services(const ClusterName& cluster,
                                                        const std::vector<EcsServiceName>& names,
                                                        Deadline deadline) = 0;
    /// The latest ones (at most 100), newest first.
    virtual Result<std::vector<EcsServiceDeployment>> service_deployments(const ClusterName& cluster,
                                                                          const EcsServiceName& service,
                                                                          Deadline deadline) = 0;
    /// One of them with all that ECS says of it; kNotFound when ECS has forgotten it.
    virtual Result<EcsServiceDeployment> service_deployment(const std::string& arn, Deadline deadline) = 0;
    /// Those of `arns` that ECS still knows; at most 20 are asked for in one call.
    virtual Result<std::vector<EcsServiceRevision>> service_revisions(const std::vector<std::string>& arns,
                                                                      Deadline deadline) = 0;
    /// The service's tasks that run, at most 100 of them, also of earlier deployments.
    virtual Result<std::vector<EcsRunningTask>> running_tasks(const ClusterName& cluster, const EcsServiceName& service,
                                                              Deadline deadline) = 0;
    /// The service's tasks that stopped within the last hour or so, as long as ECS keeps them (at most 100).
    virtual Result<std::vector<EcsStoppedTask>> stopped_tasks(const ClusterName& cluster, const EcsServiceName& service,
                                                              Deadline deadline) = 0;
    /// An Express Mode service, by its ARN.
    virtual Result<EcsExpressService> describe_express_service(const std::string& arn, Deadline deadline) = 0;
};

/// Task definitions, to be read. All of it is idempotent.
class EcsRevisions {
public:
    EcsRevisions() = default;
    EcsRevisions(const EcsRevisions&) = delete;
    EcsRevisions& operator=(const EcsRevisions&) = delete;
    virtual ~EcsRevisions() = default;

    /// ACTIVE revisions as ARNs, the highest number of the family first; kNotFound when the family has none. Not all of
    /// them: where the first page is in order, it is enough.
    virtual Result<std::vector<TaskDefinition>> active_task_definitions(const TaskFamily& family,
                                                                        Deadline deadline) = 0;
    /// kNotFound when there is no such revision. A family alone is its newest ACTIVE one.
    virtual Result<EcsTaskDefinition> describe_task_definition(const TaskDefinition& revision, Deadline deadline) = 0;
};

/// Whether services are described with their tags: with them it fails (kAccessDenied) where they may not be read.
enum class WithTags : bool { kNo, kYes };

/// What starting a deployment needs.
class EcsStarter : public EcsRevisions {
public:
    /// As in `EcsRollouts`.
    virtual Result<DescribedServices> describe_services(const ClusterName& cluster,
                                                        const std::vector<EcsServiceName>& names,
                                                        Deadline deadline) = 0;
    /// Services and ACTIVE revisions at the same time, on the calling thread alone.
    struct Lookup {
        Result<DescribedServices> services;
        Result<std::vector<TaskDefinition>> revisions;
    };
    virtual Lookup look_up(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                           const TaskFamily& family, WithTags tags, Deadline deadline) = 0;
    /// `describe_services`, with their tags.
    virtual Result<DescribedServices> describe_services_and_tags(const ClusterName& cluster,
                                                                 const std::vector<EcsServiceName>& names,
                                                                 Deadline deadline) = 0;
    /// Takes the turn that the next UpdateService needs, and returns when it has come: at once, or after a wait that
    /// makes all that was known before it old. Fails (kDeadline) when that would be too late.
    virtual Status take_turn_to_update(Deadline deadline) = 0;
    /// A turn that was taken and is not needed.
    virtual void give_turn_back() = 0;
    /// NOT idempotent: with forceNewDeployment each accepted call starts a rollout. The caller has taken its turn.
    virtual Result<AcceptedDeployment> update_service(const UpdateServiceRequest& request, Deadline deadline) = 0;
    /// As in `EcsRollouts`.
    virtual Result<EcsExpressService> describe_express_service(const std::string& arn, Deadline deadline) = 0;
    /// UpdateService's counterpart for an Express Mode service: NOT idempotent, and with its turn taken, which is one
    /// of UpdateService's. ECS writes a new revision of the task definition, and the answer names it.
    virtual Result<AcceptedDeployment> update_express_service(const UpdateExpressRequest& request,
                                                              Deadline deadline) = 0;
    /// Idempotent. Adds tags to a task definition.
    virtual Status tag_task_definition(const std::string& arn, const EcsTags& tags, Deadline deadline) = 0;
    /// Registers a copy of `revision` in another family, with each image that has a digest pinned to it, with the tags
    /// of the original, and with `tags`; the ARN. NOT idempotent: one more revision each time.
    virtual Result<TaskDefinition> register_pinned_copy(const EcsServiceRevision& revision, const TaskFamily& family,
                                                        const EcsTags& tags, Deadline deadline) = 0;
    /// Registers a copy of `revision` in its own family whose containers, by name, have these images, with exactly
    /// these tags; the ARN. NOT idempotent: one more revision each time.
    virtual Result<TaskDefinition> register_with_images(const TaskDefinition& revision,
                                                        const std::map<std::string, std::string>& images,
                                                        const EcsTags& tags, Deadline deadline) = 0;
};

/// Tags of services. All of it is idempotent.
class EcsServiceTags {
public:
    EcsServiceTags() = default;
    EcsServiceTags(const EcsServiceTags&) = delete;
    EcsServiceTags& operator=(const EcsServiceTags&) = delete;
    virtual ~EcsServiceTags() = default;

    /// Adds tags to a service, by its ARN, or gives them other values. kAccessDenied names the permission.
    virtual Status tag_service(const std::string& arn, const EcsTags& tags, Deadline deadline) = 0;
    /// Takes tags off that are there.
    virtual Status untag_service(const std::string& arn, const std::vector<std::string>& keys, Deadline deadline) = 0;
};

/// What there is. All of it is idempotent.
class EcsInventory {
public:
    EcsInventory() = default;
    EcsInventory(const EcsInventory&) = delete;
    EcsInventory& operator=(const EcsInventory&) = delete;
    virtual ~EcsInventory() = default;

    /// kNotFound when there is no such cluster.
    virtual Result<EcsCluster> describe_cluster(const ClusterName& cluster, Deadline deadline) = 0;
    /// `taskDefinition` of DescribeTaskDefinition as JSON, as ECS has it. It may hold secrets.
    virtual Result<std::string> task_definition_json(const TaskDefinition& revision, Deadline deadline) = 0;
    /// All pages.
    virtual Result<std::vector<EcsServiceName>> list_services(const ClusterName& cluster, Deadline deadline) = 0;
};

/// What the services of a cluster run. All of it is idempotent.
class EcsCatalog : public EcsInventory {
public:
    /// As in `EcsRollouts`, with the tags of each service; without them where they may not be read.
    virtual Result<DescribedServices> describe_services_with_tags(const ClusterName& cluster,
                                                                  const std::vector<EcsServiceName>& names,
                                                                  Deadline deadline) = 0;
    /// One answer a revision, in their order. Asks for a few at the same time, on the calling thread.
    virtual std::vector<Result<DescribedRevision>> describe_revisions(const std::vector<TaskDefinition>& revisions,
                                                                      Deadline deadline) = 0;
};

/// Tasks that no service runs, started one by one.
class EcsTasks {
public:
    EcsTasks() = default;
    EcsTasks(const EcsTasks&) = delete;
    EcsTasks& operator=(const EcsTasks&) = delete;
    virtual ~EcsTasks() = default;

    /// Those that run, and those that have stopped, as long as ECS keeps them (about an hour); at most 100 of each, the
    /// newest first. Idempotent.
    virtual Result<std::vector<EcsTask>> tasks_started_by(const ClusterName& cluster, const std::string& started_by,
                                                          Deadline deadline) = 0;
    /// Idempotent by its client token. kBusy where nothing could be placed, and where the token stands for another
    /// request.
    virtual Result<EcsTask> run_task(const RunTaskRequest& request, Deadline deadline) = 0;
};

/// All of it; and what only taking back needs, which watches and starts as well.
class EcsApi : public EcsRollouts, public EcsStarter, public EcsCatalog, public EcsServiceTags {
public:
    Result<DescribedServices> describe_services(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                                                Deadline deadline) override = 0;
    Result<EcsExpressService> describe_express_service(const std::string& arn, Deadline deadline) override = 0;
    static constexpr std::size_t kMaxServicesPerDescribe = ci_lambda::kMaxServicesPerDescribe;

    /// Asks ECS to end this rollout and to go back to what ran before. ECS refuses one that has ended.
    virtual Status roll_back_service_deployment(const std::string& arn, Deadline deadline) = 0;
    /// Lets a rollout go on that waits for a person, by the id of the hook. ECS refuses (kRejected) what somebody has
    /// answered before, and what is over.
    virtual Status continue_service_deployment(const std::string& arn, const std::string& hook, Deadline deadline) = 0;
    /// The same answer with a no: ECS brings back what ran before.
    virtual Status reject_service_deployment(const std::string& arn, const std::string& hook, Deadline deadline) = 0;
};

}  // namespace ci_lambda
