#pragma once

#include <utility>

#include "app/people/named_services.hpp"
#include "cli/reports.hpp"
#include "cli/session.hpp"

namespace ci_lambda::cli {

/// Does one thing to each of the services that a command names, one after the other, and says what came of it; what
/// cannot be done for one of them does not keep the others from it. The exit code. `act` gets the application and the
/// service, and returns `Handled`.
template <typename Wanted, typename Act>
int for_each_service(const Wanted& command, Session& session, Act act) {
    AppOptions options;
    if (command.dry_run) options.dry_run = true;
    const auto app = session.open(command.log, std::move(options));
    if (!app) return session.failed(app.error());
    if (command.log == LogFormat::kSentences) (*app)->logger().set_level(LogLevel::kError);
    const auto targets = named_services((*app)->config(), command.services);
    if (!targets) return session.failed(targets.error());
    if (const auto exist = check_that_they_exist((*app)->config(), (*app)->ecs(), *targets, session.patience()); !exist)
        return session.failed(exist.error());
    bool all_done = true;
    for (const auto& target : *targets) {
        const auto handled = act(**app, target);
        const bool done = !handled.error && handled.answer.status != "ignored";
        all_done = all_done && done;
        if (command.json)
            session.console().print_for_machines(to_json(handled.answer));
        else if (done)
            session.console().print(handled.answer.detail);
        else
            session.console().complain(handled.answer.detail);
    }
    return all_done ? kDone : kFailed;
}

}  // namespace ci_lambda::cli
