#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/ecs/api.hpp"
#include "services/ecs/quotas.hpp"

namespace ci_lambda {

/// Amazon ECS over HTTP: AWS JSON 1.1, signed with SigV4. Credentials that AWS calls expired are fetched anew once.
/// Calls wait for their turn where the account's quotas ask for it, and fail (kDeadline) when that would be too late.
/// HTTP client, credentials, clock, sleeper and logger must outlive it.
class EcsClient final : public EcsApi {
public:
    struct Options {
        std::string region;
        std::optional<std::string> endpoint;  ///< overrides the region's own
        bool fips = false;                    ///< the region's endpoint for FIPS 140
        bool dualstack = false;               ///< the region's endpoint that has IPv6 addresses, too
    };
    EcsClient(Options options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock, Sleeper& sleeper,
              const Logger& logger);

    Result<DescribedServices> describe_services(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                                                Deadline deadline) override;
    Result<std::vector<TaskDefinition>> active_task_definitions(const TaskFamily& family, Deadline deadline) override;
    Lookup look_up(const ClusterName& cluster, const std::vector<EcsServiceName>& names, const TaskFamily& family,
                   Deadline deadline) override;
    Result<EcsTaskDefinition> describe_task_definition(const TaskDefinition& revision, Deadline deadline) override;
    Status take_turn_to_update(Deadline deadline) override;
    void give_turn_back() override;
    Result<AcceptedDeployment> update_service(const UpdateServiceRequest& request, Deadline deadline) override;
    Result<EcsCluster> describe_cluster(const ClusterName& cluster, Deadline deadline) override;
    Result<std::vector<EcsServiceName>> list_services(const ClusterName& cluster, Deadline deadline) override;
    Result<std::vector<EcsServiceDeployment>> service_deployments(const ClusterName& cluster,
                                                                  const EcsServiceName& service,
                                                                  Deadline deadline) override;
    Result<EcsServiceDeployment> service_deployment(const std::string& arn, Deadline deadline) override;
    Result<std::vector<EcsServiceRevision>> service_revisions(const std::vector<std::string>& arns,
                                                              Deadline deadline) override;
    Result<std::vector<EcsStoppedTask>> stopped_tasks(const ClusterName& cluster, const EcsServiceName& service,
                                                      Deadline deadline) override;
    Status roll_back_service_deployment(const std::string& arn, Deadline deadline) override;
    Result<TaskDefinition> register_pinned_copy(const EcsServiceRevision& revision, const TaskFamily& family,
                                                const EcsTags& tags, Deadline deadline) override;
    Status tag_task_definition(const std::string& arn, const EcsTags& tags, Deadline deadline) override;

private:
    enum class Repeatable { kYes, kNo };
    struct Call {
        std::string_view operation;
        std::string body;
        Repeatable repeatable = Repeatable::kYes;
        bool has_turn = false;  ///< the caller has waited for it
    };
    /// Makes calls at the same time, on the calling thread; the bodies of the answers, in their order. What is refused
    /// because the credentials have expired is made once more, with new ones.
    std::vector<Result<std::string>> make(std::span<const Call> calls, Deadline deadline);
    Result<std::string> make(const Call& call, Deadline deadline);
    /// The requests of those calls whose turn comes before the deadline, each when it has come.
    Result<HttpRequest> request_for(const Call& call, Deadline deadline);
    Result<std::string> body_of(const Call& call, Result<HttpResponse> response);
    /// One call that changes nothing, its answer as JSON.
    Result<nlohmann::json> read(std::string_view operation, const nlohmann::json& request, Deadline deadline);
    enum class Pages { kEnough, kMore };
    /// The items of the list `member`, page by page; `first` is the body of the first one. `on_page` says whether it
    /// wants another one.
    Status read_pages(std::string_view operation, nlohmann::json request, Result<std::string> first,
                      std::string_view member, Deadline deadline,
                      const std::function<Pages(const nlohmann::json& items)>& on_page);
    /// What was answered to a question about these names; asked anew in parts where one of them was too much for ECS.
    Result<DescribedServices> described(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                                        const Result<nlohmann::json>& answer, Deadline deadline);
    /// The answer, with the tags where they may be read.
    Result<nlohmann::json> describe_with_tags(const std::string& revision, Deadline deadline);
    Result<std::vector<TaskDefinition>> revisions_of(const TaskFamily& family, Result<std::string> first,
                                                     Deadline deadline);

    Options options_;
    HttpClient& http_;
    CredentialsProvider& credentials_;
    const Clock& clock_;
    EcsQuotas quotas_;
};

/// `https://ecs[-fips].REGION.SUFFIX`, the suffix by the region's partition and by whether it is the dual-stack one
/// (botocore's partitions.json).
[[nodiscard]] std::string ecs_endpoint(std::string_view region, bool fips = false, bool dualstack = false);

/// True for the regions whose endpoints have certificates of Amazon Trust Services: those of the partitions `aws` and
/// `aws-us-gov`. The others (China, the isolated and the sovereign ones) have authorities of their own.
[[nodiscard]] bool signed_by_amazon(std::string_view region);

/// Turns an ECS answer that is not a success into an error: AWS JSON 1.1, `{"__type":"prefix#Name:uri","message":..}`.
[[nodiscard]] Error ecs_error(const HttpResponse& response);

}  // namespace ci_lambda
