#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/json.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// What is watched once a rollout has completed: alarms and URLs, by the function itself and by schedules.

namespace ci_lambda::testing {
namespace {

using sandbox::Scenario;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kRole = "arn:aws:iam::123456789012:role/shop_schedules";

WorldOptions watching(std::map<std::string, std::string> more = {}) {
    WorldOptions options{.sweep = false, .knows_itself = true};
    options.environment = {{"VERIFY_ALARMS", "shop-5xx"}, {"VERIFY_SCHEDULE_ROLE", kRole}};
    for (auto& [name, value] : more) options.environment[name] = value;
    return options;
}

/// The statuses of what arrived that asks for a look.
std::vector<std::string> statuses_of_looks(const World& world) {
    std::vector<std::string> statuses;
    for (const auto& outcome : world.outcomes())
        if (outcome.event.contains(R"("action":"verify")")) statuses.push_back(outcome.handled.answer.status);
    return statuses;
}

bool is_rollback(const std::string& end_state) { return end_state.starts_with("shop_service_api_dev-rollback:"); }

TEST(WatchedAfterCompletion, ByASchedulesLooksUntilTheTimeIsOver) {
    World world(watching());
    world.deploy();
    world.run_for(minutes{20});
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    const auto all = statuses_of_looks(world);
    ASSERT_GE(all.size(), 4U);
    EXPECT_LE(all.size(), 7U);
    EXPECT_EQ(all.back(), "verified");
    for (std::size_t i = 0; i + 1 < all.size(); ++i) EXPECT_EQ(all[i], "verifying");
    EXPECT_EQ(world.told(), "started, completed");
    EXPECT_FALSE(world.scheduler().next_due()) << "nothing is left behind";
}

TEST(WatchedAfterCompletion, AnAlarmThatGoesOffTakesTheRolloutBackAndSaysWhy) {
    World world(watching());
    world.deploy();
    world.at(minutes{3}, [&] { world.set_alarm("shop-5xx", true); });
    world.run_for(minutes{20});
    EXPECT_TRUE(is_rollback(world.end_state())) << world.end_state();
    EXPECT_EQ(world.told(), "started, completed, unhealthy, rolled back");
    EXPECT_THAT(world.slack(), AllOf(HasSubstr("the alarm shop-5xx is on"), HasSubstr("Rollback: ")));
    EXPECT_THAT(statuses_of_looks(world), Contains("in_progress").Times(1));
    EXPECT_FALSE(world.scheduler().next_due());
    EXPECT_EQ(world.calls("UpdateService"), 2) << "the rollback itself is not watched, though the alarm is still on";
}

TEST(WatchedAfterCompletion, AnAlarmThatWasOnBeforeTheRolloutBeganDoesNotCount) {
    World world(watching());
    world.set_alarm("shop-5xx", true);
    world.run_for(minutes{1});
    world.deploy();
    world.run_for(minutes{20});
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    EXPECT_EQ(world.told(), "started, completed");
}

TEST(WatchedAfterCompletion, AnAlarmThatWentOffDuringTheRolloutCounts) {
    World world(watching());
    world.deploy();
    world.at(seconds{30}, [&] { world.set_alarm("shop-5xx", true); });
    world.run_for(minutes{20});
    EXPECT_TRUE(is_rollback(world.end_state())) << world.end_state();
}

TEST(WatchedAfterCompletion, AnAlarmThatIsOverWhenSomebodyLooksIsNone) {
    World world(watching());
    world.deploy();
    world.run_for(minutes{3} + seconds{5});
    world.set_alarm("shop-5xx", true);
    world.set_alarm("shop-5xx", false);
    world.run_for(minutes{20});
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
}

TEST(WatchedAfterCompletion, SomebodyElsesNewerDeploymentIsLeftAlone) {
    World world(watching());
    world.deploy();
    const auto newer = world.somebody_registers();
    world.at(minutes{2} + seconds{30}, [&] {
        world.somebody_deploys(newer);
        world.set_alarm("shop-5xx", true);
    });
    world.run_for(minutes{3});
    EXPECT_THAT(statuses_of_looks(world), Contains("ignored"));
    world.set_alarm("shop-5xx", false);
    world.run_for(minutes{20});
    EXPECT_EQ(world.end_state(), newer + " COMPLETED");
    EXPECT_EQ(world.calls("UpdateService"), 1);
}

const std::map<std::string, std::string> kHealthUrl{
    {"VERIFY_ALARMS", ""}, {"VERIFY_URLS", R"({"api":[{"url":"{world}/health?key=of-a-secret","body":"well"}]})"}};

TEST(WatchedAfterCompletion, AUrlThatFailsThreeTimesInARowTakesTheRolloutBackAndItsQueryIsNotPrinted) {
    World world(watching(kHealthUrl));
    world.deploy();
    world.at(minutes{3}, [&] { world.set_health(503); });
    world.run_for(minutes{20});
    EXPECT_TRUE(is_rollback(world.end_state())) << world.end_state();
    EXPECT_THAT(world.slack(),
                AllOf(HasSubstr("/health?.. fails, 3 times in a row: it answers with status 503, not 200"),
                      Not(HasSubstr("of-a-secret"))));
    EXPECT_THAT(world.log(), Not(HasSubstr("of-a-secret")));
}

TEST(WatchedAfterCompletion, AUrlThatFailsOnceIsAskedAgainSoonAndForgiven) {
    World world(watching(kHealthUrl));
    world.deploy();
    int asked = 0;
    world.at_each_wait([&](int) {
        ++asked;
        world.set_health(200);
    });
    world.at(minutes{3}, [&] { world.set_health(200, "on fire"); });
    world.run_for(minutes{20});
    EXPECT_EQ(asked, 1) << "one wait, and it was well again";
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
}

TEST(WatchedAfterCompletion, AUrlThatBreaksOffCountsOnceItHasAnswered) {
    World world(watching(kHealthUrl));
    world.deploy();
    world.at(minutes{3}, [&] { world.set_health(0); });
    world.run_for(minutes{20});
    EXPECT_TRUE(is_rollback(world.end_state())) << world.end_state();
}

TEST(WatchedAfterCompletion, AUrlThatHasNeverAnsweredSaysNothing) {
    World world(watching(kHealthUrl));
    world.set_health(0);
    world.deploy();
    world.run_for(minutes{20});
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    EXPECT_THAT(world.log(), HasSubstr("does not answer, and has not since the rollout completed"));
}

TEST(WatchedAfterCompletion, TheEventThatComesTwiceBeginsNothingTwice) {
    World world(watching());
    world.deploy();
    world.run_for(minutes{1} + seconds{30});
    std::string completed;
    for (const auto& event : world.delivered())
        if (event.contains("SERVICE_DEPLOYMENT_COMPLETED")) completed = event;
    ASSERT_FALSE(completed.empty());
    world.send(completed);
    world.forget_all();
    world.send(completed);
    world.run_for(minutes{20});
    const auto all = statuses_of_looks(world);
    EXPECT_LE(all.size(), 7U);
    EXPECT_THAT(all, Contains("verified").Times(1));
}

TEST(WatchedAfterCompletion, AnotherProcessGoesOnWithNothingButTheSchedule) {
    World world(watching());
    world.deploy();
    for (int minute = 0; minute < 4; ++minute) {
        world.run_for(minutes{1});
        world.forget_all();
    }
    world.set_alarm("shop-5xx", true);
    world.run_for(minutes{10});
    EXPECT_TRUE(is_rollback(world.end_state())) << world.end_state();
    EXPECT_THAT(world.slack(), HasSubstr("the alarm shop-5xx is on"));
}

TEST(WatchedAfterCompletion, AScheduleThatIsRefusedIsSaidAndWhatFitsIsWatched) {
    auto options = watching();
    options.lambda_timeout = minutes{2};
    World world(options);
    world.refuse_schedules(403, "AccessDeniedException");
    world.deploy();
    world.run_for(minutes{20});
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    std::string detail;
    for (const auto& answer : world.answers())
        if (answer.detail.contains("SERVICE_DEPLOYMENT_COMPLETED")) detail = answer.detail;
    EXPECT_THAT(detail, AllOf(HasSubstr("unwatched from now until"), HasSubstr("scheduler:CreateSchedule"),
                              HasSubstr("iam:PassRole on " + std::string(kRole))));

    World other(options);
    other.refuse_schedules(403, "AccessDeniedException");
    other.deploy();
    other.at(seconds{100}, [&] { other.set_alarm("shop-5xx", true); });
    other.run_for(minutes{20});
    EXPECT_TRUE(is_rollback(other.end_state())) << "what fits into the invocation is watched";
}

TEST(WatchedAfterCompletion, WithoutARoleTheRestIsSaidToBeUnwatched) {
    auto options = watching({{"VERIFY_SCHEDULE_ROLE", ""}});
    options.lambda_timeout = minutes{1};
    World world(options);
    world.deploy();
    world.run_for(minutes{20});
    EXPECT_EQ(world.calls("POST schedule"), 0);
    EXPECT_THAT(world.log(), HasSubstr("SCHEDULE_ROLE is not set"));
}

TEST(WatchedAfterCompletion, AScheduleThatCannotBeMadeForAMomentIsMadeWhenTheEventComesAgain) {
    auto options = watching();
    options.lambda_retries = true;
    World world(options);
    world.refuse_schedules(500, "InternalServerException");
    world.deploy();
    world.run_for(minutes{1} + seconds{30});
    world.refuse_schedules(0, "");
    world.run_for(minutes{20});
    EXPECT_THAT(statuses_of_looks(world), Contains("verified").Times(1));
    EXPECT_THAT(world.lost_events(), IsEmpty());
}

TEST(WatchedAfterCompletion, WhoWaitsSaysCompletedOnceTheTimeIsOver) {
    auto options = watching();
    options.wait = true;
    World world(options);
    const auto handled = world.deploy();
    EXPECT_EQ(handled.answer.status, "completed") << handled.answer.detail;
    EXPECT_THAT(handled.answer.detail, HasSubstr("1 alarm watched until"));
    EXPECT_GE(world.passed(), minutes{6});
    world.run_for(minutes{20});
    EXPECT_FALSE(world.scheduler().next_due());
}

TEST(WatchedAfterCompletion, WhoWaitsTakesItBackAndSaysSo) {
    auto options = watching();
    options.wait = true;
    World world(options);
    world.at(minutes{3}, [&] { world.set_alarm("shop-5xx", true); });
    const auto handled = world.deploy();
    EXPECT_EQ(handled.answer.status, "rolled_back") << handled.answer.detail;
    EXPECT_TRUE(is_rollback(world.end_state())) << world.end_state();
    EXPECT_THAT(world.slack(), HasSubstr("the alarm shop-5xx is on"));
}

TEST(WatchedAfterCompletion, WhoWaitsAndFindsItItselfSaysWhatItWas) {
    auto options = watching();
    options.wait = true;
    World world(options);
    world.at(minutes{3} + seconds{5}, [&] { world.set_alarm("shop-5xx", true); });
    const auto handled = world.deploy();
    EXPECT_EQ(handled.answer.status, "rolled_back") << handled.answer.detail;
    EXPECT_THAT(handled.answer.detail,
                AllOf(HasSubstr("unhealthy after it had completed"), HasSubstr("the alarm shop-5xx is on")));
    EXPECT_EQ(world.calls("UpdateService"), 2);
}

TEST(WatchedAfterCompletion, WhoCannotWaitAnyLongerHandsItOn) {
    auto options = watching();
    options.wait = true;
    options.lambda_timeout = minutes{3};
    World world(options);
    const auto handled = world.deploy();
    EXPECT_EQ(handled.answer.status, "in_progress") << handled.answer.detail;
    EXPECT_THAT(handled.answer.detail, HasSubstr("ECS has completed it; 1 alarm watched until"));
    world.set_alarm("shop-5xx", true);
    world.run_for(minutes{20});
    EXPECT_TRUE(is_rollback(world.end_state())) << world.end_state();
}

TEST(WatchedAfterCompletion, AlarmsOfTheServiceItselfAreNotLookedAtTwice) {
    auto options = watching();
    options.scenario = Scenario::kAlarmInBake;
    World world(options);
    world.deploy();
    world.run_for(minutes{40});
    EXPECT_EQ(world.end_state(), kOldRevision + " COMPLETED") << "ECS has rolled it back";
    EXPECT_EQ(world.calls("POST schedule"), 0);
}

TEST(WatchedAfterCompletion, NothingIsDoneInADryRunNorWhereNothingIsWatched) {
    for (const auto& [name, value] : std::map<std::string, std::string>{{"DRY_RUN", "true"}, {"VERIFY_ALARMS", ""}}) {
        World world(watching({{name, value}}));
        world.somebody_deploys(kNewRevision);
        world.run_for(minutes{20});
        EXPECT_EQ(world.calls("POST schedule"), 0) << name;
    }
}

/// Whatever happens, what runs in the end is right: a newer deployment of somebody else is never taken back, and a
/// rollout whose alarm stays on is.
TEST(WatchedAfterCompletion, RandomHistoriesEndAsTheyShould) {
    for (unsigned seed = 0; seed < 12 && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto any = [&](int most) { return static_cast<int>(random() % static_cast<unsigned>(most)); };
        auto options = watching();
        options.lambda_retries = true;
        options.wait = any(3) == 0;
        options.lambda_timeout = minutes{1 + any(6)};
        World world(options);
        std::string newer;
        const bool somebody_deploys = any(3) == 0;
        if (somebody_deploys) {
            newer = world.somebody_registers();
            world.at(minutes{2} + seconds{any(240)}, [&] { world.somebody_deploys(newer); });
        }
        const bool stays_on = any(2) == 0;
        const auto goes_off = seconds{100 + any(150)};
        world.at(goes_off, [&] { world.set_alarm("shop-5xx", true); });
        if (!stays_on)
            for (int flap = 0; flap < 6; ++flap)
                world.at(goes_off + seconds{flap + 1}, [&world, flap] { world.set_alarm("shop-5xx", flap % 2 == 1); });
        if (!stays_on) world.at(goes_off + seconds{8}, [&] { world.set_alarm("shop-5xx", false); });
        const int refused_from = any(400);
        if (any(3) == 0) {
            world.at(seconds{refused_from}, [&] { world.refuse_schedules(429, "ThrottlingException"); });
            world.at(seconds{refused_from + 20}, [&] { world.refuse_schedules(0, ""); });
        }
        world.deploy();
        for (int death = any(4); death > 0; --death) {
            world.run_for(seconds{any(150)});
            world.forget_all();
        }
        world.run_for(minutes{40});
        const auto end = world.end_state();
        EXPECT_TRUE(end.ends_with(" COMPLETED")) << end;
        EXPECT_LE(world.calls("UpdateService"), somebody_deploys ? 3 : 2);
        if (somebody_deploys) {
            EXPECT_TRUE(end == newer + " COMPLETED" || is_rollback(end)) << end;
        } else if (stays_on) {
            EXPECT_TRUE(is_rollback(end)) << end;
        }
        EXPECT_FALSE(world.scheduler().next_due());
    }
}

}  // namespace
}  // namespace ci_lambda::testing
