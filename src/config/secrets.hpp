#pragma once

// Private to config/: settings that are secrets, which may name one instead of holding it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/setting_reader.hpp"

namespace ci_lambda {

/// `secretsmanager:..` or `ssm:..`.
[[nodiscard]] bool is_secret_reference(std::string_view text);

/// What has come up while settings were read.
struct ReadSecrets {
    std::vector<SecretReference> references;  ///< to be read
    std::vector<Secret> values;               ///< of all that stood there
};

/// The secret that a setting holds, checked. `nullopt` where it is not set, and where it names one, which is noted.
[[nodiscard]] std::optional<Secret> read_secret(SettingReader& reader, std::string_view name, ReadSecrets& secrets);

}  // namespace ci_lambda
