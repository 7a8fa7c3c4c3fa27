#include "services/notify/slack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ranges>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "services/notify/message_text.hpp"

namespace ci_lambda {
namespace {

// Slack's limits in characters (docs.slack.dev, block reference). The fallback text may be longer, but is for a
// notification's single line.
constexpr std::size_t kSectionLimit = 3000;
constexpr std::size_t kFieldLimit = 2000;
constexpr std::size_t kFallbackLimit = 1000;
/// Of all lines of a message with several services. Slack refuses more than about 13,000 characters in all blocks
/// (slackapi/bolt-js, issue 2509), of which the other blocks need some.
constexpr std::size_t kLinesLimit = 9000;
/// How long a line may be: errors as long as all of them fit, else shorter; the rest briefly.
constexpr std::array<std::size_t, 3> kErrorLine{600, 300, 150};
constexpr std::size_t kOtherSlackLine = 300;

/// Of all blocks together, below what Slack refuses.
constexpr std::size_t kBlocksLimit = 12'500;
/// Of an excerpt's block: what is shorter tells nothing. With several services each has less.
constexpr std::size_t kShortestSlackExcerpt = 200;
constexpr std::size_t kExcerptOfSeveral = 1000;

constexpr std::size_t kButtonValue = 2000;
constexpr std::size_t kBlockId = 200;
constexpr std::size_t kConfirmService = 200;
/// Of a link in a text of 2000 characters, beside its words.
constexpr std::size_t kLongestLink = 1900;
/// Of a message with fifty blocks and about 13,000 characters.
constexpr std::size_t kMostPrompts = 3;
/// A token that people copy out of a section.
constexpr std::size_t kShownToken = 2900;

constexpr std::string_view kSoftHyphen = "\xC2\xAD";
constexpr std::string_view kGraveAccent = "\xCB\x8B";       // U+02CB: looks like a backtick
constexpr std::string_view kAsteriskSign = "\xE2\x88\x97";  // U+2217: looks like an asterisk

std::string_view emoji(NotificationType type) {
    switch (type) {
        case NotificationType::kSuccess: return ":white_check_mark:";
        case NotificationType::kError: return ":x:";
        case NotificationType::kInfo: return ":information_source:";
        case NotificationType::kWarning: return ":warning:";
    }
    return ":information_source:";
}

std::string escaped_for_slack(std::string_view text) { return slack_escape(slack_literal(text)); }

/// The text cut so that it fits into `limit` characters once escaped, then escaped: never cut inside an entity.
std::string fitted_for_slack(std::string_view text, std::size_t limit) {
    return ci_lambda::escaped_to_fit(text, limit, escaped_for_slack, characters);
}

/// `verbatim`: Slack makes no links and no mentions of what only looks like them.
Json markdown(std::string text) { return {{"type", "mrkdwn"}, {"text", std::move(text)}, {"verbatim", true}}; }

Json section(std::string text) { return {{"type", "section"}, {"text", markdown(std::move(text))}}; }

Json section(std::string_view prefix, std::string_view text, std::string_view suffix) {
    const auto room = kSectionLimit - prefix.size() - suffix.size();
    return section(fmt::format("{}{}{}", prefix, fitted_for_slack(text, room), suffix));
}

Json title_block(const Announcement& announcement) {
    // An asterisk would end the bold.
    const auto title = replace_all(announcement.title, "*", kAsteriskSign);
    return section(fmt::format("{} *", emoji(announcement.type)), title, "*");
}

Json context(const std::vector<std::string>& texts) {
    Json elements = Json::array();
    for (const auto& text : texts) elements.push_back(markdown(fitted_for_slack(text, kFieldLimit)));
    return {{"type", "context"}, {"elements", std::move(elements)}};
}

void add_field(Json& fields, std::string_view label, std::string_view value) {
    if (value.empty()) return;  // Slack refuses an empty text
    const auto prefix = fmt::format("*{}*\n", label);
    fields.push_back(markdown(prefix + fitted_for_slack(value, kFieldLimit - prefix.size())));
}

void add_fields(Json& blocks, Json fields) {
    if (!fields.empty()) blocks.push_back({{"type", "section"}, {"fields", std::move(fields)}});
}

void add_reason(Json& blocks, const std::optional<std::string>& reason) {
    if (reason && !reason->empty()) blocks.push_back(section("*Reason*\n", *reason, ""));
}

/// All of the text in blocks.
std::size_t characters_in(const Json& block) {
    if (block.is_string()) return characters(block.get_ref<const std::string&>());
    std::size_t sum = 0;
    if (block.is_structured())
        for (const auto& part : block) sum += characters_in(part);
    return sum;
}

/// Nothing in a code block has a meaning but the entities, and three backticks that end it.
std::string in_code(std::string_view line) { return slack_escape(replace_all(std::string(line), "`", kGraveAccent)); }

/// As a code block with as many of the last lines as there is room for.
void add_excerpt(Json& blocks, const Notification& notification, std::size_t limit, bool names_service) {
    if (!notification.excerpt || notification.excerpt->lines.empty()) return;
    const auto& excerpt = *notification.excerpt;
    const auto used = characters_in(blocks);
    if (used + kShortestSlackExcerpt > kBlocksLimit) return;
    const auto room = std::min(limit, kBlocksLimit - used);
    constexpr std::size_t kLongestTitle = 150;
    constexpr std::string_view kFence = "```";
    const auto title = excerpt_title(notification, names_service);
    const auto head =
        fmt::format("*{}*\n{}\n", fitted_for_slack(replace_all(title, "*", kAsteriskSign), kLongestTitle), kFence);
    auto left = room - std::min(room, characters(head) + kFence.size() + 1);
    std::vector<std::string> lines;  // the last one first
    for (const auto& line : std::views::reverse(excerpt.lines)) {
        auto text = in_code(line);
        if (characters(text) + 1 > left) break;
        left -= characters(text) + 1;
        lines.push_back(std::move(text));
    }
    if (lines.empty()) return;
    std::ranges::reverse(lines);
    blocks.push_back(section(fmt::format("{}{}\n{}", head, join(lines, "\n"), kFence)));
}

/// What there is to tell of one service.
void add_service(Json& blocks, const Notification& notification) {
    Json fields = Json::array();
    for (const auto& fact : facts_of(notification)) add_field(fields, fact.label, fact.value);
    add_fields(blocks, std::move(fields));
    add_reason(blocks, notification.reason);
    add_excerpt(blocks, notification, kSectionLimit, false);
}

std::vector<std::string> fitted(const std::vector<AnnouncementLine>& lines, std::size_t longest_error) {
    std::vector<std::string> texts;
    for (const auto& line : lines) {
        const auto longest = line.type == NotificationType::kError ? longest_error : kOtherSlackLine;
        texts.push_back(fmt::format("{} {}", emoji(line.type), fitted_for_slack(line.text, longest)));
    }
    return texts;
}

/// The lines, with the errors as long as they may be for all of them to fit.
std::vector<std::string> fitted(const std::vector<AnnouncementLine>& lines) {
    const auto errors =
        static_cast<std::ptrdiff_t>(std::ranges::count(lines, NotificationType::kError, &AnnouncementLine::type));
    std::vector<std::string> texts;
    for (const auto longest : kErrorLine) {
        texts = fitted(lines, longest);
        std::size_t length = 0;
        for (std::ptrdiff_t i = 0; i < errors; ++i) length += characters(texts[static_cast<std::size_t>(i)]) + 1;
        if (length <= kLinesLimit) break;
    }
    return texts;
}

/// One line a service, in as many sections as that takes.
void add_lines(Json& blocks, const std::vector<AnnouncementLine>& lines) {
    const auto texts = fitted(lines);
    std::size_t total = 0;
    std::size_t shown = 0;
    std::string text;
    std::size_t length = 0;
    for (; shown < texts.size(); ++shown) {
        const auto one = characters(texts[shown]) + 1;
        if (total + one > kLinesLimit) break;
        if (length + one > kSectionLimit) {
            blocks.push_back(section(std::exchange(text, {})));
            length = 0;
        }
        text += (text.empty() ? "" : "\n") + texts[shown];
        total += one;
        length += one;
    }
    if (!text.empty()) blocks.push_back(section(std::move(text)));
    if (shown < texts.size()) blocks.push_back(section(and_more(lines, shown)));
}

/// What there is to tell of several services.
void add_services(Json& blocks, const Announcement& announcement) {
    Json fields = Json::array();
    add_field(fields, "Environment", announcement.parts.front().environment);
    add_field(fields, "Services", fmt::format("{}", announcement.parts.size()));
    add_fields(blocks, std::move(fields));
    add_lines(blocks, announcement.lines);
    add_reason(blocks, announcement.reason);
    for (const auto& part : announcement.parts) add_excerpt(blocks, part, kExcerptOfSeveral, true);
}

Json button(std::string_view action, std::string_view label, std::string_view style, const std::string& value) {
    return {{"type", "button"},
            {"action_id", action},
            {"text", {{"type", "plain_text"}, {"text", label}}},
            {"style", style},
            {"value", value}};
}

/// Approving is what is wanted, and rejecting what nobody wants to do by a slip of the finger.
Json buttons(const ApprovalPrompt& prompt, std::string_view service) {
    const auto plain = [](std::string text) { return Json{{"type", "plain_text"}, {"text", std::move(text)}}; };
    auto reject = button("reject", "Reject", "danger", prompt.token);
    reject["confirm"] = {{"title", plain("Reject it?")},
                         {"text", plain(fmt::format("{} stays as it is.", truncate_utf8(service, kConfirmService)))},
                         {"confirm", plain("Reject")},
                         {"deny", plain("Back")}};
    return {{"type", "actions"},
            {"block_id", fmt::format("approval:{}", truncate_utf8(prompt.id, kBlockId))},
            {"elements", {button("approve", "Approve", "primary", prompt.token), std::move(reject)}}};
}

/// A link of ours: nothing in it is Slack's markup.
std::string link_to_page(const ApprovalPrompt& prompt) {
    if (prompt.page.empty() || prompt.page.size() > kLongestLink ||
        prompt.page.find_first_of("<>| ") != std::string::npos)
        return {};
    auto text = fmt::format("<{}|Show the request>", slack_escape(prompt.page));
    if (text.size() > kFieldLimit) return {};
    if (!prompt.code.empty()) text += fmt::format(", where its code is *{}*", slack_escape(prompt.code));
    return text;
}

/// How what is to be approved is answered, or by whom it has been.
void add_approval(Json& blocks, const Notification& notification, SlackOptions options) {
    if (!notification.approval) return;
    const auto& prompt = *notification.approval;
    if (!prompt.decided.empty()) {
        blocks.push_back(section("*Decided*\n", prompt.decided, ""));
        return;
    }
    const bool pressed = options.buttons && !prompt.token.empty() && prompt.token.size() <= kButtonValue;
    if (pressed)
        blocks.push_back(buttons(prompt, notification.service));
    else if (prompt.token.size() <= kShownToken)
        blocks.push_back(section(fmt::format("To approve it: `ci_lambda approve {}`", slack_escape(prompt.token))));
    else
        blocks.push_back(
            section(fmt::format("To approve it: `ci_lambda approvals` has it as `{}`", slack_escape(prompt.id))));
    if (auto link = link_to_page(prompt); !link.empty())
        blocks.push_back({{"type", "context"}, {"elements", {markdown(std::move(link))}}});
}

/// For a notification's single line, and for clients that show no blocks.
std::string fallback(const Announcement& announcement) {
    const auto& first = announcement.parts.front();
    std::string text = fmt::format("{} [{}]", announcement.title, first.environment);
    std::vector<std::string> more;
    for (const auto& line : announcement.lines) more.push_back(line.text);
    if (more.empty() && first.reason) more.push_back(*first.reason);
    if (!more.empty()) text += ": " + join(more, "; ");
    return fmt::format("{} {}", emoji(announcement.type), fitted_for_slack(text, kFallbackLimit));
}

Json message_of(const Announcement& announcement, SlackOptions options) {
    const auto& first = announcement.parts.front();
    Json blocks = Json::array();
    blocks.push_back(title_block(announcement));
    if (announcement.parts.size() == 1)
        add_service(blocks, first);
    else
        add_services(blocks, announcement);
    std::size_t asked = 0;
    for (const auto& part : announcement.parts)
        if (part.approval && ++asked <= kMostPrompts) add_approval(blocks, part, options);
    if (asked > kMostPrompts) blocks.push_back(section("`ci_lambda approvals` has those that do not fit in here"));
    std::vector<std::string> small{fmt::format("{} · ci_lambda", first.project)};
    if (auto lost = lost_in_words(announcement); !lost.empty()) small.push_back(std::move(lost));
    blocks.push_back(context(small));
    Json message{{"text", fallback(announcement)}, {"blocks", std::move(blocks)}};
    // Slack need not open the page.
    if (asked > 0) message["unfurl_links"] = message["unfurl_media"] = false;
    return message;
}

}  // namespace

std::string slack_escape(std::string_view text) {
    auto escaped = replace_all(std::string(text), "&", "&amp;");
    escaped = replace_all(std::move(escaped), "<", "&lt;");
    return replace_all(std::move(escaped), ">", "&gt;");
}

std::string slack_literal(std::string_view text) {
    const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    std::string literal;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const char before = i == 0 ? '\n' : text[i - 1];
        const bool blank_follows = i + 1 == text.size() || text[i + 1] == ' ' || text[i + 1] == '\n';
        if (c == '>' && before == '\n') literal += kSoftHyphen;
        if (c == '`')
            literal += kGraveAccent;
        else
            literal += c;
        if ((c == '*' || c == '_' || c == '~') && !in_word(before) && !blank_follows) literal += kSoftHyphen;
    }
    return literal;
}

std::string slack_message(const Announcement& announcement, SlackOptions options) {
    return dump_json(message_of(announcement, options));
}

std::string slack_replacement(const Announcement& announcement) {
    auto message = message_of(announcement, {});
    message["replace_original"] = true;
    return dump_json(message);
}

SlackChannel::SlackChannel(Secret webhook_url, HttpClient& http, const Clock& clock, Sleeper& sleeper,
                           SlackOptions options, std::string name)
    : webhook_url_(std::move(webhook_url)),
      tools_{.http = http, .clock = clock, .sleeper = sleeper},
      options_(options),
      name_(std::move(name)) {}

Result<NotificationChannel::Answer> SlackChannel::deliver(const Announcement& announcement, Deadline deadline) {
    const auto body = slack_message(announcement, options_);
    return post({.to = name(),
                 .log_name = "slack webhook",
                 .url = webhook_url_,
                 .body = body,
                 .any_success = false,
                 .way_out = name_ == kName ? "does the webhook in SLACK_WEBHOOK_URL still exist?"
                                           : "does its webhook still exist?"},
                tools_, deadline);
}

}  // namespace ci_lambda
