#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace ci_lambda {

/// What went wrong, as far as it matters for what happens next. Whether a call may be tried again is
/// decided by `retryable()` alone, never by looking at texts.
enum class ErrorKind {
    kConfiguration,       ///< a variable or a command line is missing or wrong
    kInvalidEvent,        ///< input that claims to be ours but cannot be acted upon
    kCredentials,         ///< no usable AWS credentials
    kExpiredCredentials,  ///< AWS says that the credentials have expired
    kThrottled,           ///< AWS or Slack asks us to slow down
    kServer,              ///< the other side failed (5xx)
    kTimeout,             ///< no answer in time
    kConnection,          ///< no connection, or it broke
    kTls,                 ///< the other side's certificate is not to be trusted
    kRejected,            ///< the other side understood and refused
    kAccessDenied,        ///< IAM refused
    kNotFound,            ///< the thing does not exist
    kProtocol,            ///< an answer that cannot be understood
    kBusy,                ///< something else has to end or to be known first
    kDeadline,            ///< no time is left before the invocation's deadline
    kInternal,            ///< a mistake of ours
};

/// True for what can heal by itself: throttling, 5xx, timeouts, broken connections, what is busy. The AWS SDKs'
/// "standard" retry mode draws the same line.
[[nodiscard]] bool retryable(ErrorKind kind);

/// A stable lower-case name of the kind, for logs ("throttled", "access_denied", ..).
[[nodiscard]] std::string_view to_string(ErrorKind kind);

struct Error {
    ErrorKind kind = ErrorKind::kInternal;
    /// For people: names the thing and, where there is one, the way out. Never holds a secret.
    std::string message;
    /// The other side's own name of the error, such as `ServiceNotFoundException`; empty when there is none.
    std::string code = {};
    /// HTTP status of the answer, 0 when there was none.
    int http_status = 0;
    /// True when a request may have been carried out although no answer came.
    bool outcome_unknown = false;

    [[nodiscard]] bool retryable() const { return ci_lambda::retryable(kind); }
};

template <typename T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
    return std::unexpected(Error{.kind = kind, .message = std::move(message)});
}

/// Puts "<what>: " in front of the message, so that an error that travels up names what was being done.
[[nodiscard]] Error with_context(Error error, std::string_view what);

}  // namespace ci_lambda

#define CI_LAMBDA_CONCAT_(a, b) a##b
#define CI_LAMBDA_CONCAT(a, b) CI_LAMBDA_CONCAT_(a, b)
#define CI_LAMBDA_TRY_IMPL(result, lhs, ...)                        \
    auto result = (__VA_ARGS__);                                    \
    if (!result) return std::unexpected(std::move(result).error()); \
    lhs = *std::move(result)

/// `TRY_ASSIGN(auto x, call())`: x is call()'s value, or the enclosing function returns its error.
#define TRY_ASSIGN(lhs, ...) CI_LAMBDA_TRY_IMPL(CI_LAMBDA_CONCAT(try_result_, __LINE__), lhs, __VA_ARGS__)

/// `TRY(call())`: returns call()'s error from the enclosing function, if there is one.
#define TRY(...)                                                                                                 \
    do {                                                                                                         \
        if (auto try_status = (__VA_ARGS__); !try_status) return std::unexpected(std::move(try_status).error()); \
    } while (false)
