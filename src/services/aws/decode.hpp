#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace ci_lambda {

// What the answers of several APIs of AWS have in common.

/// The member `key` if it is a time as AWS's JSON protocols have it: seconds since 1970 as a number, maybe with a
/// fraction, maybe as 1.5E9 (Smithy specification, timestamp format `epoch-seconds`). In whole milliseconds. `nullopt`
/// for what no clock of ours can show.
[[nodiscard]] std::optional<WallTime> find_epoch_seconds(const nlohmann::json& object, std::string_view key);

/// The text of the first `<name>` of a small XML document of AWS; empty where there is none. Knows the five escapes
/// that every XML has, and neither attributes nor elements inside.
[[nodiscard]] std::string text_of_element(std::string_view xml, std::string_view name);

}  // namespace ci_lambda
