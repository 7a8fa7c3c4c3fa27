#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deployer/code_deploy/groups.hpp"
#include "deployer/code_deploy/translation.hpp"
#include "logging/logger.hpp"
#include "services/codedeploy/api.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// ECS, whose services with the controller CODE_DEPLOY are deployed by CodeDeploy: what is seen, started and taken back
/// of these is CodeDeploy's, in ECS's terms (`translation.hpp`), and all others are ECS's own. So whatever decides,
/// watches or tells has one world to look at (docs/adr/0023).
///
/// Of a service that CodeDeploy cannot be asked about, DescribeServices says why (`code_deploy_error`); what can heal
/// is an error of the call. Thread-safe.
class CodeDeployedEcs final : public EcsApi {
public:
    /// Whatever is passed in must outlive it.
    CodeDeployedEcs(EcsApi& ecs, CodeDeployApi& code_deploy, CodeDeployGroups& groups, const Clock& clock,
                    const Logger& logger)
        : ecs_(ecs), code_deploy_(code_deploy), groups_(groups), clock_(clock), logger_(logger) {}

    Result<DescribedServices> describe_services(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                                                Deadline deadline) override;
    Result<DescribedServices> describe_services_with_tags(const ClusterName& cluster,
                                                          const std::vector<EcsServiceName>& names,
                                                          Deadline deadline) override;
    Lookup look_up(const ClusterName& cluster, const std::vector<EcsServiceName>& names, const TaskFamily& family,
                   WithTags tags, Deadline deadline) override;
    Result<DescribedServices> describe_services_and_tags(const ClusterName& cluster,
                                                         const std::vector<EcsServiceName>& names,
                                                         Deadline deadline) override;
    Result<std::vector<EcsServiceDeployment>> service_deployments(const ClusterName& cluster,
                                                                  const EcsServiceName& service,
                                                                  Deadline deadline) override;
    Result<EcsServiceDeployment> service_deployment(const std::string& arn, Deadline deadline) override;
    Result<std::vector<EcsServiceRevision>> service_revisions(const std::vector<std::string>& arns,
                                                              Deadline deadline) override;
    Result<std::vector<EcsRunningTask>> running_tasks(const ClusterName& cluster, const EcsServiceName& service,
                                                      Deadline deadline) override;
    Result<std::vector<EcsStoppedTask>> stopped_tasks(const ClusterName& cluster, const EcsServiceName& service,
                                                      Deadline deadline) override;
    Result<AcceptedDeployment> update_service(const UpdateServiceRequest& request, Deadline deadline) override;
    Status roll_back_service_deployment(const std::string& arn, Deadline deadline) override;
    Status continue_service_deployment(const std::string& arn, const std::string& hook, Deadline deadline) override;
    Status reject_service_deployment(const std::string& arn, const std::string& hook, Deadline deadline) override;

    // ECS's own:
    Result<EcsExpressService> describe_express_service(const std::string& arn, Deadline deadline) override;
    Result<std::vector<TaskDefinition>> active_task_definitions(const TaskFamily& family, Deadline deadline) override;
    Result<EcsTaskDefinition> describe_task_definition(const TaskDefinition& revision, Deadline deadline) override;
    Status take_turn_to_update(Deadline deadline) override;
    void give_turn_back() override;
    Result<AcceptedDeployment> update_express_service(const UpdateExpressRequest& request, Deadline deadline) override;
    Status tag_task_definition(const std::string& arn, const EcsTags& tags, Deadline deadline) override;
    Status tag_service(const std::string& arn, const EcsTags& tags, Deadline deadline) override;
    Status untag_service(const std::string& arn, const std::vector<std::string>& keys, Deadline deadline) override;
    Result<TaskDefinition> register_pinned_copy(const EcsServiceRevision& revision, const TaskFamily& family,
                                                const EcsTags& tags, Deadline deadline) override;
    Result<TaskDefinition> register_with_images(const TaskDefinition& revision,
                                                const std::map<std::string, std::string>& images, const EcsTags& tags,
                                                Deadline deadline) override;
    Result<EcsCluster> describe_cluster(const ClusterName& cluster, Deadline deadline) override;
    Result<std::string> task_definition_json(const TaskDefinition& revision, Deadline deadline) override;
    Result<std::vector<EcsServiceName>> list_services(const ClusterName& cluster, Deadline deadline) override;
    std::vector<Result<DescribedRevision>> describe_revisions(const std::vector<TaskDefinition>& revisions,
                                                              Deadline deadline) override;

private:
    using Key = std::pair<ClusterName, EcsServiceName>;
    /// What the last look at a service has shown.
    struct Known {
        CodeDeployGroup group;
        CodeDeployRevision target;  ///< of the group: what was deployed last
        std::string last_attempted;
        std::vector<std::string> rollback_events;
        std::string serves;  ///< id of the deployment whose tasks have the traffic
        std::vector<EcsTaskSet> task_sets;
        std::string container;
        int port = 0;
    };

    Status show(const ClusterName& cluster, DescribedServices& described, Deadline deadline);
    Status show_one(const ClusterName& cluster, EcsService& service, Deadline deadline);
    [[nodiscard]] Result<CodeDeployGroupInfo> group_info(const CodeDeployGroupInfo::Service& service,
                                                         const EcsService& shown, Deadline deadline);
    [[nodiscard]] Result<CodeDeployStory> story_of(CodeDeployDeployment deployment, Deadline deadline);
    [[nodiscard]] std::string brought_by(const CodeDeployDeployment& deployment, Deadline deadline);
    [[nodiscard]] Result<std::string> brought_by(const std::string& id, Deadline deadline);
    [[nodiscard]] CodeDeployTraffic traffic_of(const std::string& configuration, Deadline deadline);
    [[nodiscard]] std::optional<Known> known(const ClusterName& cluster, const EcsServiceName& service);
    [[nodiscard]] std::optional<std::pair<Key, Known>> known_of_group(const CodeDeployGroup& group);
    [[nodiscard]] std::string deployment_of_task(const std::optional<Known>& service, std::string started_by) const;

    [[nodiscard]] Result<AcceptedDeployment> create(const UpdateServiceRequest& request, const Known& service,
                                                    Deadline deadline);
    [[nodiscard]] Result<std::string> app_spec_for(const UpdateServiceRequest& request, const Known& service,
                                                   Deadline deadline);
    [[nodiscard]] Result<std::optional<AcceptedDeployment>> same_underway(const UpdateServiceRequest& request,
                                                                          const Known& service, Deadline deadline);

    EcsApi& ecs_;
    CodeDeployApi& code_deploy_;
    CodeDeployGroups& groups_;
    const Clock& clock_;
    const Logger& logger_;
    std::mutex mutex_;  // guards what follows
    std::map<Key, Known> known_;
    std::map<std::string, std::string> brings_;  ///< task definitions, by deployments: that never changes
    std::map<std::string, CodeDeployTraffic> traffic_;
};

}  // namespace ci_lambda
