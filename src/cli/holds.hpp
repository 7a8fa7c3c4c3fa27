#pragma once

#include <string>
#include <vector>

#include "app/people/holds.hpp"
#include "base/time.hpp"
#include "cli/console.hpp"

namespace ci_lambda::cli {

/// What is held, frozen or waits, a line for each fact; and a word where nothing is.
[[nodiscard]] std::vector<std::string> holds_text(const Holds& holds);
/// The same for machines: JSON, on one line.
[[nodiscard]] std::string holds_json(const Holds& holds);

}  // namespace ci_lambda::cli
