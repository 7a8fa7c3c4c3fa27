#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "sandbox/ecs/configuration.hpp"
#include "sandbox/ecs/operations.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kMaxServicesPerDescribe = 10;  // ECS API reference, DescribeServices

EcsAnswer describe_services(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const auto cluster, cluster_of(context, request));
    TRY_ASSIGN(const auto names, Parameters(request).texts("services"));
    TRY_ASSIGN(const bool with_tags, includes_tags(request));
    if (names.empty()) return invalid_parameter("Services cannot be empty.");
    if (names.size() > kMaxServicesPerDescribe)
        return invalid_parameter(fmt::format("DescribeServices takes at most {} services.", kMaxServicesPerDescribe));
    const auto& refused = context.state.quirks.refused_services;
    for (const auto& name : names)
        if (refused.contains(last_segment(name)))
            return invalid_parameter(fmt::format("Invalid service identifier: {}", name));
    Json services = Json::array();
    Json failures = Json::array();
    for (const auto& name : names) {
        const Service* service = context.state.find_service(cluster, name);
        if (service == nullptr) {
            failures.push_back(missing(context.state.service_arn(cluster, last_segment(name))));
            continue;
        }
        Json json = service_json(context.state, *service);
        if (with_tags) json["tags"] = tags_json(service->tags);
        services.push_back(std::move(json));
    }
    return Json{{"services", std::move(services)}, {"failures", std::move(failures)}};
}

EcsAnswer list_services(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const auto cluster, cluster_of(context, request));
    std::vector<std::string> arns;
    for (const auto& service : context.state.services)
        if (service.cluster == cluster) arns.push_back(context.state.service_arn(service));
    return list_page(request, arns, "serviceArns", 10);
}

/// The revision that the service shall run: the one that the request names, or the present one.
AwsResult<const TaskDefinitionRevision*> wanted_revision(EcsContext& context, const Json& request,
                                                         const Service& service) {
    TRY_ASSIGN(const auto reference, Parameters(request).text("taskDefinition"));
    const TaskDefinitionRevision* revision =
        context.state.find_task_definition(reference.value_or(service.primary().task_definition));
    if (revision == nullptr) return aws_fail("ClientException", "TaskDefinition not found.");
    // What runs may go on to run although it has been deregistered; nothing new may.
    if (reference && !revision->active) return aws_fail("ClientException", "TaskDefinition is inactive");
    return revision;
}

EcsAnswer update_service(EcsContext& context, const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(Service* const service, service_of(context, request, "service"));
    // Stricter than ECS, which refuses only a part of it (a deploymentConfiguration, say): who uses it is found out.
    if (service->express)
        return invalid_parameter(
            "The service is managed by Amazon ECS. Use UpdateExpressGatewayService to update an Express service.");
    if (service->code_deploy)
        return invalid_parameter(
            "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy "
            "to trigger a new deployment.");
    TRY_ASSIGN(const auto desired_count, parameters.number("desiredCount"));
    TRY_ASSIGN(const bool force, parameters.flag("forceNewDeployment"));
    TRY_ASSIGN(auto configuration, merged_configuration(service->configuration, request));
    if (configuration.strategy != Strategy::kRolling && !service->can_shift_traffic())
        return invalid_parameter(
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment "
            "strategy");
    TRY_ASSIGN(const TaskDefinitionRevision* const revision, wanted_revision(context, request, *service));
    if (desired_count && *desired_count < 0) return invalid_parameter("desiredCount cannot be negative.");

    const bool deploys = force || context.state.task_definition_arn(*revision) != service->primary().task_definition;
    if (deploys && service->unfinished_deployments() >= kMaxUnfinishedDeployments)
        return invalid_parameter(
            fmt::format("{} active deployments exist, unable to create new deployment.", kMaxUnfinishedDeployments));

    service->configuration = std::move(configuration);
    service->desired_count = desired_count.value_or(service->desired_count);
    context.engine.look_soon(*service, context.now);
    if (deploys) context.engine.deploy(*service, *revision, context.now);
    return Json{{"service", service_json(context.state, *service)}};
}

constexpr std::array kServiceOperations{
    EcsOperation{"DescribeServices", &describe_services},
    EcsOperation{"ListServices", &list_services},
    EcsOperation{"UpdateService", &update_service},
};

}  // namespace

std::span<const EcsOperation> service_operations() { return kServiceOperations; }

}  // namespace ci_lambda::sandbox
