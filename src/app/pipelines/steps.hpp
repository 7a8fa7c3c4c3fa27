#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/events/deployments.hpp"
#include "app/targets/wiring.hpp"
#include "pipelines/run.hpp"

namespace ci_lambda {

/// The steps of a run: each looks at ECS anew, does what is due, and may be done again: whatever it begins is found
/// there the second time. A step that fails for a reason that can heal has changed nothing of the run that the next try
/// could not find out.
class PipelineSteps {
public:
    struct Options {
        /// What may not begin yet is waited for in the run; else it is kept by a schedule, as without a pipeline, and
        /// the run stops there.
        bool waits_for_people = false;
    };
    /// All must outlive it.
    PipelineSteps(Wiring& parts, Deployments& deployments, Options options)
        : parts_(parts), deployments_(deployments), options_(options) {}

    /// What is due by `run.next`, for as long as `until` where it waits for rollouts. An error: it must be done again.
    [[nodiscard]] Status step(PipelineRun& run, Deadline until, Deadline deadline);

    /// What is known of the services that were begun or looked at, each once.
    [[nodiscard]] std::vector<DeploymentReport> reports() const;

private:
    Status start(PipelineRun& run, Deadline deadline);
    Status look(PipelineRun& run, Deadline until, Deadline deadline);
    Status compensate(PipelineRun& run, Deadline until, Deadline deadline);

    Status check_earlier(PipelineRun& run, bool& goes_on, Deadline deadline);
    Status want_again(const PipelineRun& run, RunService& service, Deadline deadline);
    Status begin(PipelineRun& run, Deadline deadline);
    void take(PipelineRun& run, RunService& service, const DeploymentReport& report);
    Status watch(PipelineRun& run, Deadline until, Deadline deadline);
    Status take_outcome(PipelineRun& run, RunService& service, const DeploymentReport& report, Deadline deadline);
    Status verify(PipelineRun& run, RunService& service, const DeploymentReport& report, Deadline deadline);
    Status look_at_lead(PipelineRun& run, RunService& service, Deadline deadline);
    void conclude(PipelineRun& run);
    void fail_run(PipelineRun& run, std::string words);
    Status promote(PipelineRun& run, Deadline deadline);
    Result<RollbackReport> roll_back(const RunService& service, const std::string& why, Deadline deadline);
    Status take_back(PipelineRun& run, RunService& service, Deadline deadline);
    Status follow_back(RunService& service, Deadline until, Deadline deadline);
    void remember(const DeploymentReport& report);

    Wiring& parts_;
    Deployments& deployments_;
    Options options_;
    std::map<ServiceId, DeploymentReport> reports_;
};

}  // namespace ci_lambda
