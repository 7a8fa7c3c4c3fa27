#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/text.hpp"

namespace ci_lambda::cli {
namespace {

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

struct Range {
    char32_t first;
    char32_t last;
};

/// Marks that combine with what stands before them, and what has no width at all.
constexpr std::array kNoColumn{Range{0x300, 0x36F}, Range{0x200B, 0x200F}, Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F},
                               Range{0xFE20, 0xFE2F}};
/// East Asian Wide and Fullwidth (Unicode, UAX #11), in rough ranges, and emoji.
constexpr std::array kTwoColumns{Range{0x1100, 0x115F},   Range{0x2E80, 0xA4CF},   Range{0xAC00, 0xD7A3},
                                 Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
                                 Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF},
                                 Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

struct Character {
    std::size_t bytes = 1;
    std::size_t columns = 1;
};

/// The first character of valid UTF-8.
Character first_character(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::size_t bytes = byte(0) < 0x80 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
    if (bytes == 1 || bytes > text.size()) return {};
    constexpr std::array<unsigned, 5> kLeadingBits{0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t code = byte(0) & kLeadingBits.at(bytes);
    for (std::size_t i = 1; i < bytes; ++i) code = (code << 6) | (byte(i) & 0x3FU);
    const auto is_in = [&](const auto& ranges) {
        return std::ranges::any_of(ranges, [&](Range range) { return code >= range.first && code <= range.last; });
    };
    return {.bytes = bytes, .columns = is_in(kNoColumn) ? 0UL : is_in(kTwoColumns) ? 2UL : 1UL};
}

/// How many bytes of the text fit into so many columns.
std::size_t bytes_within(std::string_view text, std::size_t columns) {
    std::size_t bytes = 0;
    std::size_t used = 0;
    while (bytes < text.size()) {
        const auto next = first_character(text.substr(bytes));
        if (used + next.columns > columns) break;
        used += next.columns;
        bytes += next.bytes;
    }
    return bytes;
}

std::string_view code_of(Color color) {
    switch (color) {
        case Color::kGreen: return "32";
        case Color::kYellow: return "33";
        case Color::kRed: return "31";
        case Color::kDim: return "2";
        case Color::kBold: return "1";
        case Color::kNone: break;
    }
    return "";
}

}  // namespace

std::string printable(std::string_view text) { return one_line(text, std::numeric_limits<std::size_t>::max()); }

std::vector<Line> lines_of(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    std::vector<Line> lines;
    for (auto& line : split(text, '\n')) lines.push_back({{.text = std::move(line)}});
    return lines;
}

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const auto next = first_character(text);
        columns += next.columns;
        text.remove_prefix(next.bytes);
    }
    return columns;
}

std::size_t columns_of(const Line& line) {
    std::size_t columns = 0;
    for (const auto& span : line) columns += columns_of(span.text);
    return columns;
}

Line cut_to(const Line& line, std::size_t columns) {
    if (columns_of(line) <= columns) return line;
    Line cut;
    auto left = columns == 0 ? 0 : columns - 1;  // the ellipsis takes one
    for (const auto& span : line) {
        const auto bytes = bytes_within(span.text, left);
        cut.push_back({.text = span.text.substr(0, bytes), .color = span.color});
        left -= columns_of(cut.back().text);
        if (bytes == span.text.size()) continue;
        if (columns > 0) cut.back().text += kEllipsis;
        break;
    }
    return cut;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
    columns = std::max<std::size_t>(columns, 2);  // a wide character must fit
    std::vector<std::string> lines;
    text = trim(text);
    while (columns_of(text) > columns) {
        auto bytes = bytes_within(text, columns);
        // The blank behind the last word that fits may stand just outside.
        const auto blank = text.substr(0, bytes + 1).rfind(' ');
        if (blank != std::string_view::npos && blank > 0) bytes = blank;
        lines.emplace_back(trim(text.substr(0, bytes)));
        text = trim(text.substr(bytes));
    }
    if (!text.empty() || lines.empty()) lines.emplace_back(text);
    return lines;
}

std::vector<Line> prose(std::string_view text, std::size_t columns) {
    std::vector<Line> lines;
    for (auto& line : lines_of(text)) {
        const auto words = printable(line.front().text);
        const auto indent = std::min(words.find_first_not_of(' '), words.size());
        if (columns_of(words) <= columns || indent >= columns / 2) {
            lines.push_back(std::move(line));
            continue;
        }
        for (auto& part : wrapped(words, columns - indent))
            lines.push_back({{.text = std::string(indent, ' ') + std::move(part)}});
    }
    return lines;
}

std::string rendered(const Line& line, bool color) {
    std::string text;
    for (const auto& span : line) {
        const auto code = code_of(span.color);
        if (color && !code.empty())
            text += fmt::format("\033[{}m{}\033[0m", code, printable(span.text));
        else
            text += printable(span.text);
    }
    return text;
}

}  // namespace ci_lambda::cli
