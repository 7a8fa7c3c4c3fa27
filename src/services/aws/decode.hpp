#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace ci_lambda {

// What the answers of several APIs of AWS have in common.

/// The member `key` if it is a time as AWS's JSON protocols have it: seconds since 1970 as a number, maybe with a
/// fraction, maybe as 1.5E9 (Smithy specification, timestamp format `epoch-seconds`). In whole milliseconds. `nullopt`
/// for what no clock of ours can show.
[[nodiscard]] std::optional<WallTime> find_epoch_seconds(const nlohmann::json& object, std::string_view key);

}  // namespace ci_lambda
