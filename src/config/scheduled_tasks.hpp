#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "images/tag_filter.hpp"

namespace ci_lambda {

/// What the ids of tasks begin with, as in `task:report`.
inline constexpr std::string_view kTaskPrefix = "task:";

/// `task:NAME`; `nullopt` for anything else.
[[nodiscard]] std::optional<ServiceId> task_id(std::string_view text);

/// A task that no service runs: schedules and rules start it, or somebody calls RunTask.
struct ScheduledTask {
    ServiceId id;  ///< `task:report`
    TaskFamily family;
    std::vector<std::string> repositories;  ///< sorted; empty: those that its newest revision uses
    /// What starts it; `nullopt` for what nobody has named. Where neither is named, both are found by listing what
    /// starts tasks on the cluster.
    std::optional<std::vector<GroupedName>> schedules;
    std::optional<std::vector<GroupedName>> rules;
    std::optional<bool> auto_deploy;
    std::optional<TagFilter> tags;  ///< instead of those for all
    /// The clusters on which something starts it that was discovered; empty where somebody has named the task.
    std::vector<ClusterName> found_on = {};

    [[nodiscard]] bool is_found_by_listing() const { return !schedules && !rules; }
    [[nodiscard]] bool is_discovered() const { return !found_on.empty(); }
    friend bool operator==(const ScheduledTask&, const ScheduledTask&) = default;
};

using ScheduledTasks = std::map<ServiceId, ScheduledTask>;

/// As in SCHEDULED_TASK_MAP and in the document, for a person or to be read again: JSON.
[[nodiscard]] std::string to_json(const ScheduledTasks& tasks);

}  // namespace ci_lambda
