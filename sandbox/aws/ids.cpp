#include "sandbox/aws/ids.hpp"

#include <string_view>

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kTokenCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
constexpr std::string_view kVariantDigits = "89ab";  // RFC 9562, section 4.1

std::string draw(std::mt19937_64& engine, std::string_view alphabet, std::size_t count) {
    std::uniform_int_distribution<std::size_t> pick(0, alphabet.size() - 1);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += alphabet[pick(engine)];
    return text;
}

}  // namespace

// One draw after the other: the order in which an expression makes several is the compiler's to choose.

std::string Ids::uuid() {
    const std::scoped_lock lock(mutex_);
    std::string text = draw(engine_, kHexDigits, 8) + '-';
    text += draw(engine_, kHexDigits, 4) + "-4";
    text += draw(engine_, kHexDigits, 3) + '-';
    text += draw(engine_, kVariantDigits, 1);
    text += draw(engine_, kHexDigits, 3) + '-';
    text += draw(engine_, kHexDigits, 12);
    return text;
}

std::string Ids::digits(std::size_t count) {
    const std::scoped_lock lock(mutex_);
    std::string text = draw(engine_, "123456789", 1);
    text += draw(engine_, "0123456789", count - 1);
    return text;
}

std::string Ids::hex(std::size_t count) {
    const std::scoped_lock lock(mutex_);
    return draw(engine_, kHexDigits, count);
}

std::string Ids::token(std::size_t count) {
    const std::scoped_lock lock(mutex_);
    return draw(engine_, kTokenCharacters, count);
}

}  // namespace ci_lambda::sandbox
