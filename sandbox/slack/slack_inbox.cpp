#include "sandbox/slack/slack_inbox.hpp"

#include <algorithm>
#include <cstddef>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kMaxBlocks = 50;
constexpr std::size_t kMaxHeader = 150;
constexpr std::size_t kMaxSection = 3000;
constexpr std::size_t kMaxFields = 10;
constexpr std::size_t kMaxField = 2000;
constexpr std::size_t kMaxContextElements = 10;
constexpr std::size_t kMaxBlockId = 255;

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// A text object: `{"type":"mrkdwn","text":".."}`.
bool is_good_text(const Json* object, std::size_t limit) {
    if (object == nullptr) return false;
    const auto type = find_string(*object, "type");
    const auto text = find_string(*object, "text");
    return (type == "mrkdwn" || type == "plain_text") && text && !text->empty() && characters(*text) <= limit;
}

bool are_good_texts(const Json* list, std::size_t max_items, std::size_t limit) {
    return list != nullptr && list->is_array() && !list->empty() && list->size() <= max_items &&
           std::ranges::all_of(*list, [&](const Json& item) { return is_good_text(&item, limit); });
}

/// A button as ours are: a word on it, and a value that is not too long (block reference, "Button element").
bool is_good_button(const Json& element) {
    constexpr std::size_t kMaxLabel = 75;
    constexpr std::size_t kMaxValue = 2000;
    constexpr std::size_t kMaxConfirm = 300;
    const Json* label = find(element, "text");
    const Json* confirm = find(element, "confirm");
    const auto style = find_string(element, "style").value_or("primary");
    return find_string(element, "type") == "button" && is_good_text(label, kMaxLabel) &&
           find_string(*label, "type") == "plain_text" && (style == "primary" || style == "danger") &&
           find_string(element, "value").value_or("").size() <= kMaxValue &&
           (confirm == nullptr || is_good_text(find(*confirm, "text"), kMaxConfirm));
}

bool are_good_buttons(const Json* list) {
    constexpr std::size_t kMaxElements = 25;
    return list != nullptr && list->is_array() && !list->empty() && list->size() <= kMaxElements &&
           std::ranges::all_of(*list, is_good_button);
}

bool is_good_block(const Json& block) {
    const auto type = find_string(block, "type");
    const Json* text = find(block, "text");
    if (!type) return false;
    if (*type == "header") return is_good_text(text, kMaxHeader) && find_string(*text, "type") == "plain_text";
    if (*type == "section") {
        const Json* fields = find(block, "fields");
        if (text == nullptr && fields == nullptr) return false;
        return (text == nullptr || is_good_text(text, kMaxSection)) &&
               (fields == nullptr || are_good_texts(fields, kMaxFields, kMaxField));
    }
    // Images may stand in a context too; the function sends none.
    if (*type == "context") return are_good_texts(find(block, "elements"), kMaxContextElements, kMaxSection);
    if (*type == "actions")
        return are_good_buttons(find(block, "elements")) &&
               find_string(block, "block_id").value_or("").size() <= kMaxBlockId;
    return true;  // divider and the kinds that nobody here sends
}

}  // namespace

SlackAnswer check_slack_payload(std::string_view payload) {
    const auto message = parse_json(payload);
    if (!message || !message->is_object()) return {.status = 400, .text = "invalid_payload"};
    const Json* blocks = find(*message, "blocks");
    const bool has_blocks = blocks != nullptr && blocks->is_array() && !blocks->empty();
    if (!has_blocks && find_string(*message, "text").value_or("").empty()) return {.status = 400, .text = "no_text"};
    if (has_blocks && (blocks->size() > kMaxBlocks || !std::ranges::all_of(*blocks, is_good_block)))
        return {.status = 400, .text = "invalid_blocks"};
    return {};
}

}  // namespace ci_lambda::sandbox
