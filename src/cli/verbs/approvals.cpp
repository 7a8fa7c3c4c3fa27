#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/people/overview.hpp"
#include "base/references.hpp"
#include "cli/verbs.hpp"
#include "deployer/approve/approval_gate.hpp"
#include "deployer/approve/questions.hpp"
#include "deployer/approve/waiting_hooks.hpp"
#include "handlers/request_json.hpp"

// `approvals`: what waits for a person, at a hook of ECS or before it begins.

namespace ci_lambda::cli {
namespace {

/// A rollout that ECS keeps waiting.
struct Waiting {
    WaitingHook hook;
    std::string token;  ///< empty without APPROVAL_KEY
};

/// A deployment that has not begun.
struct Asked {
    EcsTarget target;
    Questions::Open question;
};

struct Found {
    std::vector<Waiting> rollouts;
    std::vector<Asked> deployments;
    std::string not_listed = {};  ///< why nobody knows which deployments wait; empty: they are all there
};

/// What is asked of these services, and was not answered: what runs is still what ran.
void find_asked(App& app, const std::vector<ServiceOverview>& services, Found& found, Deadline deadline) {
    if (!app.config().approval.is_on()) return;
    if (!app.questions().are_listed()) {
        found.not_listed =
            fmt::format("deployments that wait to be approved are in the messages about them alone: {} is not set",
                        app.config().called("SCHEDULE_ROLE"));
        return;
    }
    auto open = app.questions().open(deadline);
    if (!open) {
        found.not_listed = fmt::format("which deployments wait to be approved is not known: {}", open.error().message);
        return;
    }
    for (auto& question : *open) {
        const auto of = std::ranges::find_if(
            services, [&](const auto& one) { return one.target.id == question.approval.service && one.service; });
        if (of == services.end()) continue;
        const auto* primary = of->service->primary();
        if ((primary == nullptr ? std::string() : primary->id) != question.approval.running) continue;
        found.deployments.push_back({.target = of->target, .question = std::move(question)});
    }
    std::ranges::sort(found.deployments, {}, [](const Asked& one) { return one.question.approval.issued; });
}

Result<Found> find_all(App& app, const ApprovalsCommand& command, Session& session) {
    const auto deadline = session.patience();
    TRY_ASSIGN(const auto targets, named_or_all(app, command.services, deadline));
    TRY_ASSIGN(const auto services, look_at(app, session.clock(), session.sleeper(), targets, deadline));
    const auto keys = keys_of(app.config().approval);
    Found found;
    for (const auto& one : services) {
        if (!one.service) continue;
        TRY_ASSIGN(const auto hooks, find_waiting_hooks(app.ecs(), one.target, *one.service, deadline));
        for (const auto& hook : hooks) {
            Waiting waiting{.hook = hook, .token = {}};
            if (keys) {
                TRY_ASSIGN(waiting.token, sign(approval_of(hook, app.config(), session.clock().now()), *keys));
            }
            found.rollouts.push_back(std::move(waiting));
        }
    }
    find_asked(app, services, found, deadline);
    return found;
}

std::string then_of(const WaitingHook& hook) {
    const auto what = hook.then_rolls_back ? "rolls it back" : "lets it go on";
    return hook.expires ? fmt::format(" until {}, then ECS {}", minute_in_words(*hook.expires), what) : std::string();
}

void print(Console& console, const Waiting& waiting) {
    const auto& hook = waiting.hook;
    console.print(fmt::format("{}: {} waits to be approved{}{}", hook.target.label(), short_name(hook.task_definition),
                              hook.stage.empty() ? "" : fmt::format(" at {}", hook.stage), then_of(hook)));
    console.note(waiting.token.empty() ? fmt::format("to let it go on: ci_lambda continue {}", hook.target.id)
                                       : fmt::format("to approve it: ci_lambda approve {}", waiting.token));
}

void print(Console& console, const Asked& asked) {
    const auto& approval = asked.question.approval;
    console.print(fmt::format("{}: waits to be approved until {}: {}{}", asked.target.label(),
                              minute_in_words(approval.expires), brief_of_json(approval.request).reason,
                              asked.question.heard ? "" : " (nobody may have heard of it)"));
    console.note(fmt::format("to approve it: ci_lambda approve {}", asked.question.token));
}

nlohmann::ordered_json json_of(const Asked& asked) {
    const auto& approval = asked.question.approval;
    const auto brief = brief_of_json(approval.request);
    nlohmann::ordered_json json{{"service", asked.target.id.str()}, {"approval", id_of(approval)},
                                {"reason", brief.reason},           {"running", approval.running},
                                {"heard", asked.question.heard},    {"expires", format_rfc3339(approval.expires)},
                                {"token", asked.question.token}};
    if (!brief.images.empty()) json["images"] = brief.images;
    return json;
}

nlohmann::ordered_json json_of(const Waiting& waiting) {
    const auto& hook = waiting.hook;
    nlohmann::ordered_json json{{"service", hook.target.id.str()},
                                {"task_definition", hook.task_definition},
                                {"service_deployment", hook.service_deployment},
                                {"hook", hook.hook},
                                {"then", hook.then_rolls_back ? "roll_back" : "continue"}};
    if (!hook.stage.empty()) json["stage"] = hook.stage;
    if (hook.expires) json["expires"] = format_rfc3339(*hook.expires);
    if (!waiting.token.empty()) json["token"] = waiting.token;
    return json;
}

}  // namespace

int execute(const ApprovalsCommand& command, Session& session) {
    const auto app = session.open(command.log);
    if (!app) return session.failed(app.error());
    const auto all = find_all(**app, command, session);
    if (!all) return session.failed(all.error());
    if (!all->not_listed.empty()) session.console().note(all->not_listed);
    if (command.json) {
        auto list = nlohmann::ordered_json::array();
        for (const auto& waiting : all->rollouts) list.push_back(json_of(waiting));
        for (const auto& asked : all->deployments) list.push_back(json_of(asked));
        session.console().print_for_machines(
            list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
        return kDone;
    }
    for (const auto& waiting : all->rollouts) print(session.console(), waiting);
    for (const auto& asked : all->deployments) print(session.console(), asked);
    if (all->rollouts.empty() && all->deployments.empty()) session.console().print("Nothing waits for a person.");
    return kDone;
}

}  // namespace ci_lambda::cli
