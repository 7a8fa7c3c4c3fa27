#pragma once

// Only for .cpp files: the header is heavy, so no public header of a room includes it.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

using Json = nlohmann::json;

/// How deep arrays and objects may nest. EventBridge itself refuses more than 1,000 levels in PutEvents
/// (PutEvents API reference); a bound is needed because printing a value takes stack per level.
inline constexpr std::size_t kMaxJsonDepth = 1000;

/// How many values a text may hold: thrice what Lambda can hand over in its largest batch. Each takes some hundred
/// bytes when it has been read, and six megabytes of `0,0,0,..` would not fit into a function of 128 MB.
inline constexpr std::size_t kMaxJsonValues = 200'000;

/// Reads JSON without exceptions. The error says where the text stops being JSON, and never repeats the text
/// itself, which may hold a secret.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

/// JSON that a person writes and keeps in a file.
struct WrittenJson {
    Json value;
    /// JSON pointers (RFC 6901) of the keys that stand more than once in their object, whose last value counts.
    std::vector<std::string> repeated_keys;
};

/// The same, with `//` and `/* */` comments, within the same bounds. The error says line and column.
[[nodiscard]] Result<WrittenJson> parse_written_json(std::string_view text);

/// A whole number in this range, also when it is written as 60.0: JSON knows one kind of number.
[[nodiscard]] std::optional<int> whole_number_in(const Json& value, int smallest, int largest);

/// The pointer of a member: `/` in a key is `~1`, `~` is `~0`.
[[nodiscard]] std::string json_pointer(std::string_view parent, std::string_view key);

/// Prints on one line; bytes that are not UTF-8 become U+FFFD instead of an exception.
[[nodiscard]] std::string dump_json(const Json& value);
[[nodiscard]] std::string dump_json_pretty(const Json& value);

/// The member `key` if `value` is an object that has it, else nullptr. JSON null counts as absent.
[[nodiscard]] const Json* find(const Json& value, std::string_view key);
/// The member `key` if it is a string.
[[nodiscard]] std::optional<std::string> find_string(const Json& value, std::string_view key);
/// The same, empty where there is none.
[[nodiscard]] std::string text_of(const Json& value, std::string_view key);
/// Whether the member `key` is true: anything else is not.
[[nodiscard]] bool is_true(const Json& value, std::string_view key);
/// The member `key` as milliseconds since 1970, if it is a whole number; within what `wall_time()` knows.
[[nodiscard]] std::optional<WallTime> find_milliseconds(const Json& value, std::string_view key);

/// Writes the member `key`, and leaves it out where there is nothing to say.
void put_text(Json& object, std::string_view key, const std::string& text);
/// As `find_milliseconds` reads it.
[[nodiscard]] std::int64_t milliseconds_of(WallTime at);

/// "an object", "a string", ..: for messages about a wrong type.
[[nodiscard]] std::string_view type_name(const Json& value);

}  // namespace ci_lambda
