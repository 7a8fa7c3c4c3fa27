#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/answer.hpp"
#include "app/events/deployments.hpp"
#include "app/pipelines/steps.hpp"
#include "app/targets/wiring.hpp"
#include "pipelines/run.hpp"

namespace ci_lambda {

/// Carries runs of pipelines: step by step within an invocation, and, where its time ends before the run does, or a
/// person is waited for, by the state machine, which calls the function for each step (docs/adr/0031).
class PipelineRunner {
public:
    /// Both must outlive it.
    PipelineRunner(Wiring& parts, Deployments& deployments) : parts_(parts), deployments_(deployments) {}

    /// As far as the time goes. What is not over then and cannot be handed on is an error, so that the event comes
    /// again: it finds what was begun, and goes on from there.
    [[nodiscard]] Handled carry_out(PipelineRun run, Deadline deadline);

    /// One step of a run that the state machine carries; the answer says what comes next. An error: the same step is
    /// due again.
    [[nodiscard]] Handled step(const std::string& run, Deadline deadline);

private:
    [[nodiscard]] bool has_state_machine() const { return !parts_.config.pipeline_state_machine.empty(); }
    /// Where it is carried already, or was: the answer then.
    [[nodiscard]] std::optional<Handled> carried_before(const PipelineRun& run, Deadline deadline);
    [[nodiscard]] Handled hand_on(const PipelineRun& run, Deadline deadline);
    [[nodiscard]] Handled unfinished(const PipelineRun& run);
    [[nodiscard]] Handled dry_run(const PipelineRun& run, Deadline deadline);
    void tell_end(const PipelineRun& run);
    [[nodiscard]] Handled answer(const PipelineRun& run, const PipelineSteps& steps, std::string status);

    Wiring& parts_;
    Deployments& deployments_;
};

/// Puts what became of a run into the answer to the event, or the person, that wanted it.
void add_run(Handled& handled, Handled run);

}  // namespace ci_lambda
