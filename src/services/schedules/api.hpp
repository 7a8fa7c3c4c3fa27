#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

// What starts tasks of ECS at their times: schedules of EventBridge Scheduler and rules of EventBridge. Each method is
// one call, or the pages of one list; nothing is retried in here. Thread-safe. Errors carry AWS's own code and words.

/// What a schedule or a rule starts, as far as it starts a task.
struct TaskTarget {
    std::string id;               ///< of one of a rule's targets; a schedule has one target, without an id
    std::string cluster;          ///< its ARN, or its name
    std::string task_definition;  ///< as it stands there: an ARN, or a name, with or without a revision
    /// All that AWS said of the schedule, or of the rule's target: what is given back has it all, also what nobody
    /// here knows. JSON.
    std::string whole;
    friend bool operator==(const TaskTarget&, const TaskTarget&) = default;
};

/// What the list of all schedules says of one.
struct ListedSchedule {
    GroupedName name;
    std::string target_arn;              ///< a cluster, or the API that is called
    std::optional<WallTime> changed_at;  ///< last, by anybody
};

/// Schedules of EventBridge Scheduler (API version 2021-06-30).
class TaskSchedules {
public:
    TaskSchedules() = default;
    TaskSchedules(const TaskSchedules&) = delete;
    TaskSchedules& operator=(const TaskSchedules&) = delete;
    virtual ~TaskSchedules() = default;

    /// All of the account and the region.
    virtual Result<std::vector<ListedSchedule>> list(Deadline deadline) = 0;
    /// All that may start tasks on this cluster: those whose target it is, and those that call RunTask themselves,
    /// whose cluster only `get` knows.
    virtual Result<std::vector<GroupedName>> of_cluster(const std::string& cluster_arn, Deadline deadline) = 0;
    /// kNotFound where there is none; a target without a task definition where it starts no task.
    virtual Result<TaskTarget> get(const GroupedName& schedule, Deadline deadline) = 0;
    /// Replaces the whole schedule by what was read, with another task definition. Whatever was changed since it was
    /// read is lost: read it right before. kBusy where somebody else changes it at the same moment.
    virtual Status put(const GroupedName& schedule, const TaskTarget& read, const std::string& task_definition,
                       Deadline deadline) = 0;
};

/// Calls a function once.
struct OneTimeSchedule {
    GroupedName name;      ///< of letters, digits, `-` and `_`; at most 64
    WallTime at{};         ///< in the future; whole seconds. EventBridge Scheduler is up to a minute late
    std::string function;  ///< ARN
    std::string role;      ///< ARN: lets EventBridge Scheduler invoke the function
    std::string input;     ///< JSON, which the function gets as it is
    std::string description = {};
    /// By which a call that is sent again is known for the same (create); empty: the name will do, as it is given once.
    std::string token = {};
    bool must_come =
        false;  ///< also late, by a day at most: else it is dropped where it cannot come in a quarter of an hour
};

/// What is known of one that somebody has made.
struct PlannedCall {
    WallTime at{};
    std::string input;          ///< JSON
    std::string function = {};  ///< ARN
    std::string role = {};      ///< ARN
};

/// How EventBridge Scheduler calls this function once.
struct OneTimeCalls {
    std::string role;      ///< ARN: with which it invokes the function
    std::string group;     ///< in which the schedules are made
    std::string function;  ///< ARN; empty while nobody knows it, as on a laptop

    [[nodiscard]] bool possible() const { return !role.empty() && !function.empty(); }
};

/// One-time schedules of EventBridge Scheduler (user guide, "One-time schedules"). A schedule is gone once it has
/// fired.
class OneTimeSchedules {
public:
    OneTimeSchedules() = default;
    OneTimeSchedules(const OneTimeSchedules&) = delete;
    OneTimeSchedules& operator=(const OneTimeSchedules&) = delete;
    virtual ~OneTimeSchedules() = default;

    enum class Made {
        kNow,
        kBefore  ///< there is one of that name: whoever made it, it is there once
    };
    /// Idempotent. kAccessDenied names the permission, kNotFound the group.
    virtual Result<Made> create(const OneTimeSchedule& schedule, Deadline deadline) = 0;
    /// kNotFound where there is none: it has fired. kProtocol where it is none that `create` makes.
    virtual Result<PlannedCall> read(const GroupedName& schedule, Deadline deadline) = 0;
    /// Puts this in the place of the one of that name. kNotFound where there is none: it has fired.
    virtual Status replace(const OneTimeSchedule& schedule, Deadline deadline) = 0;
    /// All of a group whose names begin so.
    virtual Result<std::vector<GroupedName>> names(const std::string& group, const std::string& prefix,
                                                   Deadline deadline) = 0;
    /// Idempotent: what is not there is deleted.
    virtual Status remove(const GroupedName& schedule, Deadline deadline) = 0;
};

/// Rules of EventBridge (API version 2015-10-07).
class TaskRules {
public:
    TaskRules() = default;
    TaskRules(const TaskRules&) = delete;
    TaskRules& operator=(const TaskRules&) = delete;
    virtual ~TaskRules() = default;

    /// The rules of the default bus with a target on this cluster.
    virtual Result<std::vector<GroupedName>> of_cluster(const std::string& cluster_arn, Deadline deadline) = 0;
    /// Those of its targets that start tasks.
    virtual Result<std::vector<TaskTarget>> get(const GroupedName& rule, Deadline deadline) = 0;
    /// As with schedules: replaces the whole target.
    virtual Status put(const GroupedName& rule, const TaskTarget& read, const std::string& task_definition,
                       Deadline deadline) = 0;
};

}  // namespace ci_lambda
