#include "deployer/rollout/last_words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "deployer/rollout/task_failure.hpp"

namespace ci_lambda {

std::string title_of(const LastWords& words) {
    return fmt::format("last words of the container {}{}", words.container,
                       words.exit_code ? fmt::format(" (exit code {})", *words.exit_code) : "");
}

const EcsStoppedTask::Container* who_speaks(const EcsStoppedTask& task) {
    const auto* failed = failed_container(task);
    if (failed != nullptr && failed->exit_code) return failed;
    const auto ran = std::ranges::find_if(task.containers, [](const auto& one) { return one.exit_code.has_value(); });
    return ran == task.containers.end() ? nullptr : &*ran;
}

const EcsStoppedTask* last_to_fail(const std::string& deployment_id, const std::vector<EcsStoppedTask>& tasks) {
    const EcsStoppedTask* last = nullptr;
    for (const auto& task : tasks) {
        if (task.started_by != deployment_id || who_speaks(task) == nullptr || why_task_stopped(task).empty()) continue;
        if (last == nullptr || task.stopped_at > last->stopped_at) last = &task;
    }
    return last;
}

std::optional<ContainerLogPlace> log_place_of(const EcsTaskDefinition& definition, const EcsStoppedTask& task,
                                              const EcsStoppedTask::Container& container) {
    const auto log = std::ranges::find(definition.logs, container.name, &EcsTaskDefinition::Log::container);
    if (log == definition.logs.end()) return std::nullopt;
    auto stream = log->stream_prefix.empty()
                      ? container.runtime_id
                      : fmt::format("{}/{}/{}", log->stream_prefix, container.name, last_segment(task.arn));
    if (stream.empty()) return std::nullopt;
    return ContainerLogPlace{.region = log->region, .group = log->group, .stream = std::move(stream)};
}

}  // namespace ci_lambda
