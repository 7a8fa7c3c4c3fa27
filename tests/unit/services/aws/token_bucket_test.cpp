#include "services/aws/token_bucket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "support/fakes.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::Optional;

constexpr CallQuota kUpdates{.burst = 50, .per_second = 5};

class TokenBucketTest : public ::testing::Test {
protected:
    Milliseconds take(TokenBucket& bucket) { return bucket.take(clock_.now(), std::nullopt).value(); }
    /// Takes all that can be had at once.
    int burst(TokenBucket& bucket) {
        int taken = 0;
        while (bucket.take(clock_.now(), Milliseconds{0})) ++taken;
        return taken;
    }

    FakeClock clock_;
};

TEST_F(TokenBucketTest, GivesTheBurstAtOnceAndTheRestOneAfterTheOther) {
    TokenBucket bucket(kUpdates, clock_.now());
    EXPECT_EQ(burst(bucket), 47);
    const auto first = take(bucket);
    const auto second = take(bucket);
    EXPECT_GT(first, Milliseconds{0});
    EXPECT_NEAR(static_cast<double>((second - first).count()), 1000 / (5 * TokenBucket::kShare), 2);
}

TEST_F(TokenBucketTest, TakesNothingWhenTheWaitWouldBeTooLong) {
    TokenBucket bucket(kUpdates, clock_.now());
    burst(bucket);
    const auto wait = take(bucket);
    EXPECT_EQ(bucket.take(clock_.now(), wait), std::nullopt);
    EXPECT_EQ(bucket.take(clock_.now(), wait), std::nullopt);
    EXPECT_THAT(bucket.take(clock_.now(), wait * 3), Optional(::testing::Lt(wait * 3)));
}

TEST_F(TokenBucketTest, IsFullAgainAfterAPauseHoweverLong) {
    TokenBucket bucket(kUpdates, clock_.now());
    for (const auto pause : {seconds{11}, seconds{86'400}}) {
        burst(bucket);
        clock_.advance(pause);
        EXPECT_EQ(burst(bucket), 47);
    }
}

TEST_F(TokenBucketTest, GivesNothingAwayWhenTheClockGoesBack) {
    TokenBucket bucket(kUpdates, clock_.now());
    burst(bucket);
    clock_.advance(-seconds{60});
    EXPECT_EQ(burst(bucket), 0);
    clock_.advance(seconds{2});
    EXPECT_GT(burst(bucket), 0) << "and goes on from there";
}

TEST_F(TokenBucketTest, SlowsDownWhenThrottledOnceForAllAnswersOfAMomentAndComesBack) {
    TokenBucket bucket(kUpdates, clock_.now());
    const auto full = bucket.calls_per_second();
    for (int i = 0; i < 8; ++i) bucket.throttled(clock_.now());
    EXPECT_DOUBLE_EQ(bucket.calls_per_second(), full * 0.7);
    EXPECT_EQ(burst(bucket), 0) << "the burst is not there";
    clock_.advance(seconds{2});
    bucket.throttled(clock_.now());
    EXPECT_DOUBLE_EQ(bucket.calls_per_second(), full * 0.7 * 0.7);
    for (int i = 0; i < 100; ++i) bucket.succeeded();
    EXPECT_DOUBLE_EQ(bucket.calls_per_second(), full);
    for (int i = 0; i < 100; ++i) {
        clock_.advance(seconds{2});
        bucket.throttled(clock_.now());
    }
    EXPECT_GT(bucket.calls_per_second(), 0.1) << "it never stops altogether";
}

/// The other side's bucket, as AWS describes it, shared with somebody else who makes calls regularly.
class Server {
public:
    Server(CallQuota quota, double others_per_second, WallTime now)
        : quota_(quota), others_(others_per_second), tokens_(quota.burst), at_(now) {}
    bool admits(WallTime now) {
        const double passed = std::chrono::duration<double>(now - at_).count();
        tokens_ = std::clamp(tokens_ + passed * (quota_.per_second - others_), 0.0, quota_.burst);
        at_ = now;
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

private:
    CallQuota quota_;
    double others_;
    double tokens_;
    WallTime at_;
};

TEST_F(TokenBucketTest, FindsThePaceThatOthersLeaveAndUsesIt) {
    constexpr double kOthers = 3;  // a second, of five
    TokenBucket bucket(kUpdates, clock_.now());
    Server server(kUpdates, kOthers, clock_.now());
    const auto begin = clock_.now();
    int throttled = 0;
    for (int done = 0; done < 500;) {
        clock_.advance(take(bucket));
        if (server.admits(clock_.now())) {
            ++done;
            bucket.succeeded();
        } else {
            ++throttled;
            bucket.throttled(clock_.now());
        }
    }
    const auto took = std::chrono::duration<double>(clock_.now() - begin).count();
    constexpr double kQuotaAllows = (500 - 50) / (5 - kOthers);
    EXPECT_LT(took, kQuotaAllows * 1.25) << throttled << " throttled";
    EXPECT_LT(throttled, 500 / 5) << took << " s";
}

}  // namespace
}  // namespace ci_lambda::testing
