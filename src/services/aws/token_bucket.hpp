#pragma once

#include <optional>

#include "base/time.hpp"

namespace ci_lambda {

/// How many calls of a kind are allowed: so many at once, then so many a second.
struct CallQuota {
    double burst = 1;
    double per_second = 1;
};

/// Paces calls so that they stay within a quota that others use as well. Tokens come back with time, each call takes
/// one; when there is none, the next one to come is reserved, so callers are served in the order of their asking.
///
/// It adapts: a call that was throttled all the same shows that somebody else takes a part, so the pace goes down to
/// 0.7 of what it was (the AWS SDKs' adaptive retry mode does so, too), and comes back with every call that succeeds.
///
/// Not thread-safe. The clock may jump: Lambda freezes the process, and ECS's own bucket fills meanwhile as this one
/// does.
class TokenBucket {
public:
    /// What we allow ourselves of the quota: calls overtake each other on their way, and two clocks are never the same.
    static constexpr double kShare = 0.95;

    TokenBucket(CallQuota quota, WallTime now);

    /// Takes a token; how long to wait before the call, 0 or more. When that is more than `longest`, nothing is taken,
    /// and the answer is nullopt.
    [[nodiscard]] std::optional<Milliseconds> take(WallTime now, std::optional<Milliseconds> longest);

    /// A token that was taken for a call which is not made.
    void give_back();

    void succeeded();
    /// Answers that come within a second of each other are of one moment, and count once.
    void throttled(WallTime now);

    [[nodiscard]] double calls_per_second() const { return rate_; }

private:
    void refill(WallTime now);

    CallQuota limit_;
    double rate_;
    double tokens_;  ///< less than 0: that many are reserved
    WallTime filled_at_;
    std::optional<WallTime> slowed_at_;
};

}  // namespace ci_lambda
