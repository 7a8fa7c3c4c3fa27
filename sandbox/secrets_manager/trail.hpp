#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

#include "sandbox/secrets_manager/operations.hpp"

namespace ci_lambda::sandbox {

// What CloudTrail tells EventBridge of Secrets Manager: of what changes the value of a secret, and of nothing else, as
// a rule of the function's would let it through. Values are never in it (Secrets Manager user guide, "AWS CloudTrail
// entries for Secrets Manager").

/// A call of `context.caller`: "AWS API Call via CloudTrail". `request`: as it came.
void tell_call(SecretsContext& context, std::string_view operation, const nlohmann::json& request,
               const StoredSecret& secret);
/// The same call, made by the function that rotates the secret.
void tell_call_of_rotation(SecretsContext& context, std::string_view operation, const nlohmann::json& request,
                           const StoredSecret& secret);
/// What Secrets Manager did by itself, such as RotationSucceeded: "AWS Service Event via CloudTrail".
void tell_of_itself(SecretsContext& context, std::string_view what, const StoredSecret& secret);

}  // namespace ci_lambda::sandbox
