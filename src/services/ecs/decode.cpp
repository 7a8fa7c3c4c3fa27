#include "services/ecs/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"
#include "services/aws/decode.hpp"

namespace ci_lambda {
namespace {

int count(const Json& object, std::string_view key) {
    const Json* value = find(object, key);
    return value != nullptr && value->is_number_integer() ? value->get<int>() : 0;
}

/// AWS's own pages show times as text.
std::optional<WallTime> find_time(const Json& object, std::string_view key) {
    if (const auto text = find_string(object, key)) return parse_rfc3339(*text);
    return find_epoch_seconds(object, key);
}

WallTime time_of(const Json& object, std::string_view key) { return find_time(object, key).value_or(WallTime{}); }

/// Runs `read` on each member of the array `key`, if there is one.
template <typename T>
std::vector<T> read_all(const Json& object, std::string_view key, T (*read)(const Json&)) {
    std::vector<T> all;
    const Json* array = find(object, key);
    if (array == nullptr || !array->is_array()) return all;
    for (const auto& one : *array) all.push_back(read(one));
    return all;
}

/// Hands each member of the array `key` to `use`, if there is one.
template <typename Use>
void for_each(const Json& object, std::string_view key, Use use) {
    const Json* array = find(object, key);
    if (array == nullptr || !array->is_array()) return;
    for (const auto& one : *array) use(one);
}

RolloutState read_rollout_state(const Json& deployment) {
    const auto state = text_of(deployment, "rolloutState");
    if (state == "IN_PROGRESS") return RolloutState::kInProgress;
    if (state == "COMPLETED") return RolloutState::kCompleted;
    if (state == "FAILED") return RolloutState::kFailed;
    return RolloutState::kNone;
}

EcsDeployment read_deployment(const Json& deployment) {
    return {.id = text_of(deployment, "id"),
            .status = text_of(deployment, "status"),
            .task_definition = text_of(deployment, "taskDefinition"),
            .desired_count = count(deployment, "desiredCount"),
            .pending_count = count(deployment, "pendingCount"),
            .running_count = count(deployment, "runningCount"),
            .failed_tasks = count(deployment, "failedTasks"),
            .created_at = time_of(deployment, "createdAt"),
            .updated_at = time_of(deployment, "updatedAt"),
            .rollout_state = read_rollout_state(deployment),
            .rollout_reason = text_of(deployment, "rolloutStateReason")};
}

/// CodeDeploy's id is that of its deployment only where CodeDeploy has made the set.
EcsTaskSet read_task_set(const Json& set) {
    const bool by_code_deploy = text_of(set, "startedBy") == "CODE_DEPLOY";
    return {.id = text_of(set, "id"),
            .external_id = by_code_deploy ? text_of(set, "externalId") : std::string(),
            .status = text_of(set, "status"),
            .task_definition = text_of(set, "taskDefinition"),
            .desired_count = count(set, "computedDesiredCount"),
            .pending_count = count(set, "pendingCount"),
            .running_count = count(set, "runningCount"),
            .created_at = time_of(set, "createdAt"),
            .updated_at = time_of(set, "updatedAt")};
}

/// Of the service, or, where ECS says it there only, of one of its task sets.
void read_balanced_container(const Json& object, EcsService& service) {
    const Json* balancers = find(object, "loadBalancers");
    if (!service.balanced_container.empty() || balancers == nullptr || !balancers->is_array() || balancers->empty())
        return;
    service.balanced_container = text_of(balancers->front(), "containerName");
    service.balanced_port = count(balancers->front(), "containerPort");
}

EcsServiceMessage read_message(const Json& event) {
    return {.at = time_of(event, "createdAt"), .text = text_of(event, "message")};
}

ServiceDeploymentStatus read_status(const std::string& name) {
    using enum ServiceDeploymentStatus;
    static constexpr std::array<std::pair<std::string_view, ServiceDeploymentStatus>, 9> kNames{
        {{"PENDING", kPending},
         {"IN_PROGRESS", kInProgress},
         {"SUCCESSFUL", kSuccessful},
         {"STOPPED", kStopped},
         {"STOP_REQUESTED", kStopRequested},
         {"ROLLBACK_REQUESTED", kRollbackRequested},
         {"ROLLBACK_IN_PROGRESS", kRollbackInProgress},
         {"ROLLBACK_SUCCESSFUL", kRollbackSuccessful},
         {"ROLLBACK_FAILED", kRollbackFailed}}};
    for (const auto& [known, status] : kNames)
        if (known == name) return status;
    return kUnknown;
}

DeploymentStrategy read_strategy(const Json& configuration) {
    const auto name = text_of(configuration, "strategy");
    if (name.empty() || name == "ROLLING") return DeploymentStrategy::kRolling;
    if (name == "BLUE_GREEN") return DeploymentStrategy::kBlueGreen;
    if (name == "LINEAR") return DeploymentStrategy::kLinear;
    if (name == "CANARY") return DeploymentStrategy::kCanary;
    return DeploymentStrategy::kOther;
}

/// Two weeks: the longest that a hook may wait (ECS API reference, DeploymentLifecycleHook).
constexpr int kMostMinutes = 20'160;

std::optional<Milliseconds> find_minutes(const Json& object, std::string_view key) {
    const Json* value = find(object, key);
    if (value == nullptr || !value->is_number_integer()) return std::nullopt;
    return std::chrono::minutes{std::clamp<std::int64_t>(value->get<std::int64_t>(), 0, kMostMinutes)};
}

Milliseconds minutes_of(const Json& object, std::string_view key) {
    return find_minutes(object, key).value_or(Milliseconds{0});
}

std::optional<double> find_number(const Json& object, std::string_view key) {
    const Json* value = find(object, key);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->get<double>();
}

EcsLifecycleHook read_hook(const Json& hook) {
    EcsLifecycleHook one{.pause = text_of(hook, "targetType") == "PAUSE"};
    if (const Json* stages = find(hook, "lifecycleStages"); stages != nullptr && stages->is_array())
        for (const auto& stage : *stages)
            if (stage.is_string()) one.stages.push_back(stage.get<std::string>());
    // DescribeServices has shown a PAUSE hook with its stages alone; a Lambda hook always has a target.
    if (find(hook, "targetType") == nullptr && find(hook, "hookTargetArn") == nullptr) one.pause = true;
    if (const Json* timeout = find(hook, "timeoutConfiguration"))
        one.timeout = find_minutes(*timeout, "timeoutInMinutes");
    one.function = text_of(hook, "hookTargetArn");
    one.role = text_of(hook, "roleArn");
    if (const Json* timeout = find(hook, "timeoutConfiguration"); timeout != nullptr && find(*timeout, "action"))
        one.then_continues = text_of(*timeout, "action") == "CONTINUE";
    return one;
}

/// What ECS takes where the service does not say (ECS API reference, LinearConfiguration and CanaryConfiguration).
void set_defaults(EcsDeploymentConfiguration& configuration) {
    if (configuration.strategy == DeploymentStrategy::kLinear) {
        configuration.step_percent = 10;
        configuration.step_bake = std::chrono::minutes{6};
    } else if (configuration.strategy == DeploymentStrategy::kCanary) {
        configuration.step_percent = 5;
        configuration.step_bake = std::chrono::minutes{10};
    }
}

EcsDeploymentConfiguration read_configuration(const Json& configuration) {
    EcsDeploymentConfiguration one{.strategy = read_strategy(configuration),
                                   .bake = minutes_of(configuration, "bakeTimeInMinutes"),
                                   .hooks = read_all(configuration, "lifecycleHooks", read_hook)};
    set_defaults(one);
    if (const Json* linear = find(configuration, "linearConfiguration")) {
        one.step_percent = find_number(*linear, "stepPercent").value_or(one.step_percent);
        one.step_bake = find_minutes(*linear, "stepBakeTimeInMinutes").value_or(one.step_bake);
    }
    if (const Json* canary = find(configuration, "canaryConfiguration")) {
        one.step_percent = find_number(*canary, "canaryPercent").value_or(one.step_percent);
        one.step_bake = find_minutes(*canary, "canaryBakeTimeInMinutes").value_or(one.step_bake);
    }
    if (const Json* alarms = find(configuration, "alarms")) {
        one.alarms_on = is_true(*alarms, "enable");
        one.alarms_roll_back = one.alarms_on && is_true(*alarms, "rollback");
        if (const Json* names = find(*alarms, "alarmNames"); names != nullptr && names->is_array())
            for (const auto& name : *names)
                if (name.is_string()) one.alarm_names.push_back(name.get<std::string>());
    }
    one.minimum_healthy_percent = count(configuration, "minimumHealthyPercent");
    if (const Json* early = find(configuration, "earlySuccessCriteria")) {
        one.early_success = is_true(*early, "enable");
        one.cleanup_deferred = text_of(*early, "sourceServiceRevisionCleanup") == "DEFERRED";
        if (const auto percent = find_number(*early, "healthyPercent"))
            one.early_healthy_percent = static_cast<int>(*percent);
    }
    if (const Json* breaker = find(configuration, "deploymentCircuitBreaker")) {
        one.circuit_breaker = dump_json(*breaker);
        one.breaker_rolls_back = is_true(*breaker, "enable") && is_true(*breaker, "rollback");
    }
    return one;
}

EcsLoadBalancer read_load_balancer(const Json& balancer) {
    EcsLoadBalancer one{.target_group = text_of(balancer, "targetGroupArn"),
                        .classic = !text_of(balancer, "loadBalancerName").empty()};
    const Json* advanced = find(balancer, "advancedConfiguration");
    if (advanced == nullptr) return one;
    one.advanced = true;
    one.alternate_target_group = text_of(*advanced, "alternateTargetGroupArn");
    one.production_rule = text_of(*advanced, "productionListenerRule");
    one.test_rule = text_of(*advanced, "testListenerRule");
    one.role = text_of(*advanced, "roleArn");
    return one;
}

/// Service Connect belongs to a deployment.
bool has_service_connect(const Json& service) {
    const Json* deployments = find(service, "deployments");
    if (deployments == nullptr || !deployments->is_array()) return false;
    return std::ranges::any_of(*deployments, [](const Json& deployment) {
        const Json* connect = find(deployment, "serviceConnectConfiguration");
        return connect != nullptr && text_of(deployment, "status") == "PRIMARY" && is_true(*connect, "enabled");
    });
}

EcsHookProgress read_hook_progress(const Json& hook) {
    const auto status = text_of(hook, "status");
    return {.id = text_of(hook, "hookId"),
            .function = text_of(hook, "targetArn"),
            .pause = text_of(hook, "targetType") == "PAUSE",
            .unfinished = status == "AWAITING_ACTION" || status == "IN_PROGRESS",
            .expires_at = find_time(hook, "expiresAt"),
            .then_rolls_back = text_of(hook, "timeoutAction") != "CONTINUE",
            .rejected = status == "FAILED"};
}

EcsTaskDefinition::Image read_container_image(const Json& container) {
    return {.container = text_of(container, "name"), .image = text_of(container, "image")};
}

void add_log(const Json& container, std::vector<EcsTaskDefinition::Log>& logs) {
    const Json* configuration = find(container, "logConfiguration");
    if (configuration == nullptr || text_of(*configuration, "logDriver") != "awslogs") return;
    const Json* options = find(*configuration, "options");
    if (options == nullptr || text_of(*options, "awslogs-group").empty()) return;
    logs.push_back({.container = text_of(container, "name"),
                    .group = text_of(*options, "awslogs-group"),
                    .stream_prefix = text_of(*options, "awslogs-stream-prefix"),
                    .region = text_of(*options, "awslogs-region")});
}

EcsServiceRevision::Image read_image(const Json& image) {
    return {.container = text_of(image, "containerName"),
            .image = text_of(image, "image"),
            .digest = text_of(image, "imageDigest")};
}

std::string read_arn(const Json& summary) { return text_of(summary, "arn"); }

EcsServiceRevision::Image read_image_of_container(const Json& container) {
    return {.container = text_of(container, "name"),
            .image = text_of(container, "image"),
            .digest = text_of(container, "imageDigest")};
}

EcsTags read_tags(const Json& object) {
    EcsTags tags;
    for_each(object, "tags", [&](const Json& tag) { tags[text_of(tag, "key")] = text_of(tag, "value"); });
    return tags;
}

/// Adds the text of the member, if there is one.
void add(const Json& object, std::string_view key, std::vector<std::string>& texts) {
    if (auto value = find_string(object, key); value && !value->empty()) texts.push_back(*std::move(value));
}

/// What one container takes from outside (ECS API reference, ContainerDefinition).
void add_container(const Json& container, EcsReferences& found) {
    add(container, "image", found.images);
    for_each(container, "secrets", [&](const Json& secret) { add(secret, "valueFrom", found.values); });
    for_each(container, "environmentFiles", [&](const Json& file) { add(file, "value", found.files); });
    if (const Json* credentials = find(container, "repositoryCredentials"))
        add(*credentials, "credentialsParameter", found.values);
    if (const Json* log = find(container, "logConfiguration"))
        for_each(*log, "secretOptions", [&](const Json& secret) { add(secret, "valueFrom", found.values); });
    const Json* router = find(container, "firelensConfiguration");
    const Json* options = router == nullptr ? nullptr : find(*router, "options");
    if (options != nullptr && find_string(*options, "config-file-type") == "s3")
        add(*options, "config-file-value", found.files);
}

/// There, and neither null, false, 0 nor empty.
bool has_content(const Json& object, std::string_view key) {
    const Json* value = find(object, key);
    if (value == nullptr || value->is_null()) return false;
    if (value->is_boolean()) return value->get<bool>();
    if (value->is_number()) return value->get<double>() != 0;
    if (value->is_string()) return !value->get_ref<const std::string&>().empty();
    return !value->empty();
}

/// What people write into task definitions and ExpressGatewayContainer has no member for (botocore 1.44). ECS's own
/// defaults are none of that.
bool is_primary_container(const Json& task_definition) {
    static constexpr std::array<std::string_view, 5> kOfTasks{"volumes", "ephemeralStorage", "proxyConfiguration",
                                                              "pidMode", "ipcMode"};
    static constexpr std::array<std::string_view, 23> kOfContainers{"entryPoint",
                                                                    "environmentFiles",
                                                                    "healthCheck",
                                                                    "linuxParameters",
                                                                    "ulimits",
                                                                    "user",
                                                                    "workingDirectory",
                                                                    "mountPoints",
                                                                    "volumesFrom",
                                                                    "dependsOn",
                                                                    "dockerLabels",
                                                                    "dockerSecurityOptions",
                                                                    "extraHosts",
                                                                    "dnsServers",
                                                                    "dnsSearchDomains",
                                                                    "hostname",
                                                                    "links",
                                                                    "systemControls",
                                                                    "restartPolicy",
                                                                    "resourceRequirements",
                                                                    "stopTimeout",
                                                                    "credentialSpecs",
                                                                    "readonlyRootFilesystem"};
    const Json* containers = find(task_definition, "containerDefinitions");
    if (containers == nullptr || !containers->is_array() || containers->size() != 1) return false;
    const auto none = [](const Json& object, const auto& keys) {
        return std::ranges::none_of(keys, [&](std::string_view key) { return has_content(object, key); });
    };
    return none(task_definition, kOfTasks) && none(containers->front(), kOfContainers);
}

/// Of a service with task sets these have what the service has not.
std::string read_task_placement(const Json& service) {
    Json placement = Json::object();
    const auto take = [&](const Json& from) {
        for (const auto* member :
             {"networkConfiguration", "capacityProviderStrategy", "launchType", "platformVersion"}) {
            const Json* value = find(from, member);
            const auto text = find_string(from, member);
            const bool says_something = value != nullptr && !value->empty() && (!text || !text->empty());
            if (says_something && !placement.contains(member)) placement[member] = *value;
        }
    };
    take(service);
    for_each(service, "taskSets", take);
    // ECS takes one of the two.
    if (placement.contains("capacityProviderStrategy")) placement.erase("launchType");
    return dump_json(placement);
}

EcsStoppedTask::Container read_container(const Json& container) {
    EcsStoppedTask::Container one{.name = text_of(container, "name"),
                                  .reason = text_of(container, "reason"),
                                  .runtime_id = text_of(container, "runtimeId")};
    if (const Json* code = find(container, "exitCode"); code != nullptr && code->is_number_integer())
        one.exit_code = code->get<int>();
    return one;
}

}  // namespace

EcsService read_service(const Json& service) {
    EcsService one{.name = EcsServiceName(text_of(service, "serviceName")),
                   .status = text_of(service, "status"),
                   .task_definition = text_of(service, "taskDefinition"),
                   .desired_count = count(service, "desiredCount"),
                   .running_count = count(service, "runningCount"),
                   .deployments = read_all(service, "deployments", read_deployment),
                   .messages = read_all(service, "events", read_message),
                   .service_deployment = text_of(service, "currentServiceDeployment"),
                   .revisions = read_all(service, "currentServiceRevisions", read_arn),
                   .tags = read_tags(service),
                   .arn = text_of(service, "serviceArn"),
                   .express = text_of(service, "resourceManagementType") == "ECS"};
    // Of an Express Mode service ECS names only the task definitions of its deployments.
    if (const auto* primary = one.primary(); one.task_definition.empty() && primary != nullptr)
        one.task_definition = primary->task_definition;
    if (const Json* controller = find(service, "deploymentController"))
        one.deployment_controller = text_of(*controller, "type");
    one.task_sets = read_all(service, "taskSets", read_task_set);
    read_balanced_container(service, one);
    for_each(service, "taskSets", [&](const Json& set) { read_balanced_container(set, one); });
    // Of a service with task sets, which has the traffic is what it runs.
    if (const auto leads = std::ranges::find(one.task_sets, "PRIMARY", &EcsTaskSet::status);
        leads != one.task_sets.end() && one.task_definition.empty())
        one.task_definition = leads->task_definition;
    if (const Json* configuration = find(service, "deploymentConfiguration"))
        one.configuration = read_configuration(*configuration);
    one.load_balancers = read_all(service, "loadBalancers", read_load_balancer);
    one.service_connect = has_service_connect(service);
    one.task_placement = read_task_placement(service);
    return one;
}

EcsExpressService::Configuration read_express_configuration(const Json& configuration) {
    EcsExpressService::Configuration one{.revision = text_of(configuration, "serviceRevisionArn"),
                                         .task_definition = text_of(configuration, "taskDefinitionArn"),
                                         .primary_container = {},
                                         .image = {},
                                         .created_at = time_of(configuration, "createdAt")};
    if (const Json* container = find(configuration, "primaryContainer");
        container != nullptr && container->is_object()) {
        one.primary_container = dump_json(*container);
        one.image = text_of(*container, "image");
    }
    return one;
}

EcsExpressService read_express_service(const Json& service) {
    EcsExpressService one{.status = {},
                          .status_reason = {},
                          .configurations = read_all(service, "activeConfigurations", read_express_configuration)};
    if (const Json* status = find(service, "status")) {
        one.status = text_of(*status, "statusCode");
        one.status_reason = text_of(*status, "statusReason");
    }
    std::ranges::stable_sort(one.configurations, std::ranges::greater{}, &EcsExpressService::Configuration::created_at);
    return one;
}

DescribedServices::Failure read_failure(const Json& failure) {
    std::string reason = find_string(failure, "reason").value_or("no reason given");
    if (const auto detail = find_string(failure, "detail")) reason += ": " + *detail;
    return {.name = EcsServiceName(std::string(last_segment(text_of(failure, "arn")))), .reason = std::move(reason)};
}

EcsServiceDeployment read_service_deployment(const Json& deployment) {
    EcsServiceDeployment one{.arn = text_of(deployment, "serviceDeploymentArn"),
                             .status = read_status(text_of(deployment, "status")),
                             .reason = text_of(deployment, "statusReason"),
                             .target_revision = text_of(deployment, "targetServiceRevisionArn"),
                             .created_at = time_of(deployment, "createdAt"),
                             .finished_at = find_time(deployment, "finishedAt"),
                             .lifecycle_stage = text_of(deployment, "lifecycleStage"),
                             .updated_at = find_time(deployment, "updatedAt"),
                             .hooks = read_all(deployment, "lifecycleHookDetails", read_hook_progress)};
    // The list has the revision's ARN, the description an object.
    if (const Json* target = find(deployment, "targetServiceRevision")) {
        one.target_revision = text_of(*target, "arn");
        one.test_percent = find_number(*target, "requestedTestTrafficWeight");
        one.production_percent = find_number(*target, "requestedProductionTrafficWeight");
    }
    if (const Json* rollback = find(deployment, "rollback")) {
        one.rollback_reason = text_of(*rollback, "reason");
        one.rollback_started_at = find_time(*rollback, "startedAt");
    }
    if (const Json* alarms = find(deployment, "alarms"))
        if (const Json* names = find(*alarms, "triggeredAlarmNames"); names != nullptr && names->is_array())
            for (const auto& name : *names)
                if (name.is_string()) one.triggered_alarms.push_back(name.get<std::string>());
    if (const Json* configuration = find(deployment, "deploymentConfiguration"))
        one.configuration = read_configuration(*configuration);
    return one;
}

EcsServiceRevision read_service_revision(const Json& revision) {
    return {.arn = text_of(revision, "serviceRevisionArn"),
            .task_definition = text_of(revision, "taskDefinition"),
            .images = read_all(revision, "containerImages", read_image),
            .express = has_content(revision, "ecsManagedResources")};
}

EcsRunningTask read_running_task(const Json& task) {
    return {.started_by = text_of(task, "startedBy"), .images = read_all(task, "containers", read_image_of_container)};
}

EcsStoppedTask read_stopped_task(const Json& task) {
    return {.arn = text_of(task, "taskArn"),
            .started_by = text_of(task, "startedBy"),
            .stop_code = text_of(task, "stopCode"),
            .stopped_reason = text_of(task, "stoppedReason"),
            .stopped_at = time_of(task, "stoppedAt"),
            .containers = read_all(task, "containers", read_container),
            .task_definition = text_of(task, "taskDefinitionArn")};
}

EcsTask read_task(const Json& task) {
    EcsTask one{.what = read_stopped_task(task),
                .last_status = text_of(task, "lastStatus"),
                .created_at = time_of(task, "createdAt")};
    if (const Json* overrides = find(task, "overrides"))
        for_each(*overrides, "containerOverrides", [&](const Json& container) {
            if (one.container.empty()) one.container = text_of(container, "name");
        });
    return one;
}

EcsTaskDefinition read_task_definition(const Json& answer) {
    EcsTaskDefinition one;
    if (const Json* described = find(answer, "taskDefinition")) {
        one.arn = text_of(*described, "taskDefinitionArn");
        one.status = text_of(*described, "status");
        one.images = read_all(*described, "containerDefinitions", read_container_image);
        for_each(*described, "containerDefinitions", [&](const Json& container) { add_log(container, one.logs); });
        if (const Json* platform = find(*described, "runtimePlatform")) {
            one.cpu_architecture = text_of(*platform, "cpuArchitecture");
            one.os_family = text_of(*platform, "operatingSystemFamily");
        }
        if (const Json* launch_types = find(*described, "requiresCompatibilities");
            launch_types != nullptr && launch_types->is_array())
            one.for_fargate = std::ranges::find(*launch_types, Json("FARGATE")) != launch_types->end();
        one.is_primary_container = is_primary_container(*described);
    }
    one.tags = read_tags(answer);
    return one;
}

EcsReferences read_references(const Json& answer) {
    EcsReferences found;
    if (const Json* described = find(answer, "taskDefinition")) {
        for_each(*described, "containerDefinitions", [&](const Json& container) { add_container(container, found); });
        for_each(*described, "volumes", [&](const Json& volume) {
            const Json* windows = find(volume, "fsxWindowsFileServerVolumeConfiguration");
            if (windows == nullptr) return;
            if (const Json* credentials = find(*windows, "authorizationConfig"))
                add(*credentials, "credentialsParameter", found.values);
        });
    }
    for (auto* texts : {&found.images, &found.values, &found.files}) {
        std::ranges::sort(*texts);
        const auto repeated = std::ranges::unique(*texts);
        texts->erase(repeated.begin(), repeated.end());
        texts->shrink_to_fit();
    }
    return found;
}

Json tags_to_json(const EcsTags& tags) {
    Json list = Json::array();
    for (const auto& [key, value] : tags) list.push_back({{"key", key}, {"value", value}});
    return list;
}

Json copy_request(const Json& task_definition, const EcsImages& images, const std::optional<TaskFamily>& family) {
    // What RegisterTaskDefinition does not take back (ECS API reference, TaskDefinition).
    static constexpr std::array kOnlyInAnswers{"taskDefinitionArn",  "revision",          "status",
                                               "requiresAttributes", "compatibilities",   "registeredAt",
                                               "deregisteredAt",     "deleteRequestedAt", "registeredBy"};
    Json request = task_definition;
    for (const auto* member : kOnlyInAnswers) request.erase(member);
    if (family) request["family"] = family->str();
    const auto containers = request.find("containerDefinitions");
    if (containers == request.end() || !containers->is_array()) return request;
    for (auto& container : *containers) {
        if (!container.is_object()) continue;
        const auto image = images.find(text_of(container, "name"));
        if (image != images.end()) container["image"] = image->second;
    }
    return request;
}

EcsImages pinned_images(const Json& task_definition, const EcsServiceRevision& revision) {
    EcsImages images;
    const auto* containers = find(task_definition, "containerDefinitions");
    if (containers == nullptr || !containers->is_array()) return images;
    for (const auto& container : *containers) {
        if (!container.is_object()) continue;
        auto name = text_of(container, "name");
        const auto image = std::ranges::find(revision.images, name, &EcsServiceRevision::Image::container);
        if (image == revision.images.end() || image->digest.empty()) continue;
        images[std::move(name)] = fmt::format("{}@{}", image_name(text_of(container, "image")), image->digest);
    }
    return images;
}

}  // namespace ci_lambda
