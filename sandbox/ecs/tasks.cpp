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

constexpr std::array kTaskOperations{
    EcsOperation{"ListTasks", &list_tasks_operation},
    EcsOperation{"DescribeTasks", &describe_tasks},
};

}  // namespace

std::span<const EcsOperation> task_operations() { return kTaskOperations; }

}  // namespace ci_lambda::sandbox
