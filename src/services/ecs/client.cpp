#include "services/ecs/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <utility>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "services/ecs/decode.hpp"

namespace ci_lambda {
namespace {

/// The most that one page of a list, or one DescribeTasks, may hold (ECS API reference).
constexpr int kPageSize = 100;
constexpr std::size_t kMaxRevisionsPerDescribe = 20;  // DescribeServiceRevisions

constexpr std::string_view kDescribeServices = "DescribeServices";
constexpr std::string_view kListTaskDefinitions = "ListTaskDefinitions";
constexpr std::string_view kUpdateService = "UpdateService";
constexpr std::string_view kUpdateExpressService = "UpdateExpressGatewayService";
constexpr std::string_view kRunTask = "RunTask";
constexpr std::string_view kDescribeExpressService = "DescribeExpressGatewayService";

Json describe_request(const ClusterName& cluster, const std::vector<EcsServiceName>& names) {
    Json request{{"cluster", cluster.str()}, {"services", Json::array()}};
    for (const auto& name : names) request["services"].push_back(name.str());
    return request;
}

Json describe_request(const ClusterName& cluster, const std::vector<EcsServiceName>& names, WithTags tags) {
    auto request = describe_request(cluster, names);
    if (tags == WithTags::kYes) request["include"] = {"TAGS"};
    return request;
}

/// IAM asks for another permission than that of the call.
void name_the_permission(Result<DescribedServices>& described, WithTags tags) {
    if (described || tags == WithTags::kNo || described.error().kind != ErrorKind::kAccessDenied) return;
    described.error().message +=
        " (the tags of services need ecs:DescribeServices and ecs:ListTagsForResource on them)";
}

Json list_request(const TaskFamily& family) {
    return {{"familyPrefix", family.str()}, {"status", "ACTIVE"}, {"sort", "DESC"}, {"maxResults", kPageSize}};
}

/// "Cluster not found." does not say which: the one that the request was about.
void name_the_cluster(Error& error, const AwsCall& call, const HttpResponse& /*response*/) {
    if (error.code != "ClusterNotFoundException") return;
    const auto request = parse_json(call.body);
    const auto cluster = request ? find_string(*request, "cluster") : std::nullopt;
    if (!cluster) return;
    error.message += fmt::format(
        " There is no cluster {}; check AWS_REGION, and ECS_CLUSTER_NAME or CLUSTER_NAME_PATTERN", *cluster);
}

// The groups of the page "Request throttling for the Amazon ECS API" in the ECS API Reference, as far as they are used.
// What is not listed there is not paced.
// The two calls for Express Mode services are not listed either: that they count with their counterparts is a guess, of
// which the other outcome costs nothing.
constexpr std::array kServiceModify{kUpdateService, kUpdateExpressService};
constexpr std::array<std::string_view, 3> kServiceRead{kDescribeServices, "ListServices", kDescribeExpressService};
constexpr std::array<std::string_view, 2> kTaskDefinitionRead{kListTaskDefinitions, "DescribeTaskDefinition"};
constexpr std::array<std::string_view, 1> kTaskDefinitionModify{"RegisterTaskDefinition"};
constexpr std::array<std::string_view, 2> kServiceDeploymentRead{"ListServiceDeployments",
                                                                 "DescribeServiceDeployments"};
constexpr std::array<std::string_view, 1> kServiceRevisionRead{"DescribeServiceRevisions"};
constexpr std::array<std::string_view, 2> kClusterResourceRead{"ListTasks", "DescribeTasks"};

constexpr std::array<std::string_view, 1> kClusterResourceModify{kRunTask};

constexpr std::array<QuotaGroup, 8> kQuotas{{
    {"service modify", {.burst = 50, .per_second = 5}, kServiceModify},
    {"service read", {.burst = 100, .per_second = 20}, kServiceRead},
    {"task definition read", {.burst = 50, .per_second = 20}, kTaskDefinitionRead},
    {"task definition modify", {.burst = 20, .per_second = 1}, kTaskDefinitionModify},
    {"service deployment read", {.burst = 50, .per_second = 20}, kServiceDeploymentRead},
    {"service revision read", {.burst = 50, .per_second = 20}, kServiceRevisionRead},
    {"cluster resource read", {.burst = 100, .per_second = 20}, kClusterResourceRead},
    {"cluster resource modify", {.burst = 100, .per_second = 40}, kClusterResourceModify},
}};

constexpr std::array<std::string_view, 2> kNotFoundCodes{"ServiceNotFoundException", "ClusterNotFoundException"};

/// The revisions of one family, in the order of their numbers.
class Revisions {
public:
    explicit Revisions(const TaskFamily& family) : family_(family) {}

    void add(const Json& items) {
        for (const auto& item : items) {
            if (!item.is_string()) continue;
            auto arn = item.get<std::string>();
            const auto revision = parse_revision(arn);
            if (!revision || revision->family != family_.str()) continue;
            in_order_ = in_order_ && (found_.empty() || revision->number < found_.back().number);
            found_.push_back({.number = revision->number, .arn = std::move(arn)});
        }
    }
    /// The answer begins with the highest number, so no later page has a higher one. One revision proves no order; and
    /// an order by text (`:9` before `:42`) does not either where all numbers have the same length, but is the same.
    [[nodiscard]] bool newest_is_known() const { return in_order_ && found_.size() > 1; }

    [[nodiscard]] std::vector<TaskDefinition> newest_first() && {
        std::ranges::sort(found_, std::ranges::greater{}, &Numbered::number);
        std::vector<TaskDefinition> revisions;
        revisions.reserve(found_.size());
        for (auto& one : found_) revisions.emplace_back(std::move(one.arn));
        return revisions;
    }

private:
    struct Numbered {
        unsigned long long number;
        std::string arn;
    };
    const TaskFamily& family_;
    std::vector<Numbered> found_;
    bool in_order_ = true;
};

Result<const Json*> task_definition_in(const Json& answer) {
    const Json* definition = find(answer, "taskDefinition");
    if (definition == nullptr || !definition->is_object())
        return fail(ErrorKind::kProtocol, "ECS's answer to DescribeTaskDefinition has no \"taskDefinition\"");
    return definition;
}

/// What `describe` says of the one half of the names and of the other.
template <typename Describe>
Result<DescribedServices> in_halves(const std::vector<EcsServiceName>& names, Describe describe) {
    DescribedServices all;
    const auto middle = names.begin() + static_cast<std::ptrdiff_t>(names.size() / 2);
    for (const auto& half : {std::vector(names.begin(), middle), std::vector(middle, names.end())}) {
        TRY_ASSIGN(auto some, describe(half));
        std::ranges::move(some.services, std::back_inserter(all.services));
        std::ranges::move(some.failures, std::back_inserter(all.failures));
        if (!some.no_tags.empty()) all.no_tags = std::move(some.no_tags);
    }
    return all;
}

}  // namespace

constinit const AwsService kEcsService{.name = "ecs",
                                       .title = "ECS",
                                       .host = "ecs",
                                       .signing_name = "ecs",
                                       .endpoint_variable = "AWS_ENDPOINT_URL_ECS",
                                       .target_prefix = "AmazonEC2ContainerServiceV20141113.",
                                       .not_found_codes = kNotFoundCodes,
                                       .quotas = kQuotas,
                                       .body_in_log = &ecs_body_in_log,
                                       .explain = &name_the_cluster};

Result<DescribedServices> EcsClient::described_services(const Json& answer) const {
    TRY_ASSIGN(const auto* services, client_.require_array(answer, "services"));
    DescribedServices described;
    for (const auto& service : *services) described.services.push_back(read_service(service));
    if (const Json* failures = find(answer, "failures"); failures != nullptr && failures->is_array())
        for (const auto& failure : *failures) described.failures.push_back(read_failure(failure));
    return described;
}

Result<DescribedServices> EcsClient::described(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                                               const Result<Json>& answer, WithTags tags, Deadline deadline) {
    if (answer) return described_services(*answer);
    if (answer.error().code != "InvalidParameterException" || names.empty()) return std::unexpected(answer.error());
    if (names.size() == 1)
        return DescribedServices{.services = {},
                                 .failures = {{.name = names.front(), .reason = answer.error().message}}};
    return in_halves(names, [&](const auto& half) {
        return tags == WithTags::kYes ? describe_services_and_tags(cluster, half, deadline)
                                      : describe_services(cluster, half, deadline);
    });
}

Result<DescribedServices> EcsClient::describe_services(const ClusterName& cluster,
                                                       const std::vector<EcsServiceName>& names, Deadline deadline) {
    return described(cluster, names, client_.read(kDescribeServices, describe_request(cluster, names), deadline),
                     WithTags::kNo, deadline);
}

Result<DescribedServices> EcsClient::describe_services_and_tags(const ClusterName& cluster,
                                                                const std::vector<EcsServiceName>& names,
                                                                Deadline deadline) {
    constexpr auto kTags = WithTags::kYes;
    auto all =
        described(cluster, names, client_.read(kDescribeServices, describe_request(cluster, names, kTags), deadline),
                  kTags, deadline);
    name_the_permission(all, kTags);
    return all;
}

Result<DescribedServices> EcsClient::describe_services_with_tags(const ClusterName& cluster,
                                                                 const std::vector<EcsServiceName>& names,
                                                                 Deadline deadline) {
    constexpr std::string_view kRefused = "ECS refused to show the tags of services (ecs:ListTagsForResource?)";
    std::string refusal;
    if (!service_tags_refused_) {
        auto request = describe_request(cluster, names);
        request["include"] = {"TAGS"};
        auto answer = client_.read(kDescribeServices, request, deadline);
        if (answer) return described_services(*answer);
        if (answer.error().kind != ErrorKind::kAccessDenied && answer.error().code != "InvalidParameterException")
            return std::unexpected(std::move(answer).error());
        // One name may be what ECS does not like, and none of the others is to suffer.
        if (answer.error().code == "InvalidParameterException" && names.size() > 1)
            return in_halves(names,
                             [&](const auto& half) { return describe_services_with_tags(cluster, half, deadline); });
        if (answer.error().kind == ErrorKind::kAccessDenied) refusal = answer.error().message;
    }
    auto described = describe_services(cluster, names, deadline);
    if (described && (service_tags_refused_ || !refusal.empty())) {
        service_tags_refused_ = true;
        described->no_tags = refusal.empty() ? std::string(kRefused) : std::move(refusal);
    }
    return described;
}

std::vector<Result<DescribedRevision>> EcsClient::describe_revisions(const std::vector<TaskDefinition>& revisions,
                                                                     Deadline deadline) {
    constexpr std::string_view kOperation = "DescribeTaskDefinition";
    /// So many answers are in memory together, each of at most 64 KB or so.
    constexpr std::size_t kAtOnce = 4;
    std::vector<Result<DescribedRevision>> all;
    all.reserve(revisions.size());
    for (std::size_t i = 0; i < revisions.size(); i += kAtOnce) {
        const bool with_tags = !revision_tags_refused_;
        std::vector<AwsCall> calls;
        for (std::size_t k = i; k < std::min(revisions.size(), i + kAtOnce); ++k) {
            Json request{{"taskDefinition", revisions[k].str()}};
            if (with_tags) request["include"] = {"TAGS"};
            calls.push_back({.operation = kOperation, .body = dump_json(request)});
        }
        auto answers = client_.make(calls, deadline);
        for (std::size_t k = 0; k < answers.size(); ++k)
            all.push_back(described_revision(client_.parse_read(kOperation, std::move(answers[k])), revisions[i + k],
                                             with_tags, deadline));
    }
    return all;
}

/// The same of one revision, asked for again without its tags where they may not be read.
Result<DescribedRevision> EcsClient::described_revision(Result<Json> answer, const TaskDefinition& revision,
                                                        bool with_tags, Deadline deadline) {
    if (!answer && with_tags && answer.error().kind == ErrorKind::kAccessDenied) {
        answer = client_.read("DescribeTaskDefinition", {{"taskDefinition", revision.str()}}, deadline);
        if (answer) revision_tags_refused_ = true;
    }
    if (!answer) return std::unexpected(std::move(answer).error());
    DescribedRevision found{.definition = read_task_definition(*answer), .references = read_references(*answer)};
    if (found.definition.arn.empty())
        return fail(ErrorKind::kProtocol, "ECS's answer to DescribeTaskDefinition names no revision");
    return found;
}

Result<std::vector<TaskDefinition>> EcsClient::active_task_definitions(const TaskFamily& family, Deadline deadline) {
    return revisions_of(
        family, client_.make({.operation = kListTaskDefinitions, .body = dump_json(list_request(family))}, deadline),
        deadline);
}

EcsApi::Lookup EcsClient::look_up(const ClusterName& cluster, const std::vector<EcsServiceName>& names,
                                  const TaskFamily& family, WithTags tags, Deadline deadline) {
    const std::array calls{
        AwsCall{.operation = kDescribeServices, .body = dump_json(describe_request(cluster, names, tags))},
        AwsCall{.operation = kListTaskDefinitions, .body = dump_json(list_request(family))}};
    auto answers = client_.make(calls, deadline);
    auto services =
        described(cluster, names, client_.parse_read(kDescribeServices, std::move(answers[0])), tags, deadline);
    name_the_permission(services, tags);
    return {.services = std::move(services), .revisions = revisions_of(family, std::move(answers[1]), deadline)};
}

Result<std::vector<TaskDefinition>> EcsClient::revisions_of(const TaskFamily& family, Result<HttpResponse> first,
                                                            Deadline deadline) {
    // A family may have a million revisions, and its newest ones come first: one page is enough where the numbers show
    // that order (an emulator may ignore `sort`, and `:10` sorts before `:9` as text).
    Revisions revisions(family);
    TRY(client_.read_pages(kListTaskDefinitions, list_request(family), std::move(first), "taskDefinitionArns", deadline,
                           [&](const Json& items) {
                               revisions.add(items);
                               return revisions.newest_is_known() ? AwsClient::Pages::kEnough : AwsClient::Pages::kMore;
                           }));
    auto found = std::move(revisions).newest_first();
    if (found.empty())
        return fail(ErrorKind::kNotFound,
                    fmt::format("no task definitions found: the family {} has no ACTIVE revision (register one, or "
                                "check TASK_FAMILY_PATTERN / ECS_SERVICE_MAP)",
                                family));
    return found;
}

Result<Json> EcsClient::describe_with_tags(const std::string& revision, Deadline deadline) {
    constexpr std::string_view kOperation = "DescribeTaskDefinition";
    auto answer = client_.read(kOperation, {{"taskDefinition", revision}, {"include", {"TAGS"}}}, deadline);
    // Tags may need a permission of their own; what can be read without it is worth more than nothing.
    if (!answer && answer.error().kind == ErrorKind::kAccessDenied)
        answer = client_.read(kOperation, {{"taskDefinition", revision}}, deadline);
    return answer;
}

Result<EcsTaskDefinition> EcsClient::describe_task_definition(const TaskDefinition& revision, Deadline deadline) {
    auto answer = describe_with_tags(revision.str(), deadline);
    if (!answer) {
        // ClientException: "Unable to describe task definition." is all that ECS says of one that does not exist.
        auto error = std::move(answer).error();
        if (error.code == "ClientException") error.kind = ErrorKind::kNotFound;
        return std::unexpected(std::move(error));
    }
    auto described = read_task_definition(*answer);
    if (described.arn.empty())
        return fail(ErrorKind::kProtocol, "ECS's answer to DescribeTaskDefinition names no revision");
    return described;
}

Status EcsClient::take_turn_to_update(Deadline deadline) {
    return client_.turns().wait_for_turn(kUpdateService, deadline);
}

void EcsClient::give_turn_back() { client_.turns().give_back(kUpdateService); }

Result<AcceptedDeployment> EcsClient::update_service(const UpdateServiceRequest& request, Deadline deadline) {
    Json body{{"cluster", request.cluster.str()},
              {"service", request.service.str()},
              {"taskDefinition", request.task_definition.str()},
              {"forceNewDeployment", true}};
    if (request.deployment_configuration) {
        TRY_ASSIGN(body["deploymentConfiguration"], parse_json(*request.deployment_configuration));
    }
    TRY_ASSIGN(const auto described, started(kUpdateService, body, deadline));
    const auto service = read_service(described);
    AcceptedDeployment accepted{.task_definition = service.task_definition};
    if (const auto* primary = service.primary())
        accepted = {.deployment_id = primary->id,
                    .task_definition = primary->task_definition,
                    .created_at = primary->created_at};
    if (accepted.created_at == WallTime{}) accepted.created_at = clock_.now();
    if (accepted.task_definition.empty()) accepted.task_definition = request.task_definition.str();
    return accepted;
}

Result<Json> EcsClient::started(std::string_view operation, const Json& request, Deadline deadline) {
    TRY_ASSIGN(const auto response, client_.make({.operation = operation,
                                                  .body = dump_json(request),
                                                  .repeatable = AwsCall::Repeatable::kNo,
                                                  .has_turn = true},
                                                 deadline));
    auto answer = client_.parse(operation, response);
    if (!answer) {
        answer.error().outcome_unknown = true;
        return std::unexpected(std::move(answer).error());
    }
    const Json* service = find(*answer, "service");
    if (service == nullptr)
        return std::unexpected(Error{.kind = ErrorKind::kProtocol,
                                     .message = fmt::format("ECS's answer to {} has no \"service\"", operation),
                                     .outcome_unknown = true});
    return *service;
}

Result<EcsExpressService> EcsClient::describe_express_service(const std::string& arn, Deadline deadline) {
    TRY_ASSIGN(const auto answer, client_.read(kDescribeExpressService, {{"serviceArn", arn}}, deadline));
    const Json* service = find(answer, "service");
    if (service == nullptr)
        return fail(ErrorKind::kProtocol, "ECS's answer to DescribeExpressGatewayService has no \"service\"");
    return read_express_service(*service);
}

Result<AcceptedDeployment> EcsClient::update_express_service(const UpdateExpressRequest& request, Deadline deadline) {
    Json body{{"serviceArn", request.service}};
    if (request.primary_container.empty()) {
        body["taskDefinitionArn"] = request.task_definition.str();
    } else {
        TRY_ASSIGN(body["primaryContainer"], parse_json(request.primary_container));
        if (!request.image.empty()) body["primaryContainer"]["image"] = request.image;
    }
    TRY_ASSIGN(const auto service, started(kUpdateExpressService, body, deadline));
    AcceptedDeployment accepted{.deployment_id = {}, .task_definition = request.task_definition.str()};
    if (const Json* target = find(service, "targetConfiguration")) {
        const auto begun = read_express_configuration(*target);
        // The deployment of a service revision has its number.
        if (const auto number = last_segment(begun.revision); !number.empty())
            accepted.deployment_id = fmt::format("ecs-svc/{}", number);
        if (!begun.task_definition.empty()) accepted.task_definition = begun.task_definition;
        accepted.created_at = begun.created_at;
    }
    if (accepted.created_at == WallTime{}) accepted.created_at = clock_.now();
    return accepted;
}

Result<EcsCluster> EcsClient::describe_cluster(const ClusterName& cluster, Deadline deadline) {
    TRY_ASSIGN(const auto answer, client_.read("DescribeClusters", {{"clusters", {cluster.str()}}}, deadline));
    TRY_ASSIGN(const auto* clusters, client_.require_array(answer, "clusters"));
    if (clusters->empty()) return fail(ErrorKind::kNotFound, fmt::format("there is no cluster {}", cluster));
    const auto& found = clusters->front();
    return EcsCluster{.name = ClusterName(find_string(found, "clusterName").value_or(cluster.str())),
                      .status = find_string(found, "status").value_or("")};
}

Result<std::string> EcsClient::task_definition_json(const TaskDefinition& revision, Deadline deadline) {
    TRY_ASSIGN(const auto described,
               client_.read("DescribeTaskDefinition", {{"taskDefinition", revision.str()}}, deadline));
    TRY_ASSIGN(const auto* definition, task_definition_in(described));
    return dump_json(*definition);
}

Result<std::vector<EcsServiceName>> EcsClient::list_services(const ClusterName& cluster, Deadline deadline) {
    std::vector<EcsServiceName> names;
    const Json request{{"cluster", cluster.str()}, {"maxResults", kPageSize}};
    auto first = client_.make({.operation = "ListServices", .body = dump_json(request)}, deadline);
    TRY(client_.read_pages("ListServices", request, std::move(first), "serviceArns", deadline, [&](const Json& arns) {
        for (const auto& arn : arns)
            if (arn.is_string()) names.emplace_back(std::string(last_segment(arn.get<std::string>())));
        return AwsClient::Pages::kMore;
    }));
    return names;
}

Result<std::vector<EcsServiceDeployment>> EcsClient::service_deployments(const ClusterName& cluster,
                                                                         const EcsServiceName& service,
                                                                         Deadline deadline) {
    const Json request{{"cluster", cluster.str()}, {"service", service.str()}, {"maxResults", kPageSize}};
    TRY_ASSIGN(const auto answer, client_.read("ListServiceDeployments", request, deadline));
    TRY_ASSIGN(const auto* list, client_.require_array(answer, "serviceDeployments"));
    std::vector<EcsServiceDeployment> deployments;
    for (const auto& one : *list) deployments.push_back(read_service_deployment(one));
    std::ranges::stable_sort(deployments, std::ranges::greater{}, &EcsServiceDeployment::created_at);
    return deployments;
}

Result<EcsServiceDeployment> EcsClient::service_deployment(const std::string& arn, Deadline deadline) {
    TRY_ASSIGN(const auto answer,
               client_.read("DescribeServiceDeployments", {{"serviceDeploymentArns", {arn}}}, deadline));
    TRY_ASSIGN(const auto* list, client_.require_array(answer, "serviceDeployments"));
    if (list->empty()) return fail(ErrorKind::kNotFound, fmt::format("ECS has no service deployment {}", arn));
    return read_service_deployment(list->front());
}

Result<std::vector<EcsServiceRevision>> EcsClient::service_revisions(const std::vector<std::string>& arns,
                                                                     Deadline deadline) {
    std::vector<EcsServiceRevision> revisions;
    for (std::size_t i = 0; i < arns.size(); i += kMaxRevisionsPerDescribe) {
        Json request{{"serviceRevisionArns", Json::array()}};
        for (std::size_t k = i; k < std::min(arns.size(), i + kMaxRevisionsPerDescribe); ++k)
            request["serviceRevisionArns"].push_back(arns[k]);
        TRY_ASSIGN(const auto answer, client_.read("DescribeServiceRevisions", request, deadline));
        TRY_ASSIGN(const auto* list, client_.require_array(answer, "serviceRevisions"));
        for (const auto& one : *list) revisions.push_back(read_service_revision(one));
    }
    return revisions;
}

Result<std::vector<Json>> EcsClient::tasks(const ClusterName& cluster, Json list, Deadline deadline) {
    list["cluster"] = cluster.str();
    list["maxResults"] = kPageSize;
    TRY_ASSIGN(const auto listed, client_.read("ListTasks", list, deadline));
    TRY_ASSIGN(const auto* arns, client_.require_array(listed, "taskArns"));
    if (arns->empty()) return std::vector<Json>{};
    TRY_ASSIGN(const auto answer,
               client_.read("DescribeTasks", {{"cluster", cluster.str()}, {"tasks", *arns}}, deadline));
    TRY_ASSIGN(const auto* described, client_.require_array(answer, "tasks"));
    return std::vector<Json>(described->begin(), described->end());
}

Result<std::vector<EcsRunningTask>> EcsClient::running_tasks(const ClusterName& cluster, const EcsServiceName& service,
                                                             Deadline deadline) {
    TRY_ASSIGN(const auto described,
               tasks(cluster, {{"serviceName", service.str()}, {"desiredStatus", "RUNNING"}}, deadline));
    std::vector<EcsRunningTask> running;
    for (const auto& task : described) running.push_back(read_running_task(task));
    return running;
}

Result<std::vector<EcsStoppedTask>> EcsClient::stopped_tasks(const ClusterName& cluster, const EcsServiceName& service,
                                                             Deadline deadline) {
    TRY_ASSIGN(const auto described,
               tasks(cluster, {{"serviceName", service.str()}, {"desiredStatus", "STOPPED"}}, deadline));
    std::vector<EcsStoppedTask> stopped;
    for (const auto& task : described) stopped.push_back(read_stopped_task(task));
    return stopped;
}

Result<std::vector<EcsTask>> EcsClient::tasks_started_by(const ClusterName& cluster, const std::string& started_by,
                                                         Deadline deadline) {
    std::vector<EcsTask> all;
    for (const auto* status : {"RUNNING", "STOPPED"}) {
        TRY_ASSIGN(const auto described,
                   tasks(cluster, {{"startedBy", started_by}, {"desiredStatus", status}}, deadline));
        for (const auto& task : described) all.push_back(read_task(task));
    }
    std::ranges::stable_sort(all, std::ranges::greater{}, &EcsTask::created_at);
    return all;
}

Result<EcsTask> EcsClient::run_task(const RunTaskRequest& request, Deadline deadline) {
    TRY_ASSIGN(auto body, parse_json(request.placement));
    Json container{{"name", request.container}, {"environment", Json::array()}};
    for (const auto& [name, value] : request.environment)
        container["environment"].push_back({{"name", name}, {"value", value}});
    if (!request.command.empty()) container["command"] = request.command;
    body.update({{"cluster", request.cluster.str()},
                 {"taskDefinition", request.task_definition.str()},
                 {"count", 1},
                 {"startedBy", request.started_by},
                 {"clientToken", request.client_token}});
    body["overrides"]["containerOverrides"].push_back(std::move(container));
    auto answer = client_.read(kRunTask, body, deadline);
    if (!answer) {
        auto error = std::move(answer).error();
        if (error.code == "ConflictException") error.kind = ErrorKind::kBusy;
        return std::unexpected(std::move(error));
    }
    TRY_ASSIGN(const auto* started, client_.require_array(*answer, "tasks"));
    if (!started->empty()) return read_task(started->front());
    std::string why = "ECS says nothing of it";
    if (const Json* failures = find(*answer, "failures");
        failures != nullptr && failures->is_array() && !failures->empty())
        why = read_failure(failures->front()).reason;
    return fail(ErrorKind::kBusy, fmt::format("ECS started no task of {}: {}", request.task_definition, why));
}

Status EcsClient::roll_back_service_deployment(const std::string& arn, Deadline deadline) {
    const Json request{{"serviceDeploymentArn", arn}, {"stopType", "ROLLBACK"}};
    // A second request finds the rollback under way and is refused, so this may be sent again.
    TRY_ASSIGN(const auto answer, client_.read("StopServiceDeployment", request, deadline));
    return {};
}

Status EcsClient::continue_service_deployment(const std::string& arn, const std::string& hook, Deadline deadline) {
    // ECS would take CONTINUE for what is not said; a second request for one hook is refused.
    const Json request{{"serviceDeploymentArn", arn}, {"hookId", hook}, {"action", "CONTINUE"}};
    TRY_ASSIGN(const auto answer, client_.read("ContinueServiceDeployment", request, deadline));
    return {};
}

Status EcsClient::reject_service_deployment(const std::string& arn, const std::string& hook, Deadline deadline) {
    const Json request{{"serviceDeploymentArn", arn}, {"hookId", hook}, {"action", "ROLLBACK"}};
    TRY_ASSIGN(const auto answer, client_.read("ContinueServiceDeployment", request, deadline));
    return {};
}

Result<TaskDefinition> EcsClient::register_pinned_copy(const EcsServiceRevision& revision, const TaskFamily& family,
                                                       const EcsTags& tags, Deadline deadline) {
    TRY_ASSIGN(const auto described, describe_with_tags(revision.task_definition, deadline));
    TRY_ASSIGN(const auto* original, task_definition_in(described));
    auto all_tags = read_task_definition(described).tags;
    for (const auto& [key, value] : tags) all_tags[key] = value;  // in place of those of another copy
    return register_revision(copy_request(*original, pinned_images(*original, revision), family), all_tags, deadline);
}

Result<TaskDefinition> EcsClient::register_with_images(const TaskDefinition& revision,
                                                       const std::map<std::string, std::string>& images,
                                                       const EcsTags& tags, Deadline deadline) {
    TRY_ASSIGN(const auto described, describe_with_tags(revision.str(), deadline));
    TRY_ASSIGN(const auto* original, task_definition_in(described));
    return register_revision(copy_request(*original, images, std::nullopt), tags, deadline);
}

Result<TaskDefinition> EcsClient::register_revision(Json request, const EcsTags& tags, Deadline deadline) {
    EcsTags ours = tags;
    // AWS's own are not taken back (tagging best practices).
    std::erase_if(ours, [](const auto& tag) { return tag.first.starts_with("aws:"); });
    if (!ours.empty()) request["tags"] = tags_to_json(ours);
    TRY_ASSIGN(const auto response, client_.make({.operation = "RegisterTaskDefinition",
                                                  .body = dump_json(request),
                                                  .repeatable = AwsCall::Repeatable::kNo},
                                                 deadline));
    TRY_ASSIGN(const auto answer, client_.parse("RegisterTaskDefinition", response));
    auto registered = read_task_definition(answer);
    if (registered.arn.empty())
        return fail(ErrorKind::kProtocol, "ECS's answer to RegisterTaskDefinition names no revision");
    return TaskDefinition(std::move(registered.arn));
}

Status EcsClient::tag_task_definition(const std::string& arn, const EcsTags& tags, Deadline deadline) {
    TRY_ASSIGN(const auto answer,
               client_.read("TagResource", {{"resourceArn", arn}, {"tags", tags_to_json(tags)}}, deadline));
    return {};
}

Status EcsClient::tag_service(const std::string& arn, const EcsTags& tags, Deadline deadline) {
    auto answer = client_.read("TagResource", {{"resourceArn", arn}, {"tags", tags_to_json(tags)}}, deadline);
    if (answer) return {};
    if (answer.error().kind == ErrorKind::kAccessDenied)
        answer.error().message += fmt::format(" (needs ecs:TagResource on {})", arn);
    return std::unexpected(std::move(answer).error());
}

Status EcsClient::untag_service(const std::string& arn, const std::vector<std::string>& keys, Deadline deadline) {
    auto answer = client_.read("UntagResource", {{"resourceArn", arn}, {"tagKeys", keys}}, deadline);
    if (answer) return {};
    if (answer.error().kind == ErrorKind::kAccessDenied)
        answer.error().message += fmt::format(" (needs ecs:UntagResource on {})", arn);
    return std::unexpected(std::move(answer).error());
}

}  // namespace ci_lambda
