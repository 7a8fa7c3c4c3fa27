#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

// One run of a pipeline: what it has to deploy and how far it is. All of it stands in here, and nothing anywhere else:
// it travels from step to step, within an invocation or as the state of an execution of Step Functions. What decides is
// looked up at ECS anew in each step. Pure.

/// How far a run is with one service.
enum class ServiceStand {
    kWaits,      ///< for its stage
    kKept,       ///< it may not begin yet: held, or a person has to approve it
    kRolls,      ///< begun, by this run or by somebody else with what is wanted
    kWatched,    ///< completed, and still to prove healthy
    kCompleted,  ///< and healthy
    kFailed,
    kGoesBack,  ///< as a later stage failed
    kWentBack,
    kLeft,  ///< it was to go back, and runs something else by now, or could not
};
/// `waits`, `kept`, `rolls`, ..
[[nodiscard]] std::string_view to_string(ServiceStand stand);

struct RunService {
    DeploymentRequest request;
    ServiceStand stand = ServiceStand::kWaits;
    std::string deployment_id = {};    ///< `ecs-svc/N` of the rollout that counts; of one that goes back, of that one
    std::string task_definition = {};  ///< ARN that it brings
    WallTime started_at{};             ///< by ECS's clock
    bool begun_here = false;           ///< by this run: it may be taken back
    std::string words = {};            ///< how it stands, for people
    WallTime kept_since{};             ///< with kKept
    bool asked = false;                ///< with kKept: a person has to approve it; else it is held
    WallTime healthy_at{};             ///< with kWatched: when watching is over
    bool tried_again = false;          ///< a person wants it although it has failed before

    friend bool operator==(const RunService&, const RunService&) = default;
};

struct RunStage {
    std::string name;
    std::vector<RunService> services;    ///< none in a promotion
    std::string promote_to = {};         ///< as of `PipelineStage`
    std::string promoted_pipeline = {};  ///< as of `PipelineStage`

    [[nodiscard]] bool promotes() const { return !promote_to.empty(); }
    friend bool operator==(const RunStage&, const RunStage&) = default;
};

struct PipelineRun {
    std::string pipeline;
    /// Of letters, digits, `-` and `_`, at most 80: also the name of the execution that carries it. The same for the
    /// same event, however often that comes.
    std::string id;
    std::string target = {};  ///< the deployment target; empty where there is one only
    std::string reason = {};  ///< why, for people
    WallTime at{};            ///< of what it was begun for: of two runs of a pipeline the later one counts
    bool rolls_back_earlier = false;
    bool again = false;  ///< a person runs it again: what has failed before is begun once more
    std::vector<RunStage> stages = {};
    std::size_t stage = 0;  ///< that it is in; of one that goes back, the one that does

    enum class Next {
        kStart,       ///< the stage
        kLook,        ///< how the stage goes
        kCompensate,  ///< the stage goes back
        // It is over:
        kCompleted,
        kFailed,
        kStopped,  ///< a person said no, or an earlier stage was taken back, or nobody has answered in time
        kSuperseded
    };
    Next next = Next::kStart;
    std::chrono::seconds wait{0};  ///< before that
    std::string words = {};        ///< how it stands, or why it is over, in a sentence
    std::string failed_in = {};    ///< of one that goes back: the stage that failed, in words

    [[nodiscard]] bool is_over() const { return next >= Next::kCompleted; }
    [[nodiscard]] RunStage& current() { return stages[stage]; }
    [[nodiscard]] const RunStage& current() const { return stages[stage]; }
    friend bool operator==(const PipelineRun&, const PipelineRun&) = default;
};

/// `start`, `look`, `compensate`, `completed`, `failed`, `stopped`, `superseded`.
[[nodiscard]] std::string_view to_string(PipelineRun::Next next);

/// JSON, on one line; of the requests as `to_json(DeploymentRequest)` has them.
[[nodiscard]] std::string to_json(const PipelineRun& run);
/// And back, by the configuration of now. Fails (kInvalidEvent) on what nobody has written here, and where a service is
/// none of ours any more.
[[nodiscard]] Result<PipelineRun> run_of_json(std::string_view json, const Config& config);

/// With what the state machine begins to carry it: `{"pipeline_run":{..}}`.
[[nodiscard]] std::string execution_input(const PipelineRun& run);

/// What the function tells the state machine that carries a run: `{"run":..,"next":..,"wait_seconds":..,"words":..}`.
[[nodiscard]] std::string step_json(const PipelineRun& run);

/// Takes the services that keep the order of a pipeline out of the decision, a run for each pipeline. `event`: the id
/// of what caused it; may be empty. `now`: the time of what says none.
[[nodiscard]] std::vector<PipelineRun> take_out_runs(Deploy& deploy, const Config& config, std::string_view event,
                                                     WallTime now);

/// The id of the run of a pipeline by an event: `release-EVENT`, where that has only what a name may have; else with a
/// hash.
[[nodiscard]] std::string run_id(std::string_view pipeline, std::string_view target, std::string_view event);

/// "stage 2 of 3 (api, worker)"
[[nodiscard]] std::string stage_in_words(const PipelineRun& run, std::size_t stage);

/// The same run once more, for a person, from what it was begun with (`to_json(PipelineRun)`): what has completed is
/// found at ECS, and left as it is.
[[nodiscard]] PipelineRun begin_again(PipelineRun run, WallTime now);

// A service says of itself which run of its pipeline is the latest, in a tag of ECS. Only that of the first service of
// the pipeline counts, so that there is one.
inline constexpr std::string_view kPipelineTag = "ci_lambda:pipeline";
/// `release 2026-12-01T08:00:00Z ID`
[[nodiscard]] std::string tag_of(const PipelineRun& run);
/// Whether the tag is of a run of the same pipeline that is later than this one; of those at the same moment, the one
/// whose id comes later.
[[nodiscard]] bool is_later(std::string_view tag, const PipelineRun& run);
/// Whether it is of this very run.
[[nodiscard]] bool is_of(std::string_view tag, const PipelineRun& run);

}  // namespace ci_lambda
