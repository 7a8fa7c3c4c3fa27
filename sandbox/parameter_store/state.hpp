#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace ci_lambda::sandbox {

/// What the sandbox's Parameter Store keeps: plain data.

struct ParameterVersion {
    int number = 1;
    std::string value;
    /// Of a SecureString: what is shown to who does not ask for decryption. There is no key behind it.
    std::string ciphertext = {};
    WallTime changed_at{};
};

struct StoredParameter {
    std::string name;  ///< `/a/b` and `a/b` are two
    std::string type;  ///< String, StringList, SecureString
    std::string description = {};
    std::string data_type = "text";
    std::string key_id = {};  ///< of a SecureString
    std::string tier = "Standard";
    std::vector<ParameterVersion> versions = {};  ///< the newest last; never empty

    [[nodiscard]] const ParameterVersion& newest() const { return versions.back(); }
    [[nodiscard]] bool is_secure() const { return type == "SecureString"; }
};

struct ParameterStoreState {
    std::string account;
    std::string region;
    std::map<std::string, StoredParameter> parameters = {};  ///< by name
    std::map<std::string, bool> calendars = {};              ///< change calendars by name: whether each is closed

    [[nodiscard]] std::string arn_of(std::string_view name) const;
    /// The name in an ARN of a parameter; other text as it is. An ARN cannot tell `/a` from `a`: what is there counts.
    [[nodiscard]] std::string name_of(std::string_view name_or_arn) const;
};

}  // namespace ci_lambda::sandbox
