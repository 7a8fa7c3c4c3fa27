#pragma once

#include <string>
#include <vector>

#include "app/people/overview.hpp"
#include "base/time.hpp"
#include "cli/text.hpp"

namespace ci_lambda::cli {

/// For people: what runs, with which image, since when, what is rolling, how the last rollout ended if not well, and
/// what a rollback stands for. A table of one row a service, with the details below the row; where that is wider than
/// `columns`, a paragraph for each service. `columns` 0: as wide as it gets, one line a row, for what is no terminal.
[[nodiscard]] std::vector<Line> status_table(const std::vector<ServiceOverview>& services, WallTime now,
                                             std::size_t columns);
/// The same for machines: a JSON array.
[[nodiscard]] std::string status_json(const std::vector<ServiceOverview>& services, WallTime now);

}  // namespace ci_lambda::cli
