#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/people/history.hpp"
#include "base/time.hpp"
#include "cli/text.hpp"
#include "config/names.hpp"

namespace ci_lambda::cli {

// `ci_lambda history`: the past of one service, for people and for machines. Pure.

/// A line a rollout, with what there is to say of it below. `columns`: at most so many; 0: as many as it takes.
[[nodiscard]] std::vector<Line> history_lines(const EcsTarget& target, const std::vector<RolloutStory>& rollouts,
                                              WallTime now, std::size_t columns);

/// A list of objects, newest first.
[[nodiscard]] std::string history_json(const EcsTarget& target, const std::vector<RolloutStory>& rollouts);

}  // namespace ci_lambda::cli
