#pragma once

#include <string>
#include <vector>

#include "app/events/deployments.hpp"
#include "app/pipelines/runner.hpp"
#include "app/requests.hpp"
#include "app/targets/wiring.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

/// What people ask for on the command line, and no event can.
class PersonalRequests {
public:
    /// Both must outlive it.
    PersonalRequests(Wiring& parts, Deployments& deployments)
        : parts_(parts), deployments_(deployments), pipelines_(parts, deployments) {}

    /// What keeps the order of a pipeline is run to its end.
    Handled deploy(const Deploy& decision, const DeployOptions& options, Deadline deadline);
    Handled roll_back(const RollbackRequest& request, Deadline deadline);
    Handled wait_for(const std::vector<EcsTarget>& targets, Deadline deadline);

private:
    Handled run_pipelines(Deploy decision, Deadline deadline);
    [[nodiscard]] Handled not_rolled_back(const EcsTarget& target, const std::string& why) const;
    [[nodiscard]] Handled would_be_rolled_back(const Rollout& rollout, const RollbackReport& report) const;
    Handled follow_rollback(const Rollout& rollout, const RollbackReport& report, const RollbackRequest& request,
                            Deadline deadline);
    DeploymentReport report_of_last(const EcsTarget& target, const EcsService* service, Deadline deadline);

    Wiring& parts_;
    Deployments& deployments_;
    PipelineRunner pipelines_;
};

}  // namespace ci_lambda
