#pragma once

#include <functional>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

/// How long to wait before a call is tried again: 5 s, 10 s, 20 s, ..
struct RetryPolicy {
    int max_retries = 2;
    Milliseconds first_wait{5000};

    /// The wait before retry number `retry` (1, 2, ..); doubles each time, at most 5 minutes.
    [[nodiscard]] Milliseconds wait_before(int retry) const;
};

/// What a retry loop tells whoever watches it, before it waits.
struct RetryNotice {
    int attempt = 0;  ///< the retry that is about to come: 1 .. max_retries
    int max_retries = 0;
    Milliseconds wait{};
    const Error* error = nullptr;  ///< what the last attempt failed with
};

/// Runs `operation` until it succeeds, fails for good, runs out of retries, or the next wait would pass the deadline.
/// The error then says which of these it was. `attempts` counts the tries.
template <typename T>
Result<T> with_retries(const RetryPolicy& policy, const Clock& clock, Sleeper& sleeper, Deadline deadline,
                       const std::function<void(const RetryNotice&)>& on_retry, int& attempts,
                       const std::function<Result<T>()>& operation);

/// The same where nobody watches or counts.
template <typename T>
Result<T> with_retries(const RetryPolicy& policy, const Clock& clock, Sleeper& sleeper, Deadline deadline,
                       const std::function<Result<T>()>& operation) {
    int attempts = 0;
    return with_retries<T>(policy, clock, sleeper, deadline, [](const RetryNotice&) {}, attempts, operation);
}

namespace detail {
/// The wait before the next try, or the error to give up with.
[[nodiscard]] Result<Milliseconds> next_wait(const RetryPolicy& policy, const Clock& clock, Deadline deadline,
                                             int attempts, const Error& error);
}  // namespace detail

template <typename T>
Result<T> with_retries(const RetryPolicy& policy, const Clock& clock, Sleeper& sleeper, Deadline deadline,
                       const std::function<void(const RetryNotice&)>& on_retry, int& attempts,
                       const std::function<Result<T>()>& operation) {
    for (;;) {
        ++attempts;
        auto result = operation();
        if (result) return result;
        const auto wait = detail::next_wait(policy, clock, deadline, attempts, result.error());
        if (!wait) return std::unexpected(wait.error());
        on_retry({.attempt = attempts, .max_retries = policy.max_retries, .wait = *wait, .error = &result.error()});
        sleeper.sleep_for(*wait);
    }
}

}  // namespace ci_lambda
