#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/app.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "handlers/decision.hpp"
#include "services/states/api.hpp"

namespace ci_lambda {

// What people see and do about pipelines and their runs, of one deployment target.

/// What one service of a pipeline runs.
struct PipelineService {
    EcsTarget target;
    std::string task_definition;  ///< ARN; empty where ECS does not show the service
    RolloutState state = RolloutState::kNone;
    std::string run;  ///< the run that its tag names as the latest of the pipeline; empty for none
};
struct PipelineOverview {
    std::string name;
    struct Stage {
        std::string name;
        std::vector<PipelineService> services;
    };
    std::vector<Stage> stages;
    bool rolls_back_earlier = false;
    std::vector<ListedExecution> runs = {};  ///< those that the state machine carries or has carried, newest first
    std::string unknown = {};                ///< what of them could not be found out; may be empty
};

/// One pipeline, or all of them. Fails (kNotFound) where there is none of that name. Changes nothing.
[[nodiscard]] Result<std::vector<PipelineOverview>> look_at_pipelines(App& app, const std::string& name,
                                                                      Deadline deadline);

/// What a person asks for: all services of the pipeline, as the event `{"pipeline":..}` does.
struct PipelineWish {
    std::string pipeline;
    std::string reason;
    std::optional<std::string> image_tag = {};
    std::optional<std::string> promote_from = {};
    std::optional<std::string> override_hold = {};
};
[[nodiscard]] Result<Deploy> decide_pipeline(const PipelineWish& wish, const Config& config);

/// Has the state machine carry it from the beginning. The name of the execution. kConfiguration without one.
[[nodiscard]] Result<std::string> hand_pipeline_on(App& app, Deploy decision, const Clock& clock, Deadline deadline);

/// Ends the runs of the pipeline that the state machine carries; what they have begun goes on by itself. Their names.
[[nodiscard]] Result<std::vector<std::string>> stop_pipeline(App& app, const std::string& name, const std::string& why,
                                                             Deadline deadline);

/// Goes on with the run that ended badly last: in the same execution, where a step of it broke; else as a new run of
/// the same, which finds what has completed, and begins what has failed once more. The name of the execution, and how.
struct RetriedPipeline {
    std::string execution;
    std::string how;  ///< a sentence
};
[[nodiscard]] Result<RetriedPipeline> retry_pipeline(App& app, const std::string& name, const Clock& clock,
                                                     Deadline deadline);

}  // namespace ci_lambda
