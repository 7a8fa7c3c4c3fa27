#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "announce/told_facts.hpp"
#include "announce/words.hpp"
#include "deployer/scheduled/task_report.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"

namespace ci_lambda {

/// Tells people what one event did: in one message, each fact once.
class Announcer {
public:
    struct Options {
        std::string project;
        std::string environment;
        bool sweeps = false;  ///< a schedule starts the sweep, which tells what is overdue
        /// Where there is more to see of a service; empty: nowhere.
        std::function<std::optional<Link>(const ServiceId&)> link_to = {};
    };
    /// An event that wanted deployments. `id` is empty where it has none.
    struct Cause {
        std::string id;
        const Deploy* decision;
    };

    /// Whatever is passed in must outlive it.
    Announcer(Options options, Notifier& notifier, RolloutMemory& memory, ToldFacts& told, const Logger& logger)
        : options_(std::move(options)), notifier_(notifier), memory_(memory), told_(told), logger_(logger) {}

    /// What started, and what could not start: that once for each event, however often it is tried.
    void deployments(const std::vector<DeploymentReport>& reports, const std::vector<Cause>& causes);
    /// How watched rollouts ended, as far as nobody else tells it.
    void verdicts(const std::vector<RolloutOutcome>& outcomes);
    /// What takes too long and has not been told yet.
    void overdue(const std::vector<RolloutOutcome>& outcomes);
    /// A rollback that a person asked for has begun.
    void rollback(const DeploymentReport& report, const std::string& how);
    /// Tasks that run another image from now on, and those that should and do not.
    void tasks(const std::vector<TaskReport>& reports);
    /// What ECS said.
    void news(std::vector<Notification> notifications);

    /// False where the very same was told a while ago: ECS repeats itself.
    [[nodiscard]] bool is_new(const Notification& notification) const;

    /// Whether people know that this has to be approved (kAwaitingApproval), as far as this process has told them.
    [[nodiscard]] bool has_asked(const DeploymentReport& report) const;

    /// These did not arrive: their facts are not told.
    void lost(const std::vector<Announcement>& announcements);

private:
    void say(std::vector<Notification> parts);

    Options options_;
    Notifier& notifier_;
    RolloutMemory& memory_;
    ToldFacts& told_;
    const Logger& logger_;
};

/// Of each event that wanted this service: its id, and its request. As long as the causes live.
[[nodiscard]] std::vector<std::pair<std::string, const DeploymentRequest*>> wishes_for(
    const DeploymentReport& report, const std::vector<Announcer::Cause>& causes);

}  // namespace ci_lambda
