#include <string>

#include "app/people/holds.hpp"
#include "app/people/overview.hpp"
#include "cli/each_service.hpp"
#include "cli/holds.hpp"
#include "cli/verbs.hpp"

// `hold`, `release` and `holds`: what a person keeps from being deployed.

namespace ci_lambda::cli {
namespace {

template <typename Wanted>
int set_all(const Wanted& command, Session& session, const SetHold& what) {
    // Before anything is changed.
    if (!what.until.empty())
        if (const auto until = parse_until(what.until, session.clock().now()); !until)
            return session.failed(until.error());
    return for_each_service(command, session, [&](App& app, const EcsTarget& target) {
        auto one = what;
        one.target = target;
        return app.set_hold(one, Deadline::none());
    });
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
    const auto targets = named_or_all(app, command.services, session.patience());
    if (!targets) return session.failed(targets.error());
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
