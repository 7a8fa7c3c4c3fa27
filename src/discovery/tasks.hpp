#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "config/config.hpp"
#include "discovery/rules.hpp"
#include "discovery/uses.hpp"

namespace ci_lambda {

// Tasks that no service runs, as what starts them says. Pure.

/// A schedule of EventBridge Scheduler, or a rule of EventBridge with one of its targets, that starts a task on one of
/// our clusters.
struct TaskStarter {
    enum class Kind { kSchedule, kRule };
    Kind kind = Kind::kSchedule;
    GroupedName name;
    ClusterName cluster;
    std::string task_definition;  ///< as it stands there: an ARN or a name, with or without a revision
    friend bool operator==(const TaskStarter&, const TaskStarter&) = default;
};

/// `schedule night/report`, `rule nightly`.
[[nodiscard]] std::string in_words(const TaskStarter& starter);

/// What a revision says, or the newest one of a family that is named without a number.
struct TaskRevision {
    std::shared_ptr<const ServiceUses> uses;
    ServiceRules rules;                 ///< of its tags
    std::vector<std::string> problems;  ///< with them, one a bad tag
};

/// A family that something starts on one of our clusters.
struct DiscoveredTask {
    ServiceId id;  ///< `task:report`
    TaskFamily family;
    std::vector<TaskStarter> starters;  ///< at least one
    /// Of the revisions that are started; those that could not be read are missing.
    std::vector<std::shared_ptr<const ServiceUses>> uses;
    ServiceRules rules;  ///< of the newest of these revisions
};

/// All of them. Never changed: another look makes another one.
struct DiscoveredTasks {
    std::vector<DiscoveredTask> tasks;       ///< sorted by id
    std::vector<std::string> warnings = {};  ///< as of `Discovered`
    std::string unread = {};                 ///< as of `Discovered`

    [[nodiscard]] const DiscoveredTask* find(const ServiceId& id) const;
};

/// Who runs a family: of `arn:..:task-definition/shop_report:42` that is `shop_report`.
[[nodiscard]] TaskFamily family_named_by(std::string_view task_definition);

/// The name of a family without what it shares with all of the project: of `shop_report_dev` and of
/// `shop_task_report_dev`, as Meroku has them, `report`.
[[nodiscard]] std::string task_name(const TaskFamily& family, std::string_view project, std::string_view environment);

/// A task for each family: its id is `task:NAME` by `task_name`, or `task:FAMILY` where two families have one name.
/// `revisions`: by what the starters name. Bad tags are warnings.
[[nodiscard]] DiscoveredTasks tasks_of(const std::vector<TaskStarter>& starters,
                                       const std::map<std::string, TaskRevision>& revisions, std::string_view project,
                                       std::string_view environment);

/// Whether a revision of it that is started uses the repository.
[[nodiscard]] bool uses_repository(const DiscoveredTask& task, std::string_view repository, const Place& place,
                                   std::string_view replica_region = {});

/// The configuration with these tasks among its own, which win: a task that it names by its id or by its family is as
/// it says.
[[nodiscard]] Config with_discovered_tasks(Config config, std::shared_ptr<const DiscoveredTasks> discovered);

}  // namespace ci_lambda
