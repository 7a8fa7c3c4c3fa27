#pragma once

#include "base/time.hpp"
#include "logging/logger.hpp"
#include "net/credentials.hpp"
#include "net/http.hpp"
#include "services/aws/client.hpp"
#include "services/codedeploy/api.hpp"

namespace ci_lambda {

/// AWS CodeDeploy, as AWS JSON 1.1.
extern const AwsService kCodeDeployService;

/// AWS CodeDeploy over HTTP. Whatever is passed in must outlive it.
class CodeDeployClient final : public CodeDeployApi {
public:
    CodeDeployClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock,
                     Sleeper& sleeper, const Logger& logger);

    Result<std::string> create_deployment(const NewCodeDeployment& deployment, Deadline deadline) override;
    Result<CodeDeployDeployment> deployment(const std::string& id, Deadline deadline) override;
    Result<std::vector<CodeDeployDeployment>> deployments(const std::vector<std::string>& ids,
                                                          Deadline deadline) override;
    Result<std::vector<std::string>> list_deployments(const CodeDeployGroup& group, bool running,
                                                      Deadline deadline) override;
    Result<CodeDeployGroupInfo> deployment_group(const CodeDeployGroup& group, Deadline deadline) override;
    Result<std::vector<CodeDeployGroupInfo>> all_groups(Deadline deadline) override;
    Result<CodeDeployTraffic> configuration(const std::string& name, Deadline deadline) override;
    Result<CodeDeployProgress> progress(const std::string& id, const ClusterName& cluster,
                                        const EcsServiceName& service, Deadline deadline) override;
    Result<CodeDeployRevision> application_revision(const std::string& application, const CodeDeployRevision& revision,
                                                    Deadline deadline) override;
    Status stop_and_roll_back(const std::string& id, Deadline deadline) override;

private:
    Result<std::vector<std::string>> names(std::string_view operation, const nlohmann::json& request,
                                           std::string_view member, Deadline deadline);
    Result<std::vector<std::string>> applications_for_ecs(Deadline deadline);
    Status add_groups(const std::string& application, std::vector<CodeDeployGroupInfo>& all, Deadline deadline);

    AwsClient client_;
};

}  // namespace ci_lambda
