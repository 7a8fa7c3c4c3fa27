#include "services/ecs_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kTargetPrefix = "AmazonEC2ContainerServiceV20141113.";

/// Of one call. ECS answers within a second or two; a call that takes longer is lost.
constexpr Milliseconds kCallTimeout{15000};

/// A list that goes on for longer than this is a loop in the answers, not a list.
constexpr int kMaxPages = 1000;

/// What the SDKs' standard retry mode calls throttling (botocore, retries/standard.py).
constexpr std::array<std::string_view, 13> kThrottlingCodes{"Throttling",
                                                            "ThrottlingException",
                                                            "ThrottledException",
                                                            "RequestThrottled",
                                                            "RequestThrottledException",
                                                            "TooManyRequestsException",
                                                            "RequestLimitExceeded",
                                                            "BandwidthLimitExceeded",
                                                            "LimitExceededException",
                                                            "SlowDown",
                                                            "EC2ThrottledException",
                                                            "ProvisionedThroughputExceededException",
                                                            "PriorRequestNotComplete"};

constexpr std::array<std::string_view, 3> kExpiredCodes{"ExpiredTokenException", "ExpiredToken", "RequestExpired"};

constexpr std::array<std::string_view, 6> kBadCredentialCodes{
    "UnrecognizedClientException",         "InvalidSignatureException",    "InvalidClientTokenId",
    "MissingAuthenticationTokenException", "IncompleteSignatureException", "SignatureDoesNotMatch"};

ErrorKind kind_of(std::string_view code, int status) {
    const auto is_in = [&](const auto& codes) { return std::ranges::find(codes, code) != codes.end(); };
    if (is_in(kThrottlingCodes) || status == 429) return ErrorKind::kThrottled;
    if (status >= 500 || code == "ServerException") return ErrorKind::kServer;
    if (code == "RequestTimeout" || code == "RequestTimeoutException") return ErrorKind::kTimeout;
    if (is_in(kExpiredCodes)) return ErrorKind::kExpiredCredentials;
    if (is_in(kBadCredentialCodes)) return ErrorKind::kCredentials;
    if (code == "AccessDeniedException" || code == "AccessDenied") return ErrorKind::kAccessDenied;
    if (code == "ServiceNotFoundException" || code == "ClusterNotFoundException") return ErrorKind::kNotFound;
    if (status >= 400) return ErrorKind::kRejected;
    return ErrorKind::kProtocol;  // a redirect, an empty 200: not an answer of ECS
}

/// `com.amazonaws#Name:http://..` -> `Name` (botocore, parsers.py, BaseJSONParser).
std::string bare_error_code(std::string_view type) {
    type = type.substr(0, type.find(':'));
    if (const auto hash = type.find('#'); hash != std::string_view::npos) type.remove_prefix(hash + 1);
    return std::string(type);
}

std::string last_segment(std::string_view arn) { return std::string(arn.substr(arn.rfind('/') + 1)); }

struct Revision {
    std::string family;
    unsigned long long number = 0;
};

/// `arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION`
std::optional<Revision> parse_revision(std::string_view arn) {
    const std::string name = last_segment(arn);
    const auto colon = name.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    const auto number = parse_unsigned(std::string_view(name).substr(colon + 1));
    if (!number) return std::nullopt;
    return Revision{.family = name.substr(0, colon), .number = *number};
}

int count(const Json& object, std::string_view key) {
    const Json* value = find(object, key);
    return value != nullptr && value->is_number_integer() ? value->get<int>() : 0;
}

/// The array member `key`, or the error to give.
Result<const Json*> require_array(const Json& answer, std::string_view key) {
    const Json* array = find(answer, key);
    if (array == nullptr || !array->is_array())
        return fail(ErrorKind::kProtocol, fmt::format("ECS's answer has no list \"{}\"", key));
    return array;
}

Result<Json> parse_answer(std::string_view operation, const std::string& body) {
    auto json = parse_json(body);
    if (!json)
        return std::unexpected(
            with_context(json.error(), fmt::format("ECS's answer to {} is not understood", operation)));
    return json;
}

std::string failure_reason(const Json& failure) {
    std::string reason = find_string(failure, "reason").value_or("no reason given");
    if (const auto detail = find_string(failure, "detail")) reason += ": " + *detail;
    return reason;
}

}  // namespace

Error ecs_error(const HttpResponse& response) {
    std::string code;
    std::string message;
    if (const auto body = parse_json(response.body); body && body->is_object()) {
        code = bare_error_code(find_string(*body, "__type").value_or(""));
        message = find_string(*body, "message").value_or(find_string(*body, "Message").value_or(""));
    } else {
        message = truncate_utf8(trim(response.body), 200);
    }
    if (code.empty()) {
        if (const auto* type = response.header("x-amzn-errortype")) code = bare_error_code(*type);
    }
    Error error{.kind = kind_of(code, response.status), .code = code, .http_status = response.status};
    error.message = code.empty() ? fmt::format("HTTP {}", response.status) : code;
    if (!message.empty()) error.message += ": " + message;
    // A 5xx may come from a proxy after ECS has acted.
    error.maybe_done = error.kind == ErrorKind::kServer;
    return error;
}

EcsClient::EcsClient(Options options, HttpClient& http, CredentialsProvider& credentials, const Clock& clock)
    : options_(std::move(options)), http_(http), credentials_(credentials), clock_(clock) {}

Result<HttpResponse> EcsClient::send(std::string_view operation, const std::string& body, Repeatable repeatable,
                                     Deadline deadline) {
    TRY_ASSIGN(auto credentials, credentials_.get());
    const HttpRequest request{
        .method = "POST",
        .url = Secret(options_.endpoint.value_or(ecs_endpoint(options_.region)) + "/"),
        .log_name = fmt::format("ecs {}", operation),
        .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                    {"X-Amz-Target", fmt::format("{}{}", kTargetPrefix, operation)}},
        .body = body,
        .signing = Signing{.region = options_.region, .service = "ecs", .credentials = std::move(credentials)},
        .trust = options_.endpoint || !signed_by_amazon(options_.region) ? Trust::kSystem : Trust::kAmazonRoots,
        .timeout = deadline.clamp(clock_, kCallTimeout),
        .idempotent = repeatable == Repeatable::kYes,
    };
    return http_.send(request);
}

Result<std::string> EcsClient::call(std::string_view operation, const std::string& body, Repeatable repeatable,
                                    Deadline deadline) {
    for (bool renewed = false;; renewed = true) {
        TRY_ASSIGN(auto response, send(operation, body, repeatable, deadline));
        if (response.status == 200) return std::move(response.body);
        auto error = ecs_error(response);
        if (error.kind == ErrorKind::kExpiredCredentials && !renewed) {
            credentials_.invalidate();  // AWS has refused the call, so sending it again does nothing twice
            continue;
        }
        return std::unexpected(with_context(std::move(error), fmt::format("ecs {}", operation)));
    }
}

Result<DescribedServices> EcsClient::describe_services(const ClusterName& cluster,
                                                       const std::vector<EcsServiceName>& names, Deadline deadline) {
    Json request{{"cluster", cluster.str()}, {"services", Json::array()}};
    for (const auto& name : names) request["services"].push_back(name.str());
    TRY_ASSIGN(const auto body, call("DescribeServices", dump_json(request), Repeatable::kYes, deadline));
    TRY_ASSIGN(const auto answer, parse_answer("DescribeServices", body));
    TRY_ASSIGN(const auto* services, require_array(answer, "services"));
    DescribedServices described;
    for (const auto& service : *services) {
        EcsService one{.name = EcsServiceName(find_string(service, "serviceName").value_or("")),
                       .status = find_string(service, "status").value_or(""),
                       .task_definition = find_string(service, "taskDefinition").value_or(""),
                       .desired_count = count(service, "desiredCount"),
                       .running_count = count(service, "runningCount")};
        if (const Json* controller = find(service, "deploymentController"))
            one.deployment_controller = find_string(*controller, "type").value_or("");
        described.services.push_back(std::move(one));
    }
    if (const Json* failures = find(answer, "failures"); failures != nullptr && failures->is_array()) {
        for (const auto& failure : *failures)
            described.failures.push_back(
                {EcsServiceName(last_segment(find_string(failure, "arn").value_or(""))), failure_reason(failure)});
    }
    return described;
}

Result<TaskDefinition> EcsClient::newest_task_definition(const TaskFamily& family, Deadline deadline) {
    std::string newest;
    unsigned long long newest_number = 0;
    std::string next_token;
    // Every page is read and every number compared: the order of the answer proves nothing (an emulator may ignore
    // `sort`, and `:10` sorts before `:9` as text).
    for (int page = 0; page < kMaxPages; ++page) {
        Json request{{"familyPrefix", family.str()}, {"status", "ACTIVE"}, {"sort", "DESC"}, {"maxResults", 100}};
        if (!next_token.empty()) request["nextToken"] = next_token;
        TRY_ASSIGN(const auto body, call("ListTaskDefinitions", dump_json(request), Repeatable::kYes, deadline));
        TRY_ASSIGN(const auto answer, parse_answer("ListTaskDefinitions", body));
        TRY_ASSIGN(const auto* arns, require_array(answer, "taskDefinitionArns"));
        for (const auto& arn : *arns) {
            if (!arn.is_string()) continue;
            auto text = arn.get<std::string>();
            const auto revision = parse_revision(text);
            if (!revision || revision->family != family.str()) continue;
            if (newest.empty() || revision->number > newest_number) {
                newest = std::move(text);
                newest_number = revision->number;
            }
        }
        next_token = find_string(answer, "nextToken").value_or("");
        if (next_token.empty()) break;
    }
    if (newest.empty())
        return fail(ErrorKind::kNotFound,
                    fmt::format("the task definition family {} has no ACTIVE revision (register one, or check "
                                "TASK_FAMILY_PATTERN / ECS_SERVICE_MAP)",
                                family));
    return TaskDefinition(newest);
}

Result<AcceptedDeployment> EcsClient::update_service(const UpdateServiceRequest& request, Deadline deadline) {
    const Json body{{"cluster", request.cluster.str()},
                    {"service", request.service.str()},
                    {"taskDefinition", request.task_definition.str()},
                    {"forceNewDeployment", true}};
    TRY_ASSIGN(const auto text, call("UpdateService", dump_json(body), Repeatable::kNo, deadline));
    auto answer = parse_answer("UpdateService", text);
    if (!answer) {
        answer.error().maybe_done = true;
        return std::unexpected(std::move(answer).error());
    }
    const Json* service = find(*answer, "service");
    if (service == nullptr)
        return std::unexpected(Error{.kind = ErrorKind::kProtocol,
                                     .message = "ECS's answer to UpdateService has no \"service\"",
                                     .maybe_done = true});
    AcceptedDeployment accepted{.task_definition =
                                    find_string(*service, "taskDefinition").value_or(request.task_definition.str())};
    const Json* deployments = find(*service, "deployments");
    if (deployments == nullptr || !deployments->is_array()) return accepted;
    for (const auto& deployment : *deployments) {
        if (find_string(deployment, "status") != "PRIMARY") continue;
        accepted.deployment_id = find_string(deployment, "id").value_or("");
        accepted.task_definition = find_string(deployment, "taskDefinition").value_or(accepted.task_definition);
    }
    return accepted;
}

Result<EcsCluster> EcsClient::describe_cluster(const ClusterName& cluster, Deadline deadline) {
    const Json request{{"clusters", {cluster.str()}}};
    TRY_ASSIGN(const auto body, call("DescribeClusters", dump_json(request), Repeatable::kYes, deadline));
    TRY_ASSIGN(const auto answer, parse_answer("DescribeClusters", body));
    TRY_ASSIGN(const auto* clusters, require_array(answer, "clusters"));
    if (clusters->empty()) return fail(ErrorKind::kNotFound, fmt::format("there is no cluster {}", cluster));
    const auto& found = clusters->front();
    return EcsCluster{.name = ClusterName(find_string(found, "clusterName").value_or(cluster.str())),
                      .status = find_string(found, "status").value_or("")};
}

Result<std::vector<EcsServiceName>> EcsClient::list_services(const ClusterName& cluster, Deadline deadline) {
    std::vector<EcsServiceName> names;
    std::string next_token;
    for (int page = 0; page < kMaxPages; ++page) {
        Json request{{"cluster", cluster.str()}, {"maxResults", 100}};
        if (!next_token.empty()) request["nextToken"] = next_token;
        TRY_ASSIGN(const auto body, call("ListServices", dump_json(request), Repeatable::kYes, deadline));
        TRY_ASSIGN(const auto answer, parse_answer("ListServices", body));
        TRY_ASSIGN(const auto* arns, require_array(answer, "serviceArns"));
        for (const auto& arn : *arns)
            if (arn.is_string()) names.emplace_back(last_segment(arn.get<std::string>()));
        next_token = find_string(answer, "nextToken").value_or("");
        if (next_token.empty()) break;
    }
    return names;
}

}  // namespace ci_lambda
