#pragma once

#include <string>

#include "sandbox/ecs/strategy.hpp"
#include "sandbox/http/http_server.hpp"
#include "sandbox/runtime/invocations.hpp"

namespace ci_lambda::sandbox {

/// Adds the Lambda Runtime API, version 2018-06-01, to the server: what the function itself talks to (AWS Lambda
/// developer guide, "Using the Lambda runtime API"). Invocations must outlive the server. `function`: its ARN.
void add_runtime_api(HttpServer& server, Invocations& invocations, std::string function = std::string(kOwnFunction));

/// Adds Lambda's Invoke: `POST /2015-03-31/functions/{name}/invocations`, where every name means our function, as with
/// the Runtime Interface Emulator (Lambda API reference, Invoke).
void add_invoke_api(HttpServer& server, Invocations& invocations);

}  // namespace ci_lambda::sandbox
