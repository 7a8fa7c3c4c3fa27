#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/aws/operation.hpp"
#include "sandbox/parameter_store/state.hpp"

namespace ci_lambda::sandbox {

/// What an operation of the Systems Manager API works on: the state as it is at `now`.
struct ParametersContext {
    ParameterStoreState& state;
    Ids& ids;
    WallTime now;
    std::vector<std::string>& events;  ///< gets what EventBridge is to deliver
};

using ParametersAnswer = AwsResult<nlohmann::json>;
using ParametersOperation = AwsOperation<ParametersContext>;

/// nullptr when the sandbox does not know it.
[[nodiscard]] const ParametersOperation* find_parameters_operation(std::string_view name);

}  // namespace ci_lambda::sandbox
