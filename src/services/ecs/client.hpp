#pragma once

#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// Amazon ECS, as AWS JSON 1.1.
extern const AwsService kEcsService;

/// Amazon ECS over HTTP. Calls wait for their turn where the account's quotas ask for it, and fail (kDeadline) when
/// that would be too late. HTTP client, credentials, clock, sleeper and logger must outlive it.
class EcsClient final : public EcsApi, public EcsTasks {
public:
    using Options = AwsEndpointOptions;
    EcsClient(Options options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock, Sleeper& sleeper,
              const Logger& logger)
        : client_(kEcsService, std::move(options), http, credentials, clock, sleeper, logger), clock_(clock) {}

    Result<DescribedServices> describe_services(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                                                Deadline deadline) override;
    Result<std::vector<TaskDefinition>> active_task_definitions(const TaskFamily& family, Deadline deadline) override;
    Lookup look_up(const ClusterName& cluster, const std::vector<EcsServiceName>& names, const TaskFamily& family,
                   WithTags tags, Deadline deadline) override;
    Result<DescribedServices> describe_services_and_tags(const ClusterName& cluster,
                                                         const std::vector<EcsServiceName>& names,
                                                         Deadline deadline) override;
    Result<EcsTaskDefinition> describe_task_definition(const TaskDefinition& revision, Deadline deadline) override;
    Status take_turn_to_update(Deadline deadline) override;
    void give_turn_back() override;
    Result<AcceptedDeployment> update_service(const UpdateServiceRequest& request, Deadline deadline) override;
    Result<EcsExpressService> describe_express_service(const std::string& arn, Deadline deadline) override;
    Result<AcceptedDeployment> update_express_service(const UpdateExpressRequest& request, Deadline deadline) override;
    Result<EcsCluster> describe_cluster(const ClusterName& cluster, Deadline deadline) override;
    Result<std::string> task_definition_json(const TaskDefinition& revision, Deadline deadline) override;
    Result<std::vector<EcsServiceName>> list_services(const ClusterName& cluster, Deadline deadline) override;
    Result<DescribedServices> describe_services_with_tags(const ClusterName& cluster,
                                                          const std::vector<EcsServiceName>& names,
                                                          Deadline deadline) override;
    std::vector<Result<DescribedRevision>> describe_revisions(const std::vector<TaskDefinition>& revisions,
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
    Status roll_back_service_deployment(const std::string& arn, Deadline deadline) override;
    Status continue_service_deployment(const std::string& arn, const std::string& hook, Deadline deadline) override;
    Status reject_service_deployment(const std::string& arn, const std::string& hook, Deadline deadline) override;
    Result<TaskDefinition> register_pinned_copy(const EcsServiceRevision& revision, const TaskFamily& family,
                                                const EcsTags& tags, Deadline deadline) override;
    Result<TaskDefinition> register_with_images(const TaskDefinition& revision,
                                                const std::map<std::string, std::string>& images, const EcsTags& tags,
                                                Deadline deadline) override;
    Status tag_task_definition(const std::string& arn, const EcsTags& tags, Deadline deadline) override;
    Result<std::vector<EcsTask>> tasks_started_by(const ClusterName& cluster, const std::string& started_by,
                                                  Deadline deadline) override;
    Result<EcsTask> run_task(const RunTaskRequest& request, Deadline deadline) override;
    Status tag_service(const std::string& arn, const EcsTags& tags, Deadline deadline) override;
    Status untag_service(const std::string& arn, const std::vector<std::string>& keys, Deadline deadline) override;

private:
    /// What was answered to a question about these names; asked anew in parts where one of them was too much for ECS.
    Result<DescribedServices> described(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                                        const Result<nlohmann::json>& answer, WithTags tags, Deadline deadline);
    Result<DescribedServices> described_services(const nlohmann::json& answer) const;
    /// The first page of the tasks that the list `{"desiredStatus":..}` names, described one by one.
    Result<std::vector<nlohmann::json>> tasks(const ClusterName& cluster, nlohmann::json list, Deadline deadline);
    Result<DescribedRevision> described_revision(Result<nlohmann::json> answer, const TaskDefinition& revision,
                                                 bool with_tags, Deadline deadline);
    Result<TaskDefinition> register_revision(nlohmann::json request, const EcsTags& tags, Deadline deadline);
    /// The answer, with the tags where they may be read.
    Result<nlohmann::json> describe_with_tags(const std::string& revision, Deadline deadline);
    Result<std::vector<TaskDefinition>> revisions_of(const TaskFamily& family, Result<HttpResponse> first,
                                                     Deadline deadline);

    /// The "service" of the answer to a call that has started a deployment, or may have.
    Result<nlohmann::json> started(std::string_view operation, const nlohmann::json& request, Deadline deadline);

    AwsClient client_;
    const Clock& clock_;
    /// Asking for tags was refused: they are not asked for again.
    std::atomic<bool> service_tags_refused_ = false;
    std::atomic<bool> revision_tags_refused_ = false;
};

}  // namespace ci_lambda
