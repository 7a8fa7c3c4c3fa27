#include <string>
#include <vector>

#include "app/people/holds.hpp"
#include "app/people/named_services.hpp"
#include "cli/holds.hpp"
#include "cli/verbs.hpp"
#include "deployer/observe/inventory.hpp"

// `hold`, `release` and `holds`: what a person keeps from being deployed.

namespace ci_lambda::cli {
namespace {

/// One service after the other; what cannot be done for one of them does not keep the others from it.
template <typename Wanted>
int set_all(const Wanted& command, Session& session, const SetHold& what) {
    AppOptions options;
    if (command.dry_run) options.dry_run = true;
    const auto app = session.open(command.log, std::move(options));
    if (!app) return session.failed(app.error());
    if (command.log == LogFormat::kSentences) (*app)->logger().set_level(LogLevel::kError);
    // Before anything is changed.
    if (!what.until.empty())
        if (const auto until = parse_until(what.until, session.clock().now()); !until)
            return session.failed(until.error());
    (*app)->discover(session.patience());
    const auto targets = named_services((*app)->config(), command.services);
    if (!targets) return session.failed(targets.error());
    if (const auto exist = check_that_they_exist((*app)->config(), (*app)->ecs(), *targets, session.patience()); !exist)
        return session.failed(exist.error());
    bool all_done = true;
    for (const auto& target : *targets) {
        auto one = what;
        one.target = target;
        const auto handled = (*app)->set_hold(one, Deadline::none());
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

std::string user_of(const Environment& environment) {
    for (const auto* variable : {"USER", "LOGNAME"})
        if (auto name = environment.get_non_empty(variable)) return *std::move(name);
    return {};
}

}  // namespace

int execute(const HoldCommand& command, Session& session) {
    return set_all(command, session,
                   {.what = SetHold::What::kHold,
                    .target = {},
                    .until = command.until.value_or(""),
                    .by = command.by.value_or(user_of(session.environment())),
                    .reason = command.reason.value_or("")});
}

int execute(const ReleaseCommand& command, Session& session) {
    return set_all(command, session,
                   {.what = SetHold::What::kRelease, .target = {}, .reason = command.reason.value_or("")});
}

int execute(const HoldsCommand& command, Session& session) {
    const auto opened = session.open(command.log);
    if (!opened) return session.failed(opened.error());
    auto& app = **opened;
    app.discover(session.patience());
    auto targets = command.services.empty() ? Result<std::vector<EcsTarget>>(std::vector<EcsTarget>{})
                                            : named_services(app.config(), command.services);
    if (!targets) return session.failed(targets.error());
    if (command.services.empty()) {
        auto ours = find_our_services(app.config(), app.ecs(), session.patience());
        if (ours.not_listed && ours.targets.empty()) return session.failed(*ours.not_listed);
        targets = std::move(ours.targets);
    }
    const auto holds = look_at_holds(app, session.clock(), *targets, session.patience());
    if (!holds) return session.failed(holds.error());
    if (command.json) {
        session.console().print_for_machines(holds_json(*holds));
        return kDone;
    }
    for (const auto& line : holds_text(*holds)) session.console().print(line);
    if (!app.config().holds.is_on())
        session.console().note(
            "Nothing keeps deployments from beginning: HOLDS, FREEZE_WINDOWS and CHANGE_CALENDARS are off.");
    return kDone;
}

}  // namespace ci_lambda::cli
