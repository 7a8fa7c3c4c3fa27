#pragma once

#include <set>
#include <string>
#include <vector>

#include "app/targets/wiring.hpp"

namespace ci_lambda {

/// Carries out what a decision deploys: starts the deployments, tells people, and waits for the ends of the rollouts
/// where that is wanted.
class Deployments {
public:
    /// `parts` must outlive it.
    explicit Deployments(Wiring& parts) : parts_(parts) {}

    /// One report a service; with `reports` of deployments that need not be begun any more, in front. When it returns,
    /// all that there was to tell is delivered or lost.
    std::vector<DeploymentReport> carry_out(const Deploy& decision, const std::vector<Announcer::Cause>& causes,
                                            Deadline deadline, std::vector<DeploymentReport> reports = {});

    /// Gives the tasks of a decision their images, once the services of it, whose reports these are, are done with;
    /// tells people. One report a task.
    std::vector<TaskReport> update_tasks(const Deploy& deploy, const std::vector<DeploymentReport>& services,
                                         Deadline deadline);

    /// How long to wait for the ends of rollouts.
    [[nodiscard]] Deadline waiting_time(Deadline deadline) const;

    /// Starts them, and tells nobody; what is promoted is looked up first. One report a service.
    std::vector<DeploymentReport> begin(const Deploy& decision, Deadline deadline);
    /// Watches the rollouts of these until they have ended, or until then; what was found is in the reports, and told
    /// as far as nobody else tells it. `began`: ids of the deployments that began here: the tasks after them are begun,
    /// too. What becomes of those, and of what is watched after completion, is not looked at.
    void follow(const std::vector<DeploymentReport*>& reports, const std::set<std::string>& began, Deadline until,
                Deadline deadline);

private:
    void watch(std::vector<DeploymentReport>& reports, Deadline deadline);
    void log_outcome(const DeploymentReport& report) const;

    Wiring& parts_;
};

}  // namespace ci_lambda
