#include "services/notify/discord.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "services/notify/message_text.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kEmbedTitle = 256;
constexpr std::size_t kEmbedDescription = 4096;
constexpr std::size_t kEmbedInAll = 6000;
constexpr std::size_t kEmbedFooter = 300;
/// Discord takes 1024.
constexpr std::size_t kEmbedField = 250;

std::string embed_literal(std::string_view text) { return markdown_literal(text, "\\*_~`|<>[]():@#"); }

std::string fitted_to_embed(std::string_view text, std::size_t limit) {
    return escaped_to_fit(trim(text), limit, embed_literal, utf16_units);
}

std::string link_in_markdown(const Linked& link) {
    // Only a `>` ends such an address.
    return fmt::format("[{}](<{}>)", fitted_to_embed(link.title, kEmbedField),
                       replace_all(replace_all(link.url, "<", "%3C"), ">", "%3E"));
}

int embed_color(NotificationType type) {
    switch (type) {
        case NotificationType::kSuccess: return 0x2EB67D;
        case NotificationType::kError: return 0xE01E5A;
        case NotificationType::kInfo: return 0x36C5F0;
        case NotificationType::kWarning: return 0xECB22E;
    }
    return 0;
}

Json embed_of(const Announcement& announcement) {
    const auto& first = announcement.parts.front();
    const bool several = announcement.parts.size() > 1;
    std::size_t used = 0;
    const auto counted = [&](std::string text) {
        used += utf16_units(text);
        return text;
    };
    Json embed = Json::object();
    embed["color"] = embed_color(announcement.type);
    // Discord refuses what is empty.
    const auto title = trim(announcement.title).empty() ? "Deployment" : announcement.title;
    embed["title"] = counted(fmt::format("{} {}", sign_of(announcement.type), fitted_to_embed(title, kEmbedTitle - 3)));
    embed["footer"]["text"] = counted(one_line(fmt::format("{} · ci_lambda", first.project), kEmbedFooter / 2));
    Json fields = Json::array();
    std::vector<ServiceFact> facts;
    if (several)
        facts = {{.label = "Environment", .value = first.environment},
                 {.label = "Services", .value = fmt::format("{}", announcement.parts.size())}};
    else
        facts = facts_of(first);
    for (const auto& fact : facts) {
        auto value = fitted_to_embed(fact.value, kEmbedField);
        if (trim(value).empty()) continue;
        Json field = Json::object();
        field["name"] = counted(std::string(fact.label));
        field["value"] = counted(std::move(value));
        field["inline"] = fact.label != "Started because";
        fields.push_back(std::move(field));
    }
    if (!fields.empty()) embed["fields"] = std::move(fields);
    const Markup markup{.literal = embed_literal,
                        .measure = utf16_units,
                        .bold = "**",
                        .code = "`",
                        .fence = "```",
                        .link = link_in_markdown,
                        .mark = sign_of};
    auto text = message_text(announcement, markup, std::min(kEmbedDescription, kEmbedInAll - used), false);
    if (!text.empty()) embed["description"] = std::move(text);
    return embed;
}

}  // namespace

std::string discord_message(const Announcement& announcement) {
    Json message = Json::object();
    message["allowed_mentions"]["parse"] = Json::array();
    message["embeds"].push_back(embed_of(announcement));
    return dump_json(message);
}

DiscordChannel::DiscordChannel(std::string name, const Secret& webhook_url, ChannelTools tools)
    : name_(std::move(name)),
      url_(webhook_url.reveal() + (webhook_url.reveal().contains('?') ? "&" : "?") + "wait=true"),
      tools_(tools) {}

Result<NotificationChannel::Answer> DiscordChannel::deliver(const Announcement& announcement, Deadline deadline) {
    if (gone_) return std::unexpected(*gone_);
    const auto body = discord_message(announcement);
    auto answer = post({.to = "Discord",
                        .log_name = "discord webhook",
                        .url = url_,
                        .body = body,
                        .way_out = fmt::format("the webhook no longer exists: make a new one, and change the secret of "
                                               "the channel {}",
                                               name_)},
                       tools_, deadline);
    if (!answer && answer.error().http_status == 404) gone_ = answer.error();
    return answer;
}

}  // namespace ci_lambda
