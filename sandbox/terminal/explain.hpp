#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "views/decision_view.hpp"

namespace ci_lambda::sandbox {

struct Fact {
    std::string label;
    std::string value;
};

/// An event and what is to be done about it, for a person. Texts come from the event: printable only once they are
/// cleaned.
struct Explanation {
    std::string kind;  ///< "ECR Image Action (aws.ecr)"
    std::vector<Fact> facts;
    DecisionView::Kind verdict = DecisionView::Kind::kIgnore;
    std::string headline;              ///< "deploy api, worker"
    std::vector<std::string> reasons;  ///< one line each
};

/// Decides with the very `decide()` that the function uses; `config` must be the function's.
[[nodiscard]] Explanation explain(std::string_view event, const Config& config);

}  // namespace ci_lambda::sandbox
