#pragma once

#include <optional>
#include <string>

#include "app/targets/wiring.hpp"
#include "pipelines/run.hpp"

namespace ci_lambda {

// What a run of a pipeline has to look at anew before it goes on: others deploy, too.

/// Who leads a service now, seen from a run that has deployed it.
struct Lead {
    enum class Is {
        kOurs,     ///< the rollout that counts for the run
        kForward,  ///< somebody has deployed it since
        kBack,     ///< it was taken back since, by whomever
        kUnknown   ///< ECS's records do not say yet which of the two
    };
    Is is = Is::kUnknown;
    EcsDeployment primary;
};
/// Fails where ECS does not show it.
[[nodiscard]] Result<Lead> lead_of(Wiring& parts, const RunService& service, Deadline deadline);

/// Whether this run is still the latest of its pipeline, by the tag of the pipeline's first service, which it writes
/// where it is. A sentence about the later one where it is not. Fails where the tag could not be read for a reason that
/// can heal; one that may not be read or written is a warning, and two runs are not told apart then.
[[nodiscard]] Result<std::optional<std::string>> later_run(Wiring& parts, const PipelineRun& run, Deadline deadline);

}  // namespace ci_lambda
