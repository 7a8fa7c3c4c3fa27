// The functions that every text from outside goes through.

#include "base/json.hpp"
#include "fuzz/support.hpp"

namespace ci_lambda::fuzzing {
namespace {

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

void check_truncated(std::string_view input, const std::string& clean, std::size_t limit) {
    const auto cut = truncate_utf8(input, limit);
    require(is_utf8(cut), "what was cut is valid UTF-8", cut);
    require(characters(cut) <= limit, "what was cut is short enough", cut);
    if (characters(clean) <= limit) {
        require(cut == clean, "what is short enough is not cut", cut);
    } else if (limit > 0) {
        require(cut.ends_with(kEllipsis), "what was cut says so", cut);
        require(clean.starts_with(cut.substr(0, cut.size() - kEllipsis.size())), "what is left is the beginning", cut);
        require(characters(cut) == limit, "no more than needed is cut", cut);
    }
}

void check_split(std::string_view input) {
    require(join(split(input, '/'), "/") == input, "join undoes split");
    require(split(input, '/').back() == last_segment(input), "the last segment is the last part");
    const auto trimmed = trim(input);
    require(trim(trimmed) == trimmed, "trimming twice is trimming once");
    require(to_lower(to_lower(input)) == to_lower(input), "lower case twice is lower case once");
}

void check_form(std::string_view input) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : input) {
        const auto byte = static_cast<unsigned char>(c);
        const std::string escape{'%', kHex[byte >> 4U], kHex[byte & 0xFU]};
        encoded += c == ' ' ? "+" : escape;
    }
    require(decode_form(encoded) == input, "what was encoded is decoded", encoded);
    const auto decoded = decode_form(input);
    require(decoded.size() <= input.size(), "decoding makes nothing longer", input);
    const bool plain = input.find_first_of("+%") == std::string_view::npos;
    require(!plain || decoded == input, "what has no escape stays as it is", input);
}

void check_number(std::string_view input) {
    const auto number = parse_unsigned(input);
    if (!number) return;
    require(input.find_first_not_of("0123456789") == std::string_view::npos, "a number has digits only", input);
    require(parse_unsigned(std::to_string(*number)) == number, "a number is read as it was printed", input);
}

void check_closest(std::string_view input) {
    const auto words = split(input, ' ');
    const auto found = closest(words.front(), std::span(words).subspan(1));
    if (found) require(std::ranges::find(words, *found) != words.end(), "what is suggested exists", *found);
}

void check_json(std::string_view input) {
    require(is_utf8(dump_json(Json(std::string(input)))), "printed JSON is valid UTF-8");
    const auto value = parse_json(input);
    if (!value) return;
    const auto again = parse_json(dump_json(*value));
    require(again && *again == *value, "JSON is read as it was printed", input);
}

void check_terminal(std::string_view input) {
    const auto acts = [](unsigned char c) { return c < ' ' || c == 0x7F; };
    const auto line = one_line(input);
    require(std::ranges::none_of(line, acts), "a line has no control characters", line);
    require(!line.contains("\xC2\x9B") && !line.contains("\xE2\x80\xAE"), "nor those beyond ASCII", line);
    require(is_utf8(line) && one_line(line) == line, "a line for a terminal is one already", line);
    require(replace_all(for_terminal(input), "\n", " ") == line, "it differs from a text in line breaks only", line);
    const auto json = Json(std::string(input));
    const auto again = parse_json(json_for_terminal(dump_json(json)));
    require(again && *again == *parse_json(dump_json(json)), "JSON for a terminal means the same", input);
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const auto input = fuzzing::text_of(data, size);
    const auto clean = sanitize_utf8(input);
    fuzzing::require(fuzzing::is_utf8(clean), "what was cleaned is valid UTF-8", clean);
    fuzzing::require(!fuzzing::is_utf8(input) || clean == input, "valid UTF-8 stays as it is", clean);
    for (const std::size_t limit : {0U, 1U, 2U, 5U, 40U}) fuzzing::check_truncated(input, clean, limit);
    fuzzing::check_split(input);
    fuzzing::check_form(input);
    fuzzing::check_number(input);
    fuzzing::check_closest(input);
    fuzzing::check_json(input);
    fuzzing::check_terminal(input);
    return 0;
}
