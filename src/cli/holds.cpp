#include "cli/holds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "deployer/holds/hold_gate.hpp"

namespace ci_lambda::cli {

std::vector<std::string> holds_text(const Holds& holds) {
    std::vector<std::string> lines;
    bool anything = holds.calendar_closed;
    for (const auto& one : holds.services) {
        const auto add = [&](const std::string& text) {
            lines.push_back(fmt::format("{}: {}", one.target.label(), text));
        };
        anything = anything || one.is_held();
        if (one.hold)
            add(one.hold_is_over ? fmt::format("no longer {} (ci_lambda release {} takes the tag off)",
                                               in_words(*one.hold), one.target.id)
                                 : in_words(*one.hold));
        if (one.frozen) add(in_words(*one.frozen));
        if (one.waiting)
            add(fmt::format("waits, to begin about {}: {}", minute_in_words(one.waiting->at),
                            one.waiting->held.request.reason));
        if (!one.unknown.empty()) add(one.unknown);
    }
    if (!holds.calendar.empty()) lines.push_back(fmt::format("change calendar: {}", holds.calendar));
    if (!anything) lines.insert(lines.begin(), "Nothing is held.");
    std::vector<std::string> told;
    for (const auto& one : holds.services) {
        if (!one.next) continue;
        auto words = fmt::format("next freeze: {} to {} ({}){}", minute_in_words(one.next->from),
                                 minute_in_words(one.next->until), one.next->freeze->words,
                                 one.next->freeze->reason.empty() ? "" : ": " + one.next->freeze->reason);
        if (std::ranges::find(told, words) == told.end()) told.push_back(std::move(words));
    }
    lines.insert(lines.end(), told.begin(), told.end());
    return lines;
}

std::string holds_json(const Holds& holds) {
    using Ordered = nlohmann::ordered_json;
    const auto freeze = [](const FrozenTime& frozen) {
        Ordered json{{"from", format_rfc3339(frozen.from)},
                     {"until", format_rfc3339(frozen.until)},
                     {"freeze", frozen.freeze->words}};
        if (!frozen.freeze->reason.empty()) json["reason"] = frozen.freeze->reason;
        return json;
    };
    auto services = Ordered::array();
    for (const auto& one : holds.services) {
        Ordered json{{"service", one.target.id.str()}, {"held", one.is_held() || holds.calendar_closed}};
        if (one.hold) {
            auto& hold = json["hold"] = Ordered::object();
            if (one.hold->until) hold["until"] = format_rfc3339(*one.hold->until);
            if (!one.hold->by.empty()) hold["by"] = one.hold->by;
            if (!one.hold->reason.empty()) hold["reason"] = one.hold->reason;
            if (one.hold->since) hold["since"] = format_rfc3339(*one.hold->since);
            if (one.hold_is_over) hold["over"] = true;
        }
        if (one.frozen) json["frozen"] = freeze(*one.frozen);
        if (one.next) json["next_freeze"] = freeze(*one.next);
        if (one.waiting)
            json["waiting"] = {{"begins_at", format_rfc3339(one.waiting->at)},
                               {"reason", one.waiting->held.request.reason}};
        if (!one.unknown.empty()) json["unknown"] = one.unknown;
        services.push_back(std::move(json));
    }
    Ordered json{{"services", std::move(services)}};
    if (!holds.calendar.empty())
        json["change_calendar"] = {{"closed", holds.calendar_closed}, {"words", holds.calendar}};
    return json_for_terminal(json.dump(-1, ' ', false, Ordered::error_handler_t::replace));
}

}  // namespace ci_lambda::cli
