#include "services/notify/message_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <ranges>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kAccent = "\xCB\x8B";  // U+02CB: looks like a backtick

constexpr std::size_t kLongestAddress = 1900;
constexpr std::size_t kLongestLinkTitle = 60;
constexpr std::size_t kMostAsked = 3;
constexpr std::size_t kLongestExcerptTitle = 150;

/// How long a line may be: errors, as long as all of them fit, but not too short to say anything; and the rest.
constexpr std::size_t kLongestErrorLine = 600;
constexpr std::size_t kShortestErrorLine = 150;
constexpr std::size_t kOtherLine = 300;
/// For "and 10000 more, 10000 of them errors".
constexpr std::size_t kAndMore = 60;
/// What is shorter of an excerpt tells nothing.
constexpr std::size_t kShortestExcerpt = 100;
constexpr std::size_t kMostLinks = 6;
constexpr std::size_t kLongestFact = 250;

bool is_address(const std::string& url) {
    return url.size() <= kLongestAddress && (url.starts_with("https://") || url.starts_with("http://")) &&
           std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f'; });
}

void capitalize(std::string& text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() -= 'a' - 'A';
}

/// The first of a text's paragraphs have a place before the last ones have: what is over is left out.
class Paragraphs {
public:
    Paragraphs(std::size_t limit, Measure measure) : left_(limit), measure_(measure) {}

    /// False, and nothing is added, where it does not fit. An empty one fits, and nothing is added.
    bool add(std::vector<std::string>& to, std::string text) {
        if (text.empty()) return true;
        const auto size = measure_(text) + 1;
        if (size > left_) return false;
        left_ -= size;
        to.push_back(std::move(text));
        return true;
    }
    [[nodiscard]] std::size_t left() const { return left_; }

private:
    std::size_t left_;
    Measure measure_;
};

void add_lines_of_services(std::vector<std::string>& to, Paragraphs& room, const std::vector<AnnouncementLine>& lines,
                           const Markup& markup) {
    const auto errors =
        static_cast<std::size_t>(std::ranges::count(lines, NotificationType::kError, &AnnouncementLine::type));
    // A mark, a blank and a line break come to each.
    const auto around = markup.measure(markup.mark(NotificationType::kError)) + 2;
    const auto share = room.left() / (errors + 1);
    const auto of_errors = std::clamp(share - std::min(share, around), kShortestErrorLine, kLongestErrorLine);
    std::size_t shown = 0;
    for (const auto& line : lines) {
        const auto mark = markup.mark(line.type);
        const auto longest = line.type == NotificationType::kError ? of_errors : kOtherLine;
        auto text = fmt::format("{} {}", mark, escaped_to_fit(line.text, longest, markup.literal, markup.measure));
        if (markup.measure(text) + 1 + kAndMore > room.left()) break;
        room.add(to, std::move(text));
        ++shown;
    }
    if (shown < lines.size()) room.add(to, and_more(lines, shown));
}

std::string heading_in(std::string_view text, const Markup& markup) {
    return fmt::format("{}{}{}", markup.bold, text, markup.bold);
}

void add_last_words(std::vector<std::string>& to, Paragraphs& room, const Notification& part, const Markup& markup,
                    bool names_service, std::size_t share) {
    if (!part.excerpt) return;
    const auto title =
        escaped_to_fit(excerpt_title(part, names_service), kLongestExcerptTitle, markup.literal, markup.measure);
    const auto head =
        fmt::format("{}\n{}{}", heading_in(title, markup), markup.fence, markup.fence.empty() ? "" : "\n");
    const auto around = markup.measure(head) + markup.fence.size() + 1;
    const auto limit = std::min(share, room.left());
    if (around + kShortestExcerpt > limit) return;
    const auto lines = last_lines(*part.excerpt, limit - around, code_literal, markup.measure);
    if (lines.empty()) return;
    auto text = head;
    for (const auto& line : lines) text += line;
    if (markup.fence.empty())
        text.pop_back();
    else
        text += markup.fence;
    room.add(to, std::move(text));
}

}  // namespace

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::size_t utf16_units(std::string_view text) {
    // What has four bytes in UTF-8 has two units.
    return characters(text) + static_cast<std::size_t>(std::ranges::count_if(
                                  text, [](char c) { return static_cast<unsigned char>(c) >= 0xF0U; }));
}

std::size_t bytes(std::string_view text) { return text.size(); }

std::size_t json_bytes(std::string_view text) { return dump_json(text).size() - 2; }

std::string escaped_to_fit(std::string_view text, std::size_t limit, Escape escape, Measure measure) {
    std::size_t keep = std::min(limit, text.size());
    for (;;) {
        auto escaped = escape(truncate_utf8(text, keep));
        const auto length = measure(escaped);
        if (length <= limit || keep == 0) return escaped;
        keep -= std::min(keep, std::max<std::size_t>(1, (length - limit) / 6));
    }
}

std::string markdown_literal(std::string_view text, std::string_view special) {
    const auto clean = for_terminal(text);
    std::string literal;
    bool at_start = true;  // of a line, blanks aside
    bool numbers = false;  // of a line, and nothing else
    for (const char c : clean) {
        const bool is_digit = c >= '0' && c <= '9';
        const bool begins_block = at_start && (c == '-' || c == '+' || c == '#' || c == '>' || c == '=');
        if (begins_block || (numbers && (c == '.' || c == ')')) || special.contains(c)) literal += '\\';
        literal += c;
        numbers = is_digit && (at_start || numbers);
        at_start = c == '\n' || (at_start && c == ' ');
    }
    return literal;
}

std::string code_literal(std::string_view text) { return replace_all(for_terminal(text), "`", kAccent); }

std::vector<ServiceFact> facts_of(const Notification& notification) {
    std::vector<ServiceFact> facts;
    const auto add = [&](std::string_view label, std::string_view value) {
        if (!value.empty()) facts.push_back({.label = label, .value = std::string(value)});
    };
    add("Environment", notification.environment);
    add("Service", notification.service);
    add("Status", notification.status);
    add("ECS event", notification.ecs_event.value_or(""));
    add("Deployment", notification.deployment_id.value_or(""));
    add("Task definition", last_segment(notification.task_definition ? *notification.task_definition : ""));
    add("Image", notification.image);
    add("Started because", notification.started_because.value_or(""));
    add("Took", notification.took.value_or(""));
    return facts;
}

std::string and_more(const std::vector<AnnouncementLine>& lines, std::size_t shown) {
    const auto rest = std::ranges::subrange(lines.begin() + static_cast<std::ptrdiff_t>(shown), lines.end());
    const auto errors = std::ranges::count(rest, NotificationType::kError, &AnnouncementLine::type);
    auto words = fmt::format("and {} more", rest.size());
    if (errors > 0) words += fmt::format(", {} of them errors", errors);
    return words;
}

std::string lost_in_words(const Announcement& announcement) {
    const auto lost = announcement.lost_before;
    if (lost == 0) return {};
    return fmt::format("{} before this one may not have arrived; the log has {}",
                       lost == 1 ? "a message" : fmt::format("{} messages", lost), lost == 1 ? "it" : "them");
}

std::string excerpt_title(const Notification& notification, bool names_service) {
    auto title = notification.excerpt ? notification.excerpt->title : "";
    if (names_service) return fmt::format("{}: {}", notification.service, title);
    capitalize(title);
    return title;
}

std::vector<std::string> last_lines(const Excerpt& excerpt, std::size_t limit, Escape escape, Measure measure) {
    std::vector<std::string> lines;  // the last one first
    for (const auto& line : std::views::reverse(excerpt.lines)) {
        auto text = escape(replace_all(line, "\n", " ")) + '\n';
        const auto size = measure(text);
        if (size > limit) {
            // Better a part of the very last one than nothing.
            if (lines.empty() && limit >= kShortestExcerpt)
                lines.push_back(escaped_to_fit(replace_all(line, "\n", " "), limit - 2, escape, measure) + '\n');
            break;
        }
        limit -= size;
        lines.push_back(std::move(text));
    }
    std::ranges::reverse(lines);
    return lines;
}

std::vector<Linked> links_of(const Announcement& announcement, std::size_t most) {
    std::vector<Linked> links;
    const bool several = announcement.parts.size() > 1;
    const auto add = [&](const Notification& part, const std::string& title, const std::string& url) {
        if (links.size() == most || !is_address(url)) return;
        auto words = several ? fmt::format("{}: {}", part.service, title) : title;
        capitalize(words);
        words = std::string(trim(one_line(words, kLongestLinkTitle)));
        if (!words.empty()) links.push_back({.title = std::move(words), .url = url});
    };
    for (const auto& part : announcement.parts)
        if (part.approval && part.approval->decided.empty())
            add(part,
                part.approval->code.empty() ? "show the request"
                                            : fmt::format("show the request, whose code is {}", part.approval->code),
                part.approval->page);
    for (const auto& part : announcement.parts)
        for (const auto& link : part.links) add(part, link.title, link.url);
    return links;
}

std::vector<Asked> asked_in(const Announcement& announcement, std::size_t longest_token) {
    std::vector<Asked> asked;
    std::size_t prompts = 0;
    for (const auto& part : announcement.parts) {
        if (!part.approval || ++prompts > kMostAsked) continue;
        const auto& prompt = *part.approval;
        if (!prompt.decided.empty())
            asked.push_back({.words = fmt::format("Decided: {}", prompt.decided), .command = {}});
        else if (!prompt.token.empty() && prompt.token.size() <= longest_token)
            asked.push_back({.words = fmt::format("To approve {}:", part.service),
                             .command = fmt::format("ci_lambda approve {}", prompt.token)});
        else
            asked.push_back({.words = fmt::format("To approve {}, which is {}:", part.service, one_line(prompt.id, 40)),
                             .command = "ci_lambda approvals"});
    }
    if (prompts > kMostAsked)
        asked.push_back({.words = fmt::format("{} more wait for an approval:", prompts - kMostAsked),
                         .command = "ci_lambda approvals"});
    return asked;
}

std::string message_text(const Announcement& announcement, const Markup& markup, std::size_t limit, bool with_facts) {
    const auto& first = announcement.parts.front();
    const bool several = announcement.parts.size() > 1;
    Paragraphs room(limit, markup.measure);
    // What must not be left out comes last, and has its place first.
    std::vector<std::string> end;
    room.add(end, lost_in_words(announcement));
    for (const auto& asked : asked_in(announcement, limit / 8)) {
        const auto words = escaped_to_fit(asked.words, kLongestFact, markup.literal, markup.measure);
        room.add(end, asked.command.empty()
                          ? words
                          : fmt::format("{} {}{}{}", words, markup.code, code_literal(asked.command), markup.code));
    }
    std::vector<std::string> begin;
    if (several) {
        add_lines_of_services(begin, room, announcement.lines, markup);
    } else if (with_facts) {
        for (const auto& fact : facts_of(first))
            room.add(begin,
                     fmt::format("{}: {}", heading_in(fact.label, markup),
                                 escaped_to_fit(trim(fact.value), kLongestFact, markup.literal, markup.measure)));
    }
    if (const auto reason = several ? announcement.reason : first.reason; reason && !trim(*reason).empty()) {
        const auto head = heading_in("Reason", markup) + (with_facts && !several ? ": " : "\n");
        const auto most = several ? limit / 8 : room.left() * 2 / 3;
        if (room.left() > head.size() + kShortestExcerpt)
            room.add(begin, head + escaped_to_fit(trim(*reason), std::min(most, room.left() - head.size() - 1),
                                                  markup.literal, markup.measure));
    }
    for (const auto& link : links_of(announcement, kMostLinks))
        if (room.left() > limit / 6) room.add(end, markup.link(link));
    for (const auto& part : announcement.parts)
        add_last_words(begin, room, part, markup, several, several ? limit / 4 : limit);
    for (auto& paragraph : end) begin.push_back(std::move(paragraph));
    return join(begin, "\n");
}

std::string_view sign_of(NotificationType type) {
    switch (type) {
        case NotificationType::kSuccess: return "\xE2\x9C\x85";
        case NotificationType::kError: return "\xE2\x9D\x8C";
        case NotificationType::kInfo: return "\xE2\x84\xB9\xEF\xB8\x8F";
        case NotificationType::kWarning: return "\xE2\x9A\xA0\xEF\xB8\x8F";
    }
    return "";
}

std::string_view word_of(NotificationType type) {
    switch (type) {
        case NotificationType::kSuccess: return "success";
        case NotificationType::kError: return "error";
        case NotificationType::kInfo: return "info";
        case NotificationType::kWarning: return "warning";
    }
    return "info";
}

}  // namespace ci_lambda
