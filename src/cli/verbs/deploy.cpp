#include <fmt/format.h>

#include <utility>

#include "app/named_services.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "cli/reports.hpp"
#include "cli/verbs.hpp"
#include "cli/watching.hpp"
#include "deployer/revision/named_revision.hpp"
#include "handlers/merge.hpp"

namespace ci_lambda::cli {
namespace {

std::string reason_of(const DeployCommand& command) {
    if (command.image || command.image_tag)
        return fmt::format("the image {} was asked for", command.image ? *command.image : *command.image_tag);
    return "`ci_lambda deploy` was called";
}

/// The decision on all that was asked for: the very one that a manual event makes.
Result<Deploy> decide_all(const DeployCommand& command, const std::vector<EcsTarget>& targets, const Config& config) {
    std::vector<Deploy> decisions;
    for (const auto& target : targets) {
        const Event event{.envelope = {},
                          .body = ManualRequest{.bare = true,
                                                .service = target.id.str(),
                                                .task_definition = command.task_definition,
                                                .reason = command.reason.value_or(reason_of(command)),
                                                .project = {},
                                                .environment = {},
                                                .malformed = {},
                                                .image = command.image,
                                                .image_tag = command.image_tag}};
        TRY_ASSIGN(auto decision, decide(event, config));
        if (const auto* ignored = std::get_if<Ignore>(&decision))
            return fail(ErrorKind::kRejected, fmt::format("{}: {}", target.id, ignored->reason));
        if (auto* deploy = std::get_if<Deploy>(&decision)) {
            for (auto& request : deploy->requests) request.again = command.force;
            decisions.push_back(std::move(*deploy));
        }
    }
    return merge(decisions);
}

/// It is the name that is wrong, for certain, and not the looking.
bool is_wrong_name(const Error& error) {
    return error.kind == ErrorKind::kNotFound || (error.kind == ErrorKind::kRejected && error.code.empty());
}

/// A revision that was named is looked up before anything is sent, in a dry run as in earnest.
Status check_named_revisions(App& app, const Deploy& decision, bool dry_run, Deadline deadline) {
    for (const auto& request : decision.requests) {
        if (!request.task_definition) continue;
        const auto found = find_named_revision(app.ecs(), request.target, *request.task_definition, deadline);
        // Who may not look may still deploy; and where looking fails, the real call tells more.
        if (found || found.error().kind == ErrorKind::kAccessDenied) continue;
        if (dry_run || is_wrong_name(found.error()))
            return std::unexpected(with_context(found.error(), request.target.id.str()));
    }
    return {};
}

/// All that can be known before anything is sent.
Result<Deploy> prepare(const DeployCommand& command, App& app, const Session& session) {
    TRY_ASSIGN(const auto targets, named_services(app.config(), command.services));
    TRY(check_that_they_exist(app.config(), app.ecs(), targets, session.patience()));
    TRY_ASSIGN(auto decision, decide_all(command, targets, app.config()));
    TRY(check_named_revisions(app, decision, command.dry_run, session.patience()));
    return decision;
}

void say_attached(Console& console, const DeploymentReport& attached, WallTime now) {
    const auto age = std::max(std::chrono::duration_cast<Milliseconds>(now - attached.started_at), Milliseconds{0});
    console.note(
        fmt::format("{}: {} is rolling already ({}, begun {} ago), so this waits for it; what has changed "
                    "since is not in it (--force begins another one)",
                    attached.target.id, short_name(attached.task_definition), attached.deployment_id, in_words(age)));
}

}  // namespace

int execute(const DeployCommand& command, Session& session) {
    Watching watching(session, command.services, command.log);
    AppOptions options{.patience = command.timeout};
    if (command.dry_run) options.dry_run = true;
    options.wait = command.wait;
    if (command.wait) options.on_look = watching.on_look();
    const auto app = session.open(command.log, std::move(options));
    if (!app) return session.failed(app.error());
    watching.ask(**app);
    const auto decision = prepare(command, **app, session);
    if (!decision) return session.failed(decision.error());
    const auto handled = (*app)->deploy(*decision,
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
