#include "sandbox/ecs/express.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/json.hpp"
#include "sandbox/ecs/configuration.hpp"

namespace ci_lambda::sandbox {
namespace {

/// What a task definition that somebody brings has to call the container that gets the traffic (ECS API reference,
/// CreateExpressGatewayService).
constexpr std::string_view kMain = "Main";

Json object_of(std::string_view text) {
    auto parsed = parse_json(text);
    return parsed && parsed->is_object() ? *std::move(parsed) : Json::object();
}

Json container_definition(const Json& container, std::string_view region) {
    const Json* given_port = find(container, "containerPort");
    const int port = given_port != nullptr && given_port->is_number_integer() ? given_port->get<int>() : 80;
    Json definition{
        {"name", kMain},
        {"image", find_string(container, "image").value_or("")},
        {"essential", true},
        {"cpu", 0},
        {"mountPoints", Json::array()},
        {"portMappings", {{{"containerPort", port}, {"hostPort", port}, {"protocol", "tcp"}, {"name", "main-tcp"}}}}};
    for (const auto* same : {"environment", "secrets", "command", "repositoryCredentials"})
        if (const Json* value = find(container, same)) definition[same] = *value;
    if (const Json* log = find(container, "awsLogsConfiguration"))
        definition["logConfiguration"] = {
            {"logDriver", "awslogs"},
            {"options",
             {{"awslogs-group", find_string(*log, "logGroup").value_or("")},
              {"awslogs-region", region},
              {"awslogs-stream-prefix", find_string(*log, "logStreamPrefix").value_or("ecs")}}}};
    return definition;
}

/// AWS's defaults (ECS developer guide, "Updating an Amazon ECS Express Mode service").
DeploymentConfiguration canary(std::string_view service) {
    const Json members{
        {"strategy", "CANARY"},
        {"bakeTimeInMinutes", 3},
        {"canaryConfiguration", {{"canaryPercent", 5.0}, {"canaryBakeTimeInMinutes", 3}}},
        {"deploymentCircuitBreaker", {{"enable", true}, {"rollback", true}}},
        {"alarms", {{"alarmNames", {fmt::format("{}-5xx", service)}}, {"enable", true}, {"rollback", true}}}};
    const auto present = default_configuration();
    return merged_configuration(present, {{"deploymentConfiguration", members}}).value_or(present);
}

}  // namespace

std::string express_family(std::string_view cluster, std::string_view service) {
    return fmt::format("{}-{}", cluster, service);
}

TaskDefinitionRevision& write_express_revision(EcsState& state, std::string_view cluster, std::string_view service,
                                               std::string_view configuration, std::string_view container,
                                               WallTime now) {
    const auto family = express_family(cluster, service);
    Json content{{"containerDefinitions", Json::array({container_definition(object_of(container), state.region)})},
                 {"networkMode", "awsvpc"},
                 {"requiresCompatibilities", {"FARGATE"}}};
    const Json given = object_of(configuration);
    for (const auto* same : {"cpu", "memory", "executionRoleArn", "taskRoleArn"})
        if (const Json* value = find(given, same)) content[same] = *value;
    if (const auto architecture = find_string(given, "cpuArchitecture"))
        content["runtimePlatform"] = {{"cpuArchitecture", *architecture}, {"operatingSystemFamily", "LINUX"}};
    auto& revisions = state.families[family];
    return revisions.emplace_back(
        TaskDefinitionRevision{.family = family,
                               .revision = revisions.empty() ? 1 : revisions.back().revision + 1,
                               .active = true,
                               .registered_at = now,
                               .content = dump_json(content)});
}

void add_running_express_service(EcsState& state, Ids& ids, ServiceSeed seed, std::string_view configuration,
                                 std::string_view container, WallTime since) {
    const auto& revision = write_express_revision(state, seed.cluster, seed.name, configuration, container, since);
    const auto arn = state.task_definition_arn(revision);
    seed.task_definition = fmt::format("{}:{}", revision.family, revision.revision);
    seed.container = kMain;
    add_running_service(state, ids, seed, since);
    auto& service = state.services.back();
    service.configuration = canary(service.name);
    service.service_deployments.back().configuration = service.configuration;
    service.express =
        ExpressMode{.configuration = std::string(configuration), .containers = {{arn, std::string(container)}}};
}

}  // namespace ci_lambda::sandbox
