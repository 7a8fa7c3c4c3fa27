#include "cli/verbs.hpp"

namespace ci_lambda::cli {

int execute(const InvokeCommand& command, Session& session) {
    const auto bytes = session.event(command.file);
    if (!bytes) return session.failed(bytes.error());
    const auto app = session.open(command.log);
    if (!app) return session.failed(app.error());
    const auto handled = (*app)->handle(*bytes, Deadline::none());
    session.console().print_for_machines(to_json(handled.answer));
    return handled.error ? kFailed : kDone;
}

}  // namespace ci_lambda::cli
