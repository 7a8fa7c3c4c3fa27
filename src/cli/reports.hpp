#pragma once

#include <string>
#include <vector>

#include "app/answer.hpp"
#include "cli/console.hpp"

namespace ci_lambda::cli {

/// What a person is told of an answer.
struct Words {
    std::vector<std::string> results;   ///< how it went: standard output
    std::vector<std::string> problems;  ///< what could not be done: standard error
    std::vector<std::string> hints;     ///< what to do next, and what should not be overlooked: standard error
};

/// Of deployments, begun or waited for.
[[nodiscard]] Words words_of(const Answer& answer);

/// Tells a person, or, with `json`, a machine.
void say(Console& console, const Answer& answer, bool json);

/// Whether all that was asked for was done: each service deployed, or, where somebody waited, completed; and with the
/// newest revision, unless another was named.
[[nodiscard]] bool all_done(const Answer& answer, bool waited);

/// "`ci_lambda wait api worker`"
[[nodiscard]] std::string how_to_follow(const std::vector<std::string>& services);

/// What is said to somebody who stops waiting.
[[nodiscard]] std::string farewell(const std::vector<std::string>& services);

}  // namespace ci_lambda::cli
