#include "sandbox/sandbox.hpp"

#include <unistd.h>

#include <iostream>

#include "cli/verbs.hpp"

namespace ci_lambda::cli {

int execute(const SandboxCommand& command, Session& session) {
    if (command.env)
        return sandbox::print_environment(command.port.value_or(sandbox::kDefaultPort), std::cout, std::cerr);
    if (command.push)
        return sandbox::push_image(command.port.value_or(sandbox::kDefaultPort), *command.push, std::cout, std::cerr);
    const bool color = !command.no_color && session.console().out_screen().color;
    return sandbox::run({.port = command.port,
                         .bootstrap = command.bootstrap,
                         .demo = command.demo,
                         .logs = command.logs,
                         .paper = sandbox::paper_of(STDOUT_FILENO, color),
                         .speed = command.speed.value_or(sandbox::kDefaultSpeed),
                         .scenarios = command.scenarios},
                        session.environment(), std::cout, std::cerr);
}

}  // namespace ci_lambda::cli
