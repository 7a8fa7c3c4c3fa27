#include "sandbox/sandbox.hpp"

#include <unistd.h>

#include <iostream>

#include "cli/verbs.hpp"
#include "sandbox/client/changes.hpp"

namespace ci_lambda::cli {

int execute(const SandboxCommand& command, Session& session) {
    if (command.env)
        return sandbox::print_environment(command.port.value_or(sandbox::kDefaultPort), std::cout, std::cerr);
    if (command.change)
        return sandbox::make_change(command.port.value_or(sandbox::kDefaultPort),
                                    {.kind = sandbox::change_kind_of(*command.change),
                                     .what = command.what,
                                     .value = command.value.value_or(""),
                                     .from = command.from,
                                     .target = command.target,
                                     .user = command.user},
                                    std::cout, std::cerr);
    const bool color = !command.no_color && session.console().out_screen().color;
    return sandbox::run({.port = command.port,
                         .bootstrap = command.bootstrap,
                         .demo = !command.demo                ? sandbox::Demo::kNone
                                 : *command.demo == "release" ? sandbox::Demo::kRelease
                                                              : sandbox::Demo::kEvents,
                         .logs = command.logs,
                         .paper = sandbox::paper_of(STDOUT_FILENO, color),
                         .speed = command.speed.value_or(sandbox::kDefaultSpeed),
                         .scenarios = command.scenarios,
                         .regions = command.regions,
                         .targets = command.targets,
                         .replication = command.replication},
                        session.environment(), std::cout, std::cerr);
}

}  // namespace ci_lambda::cli
