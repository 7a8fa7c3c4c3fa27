// `ci_lambda`: the function for people, from a laptop or a CI job.

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "cli/verbs.hpp"

int main(int argc, char** argv) {
    using namespace ci_lambda;
    std::signal(SIGPIPE, SIG_IGN);  // `ci_lambda .. | head` must not end in the middle of a deployment
    try {
        return cli::run(std::vector<std::string>(argv + 1, argv + argc), ProcessEnvironment{});
    } catch (const std::exception& exception) {
        std::cerr << "ci_lambda: " << for_terminal(exception.what()) << "\n";
        return cli::kFailed;
    }
}
