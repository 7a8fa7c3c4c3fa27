#include <vector>

#include "app/people/named_services.hpp"
#include "cli/reports.hpp"
#include "cli/verbs.hpp"

// `continue` and `stop`: what a person says to a rollout that is under way.

namespace ci_lambda::cli {
namespace {

/// One service after the other; what cannot be done for one of them does not keep the others from it.
template <typename Wanted>
int steer_all(const Wanted& command, Session& session, const Steer& what) {
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
        auto one = what;
        one.target = target;
        const auto handled = (*app)->steer(one, Deadline::none());
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

}  // namespace

int execute(const ContinueCommand& command, Session& session) {
    return steer_all(command, session,
                     {.what = Steer::What::kContinue, .target = {}, .reason = command.reason.value_or("")});
}

int execute(const StopCommand& command, Session& session) {
    return steer_all(command, session,
                     {.what = Steer::What::kStop,
                      .target = {},
                      .rollback = command.rollback,
                      .reason = command.reason.value_or("")});
}

}  // namespace ci_lambda::cli
