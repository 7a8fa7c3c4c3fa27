#include "base/base64.hpp"

#include <array>
#include <cstdint>

namespace ci_lambda {
namespace {

constexpr std::string_view kForUrls = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kCommon = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr unsigned kBitsOfDigit = 6;
constexpr unsigned kBitsOfByte = 8;

constexpr std::array<std::int8_t, 256> values_of(std::string_view alphabet) {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return values;
}

/// Without padding. Bits that are left over must be zero.
std::optional<std::string> decode(std::string_view text, const std::array<std::int8_t, 256>& values) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const auto value = values[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        bits = (bits << kBitsOfDigit) | static_cast<std::uint32_t>(value);
        count += kBitsOfDigit;
        if (count < kBitsOfByte) continue;
        count -= kBitsOfByte;
        bytes += static_cast<char>((bits >> count) & 0xFFU);
    }
    if ((bits & ((1U << count) - 1U)) != 0) return std::nullopt;
    return bytes;
}

/// Without padding.
std::string encode(std::string_view bytes, std::string_view alphabet) {
    std::string text;
    text.reserve(bytes.size() / 3 * 4 + 4);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : bytes) {
        bits = (bits << kBitsOfByte) | static_cast<unsigned char>(c);
        count += kBitsOfByte;
        while (count >= kBitsOfDigit) {
            count -= kBitsOfDigit;
            text += alphabet[(bits >> count) & 0x3FU];
        }
    }
    if (count > 0) text += alphabet[(bits << (kBitsOfDigit - count)) & 0x3FU];
    return text;
}

}  // namespace

std::string encode_base64url(std::string_view bytes) { return encode(bytes, kForUrls); }

std::string encode_base64(std::string_view bytes) {
    auto text = encode(bytes, kCommon);
    while (text.size() % 4 != 0) text += '=';
    return text;
}

std::optional<std::string> decode_base64url(std::string_view text) {
    static constexpr auto kValues = values_of(kForUrls);
    return decode(text, kValues);
}

std::optional<std::string> decode_base64(std::string_view text) {
    static constexpr auto kValues = values_of(kCommon);
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    return decode(text, kValues);
}

}  // namespace ci_lambda
