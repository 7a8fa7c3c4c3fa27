#include "cli/verbs.hpp"

#include <unistd.h>

#include <iostream>
#include <variant>

namespace ci_lambda::cli {

int execute(const ShowText& command, Session& session) {
    if (command.wrong_usage)
        session.console().note(command.text);
    else
        session.console().print(command.text);
    return command.wrong_usage ? kBadUsage : kDone;
}

int run(const std::vector<std::string>& arguments, const Environment& environment) {
    Console console({.to = std::cout, .screen = [&] { return screen_of(STDOUT_FILENO, environment); }},
                    {.to = std::cerr, .screen = [&] { return screen_of(STDERR_FILENO, environment); }});
    Session session(console, environment);
    const auto command = parse_command(arguments);
    if (!command) return session.failed(command.error());
    return std::visit(
        [&](const auto& what) {
            if constexpr (requires { what.from_function; })
                if (what.from_function)
                    if (const auto found = session.use_function(*what.from_function); !found)
                        return session.failed(found.error());
            return execute(what, session);
        },
        *command);
}

}  // namespace ci_lambda::cli
