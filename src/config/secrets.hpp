#pragma once

// Private to config/: secrets that a setting names instead of holding them.

#include <optional>
#include <string>
#include <string_view>

namespace ci_lambda {

/// `secretsmanager:..` or `ssm:..`.
[[nodiscard]] bool is_secret_reference(std::string_view text);

/// Why this cannot be a webhook's URL; `nullopt` if it can. Does not repeat it.
[[nodiscard]] std::optional<std::string> webhook_problem(std::string_view url);

}  // namespace ci_lambda
