#include "cli/wishes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "app/people/named_services.hpp"
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
Result<Deploy> decide_all(const DeployCommand& command, const std::vector<std::string>& ids, const Config& config) {
    std::vector<Deploy> decisions;
    for (const auto& id : ids) {
        const Event event{.envelope = {},
                          .body = ManualRequest{.bare = true,
                                                .service = id,
                                                .task_definition = command.task_definition,
                                                .reason = command.reason.value_or(reason_of(command)),
                                                .project = {},
                                                .environment = {},
                                                .malformed = {},
                                                .image = command.image,
                                                .image_tag = command.image_tag,
                                                .promote_from = {},
                                                .strategy = command.strategy,
                                                .override_hold = command.override_hold}};
        TRY_ASSIGN(auto decision, decide(event, config));
        if (const auto* ignored = std::get_if<Ignore>(&decision))
            return fail(ErrorKind::kRejected, fmt::format("{}: {}", id, ignored->reason));
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

}  // namespace

Result<std::vector<Result<Deploy>>> decide_for_all(App& app,
                                                   const std::function<Result<Deploy>(App& target)>& decide_one) {
    std::vector<Result<Deploy>> decisions;
    std::optional<Error> last;
    const auto targets = app.targets();
    for (auto* target : targets) {
        auto decision = decide_one(*target);
        if (!decision) {
            auto error = decision.error();
            if (targets.size() > 1) error = with_context(std::move(error), target->target());
            if (!error.retryable() && error.kind != ErrorKind::kDeadline && error.kind != ErrorKind::kCredentials &&
                error.kind != ErrorKind::kAccessDenied)
                return std::unexpected(std::move(error));
            last = std::move(error);
        }
        decisions.push_back(std::move(decision));
    }
    if (last && std::ranges::none_of(decisions, [](const auto& one) { return one.has_value(); }))
        return std::unexpected(*std::move(last));
    return decisions;
}

Result<Deploy> decide_wish(const DeployCommand& command, App& app, const Session& session) {
    auto [ids, services] = split_tasks(command.services);
    if (!ids.empty()) app.discover_tasks(session.patience());
    TRY_ASSIGN(const auto targets, named_services(app.config(), services));
    TRY(check_that_they_exist(app.config(), app.ecs(), targets, session.patience()));
    for (const auto& target : targets) ids.push_back(target.id.str());
    TRY_ASSIGN(auto decision, decide_all(command, ids, app.config()));
    TRY(check_named_revisions(app, decision, command.dry_run, session.patience()));
    return decision;
}

}  // namespace ci_lambda::cli
