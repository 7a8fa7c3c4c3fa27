#include "app/people/named_services.hpp"
#include "cli/reports.hpp"
#include "cli/verbs.hpp"
#include "cli/watching.hpp"

namespace ci_lambda::cli {

int execute(const WaitCommand& command, Session& session) {
    Watching watching(session, command.services, command.log);
    const auto app = session.open(
        command.log, {.dry_run = {}, .wait = {}, .patience = command.timeout, .on_look = watching.on_look()});
    if (!app) return session.failed(app.error());
    watching.ask(**app);
    const auto targets = named_services((*app)->config(), command.services);
    if (!targets) return session.failed(targets.error());
    if (const auto exist = check_that_they_exist((*app)->config(), (*app)->ecs(), *targets, session.patience()); !exist)
        return session.failed(exist.error());
    const auto handled = (*app)->wait_for(*targets, Deadline::none());
    watching.end();
    say(session.console(), handled.answer, command.json);
    return all_done(handled.answer, true) ? kDone : kFailed;
}

}  // namespace ci_lambda::cli
