#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"

namespace ci_lambda {

/// One event that Lambda hands to the function.
struct Invocation {
    std::string request_id;
    Deadline deadline;  ///< when Lambda kills the function
    std::string trace_id;
    std::string function_arn;
    std::string event;
};

/// An error as Lambda reports it to the one who invoked the function.
struct InvocationFailure {
    std::string type;  ///< `Function.Reason` or `Runtime.Reason`, letters only
    std::string message;
};

/// The Lambda Runtime API (AWS Lambda developer guide, "Using the Lambda runtime API").
class RuntimeApi {
public:
    RuntimeApi() = default;
    RuntimeApi(const RuntimeApi&) = delete;
    RuntimeApi& operator=(const RuntimeApi&) = delete;
    virtual ~RuntimeApi() = default;

    /// Waits, without any timeout, for the next event: Lambda freezes the process inside this call, for hours at times.
    virtual Result<Invocation> next() = 0;
    virtual Status post_response(const std::string& request_id, const std::string& body) = 0;
    virtual Status post_error(const std::string& request_id, const InvocationFailure& failure) = 0;
    virtual Status post_init_error(const InvocationFailure& failure) = 0;
};

/// Talks to the host of AWS_LAMBDA_RUNTIME_API over plain HTTP, never through a proxy. Not thread-safe.
[[nodiscard]] std::unique_ptr<RuntimeApi> http_runtime_api(const std::string& host_and_port);

using InvocationHandler = std::function<std::expected<std::string, InvocationFailure>(const Invocation&)>;

/// Serves invocations, one after the other, until the Runtime API is gone. Returns the process's exit code, which is
/// never 0: the loop has no good end, and Lambda starts a new process after a bad one.
///
/// An answer that Lambda refuses (4xx: too large, too late) is logged and the loop goes on; a Runtime API that fails or
/// cannot be reached ends it.
[[nodiscard]] int serve(RuntimeApi& api, Environment& environment, Logger& logger, const InvocationHandler& handler);

}  // namespace ci_lambda
