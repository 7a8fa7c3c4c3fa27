#include "deployer/holds/hold.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kLongestValue = 256;
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestText = 200;

bool is_plain(char c, bool with_blanks) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c == ' ' && with_blanks) ||
           std::string_view("_.:/+-@").contains(c);
}

std::string encoded(std::string_view text, bool with_blanks) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string all;
    for (const char c : text) {
        if (is_plain(c, with_blanks)) {
            all += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        all += {'=', kDigits[byte >> 4U], kDigits[byte & 0xFU]};
    }
    return all;
}

std::optional<int> digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

/// What is no encoding is taken as it stands.
std::string decoded(std::string_view text) {
    std::string all;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto high = text[i] == '=' && i + 2 < text.size() ? digit_of(text[i + 1]) : std::nullopt;
        const auto low = high ? digit_of(text[i + 2]) : std::nullopt;
        if (low) {
            all += static_cast<char>(*high * 16 + *low);
            i += 2;
        } else {
            all += text[i];
        }
    }
    return all;
}

/// `2026-12-01T18:00:00Z`
std::string in_seconds(WallTime at) {
    constexpr std::size_t kDateAndTime = 19;
    return format_rfc3339(at).substr(0, kDateAndTime) + "Z";
}

std::string value_with(const Hold& hold, std::string_view reason) {
    std::string value;
    const auto add = [&](std::string_view key, std::string_view text) {
        value += fmt::format("{}{}={}", value.empty() ? "" : " ", key, text);
    };
    if (hold.until) add("until", in_seconds(*hold.until));
    add("since", in_seconds(hold.since.value_or(WallTime{})));
    if (!hold.by.empty()) add("by", encoded(truncate_utf8(one_line(hold.by), kLongestName), false));
    if (!reason.empty()) add("reason", encoded(reason, true));
    return value;
}

/// The value of `key=` at the beginning, up to the next blank, which is taken off as well; `nullopt` where it does not
/// begin so.
std::optional<std::string_view> take(std::string_view& value, std::string_view key) {
    if (!value.starts_with(key) || value.size() <= key.size() || value[key.size()] != '=') return std::nullopt;
    value.remove_prefix(key.size() + 1);
    const auto end = std::min(value.find(' '), value.size());
    const auto text = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    return text;
}

std::optional<Hold> read_ours(std::string_view value) {
    Hold hold;
    if (const auto until = take(value, "until")) {
        hold.until = parse_rfc3339(std::string(*until));
        if (!hold.until) return std::nullopt;
    }
    const auto since = take(value, "since");
    hold.since = since ? parse_rfc3339(std::string(*since)) : std::nullopt;
    if (!hold.since) return std::nullopt;
    if (const auto by = take(value, "by")) hold.by = one_line(decoded(*by), kLongestName);
    if (value.starts_with("reason=")) {
        hold.reason = one_line(decoded(value.substr(std::string_view("reason=").size())), kLongestText);
        return hold;
    }
    return value.empty() ? std::optional(hold) : std::nullopt;
}

}  // namespace

std::string tag_value(const Hold& hold) {
    auto reason = std::string(trim(one_line(hold.reason, kLongestText)));
    auto value = value_with(hold, reason);
    // A character takes at most four bytes, and each byte three characters of the value.
    constexpr std::size_t kMostOfACharacter = 12;
    for (auto length = kLongestText; value.size() > kLongestValue && !reason.empty();) {
        const auto too_long = (value.size() - kLongestValue + kMostOfACharacter - 1) / kMostOfACharacter;
        length = length > too_long ? length - too_long : 0;
        reason = length == 0 ? std::string() : std::string(trim(truncate_utf8(reason, length)));
        value = value_with(hold, reason);
    }
    return value.size() > kLongestValue ? value_with({.until = hold.until, .by = {}, .since = hold.since}, "") : value;
}

Hold hold_of_value(std::string_view value) {
    if (auto ours = read_ours(value)) return *std::move(ours);
    return {.reason = one_line(value, kLongestText)};
}

std::optional<Hold> hold_in(const EcsTags& tags) {
    const auto found = tags.find(std::string(kHoldTag));
    if (found == tags.end()) return std::nullopt;
    return hold_of_value(found->second);
}

std::optional<Hold> hold_in(const EcsTags& tags, WallTime now) {
    auto hold = hold_in(tags);
    return hold && hold->until && *hold->until <= now ? std::nullopt : hold;
}

std::string in_words(const Hold& hold) {
    return fmt::format("held{}{}{}", hold.by.empty() ? "" : " by " + hold.by,
                       hold.until ? " until " + minute_in_words(*hold.until) : " until it is released",
                       hold.reason.empty() ? "" : ": " + hold.reason);
}

}  // namespace ci_lambda
