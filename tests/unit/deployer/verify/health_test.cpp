#include "deployer/verify/health.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "deployer/verify/health_check.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using UrlFound = UrlLook::Found;
using HealthKind = Health::Kind;
using Value = AlarmState::Value;

const WallTime kBegan = FakeClock().now();

AlarmState alarm_state(Value value, std::optional<WallTime> since = kBegan + seconds{1}) {
    return {.name = "shop-5xx", .value = value, .reason = "Threshold Crossed", .since = since};
}

Health of_alarm(const AlarmState& alarm) {
    HealthState state;
    return judge_health({.alarms = {"shop-5xx"}}, kBegan, {.alarms = {alarm}}, state);
}

TEST(HealthOfAlarms, AnAlarmCountsThatIsOnSinceTheRolloutBeganOrLater) {
    EXPECT_EQ(of_alarm(alarm_state(Value::kAlarm)).kind, HealthKind::kUnhealthy);
    EXPECT_EQ(of_alarm(alarm_state(Value::kAlarm, kBegan)).kind, HealthKind::kUnhealthy);
    EXPECT_EQ(of_alarm(alarm_state(Value::kAlarm)).why, "the alarm shop-5xx is on: Threshold Crossed");
    const auto before = of_alarm(alarm_state(Value::kAlarm, kBegan - seconds{1}));
    EXPECT_EQ(before.kind, HealthKind::kHealthy);
    EXPECT_THAT(before.unseen, ElementsAre(HasSubstr("it was on before the rollout began")));
    const auto unknown = of_alarm(alarm_state(Value::kAlarm, std::nullopt));
    EXPECT_EQ(unknown.kind, HealthKind::kHealthy);
    EXPECT_THAT(unknown.unseen, ElementsAre(HasSubstr("does not say since when")));
}

TEST(HealthOfAlarms, NoDataIsNoAlarmAndAMissingOneIsSaid) {
    EXPECT_EQ(of_alarm(alarm_state(Value::kOk)).kind, HealthKind::kHealthy);
    EXPECT_EQ(of_alarm(alarm_state(Value::kInsufficientData)).kind, HealthKind::kHealthy);
    HealthState state;
    const auto missing = judge_health({.alarms = {"shop-5xx"}}, kBegan, {}, state);
    EXPECT_EQ(missing.kind, HealthKind::kHealthy);
    EXPECT_THAT(missing.unseen, ElementsAre("there is no alarm shop-5xx"));
}

TEST(HealthOfAlarms, WhatCouldNotBeReadIsNoVerdict) {
    HealthState state;
    const auto health =
        judge_health({.alarms = {"shop-5xx"}}, kBegan, {.alarms = {}, .alarms_unread = "AccessDenied"}, state);
    EXPECT_EQ(health.kind, HealthKind::kNotYetKnown);
    EXPECT_THAT(health.unseen, ElementsAre("the alarms could not be read: AccessDenied"));
}

/// One URL that is to fail or to answer twice.
class HealthOfAUrl : public ::testing::Test {
protected:
    Health see(UrlFound found) {
        const VerifyRules rules{.urls = {{.url = "https://shop.example.com/health?key=1", .times = 2}}};
        return judge_health(rules, kBegan, {.urls = {{.found = found, .words = "it answers with status 503, not 200"}}},
                            state_);
    }
    HealthState state_;
};

TEST_F(HealthOfAUrl, FailsWhenItFailsSoManyTimesInARow) {
    EXPECT_EQ(see(UrlFound::kGood).kind, HealthKind::kNotYetKnown);
    const auto once = see(UrlFound::kBad);
    EXPECT_EQ(once.kind, HealthKind::kNotYetKnown);
    EXPECT_TRUE(once.in_doubt);
    EXPECT_EQ(see(UrlFound::kGood).kind, HealthKind::kNotYetKnown) << "it counts anew";
    EXPECT_EQ(see(UrlFound::kGood).kind, HealthKind::kHealthy);
    EXPECT_EQ(see(UrlFound::kBad).kind, HealthKind::kNotYetKnown);
    const auto twice = see(UrlFound::kBad);
    EXPECT_EQ(twice.kind, HealthKind::kUnhealthy);
    EXPECT_EQ(twice.why,
              "https://shop.example.com/health?.. fails, 2 times in a row: it answers with status 503, not 200");
}

TEST_F(HealthOfAUrl, NoAnswerCountsOnceItHasAnsweredHowever) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(see(UrlFound::kNoAnswer).kind, HealthKind::kNotYetKnown);
    EXPECT_THAT(see(UrlFound::kNoAnswer).unseen, ElementsAre(HasSubstr("has not since the rollout completed")));
    EXPECT_EQ(see(UrlFound::kBad).kind, HealthKind::kNotYetKnown);
    EXPECT_EQ(see(UrlFound::kNoAnswer).kind, HealthKind::kUnhealthy);
}

TEST_F(HealthOfAUrl, ALookWithoutTimeChangesNothing) {
    (void)see(UrlFound::kBad);
    const auto before = state_;
    (void)see(UrlFound::kNotAsked);
    EXPECT_EQ(state_, before);
}

TEST(HealthStateText, IsReadAsItWasWrittenAndAnythingElseIsHarmless) {
    std::mt19937 random(7);
    for (int i = 0; i < 200; ++i) {
        HealthState state;
        for (auto left = random() % 4; left > 0; --left)
            state.urls.push_back({.good = static_cast<int>(random() % 9),
                                  .bad = static_cast<int>(random() % 9),
                                  .answered = random() % 2 == 0});
        EXPECT_EQ(health_state_of(to_text(state)), state);
        std::string noise;
        for (auto left = random() % 12; left > 0; --left) noise += "0123/,-x "[random() % 9];
        (void)health_state_of(noise);
    }
    EXPECT_EQ(health_state_of("99999999999/1/1").urls.at(0).good, 1000);
}

class FakeAlarms final : public Alarms {
public:
    Result<std::vector<AlarmState>> describe(const std::vector<std::string>& names, Deadline) override {
        asked.push_back(names);
        return answer;
    }
    std::vector<std::vector<std::string>> asked;
    Result<std::vector<AlarmState>> answer = std::vector<AlarmState>{};
};

class HealthCheckTest : public ::testing::Test {
protected:
    FakeAlarms alarms_;
    FakeHttp http_;
    RecordingLog log_;
    HealthCheck check_{alarms_, http_, log_.clock, log_.logger};
};

TEST_F(HealthCheckTest, ComparesStatusAndTextAndSendsNoCredentials) {
    http_.then(200, "Welcome").then(302, "").then(200, "Sorry");
    const VerifyRules rules{.urls = {{.url = "https://a.example/?token=1", .body = "Welcome"},
                                     {.url = "https://a.example/b"},
                                     {.url = "https://a.example/c", .body = "Welcome"}}};
    const auto look = check_.look(rules, Deadline::none());
    ASSERT_EQ(look.urls.size(), 3U);
    EXPECT_EQ(look.urls[0].found, UrlFound::kGood);
    EXPECT_EQ(look.urls[1].words, "it answers with status 302, not 200") << "redirects are not followed";
    EXPECT_EQ(look.urls[2].words, "its answer does not have \"Welcome\" in it");
    EXPECT_THAT(alarms_.asked, IsEmpty());
    for (const auto& request : http_.requests()) {
        EXPECT_FALSE(request.signing);
        EXPECT_EQ(request.method, "GET");
        EXPECT_LE(request.timeout, seconds{5});
        EXPECT_LE(request.max_response_bytes, 1024U * 1024U);
        EXPECT_THAT(request.log_name, Not(HasSubstr("token")));
    }
    EXPECT_THAT(log_.sink.text(), Not(HasSubstr("token")));
}

TEST_F(HealthCheckTest, TellsNoAnswerFromReasonsOfOurOwn) {
    http_.then_fail({.kind = ErrorKind::kTimeout, .message = "no answer"})
        .then_fail({.kind = ErrorKind::kConnection, .message = "refused"})
        .then_fail({.kind = ErrorKind::kInternal, .message = "out of memory"});
    const VerifyRules rules{.urls = {{.url = "https://a/"}, {.url = "https://b/"}, {.url = "https://c/"}}};
    const auto look = check_.look(rules, Deadline::none());
    EXPECT_EQ(look.urls.at(0).found, UrlFound::kNoAnswer);
    EXPECT_EQ(look.urls.at(1).found, UrlFound::kNoAnswer);
    EXPECT_EQ(look.urls.at(2).found, UrlFound::kNotAsked);
}

TEST_F(HealthCheckTest, AsksNothingWithoutTime) {
    const VerifyRules rules{.urls = {{.url = "https://a/"}}};
    const auto look = check_.look(rules, Deadline::after(log_.clock, Milliseconds{500}));
    EXPECT_EQ(look.urls.at(0).found, UrlFound::kNotAsked);
    EXPECT_THAT(http_.requests(), IsEmpty());
}

TEST_F(HealthCheckTest, SaysHowItIsForAHook) {
    http_.then(200, "ok");
    alarms_.answer = std::vector{alarm_state(Value::kOk)};
    const VerifyRules rules{.alarms = {"shop-5xx"}, .urls = {{.url = "https://a/", .times = 2}}};
    HealthState state;
    EXPECT_EQ(check_.check(rules, kBegan, state, Deadline::none()).kind, HealthKind::kNotYetKnown);
    EXPECT_EQ(check_.check(rules, kBegan, state, Deadline::none()).kind, HealthKind::kHealthy);
    alarms_.answer = std::vector{alarm_state(Value::kAlarm)};
    EXPECT_EQ(check_.check(rules, kBegan, state, Deadline::none()).kind, HealthKind::kUnhealthy);
}

}  // namespace
}  // namespace ci_lambda::testing
