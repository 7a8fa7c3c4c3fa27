#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/verbs.hpp"
#include "config/channel.hpp"

// `notify`: who is told of what, and whether it arrives.

namespace ci_lambda::cli {
namespace {

/// Enough for a channel that wants a pause between two of the samples.
constexpr std::chrono::seconds kPatience{60};

struct ListedChannel {
    std::string name;
    std::string type;
    std::vector<std::string> hears;  ///< words of severities, by the rules for all services
};

std::vector<ListedChannel> channels_of(const Config& config) {
    constexpr std::array<std::pair<Severity, std::string_view>, kSeverities> kWords{{{Severity::kError, "error"},
                                                                                     {Severity::kWarning, "warning"},
                                                                                     {Severity::kSuccess, "success"},
                                                                                     {Severity::kInfo, "info"}}};
    std::vector<ListedChannel> all;
    const auto add = [&](const std::string& name, ChannelKind kind) {
        ListedChannel one{.name = name, .type = std::string(to_string(kind)), .hears = {}};
        // No service has such an id: what is said for all holds.
        for (const auto& [severity, word] : kWords)
            if (config.notify.hears(name, severity, ServiceId(""))) one.hears.emplace_back(word);
        all.push_back(std::move(one));
    };
    if (config.slack_webhook_url) add(std::string(kSlackChannel), ChannelKind::kSlack);
    for (const auto& [name, settings] : config.notify.channels) add(name, settings.kind);
    return all;
}

int list(const Config& config, const NotifyCommand& command, Session& session) {
    const auto channels = channels_of(config);
    auto json = Json::array();
    for (const auto& one : channels) {
        json.push_back({{"name", one.name}, {"type", one.type}, {"hears", one.hears}});
        if (!command.json)
            session.console().print(fmt::format("{} ({}) hears {}", one.name, one.type,
                                                one.hears.empty() ? "nothing" : join(one.hears, ", ")));
    }
    if (command.json) session.console().print_for_machines(dump_json(json));
    if (channels.empty())
        session.console().note(fmt::format("Nobody is told of anything: there is no {} and no {}.",
                                           config.called("SLACK_WEBHOOK_URL"), config.called("CHANNELS")));
    for (const auto& [id, rules] : config.notify.own)
        if (!command.json) session.console().note(fmt::format("For {} it is: {}", id, to_json(rules)));
    return kDone;
}

int test(App& app, const NotifyCommand& command, Session& session) {
    const auto results = app.test_channels(Deadline::after(session.clock(), kPatience));
    bool all_arrived = true;
    auto json = Json::array();
    for (const auto& [channel, problem] : results) {
        const auto why = app.redactor().redact(problem);
        all_arrived = all_arrived && why.empty();
        Json one{{"channel", channel}, {"taken", why.empty()}};
        put_text(one, "problem", why);
        json.push_back(std::move(one));
        if (!command.json)
            session.console().print(
                Line{{.text = why.empty() ? "OK   " : "BAD  ", .color = why.empty() ? Color::kGreen : Color::kRed},
                     {.text = fmt::format("{}: {}", channel, why.empty() ? "took four samples" : why)}});
    }
    if (command.json) session.console().print_for_machines(dump_json(json));
    if (results.empty()) session.console().note("There is no channel to be tested.");
    return all_arrived && !results.empty() ? kDone : kFailed;
}

}  // namespace

int execute(const NotifyCommand& command, Session& session) {
    const auto app = session.open(command.log);
    if (!app) return session.failed(app.error());
    return command.test ? test(**app, command, session) : list((*app)->config(), command, session);
}

}  // namespace ci_lambda::cli
