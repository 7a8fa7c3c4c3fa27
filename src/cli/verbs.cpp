#include "cli/verbs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <type_traits>
#include <variant>

namespace ci_lambda::cli {

int execute(const ShowText& command, Session& session) {
    if (command.wrong_usage)
        session.console().note(command.text);
    else
        session.console().print(command.text);
    return command.wrong_usage ? kBadUsage : kDone;
}

namespace {

/// Does by itself what there is to do in several deployment targets, at the same time.
template <typename What>
inline constexpr bool kIsForAllTargets = std::is_same_v<What, DeployCommand> || std::is_same_v<What, PromoteCommand>;

/// In one deployment target after the other; the worst exit code. JSON becomes one object, by their names.
template <typename What>
int execute_in_each(const What& what, const DeploymentTargets& targets, Session& session) {
    if constexpr (requires { what.watch; })
        if (what.watch)
            return session.failed({.kind = ErrorKind::kConfiguration,
                                   .message = fmt::format("--watch shows one deployment target; which of {}? For "
                                                          "instance --target {}",
                                                          targets.names(), targets.all.front().name)});
    auto& console = session.console();
    int worst = kDone;
    for (const auto& target : targets.all) {
        session.use_target(target.name);
        if (what.json)
            console.gather_for_machines(target.name);
        else
            console.print({{.text = target.name == target.region ? fmt::format("{}:", target.name)
                                                                 : fmt::format("{} ({}):", target.name, target.region),
                            .color = Color::kBold}});
        worst = std::max(worst, execute(what, session));
    }
    if (what.json) console.print_gathered();
    return worst;
}

template <typename What>
int execute_in_targets(const What& what, Session& session) {
    if constexpr (requires { what.deployment_target; }) {
        if (what.deployment_target) {
            session.use_target(*what.deployment_target);
        } else if constexpr (!kIsForAllTargets<What>) {
            // A wrong configuration is told by whoever opens it.
            const auto targets = session.deployment_targets();
            if (targets && targets->several()) return execute_in_each(what, *targets, session);
        }
    }
    return execute(what, session);
}

}  // namespace

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
            return execute_in_targets(what, session);
        },
        *command);
}

}  // namespace ci_lambda::cli
