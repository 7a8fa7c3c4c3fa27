#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/aws/operation.hpp"
#include "sandbox/secrets_manager/state.hpp"

namespace ci_lambda::sandbox {

/// What an operation of the Secrets Manager API works on: the state as it is at `now`.
struct SecretsContext {
    SecretsManagerState& state;
    Ids& ids;
    WallTime now;
    std::string caller;                ///< access key id
    std::vector<std::string>& events;  ///< gets what EventBridge is to deliver
};

using SecretsAnswer = AwsResult<nlohmann::json>;
using SecretsOperation = AwsOperation<SecretsContext>;

/// nullptr when the sandbox does not know it.
[[nodiscard]] const SecretsOperation* find_secrets_operation(std::string_view name);

}  // namespace ci_lambda::sandbox
