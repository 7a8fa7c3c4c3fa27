#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"

namespace ci_lambda {

enum class TaskStatus {
    kUpdated,  ///< a revision was registered, or something that starts the task was moved to it
    kDryRun,   ///< nothing was done of what would have been
    kNothing,  ///< nothing was left to do
    kWaiting,  ///< for a service of the same image
    kFailed,
};

/// `updated`, `dry_run`, `ignored`, `waiting`, `failed`.
[[nodiscard]] std::string_view to_string(TaskStatus status);

/// What became of one task.
struct TaskReport {
    ServiceId id;  ///< `task:report`
    TaskFamily family;
    TaskStatus status = TaskStatus::kNothing;
    std::string reason;              ///< why: "image shop/report:v43 was pushed"
    std::string task_definition;     ///< the revision with the image; in a dry run, what a copy is made of
    std::vector<std::string> moved;  ///< "schedule night/report", "rule nightly": what runs it from now on
    std::string outcome;             ///< in words: "runs shop_report:43 with shop/report:v43 from now on"
    std::optional<Error> error;      ///< names what is half done, and the way out
};

}  // namespace ci_lambda
