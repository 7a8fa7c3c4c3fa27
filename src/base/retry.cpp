#include "base/retry.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ci_lambda {
namespace {

constexpr Milliseconds kLongestWait{300'000};

Error with_note(Error error, const std::string& note) {
    error.message += fmt::format(" ({})", note);
    return error;
}

}  // namespace

Milliseconds RetryPolicy::wait_before(int retry) const {
    Milliseconds wait = first_wait;
    for (int i = 1; i < retry && wait < kLongestWait; ++i) wait *= 2;
    return std::min(wait, kLongestWait);
}

Result<Milliseconds> detail::next_wait(const RetryPolicy& policy, const Clock& clock, Deadline deadline, int attempts,
                                       const Error& error) {
    if (!error.retryable()) return std::unexpected(error);
    if (attempts > policy.max_retries)
        return std::unexpected(attempts == 1 ? error
                                             : with_note(error, fmt::format("gave up after {} attempts", attempts)));
    const auto wait = policy.wait_before(attempts);
    if (const auto left = deadline.remaining(clock); left && *left <= wait)
        return std::unexpected(
            with_note(error, fmt::format("not tried again: the next try, in {} s, would come after the deadline",
                                         std::chrono::duration_cast<std::chrono::seconds>(wait).count())));
    return wait;
}

}  // namespace ci_lambda
