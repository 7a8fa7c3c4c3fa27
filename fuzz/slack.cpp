// Any text in each field of a notification (they are divided by tabs), and in each line of an announcement of several
// services: what Slack gets.

#include <array>

#include "base/json.hpp"
#include "fuzz/support.hpp"
#include "services/notify/slack.hpp"

namespace ci_lambda::fuzzing {
namespace {

// docs.slack.dev, block reference, and for the text itself chat.postMessage.
constexpr std::size_t kMaxFallback = 40000;
constexpr std::size_t kMaxSection = 3000;
constexpr std::size_t kMaxField = 2000;
constexpr std::size_t kMaxFields = 10;
constexpr std::size_t kMaxElements = 10;
constexpr std::size_t kMaxBlocks = 50;

Notification notification_of(std::string_view input) {
    auto fields = split(input, '\t');
    fields.resize(11);
    const auto optional = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional<std::string>(text);
    };
    return {.type = static_cast<NotificationType>(fields[10].size() % 4),
            .title = fields[0],
            .project = fields[1],
            .environment = fields[2],
            .service = fields[3],
            .status = fields[4],
            .deployment_id = optional(fields[5]),
            .task_definition = optional(fields[6]),
            .started_because = optional(fields[7]),
            .took = optional(fields[8]),
            .reason = optional(fields[9])};
}

/// Within Slack's limit, and without anything that Slack would take for markup of its own: mentions and links are
/// `<..>`, and `&` begins an entity.
void check_text(const Json& text, std::size_t limit) {
    require(text.is_string(), "a text is a string");
    const auto value = text.get<std::string>();
    require(!value.empty(), "no text is empty");
    require(is_utf8(value), "a text is valid UTF-8", value);
    require(characters(value) <= limit, "a text is within Slack's limit", value);
    require(value.find_first_of("<>") == std::string::npos, "no raw < or >", value);
    constexpr std::array<std::string_view, 3> kEntities{"&amp;", "&lt;", "&gt;"};
    for (auto at = value.find('&'); at != std::string::npos; at = value.find('&', at + 1))
        require(std::ranges::any_of(
                    kEntities,
                    [&](std::string_view entity) { return std::string_view(value).substr(at).starts_with(entity); }),
                "each & begins an entity", value);
}

void check_markdown(const Json& object, std::size_t limit) {
    require(object["type"] == "mrkdwn", "texts are mrkdwn");
    require(object["verbatim"] == true, "Slack makes no links of a text");
    check_text(object["text"], limit);
}

void check_block(const Json& block) {
    if (block["type"] == "context") {
        require(!block["elements"].empty() && block["elements"].size() <= kMaxElements,
                "a context has 1 to 10 elements");
        for (const auto& element : block["elements"]) check_markdown(element, kMaxField);
        return;
    }
    require(block["type"] == "section", "blocks are sections and contexts");
    require(block.contains("text") != block.contains("fields"), "a section has a text or fields");
    if (block.contains("text")) {
        check_markdown(block["text"], kMaxSection);
    } else {
        require(!block["fields"].empty() && block["fields"].size() <= kMaxFields, "a section has 1 to 10 fields");
        for (const auto& field : block["fields"]) check_markdown(field, kMaxField);
    }
}

Announcement alone(const Notification& notification) {
    return {.type = notification.type, .title = notification.title, .parts = {notification}};
}

/// As many services as there are lines in the input.
Announcement of_several(std::string_view input, const Notification& notification) {
    auto announcement = alone(notification);
    announcement.parts.push_back(notification);
    announcement.reason = notification.reason;
    for (const auto& text : split(input, '\n'))
        announcement.lines.push_back({.type = static_cast<NotificationType>(text.size() % 4), .text = text});
    return announcement;
}

void check_message(const Announcement& announcement) {
    const auto text = slack_message(announcement);
    const auto message = parse_json(text);
    require(message.has_value(), "the message is JSON", text);
    check_text((*message)["text"], kMaxFallback);
    require((*message)["blocks"].size() <= kMaxBlocks, "a message has at most 50 blocks");
    for (const auto& block : (*message)["blocks"]) check_block(block);
}

std::string unescaped(std::string text) {
    text = replace_all(std::move(text), "&lt;", "<");
    text = replace_all(std::move(text), "&gt;", ">");
    return replace_all(std::move(text), "&amp;", "&");
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const auto input = fuzzing::text_of(data, size);
    fuzzing::require(fuzzing::unescaped(slack_escape(input)) == input, "escaping loses nothing", input);

    const auto notification = fuzzing::notification_of(input);
    fuzzing::check_message(fuzzing::alone(notification));
    fuzzing::check_message(fuzzing::of_several(input, notification));
    return 0;
}
