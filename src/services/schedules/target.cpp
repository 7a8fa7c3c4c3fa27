#include "services/schedules/target.hpp"

#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// The input of a call of RunTask. It may hold `<aws.scheduler.scheduled-time>` and its like, inside of strings.
struct RunTaskInput {
    std::string cluster;
    std::string task_definition;
};

std::optional<RunTaskInput> read_input(const Json& target) {
    const auto input = find_string(target, "Input");
    if (!input) return std::nullopt;
    const auto json = parse_json(*input);
    if (!json) return std::nullopt;
    return RunTaskInput{.cluster = find_string(*json, "Cluster").value_or("default"),
                        .task_definition = find_string(*json, "TaskDefinition").value_or("")};
}

std::size_t count_of(std::string_view part, std::string_view text) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
    return count;
}

/// In the text itself: written anew, the input would have another order, and numbers might look different.
Status put_into_input(Json& target, const std::string& task_definition) {
    const auto read = read_input(target);
    const auto text = find_string(target, "Input").value_or("");
    const auto old_value = dump_json(read ? Json(read->task_definition) : Json(""));
    if (!read || read->task_definition.empty() || count_of(old_value, text) != 1)
        return fail(ErrorKind::kRejected,
                    "the input of its target does not hold the task definition once, in a string of its own: change "
                    "it there yourself");
    target["Input"] = replace_all(text, old_value, dump_json(Json(task_definition)));
    return {};
}

}  // namespace

bool calls_run_task(std::string_view target_arn) { return target_arn.ends_with(":aws-sdk:ecs:runTask"); }

TaskTarget read_task_target(const Json& target) {
    TaskTarget read{.id = find_string(target, "Id").value_or(""),
                    .cluster = find_string(target, "Arn").value_or(""),
                    .task_definition = {},
                    .whole = {}};
    if (calls_run_task(read.cluster)) {
        auto input = read_input(target);
        read.cluster = input ? std::move(input->cluster) : std::string();
        if (input) read.task_definition = std::move(input->task_definition);
    } else if (const auto* parameters = find(target, "EcsParameters")) {
        read.task_definition = find_string(*parameters, "TaskDefinitionArn").value_or("");
    }
    return read;
}

Status put_task_definition(Json& target, const std::string& task_definition) {
    if (calls_run_task(find_string(target, "Arn").value_or(""))) return put_into_input(target, task_definition);
    if (read_task_target(target).task_definition.empty())
        return fail(ErrorKind::kRejected, "its target starts no task");
    target["EcsParameters"]["TaskDefinitionArn"] = task_definition;
    return {};
}

}  // namespace ci_lambda
