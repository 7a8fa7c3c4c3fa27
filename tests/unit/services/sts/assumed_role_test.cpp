#include "services/sts/assumed_role.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/matchers.hpp"
#include "unit/services/sts/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class AssumedRoleTest : public ::testing::Test {
protected:
    /// Credentials of this key that end after this time from now.
    void next(const std::string& key_id, Milliseconds lasts = minutes{60}) {
        world_.http.then(200, assumed_in_xml(format_rfc3339(world_.log.clock.now() + lasts), key_id), kXml);
    }
    void next_fails(int status, const std::string& code) {
        world_.http.then(status, "<ErrorResponse><Error><Code>" + code + "</Code></Error></ErrorResponse>", kXml);
    }
    std::string key_id() {
        const auto credentials = role_.get();
        return credentials ? credentials->access_key_id : std::string(to_string(credentials.error().kind));
    }
    [[nodiscard]] std::size_t calls() const { return world_.http.requests().size(); }
    void pass(Milliseconds time) { world_.log.clock.advance(time); }

    StsWorld world_;
    AssumedRole role_{
        {.role_arn = kDeployRole, .external_id = "ext"}, world_.sts, world_.log.clock, world_.log.redactor};
};

TEST_F(AssumedRoleTest, KeepsCredentialsUntilFiveMinutesBeforeTheirEnd) {
    next("first");
    next("second", minutes{115});
    EXPECT_EQ(key_id(), "first");
    pass(minutes{54} + seconds{59});
    EXPECT_EQ(key_id(), "first");
    EXPECT_EQ(calls(), 1U);
    pass(seconds{1});
    EXPECT_EQ(key_id(), "second");
    EXPECT_EQ(calls(), 2U);
}

TEST_F(AssumedRoleTest, AsksForOneHourAndTheConfiguredExternalId) {
    next("first");
    EXPECT_EQ(key_id(), "first");
    EXPECT_THAT(world_.http.requests().at(0).body, AllOf(HasSubstr("DurationSeconds=3600"), HasSubstr("ExternalId=ext"),
                                                         HasSubstr("RoleSessionName=ci_lambda&")));
    EXPECT_LE(world_.http.requests().at(0).timeout, AssumedRole::kCallTimeout);
}

TEST_F(AssumedRoleTest, NamesTheNextSessionAfterTheEvent) {
    next("first");
    next("second", minutes{120});
    role_.name_session_after("7bf73129-1428-4cd3-a780-95db273d1602");
    EXPECT_EQ(key_id(), "first");
    role_.name_session_after("other");
    EXPECT_EQ(key_id(), "first") << "the session is still good";
    pass(minutes{56});
    EXPECT_EQ(key_id(), "second");
    EXPECT_THAT(world_.http.requests().at(0).body,
                HasSubstr("RoleSessionName=ci_lambda-7bf73129-1428-4cd3-a780-95db273d1602&"));
    EXPECT_THAT(world_.http.requests().at(1).body, HasSubstr("RoleSessionName=ci_lambda-other&"));
}

TEST(RoleSessionName, IsWhatAwsTakesWhateverTheEventIsCalled) {
    EXPECT_EQ(role_session_name(""), "ci_lambda");
    EXPECT_EQ(role_session_name("a_b+c=d,e.f@g-h"), "ci_lambda-a_b+c=d,e.f@g-h");
    EXPECT_EQ(role_session_name("a b/c:d\n\xC3\xA4"), "ci_lambda-a-b-c-d---");
    EXPECT_EQ(role_session_name(std::string(1000, 'x')), "ci_lambda-" + std::string(54, 'x'));
}

TEST_F(AssumedRoleTest, RenewsAfterHalfTheTimeWhatEndsSooner) {
    next("first", minutes{2});
    next("second", minutes{30});
    EXPECT_EQ(key_id(), "first");
    pass(seconds{59});
    EXPECT_EQ(key_id(), "first");
    pass(seconds{2});
    EXPECT_EQ(key_id(), "second");
}

TEST_F(AssumedRoleTest, PutsWhatIsSecretOutOfEveryText) {
    next("first");
    EXPECT_EQ(key_id(), "first");
    const auto text = world_.log.redactor.redact("a assumed-secret&key b assumed-token+/== c");
    EXPECT_THAT(text, AllOf(Not(HasSubstr("assumed-secret")), Not(HasSubstr("assumed-token"))));
    EXPECT_THAT(world_.log.sink.text(), Not(HasSubstr("assumed-secret")));
}

TEST_F(AssumedRoleTest, FetchesAnewWhenAwsCalledThemExpiredButNotForEveryThreadThatSaysSo) {
    next("first");
    next("second");
    next("third");
    EXPECT_EQ(key_id(), "first");
    pass(minutes{10});
    role_.invalidate();
    EXPECT_EQ(key_id(), "second");
    role_.invalidate();  // of another thread, which was refused with the first ones
    EXPECT_EQ(key_id(), "second");
    pass(AssumedRole::kYoung);
    role_.invalidate();
    EXPECT_EQ(key_id(), "third");
}

TEST_F(AssumedRoleTest, FailsAtOnceWhileARefusalIsFreshAndAsksAgainLater) {
    next_fails(403, "AccessDenied");
    next("first");
    EXPECT_THAT(role_.get(),
                IsErr(ErrorKind::kAccessDenied,
                      AllOf(HasSubstr("assuming arn:aws:iam::111122223333:role/deploy"), HasSubstr("trust policy"))));
    pass(AssumedRole::kKeepRefusal - Milliseconds{1});
    EXPECT_EQ(key_id(), "access_denied");
    EXPECT_EQ(calls(), 1U);
    pass(Milliseconds{1});
    EXPECT_EQ(key_id(), "first") << "somebody has mended the trust policy";
}

TEST_F(AssumedRoleTest, AnOutageIsOverBeforeTheFirstRetryOfADeployment) {
    world_.http.then_fail({.kind = ErrorKind::kTimeout, .message = "no answer", .outcome_unknown = true});
    next_fails(400, "Throttling");
    next("first");
    const auto answer = role_.get();
    ASSERT_THAT(answer, IsErr(ErrorKind::kTimeout, HasSubstr("no answer")));
    EXPECT_TRUE(answer.error().retryable());
    EXPECT_FALSE(answer.error().outcome_unknown) << "the call that needs the credentials was not sent";
    EXPECT_EQ(key_id(), "timeout");
    EXPECT_EQ(calls(), 1U) << "it is not hammered";
    pass(AssumedRole::kKeepOutage);
    EXPECT_EQ(key_id(), "throttled");
    pass(AssumedRole::kKeepOutage);
    EXPECT_EQ(key_id(), "first");
    EXPECT_LT(AssumedRole::kKeepOutage, seconds{5});
}

TEST_F(AssumedRoleTest, WhatIsStillGoodOutlivesAnOutageButNotARefusal) {
    next("first");
    next_fails(503, "ServiceUnavailable");
    EXPECT_EQ(key_id(), "first");
    pass(minutes{56});
    EXPECT_EQ(key_id(), "first");
    EXPECT_EQ(key_id(), "first");
    EXPECT_EQ(calls(), 2U);
    pass(minutes{4});
    EXPECT_EQ(key_id(), "server") << "they have ended";

    StsWorld world;
    AssumedRole role({.role_arn = kDeployRole}, world.sts, world.log.clock, world.log.redactor);
    world.http.then(200, assumed_in_xml(format_rfc3339(world.log.clock.now() + minutes{60})), kXml)
        .then(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", kXml);
    ASSERT_THAT(role.get(), IsOk());
    world.log.clock.advance(minutes{56});
    EXPECT_THAT(role.get(), IsErr(ErrorKind::kAccessDenied, HasSubstr("trust policy")));
}

TEST_F(AssumedRoleTest, OurOwnCredentialsThatHaveExpiredAreRenewedOnTheWay) {
    next_fails(403, "ExpiredTokenException");
    next("first");
    EXPECT_EQ(key_id(), "first");
    EXPECT_EQ(world_.base.invalidated(), 1);
}

TEST_F(AssumedRoleTest, AsksOnceForManyThreads) {
    next("first");
    std::atomic<int> good{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] {
                role_.name_session_after("event");
                for (int k = 0; k < 20; ++k) {
                    role_.invalidate();
                    good += role_.get().has_value() ? 1 : 0;
                }
            });
    }
    EXPECT_EQ(good, 160);
    EXPECT_EQ(calls(), 1U);
}

TEST_F(AssumedRoleTest, OneFailureIsTheFailureOfAllThreadsThatWaitedForIt) {
    next_fails(503, "ServiceUnavailable");
    std::atomic<int> failed{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) threads.emplace_back([&] { failed += role_.get().has_value() ? 0 : 1; });
    }
    EXPECT_EQ(failed, 8);
    EXPECT_EQ(calls(), 1U);
}

}  // namespace
}  // namespace ci_lambda::testing
