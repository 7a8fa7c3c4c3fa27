#include "app/people/named_services.hpp"
#include "cli/reports.hpp"
#include "cli/verbs.hpp"
#include "cli/watching.hpp"
#include "deployer/revision/named_revision.hpp"

namespace ci_lambda::cli {
namespace {

Result<RollbackRequest> prepare_rollback(const RollbackCommand& command, App& app, const Session& session) {
    TRY_ASSIGN(const auto targets, named_services(app.config(), {command.service}));
    TRY(check_that_they_exist(app.config(), app.ecs(), targets, session.patience()));
    RollbackRequest request{
        .target = targets.front(), .to = {}, .reason = command.reason.value_or(""), .wait = command.wait};
    if (command.to) request.to = named_revision(*command.to, request.target.family);
    return request;
}

bool rolled_back(const Handled& handled, bool waited) {
    if (handled.error) return false;
    return !waited || handled.answer.status == to_string(DeploymentStatus::kRolledBack);
}

}  // namespace

int execute(const RollbackCommand& command, Session& session) {
    Watching watching(session, {command.service}, command.log);
    AppOptions options{.patience = command.timeout};
    if (command.dry_run) options.dry_run = true;
    if (command.wait) options.on_look = watching.on_look();
    const auto app = session.open(command.log, std::move(options));
    if (!app) return session.failed(app.error());
    // That a rollback begins is what was asked for.
    if (command.log == LogFormat::kSentences) (*app)->logger().set_level(LogLevel::kError);
    watching.ask(**app);
    const auto request = prepare_rollback(command, **app, session);
    if (!request) return session.failed(request.error());
    const auto handled = (*app)->roll_back(*request, Deadline::none());
    watching.end();
    const bool done = rolled_back(handled, command.wait);
    auto& console = session.console();
    if (command.json)
        console.print_for_machines(to_json(handled.answer));
    else if (handled.error)
        console.complain(handled.answer.detail);
    else
        console.print(handled.answer.detail);
    if (!done && !command.json)
        for (const auto& hint : words_of(handled.answer).hints) console.note(hint);
    return done ? kDone : kFailed;
}

}  // namespace ci_lambda::cli
