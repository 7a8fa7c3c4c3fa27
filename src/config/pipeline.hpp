#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "config/approval.hpp"

namespace ci_lambda {

/// A part of a pipeline whose services roll at the same time, or what hands its services on to another environment.
struct PipelineStage {
    std::string name;                 ///< for people: as written, else the services, or "promote to prod"
    std::vector<ServiceId> services;  ///< none in a promotion
    /// What the services of the stage need that do not say it themselves: also where they roll without the pipeline.
    std::optional<ApprovalWish> approval = {};
    std::string promote_to = {};  ///< an environment; empty: it is none
    std::string promoted_pipeline =
        {};  ///< of that environment, which is asked for there; empty: each service by itself

    [[nodiscard]] bool promotes() const { return !promote_to.empty(); }
    friend bool operator==(const PipelineStage&, const PipelineStage&) = default;
};

/// Services that roll in an order: a stage begins when all of the one before it have completed.
struct Pipeline {
    std::vector<PipelineStage> stages;
    bool rolls_back_earlier = false;  ///< where a stage fails, the ones before it go back

    /// Where the service stands; `nullopt`: not in here.
    [[nodiscard]] std::optional<std::size_t> stage_of(const ServiceId& id) const;
    /// All services, in their order.
    [[nodiscard]] std::vector<ServiceId> services() const;
    friend bool operator==(const Pipeline&, const Pipeline&) = default;
};

/// By their names. A service stands in one of them, once.
using Pipelines = std::map<std::string, Pipeline>;

/// Told what is wrong: the place below the setting (`/release/stages/0`), what, and what is expected.
using PipelineProblem = std::function<void(const std::string& place, std::string what, std::string_view expects)>;
/// Reads the `approval` of a stage.
using ReadStageApproval = std::function<ApprovalWish(std::string_view json, const std::string& place)>;

struct PipelineNames {
    std::string environment;   ///< our own
    std::string backend_name;  ///< BACKEND_SERVICE_NAME; may be empty
};

/// JSON, as PIPELINES has it.
[[nodiscard]] Pipelines read_pipelines(std::string_view text, const PipelineNames& names,
                                       const PipelineProblem& problem, const ReadStageApproval& read_approval);

/// At most; a pipeline runs for hours, and its state is kept where 256 KB are allowed.
inline constexpr std::size_t kMostPipelines = 20;
inline constexpr std::size_t kMostStages = 20;
inline constexpr std::size_t kMostServicesOfStage = 100;
/// Of the name of a pipeline: it becomes a part of names of AWS.
inline constexpr std::string_view kPipelineNameFormat = "^[A-Za-z0-9_-]{1,30}$";
[[nodiscard]] bool is_pipeline_name(std::string_view text);

}  // namespace ci_lambda
