#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace ci_lambda::fuzzing {

/// A property that must hold whatever the input is. libFuzzer reports the abort as a finding and keeps the input.
inline void require(bool holds, std::string_view property, std::string_view about = {}) {
    if (holds) return;
    fmt::print(stderr, "\nPROPERTY BROKEN: {}\n{}\n", property, about);
    std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Valid UTF-8, found out in another way than `sanitize_utf8()` does it: decode, then check the number.
inline bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto first = static_cast<std::uint8_t>(text[0]);
        const std::size_t length = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        if (length == 0 || first > 0xF7 || text.size() < length) return false;
        std::uint32_t number = length == 1 ? first : first & (0x7FU >> length);
        for (std::size_t i = 1; i < length; ++i) {
            const auto byte = static_cast<std::uint8_t>(text[i]);
            if ((byte & 0xC0U) != 0x80U) return false;
            number = number << 6U | (byte & 0x3FU);
        }
        constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
        if (number < kSmallest[length] || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF)) return false;
        text.remove_prefix(length);
    }
    return true;
}

/// Of valid UTF-8.
inline std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

inline bool is_one_line(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

/// What a person reads in a log or a message.
inline void require_readable(std::string_view text, std::string_view what) {
    require(is_utf8(text), fmt::format("{} is valid UTF-8", what), text);
    require(is_one_line(text), fmt::format("{} is one line", what), text);
}

}  // namespace ci_lambda::fuzzing
