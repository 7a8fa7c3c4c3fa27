#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/people/overview.hpp"
#include "base/references.hpp"
#include "cli/verbs.hpp"
#include "deployer/approve/approval_gate.hpp"
#include "deployer/approve/waiting_hooks.hpp"

// `approvals`: which rollouts ECS keeps waiting for a person.

namespace ci_lambda::cli {
namespace {

struct Waiting {
    WaitingHook hook;
    std::string token;  ///< empty without APPROVAL_KEY
};

Result<std::vector<Waiting>> find_all(App& app, const ApprovalsCommand& command, Session& session) {
    const auto deadline = session.patience();
    TRY_ASSIGN(const auto targets, named_or_all(app, command.services, deadline));
    TRY_ASSIGN(const auto services, look_at(app, session.clock(), session.sleeper(), targets, deadline));
    const auto keys = keys_of(app.config().approval);
    std::vector<Waiting> all;
    for (const auto& one : services) {
        if (!one.service) continue;
        TRY_ASSIGN(const auto hooks, find_waiting_hooks(app.ecs(), one.target, *one.service, deadline));
        for (const auto& hook : hooks) {
            Waiting waiting{.hook = hook, .token = {}};
            if (keys) {
                TRY_ASSIGN(waiting.token, sign(approval_of(hook, app.config(), session.clock().now()), *keys));
            }
            all.push_back(std::move(waiting));
        }
    }
    return all;
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
    if (command.json) {
        auto list = nlohmann::ordered_json::array();
        for (const auto& waiting : *all) list.push_back(json_of(waiting));
        session.console().print_for_machines(
            list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
        return kDone;
    }
    for (const auto& waiting : *all) print(session.console(), waiting);
    if (all->empty()) session.console().print("No rollout waits for a person.");
    return kDone;
}

}  // namespace ci_lambda::cli
