#pragma once

#include <string_view>

#include "sandbox/aws/operation.hpp"
#include "sandbox/stepfunctions/step_functions.hpp"

namespace ci_lambda::sandbox {

using StepFunctionsOperation = AwsOperation<StepFunctions::Context>;

/// nullptr when the sandbox does not know it.
[[nodiscard]] const StepFunctionsOperation* find_step_functions_operation(std::string_view name);

}  // namespace ci_lambda::sandbox
