#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <ranges>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "sandbox/aws/paging.hpp"
#include "sandbox/ecs/operations.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr int kDefaultPage = 20;
constexpr std::size_t kMaxPerDescribe = 20;

struct CreatedBetween {
    std::optional<double> after;  // seconds since 1970
    std::optional<double> before;

    [[nodiscard]] bool holds(WallTime time) const {
        const double seconds = epoch_seconds(time);
        return (!after || seconds > *after) && (!before || seconds < *before);
    }
};

AwsResult<std::optional<double>> seconds_of(const Json& range, std::string_view name) {
    const Json* value = find(range, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) return aws_fail("SerializationException", fmt::format("{}: expected a number", name));
    return value->get<double>();
}

AwsResult<CreatedBetween> created_between(const Json& request) {
    CreatedBetween range;
    const Json* given = find(request, "createdAt");
    if (given == nullptr) return range;
    TRY_ASSIGN(range.after, seconds_of(*given, "after"));
    TRY_ASSIGN(range.before, seconds_of(*given, "before"));
    return range;
}

EcsAnswer list_service_deployments(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const Service* const service, service_of(context, request, "service"));
    TRY_ASSIGN(const auto statuses, Parameters(request).texts("status"));
    TRY_ASSIGN(const auto created, created_between(request));
    std::vector<const ServiceDeployment*> found;
    for (const auto& deployment : std::views::reverse(service->service_deployments)) {
        const bool wanted =
            statuses.empty() || std::ranges::find(statuses, wire_name(deployment.status)) != statuses.end();
        if (wanted && created.holds(deployment.created_at)) found.push_back(&deployment);
    }
    TRY_ASSIGN(const auto page, page_of(request, found.size(), {.usual = kDefaultPage}));
    Json list = Json::array();
    for (std::size_t i = page.begin; i < page.end; ++i)
        list.push_back(service_deployment_brief_json(context.state, *service, *found[i]));
    Json answer{{"serviceDeployments", std::move(list)}};
    if (!page.next_token.empty()) answer["nextToken"] = page.next_token;
    return answer;
}

const ServiceDeployment* find_service_deployment(const Service& service, std::string_view arn) {
    const auto found = std::ranges::find(service.service_deployments, last_segment(arn), &ServiceDeployment::id);
    return found == service.service_deployments.end() ? nullptr : &*found;
}

/// The ARNs under this member, of which there must be some and not too many.
AwsResult<std::vector<std::string>> arns_of(const Json& request, std::string_view member) {
    TRY_ASSIGN(auto arns, Parameters(request).texts(member));
    if (arns.empty()) return invalid_parameter(fmt::format("{} cannot be empty.", member));
    if (arns.size() > kMaxPerDescribe)
        return invalid_parameter(fmt::format("{} takes at most {} ARNs.", member, kMaxPerDescribe));
    return arns;
}

/// An answer with each of these things, or with its ARN among the failures.
template <typename Describe>
Json describe_each(EcsContext& context, const std::vector<std::string>& arns, std::string_view kind,
                   const std::string& member, const Describe& describe) {
    Json list = Json::array();
    Json failures = Json::array();
    for (const auto& arn : arns) {
        const Service* service = owner_of(context, arn, kind);
        auto described = service == nullptr ? std::nullopt : describe(*service, arn);
        if (described)
            list.push_back(*std::move(described));
        else
            failures.push_back(missing(arn));
    }
    Json answer{{"failures", std::move(failures)}};
    answer[member] = std::move(list);
    return answer;
}

EcsAnswer describe_service_deployments(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const auto arns, arns_of(request, "serviceDeploymentArns"));
    return describe_each(context, arns, "service-deployment", "serviceDeployments",
                         [&](const Service& service, const std::string& arn) -> std::optional<Json> {
                             const ServiceDeployment* deployment = find_service_deployment(service, arn);
                             if (deployment == nullptr) return std::nullopt;
                             return service_deployment_json(context.state, service, *deployment);
                         });
}

EcsAnswer describe_service_revisions(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const auto arns, arns_of(request, "serviceRevisionArns"));
    return describe_each(context, arns, "service-revision", "serviceRevisions",
                         [&](const Service& service, const std::string& arn) -> std::optional<Json> {
                             const ServiceRevision* revision = service.revision(last_segment(arn));
                             if (revision == nullptr) return std::nullopt;
                             return service_revision_json(context.state, service, *revision);
                         });
}

/// One that is under way can be stopped; asking for it twice does no harm (Amazon ECS developer guide, "Stopping Amazon
/// ECS service deployments").
EcsAnswer stop_service_deployment(EcsContext& context, const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto arn, parameters.text("serviceDeploymentArn"));
    TRY_ASSIGN(const auto stop_type, parameters.text("stopType"));
    const std::string type = stop_type.value_or("ROLLBACK");
    if (type != "ROLLBACK" && type != "ABORT") return invalid_parameter("stopType must be ROLLBACK or ABORT");
    Service* service = owner_of(context, arn.value_or(""), "service-deployment");
    const ServiceDeployment* deployment = service == nullptr ? nullptr : find_service_deployment(*service, *arn);
    if (deployment == nullptr)
        return aws_fail("ServiceDeploymentNotFoundException", "The service deployment was not found.");
    if (!deployment->is_ongoing())
        return std::unexpected(AwsError{.type = "ConflictException",
                                        .message = fmt::format("The service deployment cannot be stopped: it is {}.",
                                                               wire_name(deployment->status)),
                                        .resource_ids = {*arn}});
    if (type == "ROLLBACK" && service->last_successful_revision() == nullptr)
        return aws_fail("ClientException", "There is no service revision to roll back to.");
    if (type == "ROLLBACK")
        context.engine.request_rollback(*service, context.now);
    else
        context.engine.request_stop(*service, context.now);
    return Json{{"serviceDeploymentArn", *arn}};
}

HookRun* find_hook(ServiceDeployment& deployment, std::string_view id) {
    const auto found = std::ranges::find(deployment.hooks, id, &HookRun::id);
    return found == deployment.hooks.end() ? nullptr : &*found;
}

/// `ecs-{hookType}-{id}`
bool is_hook_id(std::string_view id) {
    return id.starts_with("ecs-") && id.find('-', std::string_view("ecs-").size()) != std::string_view::npos;
}

/// The refusals are in AWS's words, as people have seen them in 2026.
EcsAnswer continue_service_deployment(EcsContext& context, const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto arn, parameters.text("serviceDeploymentArn"));
    TRY_ASSIGN(const auto hook_id, parameters.text("hookId"));
    TRY_ASSIGN(const auto asked, parameters.text("action"));
    const std::string action = asked.value_or("CONTINUE");
    if (!arn || !hook_id) return invalid_parameter("serviceDeploymentArn and hookId are required.");
    if (action != "CONTINUE" && action != "ROLLBACK") return invalid_parameter("action must be CONTINUE or ROLLBACK.");
    if (!is_hook_id(*hook_id))
        return invalid_parameter("Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}");
    Service* service = owner_of(context, *arn, "service-deployment");
    if (service == nullptr || find_service_deployment(*service, *arn) == nullptr)
        return aws_fail("ServiceDeploymentNotFoundException", "The service deployment does not exist.");
    ServiceDeployment* ongoing = service->ongoing_service_deployment();
    if (ongoing == nullptr || ongoing->id != last_segment(*arn))
        return invalid_parameter(
            "Continuing a service deployment is not allowed for service deployment in terminal states.");
    HookRun* hook = find_hook(*ongoing, *hook_id);
    if (hook == nullptr || hook->status != HookStatus::kAwaitingAction ||
        ongoing->status != ServiceDeploymentStatus::kInProgress)
        return invalid_parameter(
            "Provided hookId is either completed, unavailable, or not associated with the given Resource ARN");
    context.engine.answer_hook(*service, *hook, action == "CONTINUE", context.now);
    return Json{{"serviceDeploymentArn", *arn}};
}

constexpr std::array kServiceDeploymentOperations{
    EcsOperation{"ListServiceDeployments", &list_service_deployments},
    EcsOperation{"DescribeServiceDeployments", &describe_service_deployments},
    EcsOperation{"DescribeServiceRevisions", &describe_service_revisions},
    EcsOperation{"StopServiceDeployment", &stop_service_deployment},
    EcsOperation{"ContinueServiceDeployment", &continue_service_deployment},
};

}  // namespace

std::span<const EcsOperation> service_deployment_operations() { return kServiceDeploymentOperations; }

}  // namespace ci_lambda::sandbox
