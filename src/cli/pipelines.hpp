#pragma once

#include <string>
#include <vector>

#include "app/people/pipelines.hpp"

namespace ci_lambda::cli {

/// What `pipeline status` prints: a line each.
[[nodiscard]] std::vector<std::string> pipelines_text(const std::vector<PipelineOverview>& pipelines,
                                                      bool has_state_machine);
/// The same for machines.
[[nodiscard]] std::string pipelines_json(const std::vector<PipelineOverview>& pipelines);

}  // namespace ci_lambda::cli
