#include "services/notify/teams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "services/notify/message_text.hpp"

namespace ci_lambda {
namespace {

/// In bytes. Workflows takes cards of about 28 KB, and drops larger ones after it has answered.
constexpr std::size_t kCardLimit = 25'000;
constexpr std::size_t kCardTitle = 800;
constexpr std::size_t kCardFact = 600;
constexpr std::size_t kCardReason = 5000;
constexpr std::size_t kCardReasonOfSeveral = 1500;
constexpr std::size_t kCardExcerpt = 5000;
constexpr std::size_t kCardExcerptOfSeveral = 1500;
constexpr std::size_t kCardToken = 1500;
constexpr std::size_t kLongestErrorOnCard = 800;
constexpr std::size_t kShortestErrorOnCard = 150;
constexpr std::size_t kOtherLineOnCard = 400;
/// Of all links together, and for what is said of lines that are left out.
constexpr std::size_t kRoomForButtons = 5000;
constexpr std::size_t kRoomForMore = 250;
/// Teams shows no more buttons.
constexpr std::size_t kMostButtons = 6;

using CardMember = std::pair<const char*, std::string_view>;

/// An element of a card.
Json card_element(std::string_view type, std::initializer_list<CardMember> members) {
    Json json = Json::object();
    json["type"] = type;
    for (const auto& [key, value] : members) json[key] = value;
    return json;
}

/// Text blocks know a part of Markdown.
std::string card_literal(std::string_view text) {
    // A single line break is none in Markdown.
    return replace_all(markdown_literal(text, "\\*_`~[]<"), "\n", "\n\n");
}

std::string fitted_to_card(std::string_view text, std::size_t limit) {
    return escaped_to_fit(trim(text), limit, card_literal, json_bytes);
}

Json text_block(std::string_view text, std::initializer_list<CardMember> members = {}) {
    auto block = card_element("TextBlock", members);
    block["text"] = text;
    block["wrap"] = true;
    return block;
}

/// A line of code: nothing in a text run is Markdown.
Json code_line(std::string_view text) {
    Json block = card_element("RichTextBlock", {{"spacing", "None"}});
    block["inlines"].push_back(card_element("TextRun", {{"text", text}, {"fontType", "Monospace"}, {"size", "Small"}}));
    return block;
}

/// Blanks at the start of a line of code would not be shown.
std::string card_code(std::string_view text) {
    auto clean = for_terminal(text);
    const auto indent = std::min(clean.find_first_not_of(' '), clean.size());
    return replace_all(clean.substr(0, indent), " ", "\xC2\xA0") + clean.substr(indent);
}

std::string_view card_color(NotificationType type) {
    switch (type) {
        case NotificationType::kSuccess: return "Good";
        case NotificationType::kError: return "Attention";
        case NotificationType::kInfo: return "Accent";
        case NotificationType::kWarning: return "Warning";
    }
    return "Default";
}

/// What stands in a card, and how much more there is room for.
class Card {
public:
    /// False, and it is not added, where there is no room for it.
    bool add(Json& to, Json part) {
        const auto size = dump_json(part).size() + 1;
        if (size > left_) return false;
        left_ -= size;
        to.push_back(std::move(part));
        return true;
    }
    [[nodiscard]] std::size_t left() const { return left_; }

private:
    /// But for what is around the parts.
    std::size_t left_ = kCardLimit - 500;
};

void add_lines_to_card(Card& card, Json& body, const std::vector<AnnouncementLine>& lines) {
    const auto around = dump_json(text_block("", {{"spacing", "Small"}})).size() + 10;
    const auto errors =
        static_cast<std::size_t>(std::ranges::count(lines, NotificationType::kError, &AnnouncementLine::type));
    const auto room = card.left() / (errors + 1);
    const auto of_errors = std::clamp(room - std::min(room, around), kShortestErrorOnCard, kLongestErrorOnCard);
    std::size_t shown = 0;
    for (const auto& line : lines) {
        const auto text =
            fitted_to_card(line.text, line.type == NotificationType::kError ? of_errors : kOtherLineOnCard);
        if (json_bytes(text) + around + kRoomForMore > card.left()) break;
        card.add(body, text_block(fmt::format("{} {}", sign_of(line.type), text), {{"spacing", "Small"}}));
        ++shown;
    }
    if (shown < lines.size()) card.add(body, text_block(and_more(lines, shown), {{"weight", "Bolder"}}));
}

void add_facts_to_card(Card& card, Json& body, const std::vector<ServiceFact>& facts) {
    Json set = card_element("FactSet", {});
    auto& list = set["facts"] = Json::array();
    for (const auto& fact : facts) {
        Json one = Json::object();
        one["title"] = fact.label;
        one["value"] = fitted_to_card(fact.value, kCardFact);
        list.push_back(std::move(one));
    }
    if (!list.empty()) card.add(body, std::move(set));
}

void add_excerpt_to_card(Card& card, Json& body, const Notification& part, bool names_service) {
    if (!part.excerpt) return;
    Json box = card_element("Container", {{"style", "emphasis"}});
    auto& items = box["items"] = Json::array();
    items.push_back(text_block(fitted_to_card(excerpt_title(part, names_service), kCardFact), {{"weight", "Bolder"}}));
    const auto around = dump_json(code_line("")).size() + 1;
    auto left = std::min(card.left(), names_service ? kCardExcerptOfSeveral : kCardExcerpt);
    left -= std::min(left, dump_json(box).size() + 1);
    auto lines = last_lines(*part.excerpt, left, card_code, json_bytes);
    // Each of them costs more than its text.
    std::size_t size = 0;
    std::size_t first = lines.size();
    while (first > 0 && size + around + json_bytes(lines[first - 1]) <= left) {
        --first;
        size += around + json_bytes(lines[first]);
    }
    for (; first < lines.size(); ++first) items.push_back(code_line(trim(lines[first])));
    if (items.size() > 1) card.add(body, std::move(box));
}

Json card_of(const Announcement& announcement) {
    const auto& first = announcement.parts.front();
    const bool several = announcement.parts.size() > 1;
    Card card;
    Json body = Json::array();
    auto title = fitted_to_card(announcement.title, kCardTitle);
    card.add(body, text_block(fmt::format("{} {}", sign_of(announcement.type), title),
                              {{"size", "Medium"}, {"weight", "Bolder"}, {"color", card_color(announcement.type)}}));

    // What must not be left out has its place first, and comes last.
    Json end = Json::array();
    for (const auto& asked : asked_in(announcement, kCardToken)) {
        card.add(end, text_block(fitted_to_card(asked.words, kCardFact)));
        if (!asked.command.empty()) card.add(end, code_line(card_code(asked.command)));
    }
    auto small = fmt::format("{} · ci_lambda", first.project);
    if (const auto lost = lost_in_words(announcement); !lost.empty()) small += " · " + lost;
    card.add(end, text_block(fitted_to_card(small, kCardFact), {{"size", "Small"}, {"isSubtle", "true"}}));
    end.back()["isSubtle"] = true;

    Json actions = Json::array();
    for (const auto& link : links_of(announcement, kMostButtons)) {
        if (card.left() + kRoomForButtons < kCardLimit) break;
        card.add(actions, card_element("Action.OpenUrl", {{"title", link.title}, {"url", link.url}}));
    }

    if (several)
        add_facts_to_card(card, body,
                          {{.label = "Environment", .value = first.environment},
                           {.label = "Services", .value = fmt::format("{}", announcement.parts.size())}});
    else
        add_facts_to_card(card, body, facts_of(first));
    // Of several, the reason is what all of them have in common: it has its place before the lines do.
    Json reason = Json::array();
    if (const auto& why = several ? announcement.reason : first.reason; why && !trim(*why).empty()) {
        card.add(reason, text_block("Reason", {{"weight", "Bolder"}}));
        card.add(reason,
                 text_block(fitted_to_card(*why, several ? kCardReasonOfSeveral : kCardReason), {{"spacing", "None"}}));
    }
    if (several) add_lines_to_card(card, body, announcement.lines);
    for (auto& part : reason) body.push_back(std::move(part));
    for (const auto& part : announcement.parts) add_excerpt_to_card(card, body, part, several);
    for (auto& part : end) body.push_back(std::move(part));

    auto json = card_element("AdaptiveCard",
                             {{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"}, {"version", "1.4"}});
    json["body"] = std::move(body);
    if (!actions.empty()) json["actions"] = std::move(actions);
    return json;
}

}  // namespace

std::string teams_message(const Announcement& announcement) {
    auto attachment = Json::object();
    attachment["contentType"] = "application/vnd.microsoft.card.adaptive";
    attachment["contentUrl"] = nullptr;
    attachment["content"] = card_of(announcement);
    auto message = card_element("message", {});
    message["attachments"].push_back(std::move(attachment));
    return dump_json(message);
}

TeamsChannel::TeamsChannel(std::string name, Secret webhook_url, ChannelTools tools)
    : name_(std::move(name)), webhook_url_(std::move(webhook_url)), tools_(tools) {}

Result<NotificationChannel::Answer> TeamsChannel::deliver(const Announcement& announcement, Deadline deadline) {
    const auto body = teams_message(announcement);
    return post({.to = "Teams",
                 .log_name = "teams webhook",
                 .url = webhook_url_,
                 .body = body,
                 .way_out = fmt::format("the workflow no longer exists, is switched off, or its owner has left: make a "
                                        "new one, and change the secret of the channel {}",
                                        name_)},
                tools_, deadline);
}

}  // namespace ci_lambda
