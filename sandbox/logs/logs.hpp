#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/answer.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// One line that a container has written.
struct LogLine {
    WallTime at{};
    std::string text;
};

/// What the container of a task has written so far, by how the task goes. Nothing where it did not come to run.
[[nodiscard]] std::vector<LogLine> log_of(const Task& task, const std::string& container);

/// CloudWatch Logs (version 2014-03-28): the logs of tasks whose task definitions have the driver awslogs. Of the
/// operations it knows GetLogEvents.
[[nodiscard]] AwsAnswer answer_of_logs(EcsState& state, std::string_view operation, std::string_view body,
                                       WallTime now);

}  // namespace ci_lambda::sandbox
