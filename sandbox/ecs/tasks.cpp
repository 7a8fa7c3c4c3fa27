#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "sandbox/ecs/operations.hpp"
#include "sandbox/ecs/wire.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr int kMaxTasks = 100;  // of a page, and of one DescribeTasks

struct Filter {
    const Service* service = nullptr;
    std::optional<std::string> family;
    std::optional<std::string> started_by;
    bool stopped = false;

    [[nodiscard]] bool accepts(const Task& task) const {
        const std::string_view definition = last_segment(task.task_definition);
        return task.is_wanted() != stopped && (!family || definition.substr(0, definition.find(':')) == *family) &&
               (!started_by || task.deployment_id == *started_by);
    }
};

AwsResult<Filter> filter_of(EcsContext& context, const Json& request) {
    const Parameters parameters(request);
    Filter filter;
    TRY_ASSIGN(filter.family, parameters.text("family"));
    TRY_ASSIGN(filter.started_by, parameters.text("startedBy"));
    TRY_ASSIGN(const auto status, parameters.text("desiredStatus"));
    const std::string wanted = status.value_or("RUNNING");
    if (wanted != "RUNNING" && wanted != "STOPPED" && wanted != "PENDING")
        return invalid_parameter("desiredStatus must be RUNNING, PENDING or STOPPED");
    filter.stopped = wanted == "STOPPED";
    if (find(request, "serviceName") != nullptr) {
        TRY_ASSIGN(filter.service, service_of(context, request, "serviceName"));
    }
    return filter;
}

EcsAnswer list_tasks_operation(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const auto cluster, cluster_of(context, request));
    TRY_ASSIGN(const auto filter, filter_of(context, request));
    std::vector<std::string> arns;
    for (const auto& service : context.state.services) {
        if (service.cluster != cluster || (filter.service != nullptr && filter.service != &service)) continue;
        for (const auto& task : std::views::reverse(service.tasks))
            if (filter.accepts(task)) arns.push_back(context.state.task_arn(service.cluster, task.id));
        for (const auto& task : std::views::reverse(service.stopped_tasks))
            if (filter.accepts(task)) arns.push_back(context.state.task_arn(service.cluster, task.id));
    }
    if (filter.service == nullptr)
        for (const auto& one : std::views::reverse(context.state.lone_tasks))
            if (one.cluster == cluster && filter.accepts(one.task))
                arns.push_back(context.state.task_arn(one.cluster, one.task.id));
    return list_page(request, arns, "taskArns", kMaxTasks);
}

/// The task as JSON; null if there is none.
Json find_task_json(const EcsContext& context, std::string_view cluster, std::string_view id) {
    for (const auto& service : context.state.services) {
        if (service.cluster != cluster) continue;
        for (const auto& task : service.tasks)
            if (task.id == id) return task_json(context.state, service, task);
        for (const auto& task : service.stopped_tasks)
            if (task.id == id) return task_json(context.state, service, task);
    }
    for (const auto& one : context.state.lone_tasks)
        if (one.cluster == cluster && one.task.id == id) return task_json(context.state, one);
    return nullptr;
}

EcsAnswer describe_tasks(EcsContext& context, const Json& request) {
    TRY_ASSIGN(const auto cluster, cluster_of(context, request));
    TRY_ASSIGN(const auto asked, Parameters(request).texts("tasks"));
    if (asked.empty()) return invalid_parameter("Tasks cannot be empty.");
    if (std::cmp_greater(asked.size(), kMaxTasks)) return invalid_parameter("DescribeTasks takes at most 100 tasks.");
    Json tasks = Json::array();
    Json failures = Json::array();
    for (const auto& id_or_arn : asked) {
        const std::string id(last_segment(id_or_arn));
        Json task = find_task_json(context, cluster, id);
        if (task.is_null())
            failures.push_back(missing(context.state.task_arn(cluster, id)));
        else
            tasks.push_back(std::move(task));
    }
    return Json{{"tasks", std::move(tasks)}, {"failures", std::move(failures)}};
}

/// Why ECS would not run it there; empty where it would.
std::string why_not_run(const Json& request, const Json& definition) {
    const Json* network = find(request, "networkConfiguration");
    const bool has_network = network != nullptr && find(*network, "awsvpcConfiguration") != nullptr;
    if (find_string(definition, "networkMode") == "awsvpc" && !has_network)
        return "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
    if (find(request, "launchType") != nullptr && find(request, "capacityProviderStrategy") != nullptr)
        return "Specifying both a launch type and capacity provider strategy is not supported.";
    const Json* overrides = find(request, "overrides");
    const Json* containers = overrides == nullptr ? nullptr : find(*overrides, "containerOverrides");
    if (containers == nullptr || !containers->is_array()) return {};
    for (const auto& one : *containers) {
        const auto name = find_string(one, "name").value_or("");
        const bool known = std::ranges::any_of(definition.at("containerDefinitions"), [&](const Json& container) {
            return find_string(container, "name") == name;
        });
        if (!known)
            return fmt::format("Override for container named {} is not a container in the TaskDefinition.", name);
    }
    return {};
}

EcsAnswer run_task(EcsContext& context, const Json& request) {
    constexpr std::size_t kLongestToken = 64;
    constexpr std::size_t kLongestStarter = 128;
    const Parameters parameters(request);
    TRY_ASSIGN(const auto cluster, cluster_of(context, request));
    TRY_ASSIGN(const auto reference, parameters.text("taskDefinition"));
    TRY_ASSIGN(const auto started_by, parameters.text("startedBy"));
    TRY_ASSIGN(const auto token, parameters.text("clientToken"));
    TRY_ASSIGN(const auto count, parameters.number("count"));
    if (count.value_or(1) != 1) return invalid_parameter("The sandbox starts one task at a time.");
    if (token.value_or("").size() > kLongestToken) return invalid_parameter("clientToken is too long.");
    if (started_by.value_or("").size() > kLongestStarter) return invalid_parameter("startedBy is too long.");
    const auto* revision = context.state.find_task_definition(reference.value_or(""));
    if (revision == nullptr) return aws_fail("ClientException", "TaskDefinition not found.");
    if (!revision->active) return invalid_parameter("TaskDefinition is inactive");
    const auto definition = parse_json(revision->content);
    if (!definition) return aws_fail("ServerException", "The task definition cannot be read.");
    if (auto why = why_not_run(request, *definition); !why.empty()) return invalid_parameter(std::move(why));
    const auto text = dump_json(request);
    if (token)
        for (const auto& one : context.state.lone_tasks) {
            if (one.client_token != *token) continue;
            if (one.request == text)
                return Json{{"tasks", {task_json(context.state, one)}}, {"failures", Json::array()}};
            return std::unexpected(AwsError{.type = "ConflictException",
                                            .message = "The clientToken is already in use with a different request.",
                                            .resource_ids = {context.state.task_arn(one.cluster, one.task.id)}});
        }
    LoneTask one{.task = {},
                 .cluster = cluster,
                 .group = "family:" + revision->family,
                 .client_token = token.value_or(""),
                 .request = text,
                 .fate = context.state.alone};
    one.task.deployment_id = started_by.value_or("");
    one.task.task_definition = context.state.task_definition_arn(*revision);
    for (const auto& container : definition->at("containerDefinitions"))
        one.task.images.push_back({.container = find_string(container, "name").value_or(""),
                                   .image = find_string(container, "image").value_or(""),
                                   .digest = {}});
    if (const Json* overrides = find(request, "overrides")) one.overrides = dump_json(*overrides);
    const auto& started = context.engine.run_alone(std::move(one), context.now);
    return Json{{"tasks", {task_json(context.state, started)}}, {"failures", Json::array()}};
}

constexpr std::array kTaskOperations{
    EcsOperation{"RunTask", &run_task},
    EcsOperation{"ListTasks", &list_tasks_operation},
    EcsOperation{"DescribeTasks", &describe_tasks},
};

}  // namespace

std::span<const EcsOperation> task_operations() { return kTaskOperations; }

}  // namespace ci_lambda::sandbox
