#include "deployer/rollout/task_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// What an exit code says by itself: 128 + the signal that ended the process (POSIX shells and Docker alike).
std::string_view meaning_of(int exit_code) {
    switch (exit_code) {
        case 126: return "the command cannot be run";
        case 127: return "the command was not found";
        case 134: return "aborted";
        case 137: return "killed, often because it used too much memory";
        case 139: return "segmentation fault";
        case 143: return "ended by SIGTERM";
        default: return "";
    }
}

std::string why_container_ended(const EcsStoppedTask::Container& container) {
    if (container.reason.contains("OutOfMemory"))
        return fmt::format("container {}: exit {}, out of memory", container.name, container.exit_code.value_or(137));
    std::string text = container.exit_code
                           ? fmt::format("container {} ended with exit code {}", container.name, *container.exit_code)
                           : fmt::format("container {} did not run", container.name);
    if (!container.reason.empty()) return fmt::format("{} ({})", text, container.reason);
    const auto meaning = meaning_of(container.exit_code.value_or(0));
    return meaning.empty() ? text : fmt::format("{} ({})", text, meaning);
}

constexpr int kKilled = 137;      // 128 + SIGKILL
constexpr int kTerminated = 143;  // 128 + SIGTERM

bool ended_badly(const EcsStoppedTask::Container& container) { return container.exit_code.value_or(0) != 0; }

bool ended_badly_by_itself(const EcsStoppedTask::Container& container) {
    if (container.reason.contains("OutOfMemory")) return true;
    return ended_badly(container) && container.exit_code != kKilled && container.exit_code != kTerminated;
}

bool says_something(const EcsStoppedTask::Container& container) {
    return !container.reason.empty() || container.exit_code.has_value();
}

/// Stops that a deployment or a person asked for say so in their reason.
bool is_routine(const EcsStoppedTask& task) {
    return task.stopped_reason.starts_with("Scaling activity initiated by") ||
           task.stopped_reason.starts_with("Task stopped by deployment");
}

}  // namespace

const EcsStoppedTask::Container* failed_container(const EcsStoppedTask& task) {
    for (const auto& tells : {&ended_badly_by_itself, &ended_badly, &says_something}) {
        const auto found = std::ranges::find_if(task.containers, tells);
        if (found != task.containers.end()) return &*found;
    }
    return nullptr;
}

std::string why_task_stopped(const EcsStoppedTask& task) {
    if (is_routine(task)) return "";
    // The task ran to its end by itself: the container knows more than the task's "Essential container in task exited".
    const bool by_itself = task.stop_code == "EssentialContainerExited" ||
                           task.stopped_reason.starts_with("Essential container in task exited");
    if (by_itself) {
        if (const auto* container = failed_container(task)) return why_container_ended(*container);
    }
    if (task.stopped_reason.contains("failed ELB health checks")) return "failed ELB health checks";
    if (task.stopped_reason.contains("failed container health checks")) return "failed its container's health checks";
    if (!task.stopped_reason.empty()) {
        const std::string reason(trim(task.stopped_reason));
        return task.stop_code == "UserInitiated" ? fmt::format("stopped by somebody: {}", reason) : reason;
    }
    if (const auto* container = failed_container(task)) return why_container_ended(*container);
    return task.stop_code;
}

}  // namespace ci_lambda
