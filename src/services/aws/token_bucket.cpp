#include "services/aws/token_bucket.hpp"

#include <algorithm>
#include <cmath>

namespace ci_lambda {
namespace {

constexpr double kSlower = 0.7;
/// Never slower than that part of the quota, so that what is left of it for us is found out.
constexpr double kSlowest = 0.05;
/// Of the quota, for each success: from half to all of it within 25 calls.
constexpr double kFasterBy = 0.02;
constexpr std::chrono::seconds kOneMoment{1};

double in_seconds(WallTime::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

TokenBucket::TokenBucket(CallQuota quota, WallTime now)
    : limit_{.burst = quota.burst * kShare, .per_second = quota.per_second * kShare},
      rate_(limit_.per_second),
      tokens_(limit_.burst),
      filled_at_(now) {}

void TokenBucket::refill(WallTime now) {
    tokens_ = std::min(limit_.burst, tokens_ + std::max(0.0, in_seconds(now - filled_at_)) * rate_);
    filled_at_ = now;
}

std::optional<Milliseconds> TokenBucket::take(WallTime now, std::optional<Milliseconds> longest) {
    refill(now);
    const double missing = std::max(0.0, 1.0 - tokens_);
    const Milliseconds wait{static_cast<Milliseconds::rep>(std::ceil(missing / rate_ * 1000.0))};
    if (longest && wait > *longest) return std::nullopt;
    tokens_ -= 1.0;
    return wait;
}

void TokenBucket::give_back() { tokens_ = std::min(limit_.burst, tokens_ + 1.0); }

void TokenBucket::succeeded() { rate_ = std::min(limit_.per_second, rate_ + kFasterBy * limit_.per_second); }

void TokenBucket::throttled(WallTime now) {
    refill(now);
    tokens_ = std::min(tokens_, 0.0);  // ECS has none for us, whatever we had reckoned with
    if (slowed_at_ && now >= *slowed_at_ && now - *slowed_at_ < kOneMoment) return;
    slowed_at_ = now;
    rate_ = std::max(kSlowest * limit_.per_second, rate_ * kSlower);
}

}  // namespace ci_lambda
