#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>

namespace ci_lambda {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

/// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text) {
    if (!text.empty() && static_cast<std::uint8_t>(text[0]) <= 0x7F) return 1;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto in = [&](std::size_t i, unsigned low, unsigned high) {
        return i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    if (in(0, 0xC2, 0xDF)) return in(1, 0x80, 0xBF) ? 2 : 0;
    if (in(0, 0xE0, 0xEF)) {
        const unsigned low = byte(0) == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = byte(0) == 0xED ? 0x9F : 0xBF;
        return in(1, low, high) && in(2, 0x80, 0xBF) ? 3 : 0;
    }
    if (in(0, 0xF0, 0xF4)) {
        const unsigned low = byte(0) == 0xF0 ? 0x90 : 0x80;
        const unsigned high = byte(0) == 0xF4 ? 0x8F : 0xBF;
        return in(1, low, high) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

/// The code point of one well-formed UTF-8 sequence.
char32_t code_point(std::string_view sequence) {
    const auto first = static_cast<std::uint8_t>(sequence.front());
    if (sequence.size() == 1) return first;
    char32_t code = first & (0x7FU >> sequence.size());
    for (const char c : sequence.substr(1)) code = (code << 6U) | (static_cast<std::uint8_t>(c) & 0x3FU);
    return code;
}

/// True for characters that do something on a terminal, or hide there, instead of being seen.
bool acts_on_terminal(char32_t code) {
    struct Range {
        char32_t first;
        char32_t last;
    };
    static constexpr std::array kActing{
        Range{0x0000, 0x001F},    // C0: line breaks, ESC
        Range{0x007F, 0x009F},    // DEL, C1: CSI and OSC in one character
        Range{0x061C, 0x061C},    // Arabic letter mark
        Range{0x180E, 0x180E},    // invisible
        Range{0x200B, 0x200B},    // zero-width space
        Range{0x200E, 0x200F},    // left-to-right and right-to-left mark
        Range{0x2028, 0x202E},    // line and paragraph separator, embeddings and overrides of direction
        Range{0x2060, 0x206F},    // word joiner, isolates of direction and other invisible ones
        Range{0xFEFF, 0xFEFF},    // byte order mark
        Range{0xFFF9, 0xFFFB},    // interlinear annotations
        Range{0xE0000, 0xE0FFF},  // tags: invisible letters
    };
    return std::ranges::any_of(kActing, [&](const Range& one) { return code >= one.first && code <= one.last; });
}

/// Valid UTF-8 with what `replacement` gives in the place of each character that acts on a terminal.
template <typename Replacement>
std::string replace_acting(std::string_view clean, Replacement replacement) {
    std::string result;
    result.reserve(clean.size());
    while (!clean.empty()) {
        const auto character = clean.substr(0, std::max<std::size_t>(sequence_length(clean), 1));
        if (const auto code = code_point(character); acts_on_terminal(code))
            result += replacement(code);
        else
            result += character;
        clean.remove_prefix(character.size());
    }
    return result;
}

/// As JSON has it: in UTF-16.
std::string json_escape(char32_t code) {
    const auto unit = [](char32_t value) {
        constexpr std::string_view kHexDigits = "0123456789abcdef";
        std::string text = "\\u";
        for (const unsigned shift : {12U, 8U, 4U, 0U}) text += kHexDigits[(value >> shift) & 0xFU];
        return text;
    };
    if (code <= 0xFFFF) return unit(code);
    code -= 0x10000;
    return unit(0xD800 + (code >> 10U)) + unit(0xDC00 + (code & 0x3FFU));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above + 1, row[j - 1] + 1, change});
            diagonal = above;
        }
    }
    return row.back();
}

}  // namespace

std::string sanitize_utf8(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    // What is well-formed, mostly all of it, is taken in one piece.
    for (std::size_t good = 0;; good = 0) {
        while (const auto length = sequence_length(text.substr(good))) good += length;
        result += text.substr(0, good);
        if (good == text.size()) return result;
        result += kReplacement;
        text.remove_prefix(good + 1);
    }
}

std::string truncate_utf8(std::string_view text, std::size_t max_characters) {
    // A character has four bytes at most: what is behind that many cannot be shown, however long the text is.
    if (max_characters < text.size() / 4) text = text.substr(0, 4 * (max_characters + 1));
    std::string clean = sanitize_utf8(text);
    std::string_view rest = clean;
    std::size_t characters = 0;
    std::size_t cut = 0;  // where the text ends if an ellipsis must follow
    while (!rest.empty()) {
        if (characters + 1 == max_characters) cut = clean.size() - rest.size();
        if (characters == max_characters) {
            return max_characters == 0 ? std::string{} : clean.substr(0, cut).append(kEllipsis);
        }
        rest.remove_prefix(sequence_length(rest));
        ++characters;
    }
    return clean;
}

std::string for_terminal(std::string_view text) {
    return replace_acting(sanitize_utf8(text), [](char32_t code) { return code == '\n' ? '\n' : ' '; });
}

std::string one_line(std::string_view text, std::size_t max_characters) {
    return replace_acting(truncate_utf8(text, max_characters), [](char32_t /*code*/) { return ' '; });
}

std::string json_for_terminal(std::string json) {
    // Below that, JSON has blanks and line breaks of its own, and escapes for the rest. Mostly there is nothing above.
    if (std::ranges::all_of(json, [](char c) { return static_cast<std::uint8_t>(c) < 0x7F; })) return json;
    return replace_acting(
        json, [](char32_t code) { return code < ' ' ? std::string(1, static_cast<char>(code)) : json_escape(code); });
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
    std::string result;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) result += separator;
        result += parts[i];
    }
    return result;
}

std::string_view last_segment(std::string_view text) { return text.substr(text.rfind('/') + 1); }  // npos + 1 is 0

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n\f\v";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string to_lower(std::string_view text) {
    std::string result(text);
    // ASCII only: header names, booleans and log levels; independent of the locale.
    std::ranges::transform(result, result.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return result;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    auto at = from.empty() ? std::string::npos : text.find(from);
    if (at == std::string::npos) return text;
    // Into a new text: to move all that follows, each time, would take the square of its length.
    std::string result;
    std::size_t done = 0;
    for (; at != std::string::npos; at = text.find(from, done)) {
        result.append(text, done, at - done).append(to);
        done = at + from.size();
    }
    return result.append(text, done);
}

std::string decode_form(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const auto digits = text.substr(i + 1, 2);
        const bool escape = text[i] == '%' && digits.size() == 2 &&
                            std::from_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr ==
                                digits.data() + digits.size();
        if (escape) i += 2;
        decoded += escape ? static_cast<char>(value) : text[i] == '+' ? ' ' : text[i];
    }
    return decoded;
}

std::optional<unsigned long long> parse_unsigned(std::string_view text) {
    unsigned long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates) {
    const std::string* best = nullptr;
    // A word with hardly a letter in common was not meant, however short it is.
    std::size_t best_distance = std::min(word.size(), std::max<std::size_t>(2, word.size() / 3) + 1);
    for (const auto& candidate : candidates) {
        // The lengths alone tell it already: this keeps a word of a megabyte cheap.
        const auto difference = std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size());
        if (difference >= best_distance) continue;
        const auto distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = &candidate;
            best_distance = distance;
        }
    }
    if (best == nullptr) return std::nullopt;
    return *best;
}

}  // namespace ci_lambda
