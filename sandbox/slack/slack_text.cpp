#include "sandbox/slack/slack_text.hpp"

#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

struct Emoji {
    std::string_view name;
    std::string_view character;
};

constexpr std::array kEmoji{
    Emoji{":white_check_mark:", "✅"},   Emoji{":x:", "❌"},        Emoji{":warning:", "⚠️ "},
    Emoji{":information_source:", "ℹ️ "}, Emoji{":rocket:", "🚀"},   Emoji{":rotating_light:", "🚨"},
    Emoji{":heavy_check_mark:", "✔"},    Emoji{":no_entry:", "⛔"}, Emoji{":hourglass:", "⏳"},
};

/// `<https://..|words>` is shown as its words. Angle brackets of others are entities.
std::string without_addresses(std::string text) {
    for (auto at = text.find("<http"); at != std::string::npos; at = text.find("<http", at)) {
        const auto end = text.find('>', at);
        const auto words = text.find('|', at);
        if (end == std::string::npos || words > end) break;
        text = text.substr(0, at) + text.substr(words + 1, end - words - 1) + text.substr(end + 1);
    }
    return text;
}

/// What Slack shows of mrkdwn: emoji and entities as characters. Asterisks of others are not markup: see slack_literal.
std::string plain(std::string text) {
    text = without_addresses(std::move(text));
    for (const auto& emoji : kEmoji) text = replace_all(std::move(text), emoji.name, emoji.character);
    text = replace_all(std::move(text), "\xC2\xAD", "");  // soft hyphens, which make markup of others harmless
    text = replace_all(std::move(text), "&lt;", "<");
    text = replace_all(std::move(text), "&gt;", ">");
    return replace_all(std::move(text), "&amp;", "&");
}

/// The same of our own titles and labels, which are bold.
std::string bold(const std::string& text) { return plain(replace_all(text, "*", "")); }

/// "*Status*\nstarted" -> "Status: started"; a text without a label stays as it is, with its lines.
std::string field(const std::string& text) {
    const auto line_end = text.find('\n');
    const bool labelled = line_end != std::string::npos && text.starts_with('*') && text[line_end - 1] == '*';
    if (!labelled) return plain(text);
    std::string label(trim(bold(text.substr(0, line_end))));
    if (!label.ends_with(':')) label += ':';
    return label + ' ' + plain(text.substr(line_end + 1));
}

/// A section whose text is one line in bold, perhaps after an emoji, is the title.
bool is_title(std::string_view text) { return !text.contains('\n') && text.ends_with('*'); }

std::vector<std::string> texts_of(const Json* list) {
    std::vector<std::string> texts;
    if (list == nullptr || !list->is_array()) return texts;
    for (const auto& item : *list)
        if (auto text = find_string(item, "text")) texts.push_back(*std::move(text));
    return texts;
}

/// "[Approve]  [Reject]"
std::string buttons_in(const Json& block) {
    std::vector<std::string> labels;
    if (const Json* elements = find(block, "elements"); elements != nullptr && elements->is_array())
        for (const auto& element : *elements)
            if (const Json* text = find(element, "text"))
                labels.push_back('[' + find_string(*text, "text").value_or("") + ']');
    return join(labels, "  ");
}

void render_block(const Json& block, std::vector<SlackLine>& lines) {
    using Kind = SlackLine::Kind;
    const auto type = find_string(block, "type");
    const Json* object = find(block, "text");
    const auto text = object == nullptr ? std::nullopt : find_string(*object, "text");
    if (type == "header" && text) lines.push_back({.kind = Kind::kTitle, .parts = {plain(*text)}});
    if (type == "section" && text) {
        const bool title = is_title(*text);
        lines.push_back({.kind = title ? Kind::kTitle : Kind::kText, .parts = {title ? bold(*text) : field(*text)}});
    }
    if (type == "actions") lines.push_back({.kind = Kind::kText, .parts = {buttons_in(block)}});
    if (auto fields = texts_of(find(block, "fields")); !fields.empty()) {
        for (auto& one : fields) one = field(one);
        lines.push_back({.kind = Kind::kFields, .parts = std::move(fields)});
    }
    if (auto elements = texts_of(find(block, "elements")); !elements.empty()) {
        for (auto& one : elements) one = plain(std::move(one));
        lines.push_back({.kind = Kind::kContext, .parts = {join(elements, "  ")}});
    }
}

}  // namespace

std::vector<SlackLine> render_slack(std::string_view payload) {
    const auto message = parse_json(payload);
    if (!message) return {{.kind = SlackLine::Kind::kText, .parts = {std::string(payload)}}};
    std::vector<SlackLine> lines;
    if (const Json* blocks = find(*message, "blocks"); blocks != nullptr && blocks->is_array())
        for (const auto& block : *blocks) render_block(block, lines);
    if (lines.empty())
        lines.push_back({.kind = SlackLine::Kind::kText, .parts = {plain(find_string(*message, "text").value_or(""))}});
    return lines;
}

}  // namespace ci_lambda::sandbox
