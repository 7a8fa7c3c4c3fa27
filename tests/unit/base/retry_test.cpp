#include "base/retry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RetryTest : public ::testing::Test {
protected:
    /// Fails `failures` times with `kind`, then gives 7.
    Result<int> run(ErrorKind kind, int failures, int max_retries = 2, Deadline deadline = Deadline::none()) {
        attempts_ = 0;
        return with_retries<int>(
            {.max_retries = max_retries}, clock_, sleeper_, deadline,
            [&](const RetryNotice& notice) { notices_.push_back(notice.attempt); }, attempts_,
            [&]() -> Result<int> {
                if (attempts_ > failures) return 7;
                return fail(kind, "it broke");
            });
    }

    FakeClock clock_;
    FakeSleeper sleeper_{clock_};
    int attempts_ = 0;
    std::vector<int> notices_;
};

TEST_F(RetryTest, DoublesTheWaitEachTime) {
    const RetryPolicy policy;
    EXPECT_EQ(policy.wait_before(1), seconds{5});
    EXPECT_EQ(policy.wait_before(2), seconds{10});
    EXPECT_EQ(policy.wait_before(3), seconds{20});
    EXPECT_EQ(policy.wait_before(100), seconds{300});
}

TEST_F(RetryTest, TriesAgainWhatCanHeal) {
    for (const auto kind : {ErrorKind::kThrottled, ErrorKind::kServer, ErrorKind::kTimeout, ErrorKind::kConnection}) {
        EXPECT_EQ(run(kind, 2), 7) << to_string(kind);
        EXPECT_EQ(attempts_, 3);
    }
}

TEST_F(RetryTest, WaitsFiveThenTenSecondsAndAnnouncesEachRetry) {
    EXPECT_EQ(run(ErrorKind::kThrottled, 2), 7);
    EXPECT_THAT(sleeper_.slept(), ElementsAre(seconds{5}, seconds{10}));
    EXPECT_THAT(notices_, ElementsAre(1, 2));
}

TEST_F(RetryTest, FailsAtOnceWithWhatCannotHeal) {
    for (const auto kind : {ErrorKind::kRejected, ErrorKind::kAccessDenied, ErrorKind::kNotFound, ErrorKind::kTls,
                            ErrorKind::kCredentials, ErrorKind::kProtocol, ErrorKind::kDeadline}) {
        EXPECT_THAT(run(kind, 1), IsErr(kind, ::testing::StrEq("it broke")));
        EXPECT_EQ(attempts_, 1);
    }
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
}

TEST_F(RetryTest, GivesUpAfterTheAllowedRetriesAndSaysSo) {
    EXPECT_THAT(run(ErrorKind::kServer, 99),
                IsErr(ErrorKind::kServer, AllOf(HasSubstr("it broke"), HasSubstr("3 attempts"))));
    EXPECT_EQ(attempts_, 3);
}

TEST_F(RetryTest, DoesNotRetryWhenRetriesAreOff) {
    EXPECT_THAT(run(ErrorKind::kServer, 1, 0), IsErr(ErrorKind::kServer, ::testing::StrEq("it broke")));
    EXPECT_EQ(attempts_, 1);
}

TEST_F(RetryTest, NeverWaitsPastTheDeadlineAndSaysSo) {
    const auto deadline = Deadline::after(clock_, seconds{12});
    EXPECT_THAT(run(ErrorKind::kThrottled, 99, 5, deadline),
                IsErr(ErrorKind::kThrottled, HasSubstr("the next try, in 10 s, would come after the deadline")));
    EXPECT_THAT(sleeper_.slept(), ElementsAre(seconds{5}));
    EXPECT_EQ(attempts_, 2);
}

}  // namespace
}  // namespace ci_lambda::testing
