#include "cli/history.hpp"

#include <fmt/format.h>

#include "app/people/named_services.hpp"
#include "cli/verbs.hpp"

namespace ci_lambda::cli {

int execute(const HistoryCommand& command, Session& session) {
    const auto app = session.open(command.log);
    if (!app) return session.failed(app.error());
    const auto targets = named_services((*app)->config(), {command.service});
    if (!targets) return session.failed(targets.error());
    const auto& target = targets->front();
    const auto exist = check_that_they_exist((*app)->config(), (*app)->ecs(), *targets, session.patience());
    if (!exist) return session.failed(exist.error());
    const auto past = look_back((*app)->ecs(), (*app)->registries(), target, command.limit, session.patience());
    if (!past) return session.failed(past.error());
    auto& console = session.console();
    if (command.json) {
        console.print_for_machines(history_json(target, *past));
        return kDone;
    }
    if (past->empty()) {
        console.print(fmt::format("{}: ECS has no record of a rollout of {}.", target.id, target.service));
        return kDone;
    }
    // Only a terminal has a width that counts: a pipe gets one line for each thing, for grep.
    const auto screen = console.out_screen();
    for (const auto& line :
         history_lines(target, *past, session.clock().now(), screen.terminal ? screen.columns - 1 : 0))
        console.print(line);
    return kDone;
}

}  // namespace ci_lambda::cli
