#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

struct ProcessOutput {
    int exit_code = 0;  ///< 128 + signal when it was killed
    std::string out;
    std::string err;
};

/// Runs a program (found on PATH), without standard input, and collects what it prints. A program that runs longer than
/// `timeout` is killed (kTimeout); one that is not there is kNotFound.
[[nodiscard]] Result<ProcessOutput> run_process(const std::vector<std::string>& command, Milliseconds timeout);

}  // namespace ci_lambda
