#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ci_lambda {

/// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string sanitize_utf8(std::string_view text);

/// At most `max_characters` code points of valid UTF-8; what was cut ends in an ellipsis that counts as one of them.
[[nodiscard]] std::string truncate_utf8(std::string_view text, std::size_t max_characters);

/// `text` as a terminal may show it: characters that would do something there instead of being seen become blanks.
/// These are the control characters (escape sequences begin with one; also U+0080 to U+009F), what turns the direction
/// of writing around, the line breaks of Unicode, and what is invisible. Line breaks (`\n`) stay: they are ours, where
/// the parts of `text` that are not went through `one_line`.
[[nodiscard]] std::string for_terminal(std::string_view text);

/// The same on one line, at most `max_characters` long (as `truncate_utf8`): text of others, for a line of ours.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t max_characters = std::string_view::npos);

/// JSON for a terminal: such a character stands in it as its `\u` escape, which means the same.
[[nodiscard]] std::string json_for_terminal(std::string json);

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
/// What follows the last slash: the name in an ARN or a path. All of the text where there is none.
[[nodiscard]] std::string_view last_segment(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// The text that `application/x-www-form-urlencoded` stands for: `+` is a blank, `%2F` a byte. What is no escape stays.
[[nodiscard]] std::string decode_form(std::string_view text);

/// A whole decimal number without a sign; `nullopt` for anything else, also for one that does not fit.
[[nodiscard]] std::optional<unsigned long long> parse_unsigned(std::string_view text);

/// The candidate nearest to `word` (edit distance), if one is near enough to be what was meant.
[[nodiscard]] std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates);

}  // namespace ci_lambda
