#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/ecs.hpp"

namespace ci_lambda {

/// An ECS that answers every question and changes nothing: what would change it is kept, and answered as if it had
/// worked. So a dry run goes the very way of the real thing. The real one must outlive it.
class ReadOnlyEcs final : public EcsApi {
public:
    explicit ReadOnlyEcs(EcsApi& ecs) : ecs_(ecs) {}

    /// What would have been asked for.
    std::optional<UpdateServiceRequest> updated = {};
    std::optional<std::string> rolled_back = {};    ///< ARN of the service deployment
    std::optional<EcsServiceRevision> copied = {};  ///< the revision of which a copy would be registered

    Result<DescribedServices> describe_services(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                                                Deadline deadline) override {
        return ecs_.describe_services(cluster, names, deadline);
    }
    Result<std::vector<TaskDefinition>> active_task_definitions(const TaskFamily& family, Deadline deadline) override {
        return ecs_.active_task_definitions(family, deadline);
    }
    Result<EcsTaskDefinition> describe_task_definition(const TaskDefinition& name, Deadline deadline) override {
        return ecs_.describe_task_definition(name, deadline);
    }
    Lookup look_up(const ClusterName& cluster, const std::vector<EcsServiceName>& names, const TaskFamily& family,
                   Deadline deadline) override {
        return ecs_.look_up(cluster, names, family, deadline);
    }
    Result<AcceptedDeployment> update_service(const UpdateServiceRequest& request, Deadline /*deadline*/) override {
        updated = request;
        return AcceptedDeployment{.deployment_id = {}, .task_definition = request.task_definition.str()};
    }
    Result<EcsCluster> describe_cluster(const ClusterName& cluster, Deadline deadline) override {
        return ecs_.describe_cluster(cluster, deadline);
    }
    Result<std::vector<EcsServiceName>> list_services(const ClusterName& cluster, Deadline deadline) override {
        return ecs_.list_services(cluster, deadline);
    }
    Result<std::vector<EcsServiceDeployment>> service_deployments(const ClusterName& cluster,
                                                                  const EcsServiceName& service,
                                                                  Deadline deadline) override {
        return ecs_.service_deployments(cluster, service, deadline);
    }
    Result<EcsServiceDeployment> service_deployment(const std::string& arn, Deadline deadline) override {
        return ecs_.service_deployment(arn, deadline);
    }
    Result<std::vector<EcsServiceRevision>> service_revisions(const std::vector<std::string>& arns,
                                                              Deadline deadline) override {
        return ecs_.service_revisions(arns, deadline);
    }
    Result<std::vector<EcsStoppedTask>> stopped_tasks(const ClusterName& cluster, const EcsServiceName& service,
                                                      Deadline deadline) override {
        return ecs_.stopped_tasks(cluster, service, deadline);
    }
    Status roll_back_service_deployment(const std::string& arn, Deadline /*deadline*/) override {
        rolled_back = arn;
        return {};
    }
    Result<TaskDefinition> register_pinned_copy(const EcsServiceRevision& revision, const TaskFamily& family,
                                                Deadline /*deadline*/) override {
        copied = revision;
        return TaskDefinition(family.str());
    }

private:
    EcsApi& ecs_;
};

}  // namespace ci_lambda
