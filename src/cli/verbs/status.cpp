#include "cli/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "app/people/named_services.hpp"
#include "app/people/overview.hpp"
#include "cli/verbs.hpp"

namespace ci_lambda::cli {
namespace {

/// Tasks take tens of seconds to come and go.
constexpr Milliseconds kBetweenLooks{5000};

/// One look; the services, and what goes with them.
struct Look {
    std::vector<ServiceOverview> services;
    WallTime at{};
};

Result<Look> look(App& app, const StatusCommand& command, Session& session) {
    app.discover(session.patience());
    TRY_ASSIGN(const auto targets, named_or_all(app, command.services, session.patience()));
    TRY_ASSIGN(auto services, look_at(app, session.clock(), session.sleeper(), targets, session.patience()));
    return Look{.services = std::move(services), .at = session.clock().now()};
}

std::vector<Line> text_of(App& app, const Look& look, const Screen& screen, Deadline deadline) {
    std::vector<Line> lines{
        {{.text = fmt::format("{} in {}", app.config().names.cluster(), app.config().region), .color = Color::kDim}}};
    if (look.services.empty()) {
        lines.push_back({{.text = fmt::format("No services: {}.", why_there_is_none(app, deadline))}});
        return lines;
    }
    // Only a terminal has a width that counts: a pipe gets one line a service, for grep.
    auto table = status_table(look.services, look.at, screen.terminal ? screen.columns - 1 : 0);
    std::ranges::move(table, std::back_inserter(lines));
    return lines;
}

/// Says which services ECS does not have; the exit code.
int complain_of_missing(App& app, const Look& look, Session& session) {
    int code = kDone;
    for (const auto& one : look.services) {
        if (one.service) continue;
        session.console().complain(no_such_service(app.config(), app.ecs(), one.target, session.patience()));
        code = kFailed;
    }
    return code;
}

/// Looks again and again, until somebody ends it: on a terminal in place, otherwise what has changed is printed anew.
int watch(App& app, const StatusCommand& command, Session& session) {
    auto& console = session.console();
    for (std::vector<Line> last;; session.sleeper().sleep_for(kBetweenLooks)) {
        const auto screen = console.out_screen();
        const auto seen = look(app, command, session);
        if (!seen && !seen.error().retryable()) return session.failed(seen.error());
        auto lines = seen ? text_of(app, *seen, screen, session.patience())
                          : std::vector<Line>{{{.text = seen.error().message, .color = Color::kRed}}};
        if (screen.terminal) {
            console.show_result(lines);
            continue;
        }
        // Ages change all the time, and are not news.
        auto ageless = seen ? status_table(seen->services, WallTime{}, 0) : lines;
        if (ageless == last) continue;
        for (const auto& line : lines) console.print(line);
        last = std::move(ageless);
    }
}

}  // namespace

int execute(const StatusCommand& command, Session& session) {
    const auto app = session.open(command.log);
    if (!app) return session.failed(app.error());
    if (command.watch) return watch(**app, command, session);
    const auto seen = look(**app, command, session);
    if (!seen) return session.failed(seen.error());
    if (command.json) {
        session.console().print_for_machines(status_json(seen->services, seen->at));
    } else {
        for (const auto& line : text_of(**app, *seen, session.console().out_screen(), session.patience()))
            session.console().print(line);
    }
    return complain_of_missing(**app, *seen, session);
}

}  // namespace ci_lambda::cli
