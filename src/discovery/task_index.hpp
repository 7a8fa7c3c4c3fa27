#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "discovery/problems.hpp"
#include "discovery/tasks.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"
#include "services/schedules/api.hpp"

namespace ci_lambda {

/// What a process knows of schedules and of what they start. Outlives its configurations.
struct KnownTasks {
    struct Schedule {
        std::optional<WallTime> changed_at;
        WallTime read_at{};
        TaskTarget target;             ///< without `whole`
        std::optional<Error> problem;  ///< why it could not be read the last time
    };
    std::map<GroupedName, Schedule> schedules;
    struct Revision {
        TaskRevision says;
        WallTime read_at{};
    };
    std::map<std::string, Revision> revisions;  ///< by what a target names
};

/// What schedules and rules start on our clusters, by few calls: ListSchedules (100 a call) and GetSchedule for what
/// has changed since, ListRuleNamesByTarget and ListTargetsByRule, and DescribeTaskDefinition for what is not known
/// yet. Whatever cannot be read is a warning, and never an error. Not thread-safe. All that is handed over must outlive
/// it.
class TaskIndex {
public:
    struct Options {
        std::vector<ClusterName> clusters;
        std::string project;
        std::string environment;
        Milliseconds max_age = std::chrono::minutes{3};
        Milliseconds between_looks = std::chrono::seconds{30};  ///< while something could not be read
        /// What a family without a number uses, and what could not be read for want of a permission, is asked anew
        /// after so long.
        Milliseconds max_age_of_newest = std::chrono::minutes{15};
        Milliseconds patience = std::chrono::seconds{20};  ///< of one look: services wait for it
    };
    struct Sources {
        EcsCatalog& ecs;
        TaskSchedules& schedules;
        TaskRules& rules;
    };
    TaskIndex(Options options, Sources sources, KnownTasks& known, const Clock& clock, const Logger& logger)
        : options_(std::move(options)), sources_(sources), known_(known), clock_(clock), logger_(logger) {}

    /// Looks, unless what is known is young enough. True when it has looked: `found()` is new then. `clusters_in`: what
    /// stands in front of `:cluster/NAME` in the ARNs of the clusters, `arn:aws:ecs:REGION:ACCOUNT`; where that is
    /// empty nobody knows, and rules are not found.
    bool renew(const std::string& clusters_in, Deadline deadline);
    /// Looks at once, for an event that nothing matches. How often that may be is for the caller to say.
    void look_again(const std::string& clusters_in, Deadline deadline);

    /// Never nullptr; empty before the first look.
    [[nodiscard]] std::shared_ptr<const DiscoveredTasks> found() const { return found_; }

private:
    struct Look;

    void look(const std::string& clusters_in, Milliseconds max_age_of_newest, Deadline deadline);
    void list_schedules(Look& look);
    void read_schedules(const std::vector<ListedSchedule>& schedules, Look& look);
    void list_rules(const std::string& clusters_in, Look& look);
    void read_revisions(Look& look, Milliseconds max_age_of_newest);
    void keep_as_before(TaskStarter::Kind kind, const ClusterName* cluster, Look& look) const;
    [[nodiscard]] bool is_young(const KnownTasks::Schedule& known, const ListedSchedule& listed, WallTime now) const;
    [[nodiscard]] bool is_our_cluster(std::string_view name) const;

    Options options_;
    Sources sources_;
    KnownTasks& known_;
    const Clock& clock_;
    const Logger& logger_;
    std::vector<TaskStarter> starters_;  // of the last look
    std::shared_ptr<const DiscoveredTasks> found_ = std::make_shared<DiscoveredTasks>();
    std::optional<WallTime> looked_at_;
    WarningLog warnings_{logger_, "discovery of tasks"};
};

}  // namespace ci_lambda
