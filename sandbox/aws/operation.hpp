#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

#include "sandbox/aws/json.hpp"

namespace ci_lambda::sandbox {

/// One operation of an API of AWS. `Context`: what it works on.
template <typename Context>
struct AwsOperation {
    std::string_view name;
    AwsResult<nlohmann::json> (*run)(Context& context, const nlohmann::json& request);
};

}  // namespace ci_lambda::sandbox
