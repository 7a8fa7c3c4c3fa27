#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/ecs/records.hpp"

namespace ci_lambda {

/// The last lines that a container wrote before its task failed: what a developer looks for next.
struct LastWords {
    std::string container;
    std::optional<int> exit_code = {};
    std::vector<std::string> lines;  ///< oldest first; each one line, safe to be shown, without known secrets

    friend bool operator==(const LastWords&, const LastWords&) = default;
};

/// "last words of the container api (exit code 1)"
[[nodiscard]] std::string title_of(const LastWords& words);

/// Of the tasks of this deployment that stopped for a bad reason the one that stopped last, of those that got so far
/// that a container ran and could say something; nullptr for none.
[[nodiscard]] const EcsStoppedTask* last_to_fail(const std::string& deployment_id,
                                                 const std::vector<EcsStoppedTask>& tasks);

/// Whose words to look for: the container that failed, or else one that ran; nullptr where none did.
[[nodiscard]] const EcsStoppedTask::Container* who_speaks(const EcsStoppedTask& task);

/// Where that container wrote to, by the log configuration of its task definition. Absent with another log driver than
/// awslogs, or where nobody knows the stream (ECS developer guide, "awslogs log driver": PREFIX/CONTAINER/TASK, and
/// without a prefix Docker's own id of the container).
struct ContainerLogPlace {
    std::string region;  ///< empty: that of the cluster
    std::string group;
    std::string stream;
};
[[nodiscard]] std::optional<ContainerLogPlace> log_place_of(const EcsTaskDefinition& definition,
                                                            const EcsStoppedTask& task,
                                                            const EcsStoppedTask::Container& container);

}  // namespace ci_lambda
