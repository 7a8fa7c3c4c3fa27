#include "config/channel_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace ci_lambda {

NotifySettings read_notify_settings(SettingReader& reader, const Environment& environment, ReadSecrets& secrets) {
    constexpr std::string_view kChannels = "CHANNELS";
    constexpr std::string_view kNotify = "NOTIFY";
    NotifySettings notify;
    if (const auto text = reader.text(kChannels)) {
        std::vector<ChannelSecret> references;
        notify.channels = read_channels(*text, environment, references, reader.problems_within(kChannels));
        for (auto& [place, source] : references)
            secrets.references.push_back(
                {.setting = setting_of(kChannels).name, .source = std::move(source), .place = std::move(place)});
    }
    for (const auto& [name, channel] : notify.channels)
        for (const auto* secret : {&channel.secret, &channel.key})
            if (!secret->empty()) secrets.values.push_back(*secret);
    if (notify.channels.contains(std::string(kSlackChannel)))
        reader.problem(kChannels, fmt::format("has a channel with the name {}, which is that of SLACK_WEBHOOK_URL; "
                                              "expected another name",
                                              kSlackChannel));
    if (const auto text = reader.text(kNotify))
        notify.all = read_notify(*text, names_of(notify.channels), reader.problems_within(kNotify));
    return notify;
}

void warn_of_silence(const NotifySettings& notify, bool slack, SettingReader& reader) {
    const auto is_on = [&](const std::string& name) {
        return notify.channels.contains(name) || (slack && name == kSlackChannel);
    };
    const auto check = [&](const NotifyRules& rules, const std::string& whose) {
        const auto* list = rules.of(Severity::kError);
        if (list != nullptr && std::ranges::none_of(*list, is_on))
            reader.warning(fmt::format("{}: no channel that is on hears of errors", whose));
    };
    check(notify.all, reader.called("NOTIFY"));
    for (const auto& [id, rules] : notify.own) check(rules, fmt::format("/services/{}/notify", id));
}

}  // namespace ci_lambda
