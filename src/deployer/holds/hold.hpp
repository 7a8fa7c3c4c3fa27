#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

/// The tag of an ECS service that holds it: nothing is deployed while it is there.
inline constexpr std::string_view kHoldTag = "ci_lambda:hold";

/// What the tag says. One that a person has written by hand holds as well, whatever is in it.
struct Hold {
    std::optional<WallTime> until = {};  ///< absent: until somebody releases it
    std::string by = {};                 ///< who; may be empty
    std::string reason = {};             ///< may be empty
    std::optional<WallTime> since = {};  ///< absent: a person has written the tag
    friend bool operator==(const Hold&, const Hold&) = default;
};

/// The tag's value, at most 256 characters of those that ECS takes: `until=.. since=.. by=.. reason=..`, where `=` and
/// what ECS does not take is `=` and two hexadecimal digits for each byte. Too long a reason is cut. Times lose their
/// fractions of a second.
[[nodiscard]] std::string tag_value(const Hold& hold);
[[nodiscard]] Hold hold_of_value(std::string_view value);

/// Of the tags of a service; `nullopt` without the tag.
[[nodiscard]] std::optional<Hold> hold_in(const EcsTags& tags);
/// The same, unless its time is over.
[[nodiscard]] std::optional<Hold> hold_in(const EcsTags& tags, WallTime now);

/// "held by alice until 2026-12-01 18:00 UTC: the database moves"
[[nodiscard]] std::string in_words(const Hold& hold);

}  // namespace ci_lambda
