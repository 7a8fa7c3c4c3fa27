#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

struct ProcessOutput {
    int exit_code = 0;  ///< 128 + signal when it was killed
    std::string out;
    /// What it said on standard error went to a person's terminal; else it is lost.
    bool heard = false;
};

/// Runs a program (found on PATH), without standard input, and collects what it prints. What it says on standard error
/// may hold secrets: it goes to the terminal that our own leads to, or nowhere. The program gets our environment but
/// for the variables `kept_back`. One that runs longer than `timeout` is killed (kTimeout); one that is not there is
/// kNotFound.
[[nodiscard]] Result<ProcessOutput> run_process(const std::vector<std::string>& command, Milliseconds timeout,
                                                const std::vector<std::string>& kept_back = {});

}  // namespace ci_lambda
