#pragma once

#include "base/environment.hpp"
#include "cli/command.hpp"

namespace ci_lambda::cli {

/// Exit codes, the same for every verb.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;    ///< the thing failed, or something is wrong with what was looked at
inline constexpr int kBadUsage = 2;  ///< the command line or the configuration is wrong

/// Runs one command: results go to standard output, logs and errors to standard error. Returns the exit code.
[[nodiscard]] int run(const Command& command, const Environment& environment);

}  // namespace ci_lambda::cli
