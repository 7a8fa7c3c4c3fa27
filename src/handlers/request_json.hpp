#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

// A request that waits where everybody sees it: in a schedule, in a task, in an approval. All that the configuration
// says is left out, and said anew by whoever reads it; names are short, as those places are.

/// JSON, on one line. What is promoted and has not been looked up yet is looked up by whoever reads it.
[[nodiscard]] std::string to_json(const DeploymentRequest& request);

/// And back, by the configuration of now. Fails (kInvalidEvent) on what nobody has written here, and where the service
/// is none of ours any more.
[[nodiscard]] Result<DeploymentRequest> request_of_json(std::string_view json, const Config& config);

/// What a person reads of such a request, without asking whether it could still be carried out. Of what nobody has
/// written here, nothing.
struct RequestInBrief {
    std::string reason = {};
    std::vector<std::string> images = {};  ///< `repository:tag@sha256:..`, as far as that is said
    std::string task_definition = {};      ///< that was asked for
    std::string past_holds = {};
};
[[nodiscard]] RequestInBrief brief_of_json(std::string_view json);

}  // namespace ci_lambda
