#pragma once

#include <string>
#include <string_view>

namespace ci_lambda {

// The state machine of Step Functions that carries a pipeline which takes longer than one invocation. It knows nothing
// of stages and services: it asks the function what comes next, waits as long as that says, and asks again. What the
// function knows of the run is the execution's state, `pipeline_run`, which only the function understands. Pure.

/// With these errors an execution ends that the function has ended. A redrive would only enter the Fail state again
/// (developer guide, "Restarting state machine executions with redrive"), so that such a run begins anew as another
/// execution; one with any other error broke in a task, and a redrive makes that task once more.
inline constexpr std::string_view kPipelineFailedError = "PipelineFailed";
inline constexpr std::string_view kPipelineStoppedError = "PipelineStopped";

/// The definition in the Amazon States Language, with JSONPath: pretty JSON, with a newline at the end. `function`: its
/// ARN, also of an alias, or what a template replaces by it: `${Function}`; it then also has `${Partition}` to replace,
/// which is part of that ARN.
[[nodiscard]] std::string state_machine_definition(std::string_view function);

}  // namespace ci_lambda
