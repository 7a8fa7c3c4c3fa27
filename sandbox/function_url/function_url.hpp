#pragma once

#include <string>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/http/http_server.hpp"
#include "sandbox/runtime/invocations.hpp"

namespace ci_lambda::sandbox {

/// Where the function's URL is at the sandbox's address.
inline constexpr std::string_view kFunctionUrlPath = "/function-url";

/// A call of the function's URL as Lambda hands it over: payload version 2.0, with bodies that are no text in base 64,
/// as forms are (Lambda developer guide, "Invoking Lambda function URLs"). `path`: behind the URL.
[[nodiscard]] std::string function_url_event(const HttpExchangeRequest& request, const std::string& path, Ids& ids,
                                             WallTime now);

/// What the caller gets of the function's answer: of one with a `statusCode` what it says, of any other JSON itself, of
/// an error 502.
[[nodiscard]] HttpExchangeAnswer function_url_answer(const InvocationRecord& done);

}  // namespace ci_lambda::sandbox
