#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

#include "sandbox/secrets_manager/operations.hpp"

namespace ci_lambda::sandbox {

/// A value that a request brings, and the id that its version is to have.
struct NewVersion {
    std::optional<SecretValue> value;  ///< absent: the request has none
    std::string id;                    ///< ClientRequestToken, or a new one
};
/// Fails for text and bytes at once, for an empty or too long one, and for a token of the wrong length.
[[nodiscard]] AwsResult<NewVersion> new_version_of(SecretsContext& context, const nlohmann::json& request);

/// Keeps the version, unless it is there already with the same value: a call may come twice. An id that has another
/// value is refused (ResourceExistsException). True when it is new.
[[nodiscard]] AwsResult<bool> keep_version(SecretsContext& context, StoredSecret& secret, NewVersion version);

}  // namespace ci_lambda::sandbox
