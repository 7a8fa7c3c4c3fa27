#include "sandbox/codedeploy/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "sandbox/ecs/configuration.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {
namespace {

using Answer = AwsResult<Json>;

constexpr std::size_t kLongestDescription = 512;
constexpr std::size_t kMostDeploymentsPerBatch = 25;

Service* with_group(CodeDeployContext& context, std::string_view application, std::string_view group) {
    for (auto& service : context.ecs.state.services)
        if (service.code_deploy && service.code_deploy->application == application &&
            (group.empty() || service.code_deploy->group == group))
            return &service;
    return nullptr;
}

AwsResult<Service*> group_of(CodeDeployContext& context, const Json& request) {
    const auto application = find_string(request, "applicationName").value_or("");
    const auto group = find_string(request, "deploymentGroupName").value_or("");
    if (application.empty()) return aws_fail("ApplicationNameRequiredException", "An application name is required.");
    if (with_group(context, application, {}) == nullptr)
        return aws_fail("ApplicationDoesNotExistException",
                        fmt::format("No application found for name: {}", application));
    if (group.empty()) return aws_fail("DeploymentGroupNameRequiredException", "A deployment group name is required.");
    Service* service = with_group(context, application, group);
    if (service == nullptr)
        return aws_fail("DeploymentGroupDoesNotExistException",
                        fmt::format("No Deployment Group found for name: {}", group));
    return service;
}

struct FoundDeployment {
    Service* service = nullptr;
    CodeDeployment* deployment = nullptr;
};

FoundDeployment find_deployment(CodeDeployContext& context, std::string_view id) {
    for (auto& service : context.ecs.state.services) {
        if (!service.code_deploy) continue;
        auto& all = service.code_deploy->deployments;
        const auto found = std::ranges::find(all, id, &CodeDeployment::id);
        if (found != all.end()) return {.service = &service, .deployment = &*found};
    }
    return {};
}

AwsResult<FoundDeployment> deployment_of(CodeDeployContext& context, const Json& request) {
    const auto id = find_string(request, "deploymentId").value_or("");
    auto found = find_deployment(context, id);
    if (found.deployment == nullptr)
        return aws_fail("DeploymentDoesNotExistException", fmt::format("The deployment {} could not be found", id));
    return found;
}

bool is_running(const Service& service, const CodeDeployment& deployment) {
    return status_of(service, deployment) == "InProgress";
}

/// What stands behind `TaskDefinition` in an AppSpec, be it JSON or YAML.
std::string wanted_task_definition(const std::string& app_spec) {
    constexpr std::string_view kKey = "taskdefinition";
    const auto key = to_lower(app_spec).find(kKey);
    if (key == std::string::npos) return {};
    const auto begin = app_spec.find_first_not_of("\"': \t", key + kKey.size());
    if (begin == std::string::npos) return {};
    return app_spec.substr(begin, app_spec.find_first_of("\"'\r\n ", begin) - begin);
}

AwsResult<DeploymentConfiguration> configuration_of(const CodeDeployGroup& group, const std::string& name) {
    Json members{{"strategy", "BLUE_GREEN"}, {"bakeTimeInMinutes", group.termination_wait.count()}};
    const auto steps = [&](std::string_view prefix) -> std::optional<int> {
        if (!name.starts_with(prefix)) return std::nullopt;
        const auto digits = name.substr(prefix.size(), name.find('M', prefix.size()) - prefix.size());
        const auto minutes = parse_unsigned(digits);
        return minutes ? std::optional(static_cast<int>(*minutes)) : std::nullopt;
    };
    if (const auto canary = steps("CodeDeployDefault.ECSCanary10Percent")) {
        members["strategy"] = "CANARY";
        members["canaryConfiguration"] = {{"canaryPercent", 10.0}, {"canaryBakeTimeInMinutes", *canary}};
    } else if (const auto linear = steps("CodeDeployDefault.ECSLinear10PercentEvery")) {
        members["strategy"] = "LINEAR";
        members["linearConfiguration"] = {{"stepPercent", 10.0}, {"stepBakeTimeInMinutes", *linear}};
    } else if (name != "CodeDeployDefault.ECSAllAtOnce") {
        return aws_fail("DeploymentConfigDoesNotExistException",
                        fmt::format("No Deployment Configuration found for name: {}", name));
    }
    const bool goes_back = !group.rollback_events.empty();
    members["deploymentCircuitBreaker"] = {{"enable", true}, {"rollback", goes_back}};
    return merged_configuration(default_configuration(), {{"deploymentConfiguration", members}});
}

AwsResult<std::vector<std::string>> wanted_rollback_events(const CodeDeployGroup& group, const Json& request) {
    const Json* given = find(request, "autoRollbackConfiguration");
    if (given == nullptr) return group.rollback_events;
    TRY_ASSIGN(const bool enabled, Parameters(*given).flag("enabled"));
    TRY_ASSIGN(auto events, Parameters(*given).texts("events"));
    return enabled ? events : std::vector<std::string>{};
}

Answer create_deployment(CodeDeployContext& context, const Json& request) {
    TRY_ASSIGN(Service* const service, group_of(context, request));
    auto& group = *service->code_deploy;
    const Json* revision = find(request, "revision");
    const Json* content = revision == nullptr ? nullptr : find(*revision, "appSpecContent");
    if (content == nullptr) return aws_fail("RevisionRequiredException", "The revision ID was not specified.");
    if (find(request, "fileExistsBehavior") != nullptr)
        return aws_fail("InvalidFileExistsBehaviorException",
                        "For Lambda, ECS and Kubernetes deployment, fileExistsBehavior can not be specified");
    const auto description = find_string(request, "description").value_or("");
    if (description.size() > kLongestDescription)
        return aws_fail("DescriptionTooLongException", "The description is too long.");
    const auto app_spec = find_string(*content, "content").value_or("");
    const auto* task_definition = context.ecs.state.find_task_definition(wanted_task_definition(app_spec));
    if (task_definition == nullptr || !to_lower(app_spec).contains("loadbalancerinfo"))
        return aws_fail("InvalidRevisionException", "The AppSpec names no task definition, or no load balancer.");
    const auto running =
        std::ranges::find_if(group.deployments, [&](const auto& one) { return is_running(*service, one); });
    if (running != group.deployments.end())
        return aws_fail(
            "DeploymentLimitExceededException",
            fmt::format("The Deployment Group '{}' already has an active Deployment '{}'", group.group, running->id));
    auto name = find_string(request, "deploymentConfigName").value_or(group.configuration);
    TRY_ASSIGN(auto events, wanted_rollback_events(group, request));
    auto as_asked = group;
    as_asked.rollback_events = events;
    TRY_ASSIGN(service->configuration, configuration_of(as_asked, name));
    context.ecs.engine.deploy(*service, *task_definition, context.ecs.now);
    auto id = "d-" + context.ids.digits(9);
    group.deployments.push_back({.id = id,
                                 .service_deployment = service->service_deployments.back().id,
                                 .revision = revision_number(service->primary().id),
                                 .description = description,
                                 .app_spec = app_spec,
                                 .configuration = std::move(name),
                                 .rollback_events = std::move(events),
                                 .created_at = context.ecs.now});
    return Json{{"deploymentId", std::move(id)}};
}

Answer get_deployment(CodeDeployContext& context, const Json& request) {
    TRY_ASSIGN(const auto found, deployment_of(context, request));
    return Json{{"deploymentInfo", deployment_info_json(*found.service, *found.deployment)}};
}

Answer batch_get_deployments(CodeDeployContext& context, const Json& request) {
    TRY_ASSIGN(const auto ids, Parameters(request).texts("deploymentIds"));
    if (ids.empty()) return aws_fail("DeploymentIdRequiredException", "At least one deployment ID must be specified.");
    if (ids.size() > kMostDeploymentsPerBatch)
        return aws_fail("BatchLimitExceededException", "The maximum number of names or IDs is 25.");
    Json all = Json::array();
    for (const auto& id : ids)
        if (const auto found = find_deployment(context, id); found.deployment != nullptr)
            all.push_back(deployment_info_json(*found.service, *found.deployment));
    return Json{{"deploymentsInfo", std::move(all)}};
}

Answer list_deployments(CodeDeployContext& context, const Json& request) {
    TRY_ASSIGN(const Service* const service, group_of(context, request));
    TRY_ASSIGN(const auto statuses, Parameters(request).texts("includeOnlyStatuses"));
    Json ids = Json::array();
    for (const auto& one : std::views::reverse(service->code_deploy->deployments))
        if (statuses.empty() || std::ranges::find(statuses, status_of(*service, one)) != statuses.end())
            ids.push_back(one.id);
    return Json{{"deployments", std::move(ids)}};
}

Answer get_deployment_group(CodeDeployContext& context, const Json& request) {
    TRY_ASSIGN(const Service* const service, group_of(context, request));
    return Json{{"deploymentGroupInfo", deployment_group_json(*service)}};
}

Answer list_applications(CodeDeployContext& context, const Json& /*request*/) {
    Json names = Json::array();
    for (const auto& service : context.ecs.state.services)
        if (service.code_deploy) names.push_back(service.code_deploy->application);
    return Json{{"applications", std::move(names)}};
}

Answer batch_get_applications(CodeDeployContext& context, const Json& request) {
    TRY_ASSIGN(const auto names, Parameters(request).texts("applicationNames"));
    Json all = Json::array();
    for (const auto& name : names)
        if (with_group(context, name, {}) != nullptr)
            all.push_back({{"applicationId", "1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809"},
                           {"applicationName", name},
                           {"linkedToGitHub", false},
                           {"computePlatform", "ECS"}});
    return Json{{"applicationsInfo", std::move(all)}};
}

Answer list_deployment_groups(CodeDeployContext& context, const Json& request) {
    const auto application = find_string(request, "applicationName").value_or("");
    const Service* service = with_group(context, application, {});
    if (service == nullptr)
        return aws_fail("ApplicationDoesNotExistException",
                        fmt::format("No application found for name: {}", application));
    return Json{{"applicationName", application}, {"deploymentGroups", {service->code_deploy->group}}};
}

Answer batch_get_deployment_groups(CodeDeployContext& context, const Json& request) {
    TRY_ASSIGN(const auto names, Parameters(request).texts("deploymentGroupNames"));
    Json all = Json::array();
    for (const auto& name : names)
        if (const Service* service = with_group(context, find_string(request, "applicationName").value_or(""), name))
            all.push_back(deployment_group_json(*service));
    return Json{{"deploymentGroupsInfo", std::move(all)}};
}

Answer get_deployment_target(CodeDeployContext& context, const Json& request) {
    TRY_ASSIGN(const auto found, deployment_of(context, request));
    const auto target = fmt::format("{}:{}", found.service->cluster, found.service->name);
    if (find_string(request, "targetId") != target)
        return aws_fail("DeploymentTargetDoesNotExistException",
                        "The provided target ID does not belong to the "
                        "attempted deployment.");
    return Json{{"deploymentTarget", deployment_target_json(context.ecs.state, *found.service, *found.deployment)}};
}

Answer get_deployment_config(CodeDeployContext& /*context*/, const Json& request) {
    const auto name = find_string(request, "deploymentConfigName").value_or("");
    TRY_ASSIGN(const auto configuration, configuration_of({.application = {}, .group = {}}, name));
    Json routing{{"type", "AllAtOnce"}};
    const auto minutes = configuration.step_bake.count();
    if (configuration.strategy == Strategy::kCanary)
        routing = {{"type", "TimeBasedCanary"},
                   {"timeBasedCanary", {{"canaryPercentage", 10}, {"canaryInterval", minutes}}}};
    if (configuration.strategy == Strategy::kLinear)
        routing = {{"type", "TimeBasedLinear"},
                   {"timeBasedLinear", {{"linearPercentage", 10}, {"linearInterval", minutes}}}};
    return Json{{"deploymentConfigInfo",
                 {{"deploymentConfigId", "2b3c4d5e-6f70-8192-a3b4-c5d6e7f8091a"},
                  {"deploymentConfigName", name},
                  {"createTime", 0.0},
                  {"computePlatform", "ECS"},
                  {"trafficRoutingConfig", std::move(routing)}}}};
}

Answer stop_deployment(CodeDeployContext& context, const Json& request) {
    TRY_ASSIGN(const auto found, deployment_of(context, request));
    TRY_ASSIGN(const bool goes_back, Parameters(request).flag("autoRollbackEnabled"));
    auto& [service, deployment] = found;
    if (!is_running(*service, *deployment) || !deployment->rolls_back.empty())
        return aws_fail("DeploymentAlreadyCompletedException",
                        fmt::format("The deployment {} is already completed.", deployment->id));
    deployment->stopped = true;
    deployment->stopped_at = context.ecs.now;
    if (goes_back)
        context.ecs.engine.request_rollback(*service, context.ecs.now);
    else
        context.ecs.engine.request_stop(*service, context.ecs.now);
    return Json{{"status", "Pending"}, {"statusMessage", "Stopping deployment"}};
}

constexpr std::array kCodeDeployOperations{
    CodeDeployOperation{"CreateDeployment", &create_deployment},
    CodeDeployOperation{"GetDeployment", &get_deployment},
    CodeDeployOperation{"BatchGetDeployments", &batch_get_deployments},
    CodeDeployOperation{"ListDeployments", &list_deployments},
    CodeDeployOperation{"GetDeploymentGroup", &get_deployment_group},
    CodeDeployOperation{"ListApplications", &list_applications},
    CodeDeployOperation{"BatchGetApplications", &batch_get_applications},
    CodeDeployOperation{"ListDeploymentGroups", &list_deployment_groups},
    CodeDeployOperation{"BatchGetDeploymentGroups", &batch_get_deployment_groups},
    CodeDeployOperation{"GetDeploymentTarget", &get_deployment_target},
    CodeDeployOperation{"GetDeploymentConfig", &get_deployment_config},
    CodeDeployOperation{"StopDeployment", &stop_deployment},
};

/// As a person would have written it: with a hook, which every deployment is to keep.
std::string first_app_spec(const Service& service) {
    return fmt::format(
        R"({{"version":0.0,"Resources":[{{"TargetService":{{"Type":"AWS::ECS::Service","Properties":)"
        R"({{"TaskDefinition":"{}","LoadBalancerInfo":{{"ContainerName":"{}","ContainerPort":{}}}}}}}}}],)"
        R"("Hooks":[{{"AfterAllowTestTraffic":"shop_legacy_smoke_test"}}]}})",
        service.primary().task_definition, service.container, service.container_port);
}

}  // namespace

const CodeDeployOperation* find_code_deploy_operation(std::string_view name) {
    const auto found = std::ranges::find(kCodeDeployOperations, name, &CodeDeployOperation::name);
    return found == kCodeDeployOperations.end() ? nullptr : &*found;
}

AwsResult<Json> set_up_code_deploy(EcsState& state, Ids& ids, const Json& settings, WallTime now) {
    const Parameters parameters(settings);
    TRY_ASSIGN(const auto configuration, parameters.text("configuration"));
    TRY_ASSIGN(const auto wait, parameters.number("termination_wait_minutes"));
    TRY_ASSIGN(const auto automatic, parameters.text("auto_rollback"));
    if (state.find_service(shop::kCluster, shop::kLegacy) == nullptr) {
        add_legacy_service(state, ids, now);
        auto& added = state.services.back();
        added.code_deploy = CodeDeployGroup{.application = "AppECS-shop_cluster_dev-shop_service_legacy_dev",
                                            .group = "DgpECS-shop_cluster_dev-shop_service_legacy_dev"};
        added.code_deploy->deployments.push_back({.id = "d-" + ids.digits(9),
                                                  .service_deployment = {},
                                                  .revision = revision_number(added.primary().id),
                                                  .description = {},
                                                  .app_spec = first_app_spec(added),
                                                  .configuration = added.code_deploy->configuration,
                                                  .created_at = added.created_at,
                                                  .told = "SUCCESS"});
    }
    auto& service = *state.find_service(shop::kCluster, shop::kLegacy);
    auto changed = *service.code_deploy;
    if (configuration) changed.configuration = *configuration;
    if (wait) changed.termination_wait = std::chrono::minutes{*wait};
    if (automatic == "on")
        changed.rollback_events = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"};
    else if (automatic)
        changed.rollback_events.clear();
    TRY_ASSIGN(const auto usable, configuration_of(changed, changed.configuration));
    (void)usable;
    service.code_deploy = std::move(changed);
    return Json{{"service", service.name},
                {"application", service.code_deploy->application},
                {"group", service.code_deploy->group}};
}

}  // namespace ci_lambda::sandbox
