#include "services/codedeploy/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/json.hpp"
#include "net/sha256.hpp"
#include "services/codedeploy/decode.hpp"

namespace ci_lambda {
namespace {

constexpr std::array<std::string_view, 6> kNoSuchThing{
    "DeploymentDoesNotExistException",       "ApplicationDoesNotExistException",
    "DeploymentGroupDoesNotExistException",  "RevisionDoesNotExistException",
    "DeploymentConfigDoesNotExistException", "DeploymentTargetDoesNotExistException"};

/// API reference: of BatchGetApplications and BatchGetDeploymentGroups; of BatchGetDeployments.
constexpr std::size_t kMostPerBatch = 100;
constexpr std::size_t kMostDeploymentsPerBatch = 25;

constexpr std::string_view kCreateDeployment = "CreateDeployment";
constexpr std::string_view kStopDeployment = "StopDeployment";

void explain_code_deploy(Error& error, const AwsCall& call, const HttpResponse& /*response*/) {
    if (error.kind == ErrorKind::kAccessDenied) error.message += fmt::format(" (needs codedeploy:{})", call.operation);
    // One at a time for each group: it ends, and so does the waiting.
    if (error.code == "DeploymentLimitExceededException") error.kind = ErrorKind::kBusy;
}

/// In lower-case hexadecimal digits.
std::string sha256_of(std::string_view text) {
    constexpr std::string_view kAlgorithm = "sha256:";
    return sha256_digest_of(text).substr(kAlgorithm.size());
}

/// Runs `use` on so many of them at a time.
template <typename Use>
Status in_batches(const std::vector<std::string>& all, std::size_t most, Use use) {
    for (std::size_t i = 0; i < all.size(); i += most)
        TRY(use(std::vector(all.begin() + static_cast<std::ptrdiff_t>(i),
                            all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), i + most)))));
    return {};
}

}  // namespace

constinit const AwsService kCodeDeployService{.name = "codedeploy",
                                              .title = "CodeDeploy",
                                              .host = "codedeploy",
                                              .signing_name = "codedeploy",
                                              .endpoint_variable = "AWS_ENDPOINT_URL_CODEDEPLOY",
                                              .target_prefix = "CodeDeploy_20141006.",
                                              .not_found_codes = kNoSuchThing,
                                              .explain = &explain_code_deploy};

CodeDeployClient::CodeDeployClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                                   const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : client_(kCodeDeployService, std::move(options), http, credentials, clock, sleeper, logger) {}

/// No `fileExistsBehavior`: CodeDeploy refuses it for ECS.
Result<std::string> CodeDeployClient::create_deployment(const NewCodeDeployment& deployment, Deadline deadline) {
    Json request{
        {"applicationName", deployment.group.application},
        {"deploymentGroupName", deployment.group.group},
        {"description", deployment.description},
        {"revision",
         {{"revisionType", "AppSpecContent"},
          {"appSpecContent", {{"content", deployment.app_spec}, {"sha256", sha256_of(deployment.app_spec)}}}}}};
    if (!deployment.rollback_events.empty())
        request["autoRollbackConfiguration"] = {{"enabled", true}, {"events", deployment.rollback_events}};
    const AwsCall call{
        .operation = kCreateDeployment, .body = dump_json(request), .repeatable = AwsCall::Repeatable::kNo};
    TRY_ASSIGN(const auto response, client_.make(call, deadline));
    auto answer = client_.parse(kCreateDeployment, response);
    auto id = answer ? find_string(*answer, "deploymentId") : std::nullopt;
    if (id && !id->empty()) return *std::move(id);
    Error error = answer ? Error{.kind = ErrorKind::kProtocol,
                                 .message = "CodeDeploy's answer to CreateDeployment names no deployment"}
                         : std::move(answer).error();
    error.outcome_unknown = true;
    return std::unexpected(std::move(error));
}

Result<CodeDeployDeployment> CodeDeployClient::deployment(const std::string& id, Deadline deadline) {
    TRY_ASSIGN(const auto answer, client_.read("GetDeployment", {{"deploymentId", id}}, deadline));
    const Json* info = find(answer, "deploymentInfo");
    if (info == nullptr) return fail(ErrorKind::kProtocol, "CodeDeploy's answer to GetDeployment has no deployment");
    return read_code_deployment(*info);
}

Result<std::vector<CodeDeployDeployment>> CodeDeployClient::deployments(const std::vector<std::string>& ids,
                                                                        Deadline deadline) {
    std::vector<CodeDeployDeployment> all;
    TRY(in_batches(ids, kMostDeploymentsPerBatch, [&](const std::vector<std::string>& some) -> Status {
        TRY_ASSIGN(const auto answer, client_.read("BatchGetDeployments", {{"deploymentIds", some}}, deadline));
        TRY_ASSIGN(const auto* list, client_.require_array(answer, "deploymentsInfo"));
        for (const auto& info : *list) all.push_back(read_code_deployment(info));
        return {};
    }));
    return all;
}

Result<std::vector<std::string>> CodeDeployClient::list_deployments(const CodeDeployGroup& group, bool running,
                                                                    Deadline deadline) {
    Json request{{"applicationName", group.application}, {"deploymentGroupName", group.group}};
    if (running) request["includeOnlyStatuses"] = {"Created", "Queued", "InProgress", "Baking", "Ready"};
    TRY_ASSIGN(const auto answer, client_.read("ListDeployments", request, deadline));
    TRY_ASSIGN(const auto* list, client_.require_array(answer, "deployments"));
    std::vector<std::string> ids;
    for (const auto& id : *list)
        if (id.is_string()) ids.push_back(id.get<std::string>());
    return ids;
}

Result<CodeDeployGroupInfo> CodeDeployClient::deployment_group(const CodeDeployGroup& group, Deadline deadline) {
    TRY_ASSIGN(const auto answer,
               client_.read("GetDeploymentGroup",
                            {{"applicationName", group.application}, {"deploymentGroupName", group.group}}, deadline));
    const Json* info = find(answer, "deploymentGroupInfo");
    if (info == nullptr) return fail(ErrorKind::kProtocol, "CodeDeploy's answer to GetDeploymentGroup has no group");
    return read_code_deploy_group(*info);
}

/// All pages of a list of names. CodeDeploy's pages go on by `nextToken`, in request and answer.
Result<std::vector<std::string>> CodeDeployClient::names(std::string_view operation, const Json& request,
                                                         std::string_view member, Deadline deadline) {
    std::vector<std::string> all;
    TRY(client_.read_pages(operation, request,
                           client_.make(AwsCall{.operation = operation, .body = dump_json(request)}, deadline), member,
                           deadline, [&](const Json& items) {
                               for (const auto& item : items)
                                   if (item.is_string()) all.push_back(item.get<std::string>());
                               return AwsClient::Pages::kMore;
                           }));
    return all;
}

Result<std::vector<std::string>> CodeDeployClient::applications_for_ecs(Deadline deadline) {
    TRY_ASSIGN(const auto all, names("ListApplications", Json::object(), "applications", deadline));
    std::vector<std::string> for_ecs;
    TRY(in_batches(all, kMostPerBatch, [&](const std::vector<std::string>& some) -> Status {
        TRY_ASSIGN(const auto answer, client_.read("BatchGetApplications", {{"applicationNames", some}}, deadline));
        TRY_ASSIGN(const auto* list, client_.require_array(answer, "applicationsInfo"));
        for (const auto& info : *list)
            if (find_string(info, "computePlatform") == "ECS")
                for_ecs.push_back(find_string(info, "applicationName").value_or(""));
        return {};
    }));
    return for_ecs;
}

Status CodeDeployClient::add_groups(const std::string& application, std::vector<CodeDeployGroupInfo>& all,
                                    Deadline deadline) {
    TRY_ASSIGN(const auto groups,
               names("ListDeploymentGroups", {{"applicationName", application}}, "deploymentGroups", deadline));
    return in_batches(groups, kMostPerBatch, [&](const std::vector<std::string>& some) -> Status {
        TRY_ASSIGN(const auto answer,
                   client_.read("BatchGetDeploymentGroups",
                                {{"applicationName", application}, {"deploymentGroupNames", some}}, deadline));
        TRY_ASSIGN(const auto* list, client_.require_array(answer, "deploymentGroupsInfo"));
        for (const auto& info : *list) all.push_back(read_code_deploy_group(info));
        return {};
    });
}

Result<std::vector<CodeDeployGroupInfo>> CodeDeployClient::all_groups(Deadline deadline) {
    std::vector<CodeDeployGroupInfo> all;
    TRY_ASSIGN(const auto applications, applications_for_ecs(deadline));
    for (const auto& application : applications) TRY(add_groups(application, all, deadline));
    return all;
}

Result<CodeDeployTraffic> CodeDeployClient::configuration(const std::string& name, Deadline deadline) {
    TRY_ASSIGN(const auto answer, client_.read("GetDeploymentConfig", {{"deploymentConfigName", name}}, deadline));
    const Json* info = find(answer, "deploymentConfigInfo");
    return info == nullptr ? CodeDeployTraffic{} : read_code_deploy_traffic(*info);
}

Result<CodeDeployProgress> CodeDeployClient::progress(const std::string& id, const ClusterName& cluster,
                                                      const EcsServiceName& service, Deadline deadline) {
    TRY_ASSIGN(const auto answer,
               client_.read("GetDeploymentTarget",
                            {{"deploymentId", id}, {"targetId", fmt::format("{}:{}", cluster, service)}}, deadline));
    const Json* target = find(answer, "deploymentTarget");
    return target == nullptr ? CodeDeployProgress{} : read_code_deploy_progress(*target);
}

Result<CodeDeployRevision> CodeDeployClient::application_revision(const std::string& application,
                                                                  const CodeDeployRevision& revision,
                                                                  Deadline deadline) {
    TRY_ASSIGN(const auto answer,
               client_.read(
                   "GetApplicationRevision",
                   {{"applicationName", application},
                    {"revision", {{"revisionType", revision.type}, {"appSpecContent", {{"sha256", revision.sha256}}}}}},
                   deadline));
    const Json* found = find(answer, "revision");
    return found == nullptr ? CodeDeployRevision{} : read_code_deploy_revision(*found);
}

Status CodeDeployClient::stop_and_roll_back(const std::string& id, Deadline deadline) {
    const AwsCall call{.operation = kStopDeployment,
                       .body = dump_json({{"deploymentId", id}, {"autoRollbackEnabled", true}}),
                       .repeatable = AwsCall::Repeatable::kNo};
    TRY(client_.make(call, deadline));
    return {};
}

}  // namespace ci_lambda
