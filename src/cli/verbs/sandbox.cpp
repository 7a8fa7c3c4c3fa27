#include "sandbox/sandbox.hpp"

#include <iostream>

#include "cli/verbs.hpp"

namespace ci_lambda::cli {

int execute(const SandboxCommand& command, Session& session) {
    return sandbox::run({.port = command.port,
                         .bootstrap = command.bootstrap,
                         .demo = command.demo,
                         .logs = command.logs,
                         .color = !command.no_color && session.console().out_screen().color,
                         .speed = command.speed.value_or(sandbox::kDefaultSpeed),
                         .scenarios = command.scenarios},
                        session.environment(), std::cout, std::cerr);
}

}  // namespace ci_lambda::cli
