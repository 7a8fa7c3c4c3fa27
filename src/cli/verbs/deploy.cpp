#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/references.hpp"
#include "cli/reports.hpp"
#include "cli/verbs.hpp"
#include "cli/watching.hpp"
#include "cli/wishes.hpp"

namespace ci_lambda::cli {
namespace {

void say_attached(Console& console, const DeploymentReport& attached, WallTime now) {
    const auto age = std::max(std::chrono::duration_cast<Milliseconds>(now - attached.started_at), Milliseconds{0});
    console.note(fmt::format(
        "{}: {} is rolling already ({}, begun {} ago), so this waits for it; what has changed "
        "since is not in it (--force begins another one)",
        attached.target.label(), short_name(attached.task_definition), attached.deployment_id, in_words(age)));
}

}  // namespace

int execute(const DeployCommand& command, Session& session) {
    Watching watching(session, command.services, command.log);
    AppOptions options{.patience = command.timeout};
    if (command.dry_run) options.dry_run = true;
    options.wait = command.wait;
    options.on_look = watching.on_look();  // without --wait, too, a task before it may take its time
    const auto app = session.open(command.log, std::move(options));
    if (!app) return session.failed(app.error());
    watching.ask(**app);
    const auto decisions = decide_for_all(**app, [&](App& target) { return decide_wish(command, target, session); });
    if (!decisions) return session.failed(decisions.error());
    const auto handled = (*app)->deploy(*decisions,
                                        {.attach = command.wait && !command.force,
                                         .on_attached =
                                             [&](const DeploymentReport& attached) {
                                                 if (command.log == LogFormat::kSentences)
                                                     say_attached(session.console(), attached, session.clock().now());
                                             }},
                                        Deadline::none());
    watching.end();
    say(session.console(), handled.answer, command.json);
    return all_done(handled.answer, command.wait) ? kDone : kFailed;
}

}  // namespace ci_lambda::cli
