#pragma once

#include <vector>

#include "handlers/decision.hpp"

namespace ci_lambda {

/// One decision in place of several, given in their order: each service once, with all reasons. The last request for a
/// service says with which revision; the time is that of its latest change, and none ("now") if one of them has none.
[[nodiscard]] Deploy merge(const std::vector<Deploy>& decisions);
/// The same of decisions that stay where they are.
[[nodiscard]] Deploy merge(const std::vector<const Deploy*>& decisions);

}  // namespace ci_lambda
