#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sandbox/ecs/express.hpp"
#include "sandbox/ecs/operations.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

/// Members of a configuration that are not the container, and may be updated.
constexpr std::array kConfigured{"executionRoleArn", "taskRoleArn",     "networkConfiguration", "cpu",
                                 "memory",           "cpuArchitecture", "healthCheckPath",      "scalingTarget"};
/// What cannot come together with a task definition (ECS API reference, UpdateExpressGatewayService).
constexpr std::array kWrittenByEcs{"primaryContainer", "executionRoleArn", "taskRoleArn", "cpu",
                                   "memory",           "cpuArchitecture"};

/// The Express service that `serviceArn` means; never nullptr.
AwsResult<Service*> express_service_of(EcsContext& context, const Json& request, const char* not_found) {
    TRY_ASSIGN(const auto arn, Parameters(request).text("serviceArn"));
    if (!arn || arn->empty()) return invalid_parameter("serviceArn cannot be empty.");
    Service* service = owner_of(context, *arn, "service");
    if (service == nullptr) return aws_fail(not_found, "The specified service could not be found.");
    if (!service->express)
        return invalid_parameter(fmt::format("The service {} is not an Express service.", service->name));
    return service;
}

Json configuration_json(const EcsState& state, const Service& service, const ServiceRevision& revision) {
    Json json = parse_json(service.express->configuration).value_or(Json::object());
    json.erase("infrastructureRoleArn");
    json["serviceRevisionArn"] = state.service_revision_arn(service, revision.number);
    json["taskDefinitionArn"] = revision.task_definition;
    const auto& containers = service.express->containers;
    if (const auto container = containers.find(revision.task_definition); container != containers.end())
        json["primaryContainer"] = parse_json(container->second).value_or(Json::object());
    json["ingressPaths"] = Json::array({ingress_path_json(state, service)});
    json["createdAt"] = epoch_seconds(revision.created_at);
    return json;
}

Json described_json(const EcsState& state, const Service& service) {
    return {{"serviceArn", state.service_arn(service)},
            {"serviceName", service.name},
            {"cluster", service.cluster},
            {"status", {{"statusCode", "ACTIVE"}}},
            {"createdAt", epoch_seconds(service.created_at)},
            {"updatedAt", epoch_seconds(service.revisions.back().created_at)}};
}

EcsAnswer describe_express_service(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const Service* const service, express_service_of(context, request, "ResourceNotFoundException"));
    TRY_ASSIGN(const bool with_tags, includes_tags(request));
    Json json = described_json(context.state, *service);
    const Json configuration = parse_json(service->express->configuration).value_or(Json::object());
    if (const auto role = find_string(configuration, "infrastructureRoleArn")) json["infrastructureRoleArn"] = *role;
    json["activeConfigurations"] = Json::array();
    for (const auto& deployment : service->deployments)
        if (const auto* revision = service->revision(revision_number(deployment.id)))
            json["activeConfigurations"].push_back(configuration_json(context.state, *service, *revision));
    if (!service->service_deployments.empty())
        json["currentDeployment"] =
            context.state.service_deployment_arn(*service, service->service_deployments.back().id);
    if (with_tags) json["tags"] = tags_json(service->tags);
    return Json{{"service", std::move(json)}};
}

/// The revision that somebody brings.
AwsResult<const TaskDefinitionRevision*> brought_revision(EcsContext& context, const Json& request,
                                                          const std::string& arn) {
    for (const auto* member : kWrittenByEcs)
        if (find(request, member) != nullptr)
            return invalid_parameter(fmt::format("taskDefinitionArn cannot be given together with {}.", member));
    const TaskDefinitionRevision* revision = context.state.find_task_definition(arn);
    if (revision == nullptr) return aws_fail("ClientException", "TaskDefinition not found.");
    if (!revision->active) return aws_fail("ClientException", "TaskDefinition is inactive");
    const Json content = parse_json(revision->content).value_or(Json::object());
    const Json* containers = find(content, "containerDefinitions");
    const bool has_main = containers != nullptr && std::ranges::any_of(*containers, [](const Json& container) {
                              return find_string(container, "name") == "Main";
                          });
    if (!has_main) return invalid_parameter("The task definition must have a container named Main.");
    return revision;
}

/// The container that the request gives, whole; else the one that runs.
AwsResult<std::string> wanted_container(const Service& service, const Json& request) {
    if (const Json* given = find(request, "primaryContainer")) {
        if (!given->is_object()) return aws_fail("SerializationException", "primaryContainer: expected an object");
        if (find_string(*given, "image").value_or("").empty())
            return invalid_parameter("primaryContainer needs an image.");
        return dump_json(*given);
    }
    const auto present = service.express->containers.find(service.primary().task_definition);
    if (present == service.express->containers.end())
        return invalid_parameter("The service runs a task definition of its own: give another taskDefinitionArn.");
    return present->second;
}

EcsAnswer update_express_service(EcsContext& context, const Json& request) {
    TRY_ASSIGN(Service* const service, express_service_of(context, request, "ServiceNotFoundException"));
    TRY_ASSIGN(const auto arn, Parameters(request).text("taskDefinitionArn"));
    const TaskDefinitionRevision* revision = nullptr;
    std::string container;
    if (arn) {
        TRY_ASSIGN(revision, brought_revision(context, request, *arn));
    } else {
        TRY_ASSIGN(container, wanted_container(*service, request));
    }
    if (service->unfinished_deployments() >= kMaxUnfinishedDeployments)
        return invalid_parameter(
            fmt::format("{} active deployments exist, unable to create new deployment.", kMaxUnfinishedDeployments));
    auto& express = *service->express;
    Json configuration = parse_json(express.configuration).value_or(Json::object());
    for (const auto* member : kConfigured)
        if (const Json* value = find(request, member)) configuration[member] = *value;
    express.configuration = dump_json(configuration);
    if (revision == nullptr) {
        revision = &write_express_revision(context.state, service->cluster, service->name, express.configuration,
                                           container, context.now);
        express.containers[context.state.task_definition_arn(*revision)] = std::move(container);
    }
    context.engine.look_soon(*service, context.now);
    context.engine.deploy(*service, *revision, context.now);
    Json json = described_json(context.state, *service);
    json["targetConfiguration"] = configuration_json(context.state, *service, service->revisions.back());
    return Json{{"service", std::move(json)}};
}

constexpr std::array kExpressOperations{
    EcsOperation{"DescribeExpressGatewayService", &describe_express_service},
    EcsOperation{"UpdateExpressGatewayService", &update_express_service},
};

}  // namespace

std::span<const EcsOperation> express_operations() { return kExpressOperations; }

}  // namespace ci_lambda::sandbox
