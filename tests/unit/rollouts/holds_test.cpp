#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>

#include "base/json.hpp"
#include "deployer/holds/hold.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// What is held or frozen: nothing rolls, nothing is forgotten, and all of it rolls once when that is over.

namespace ci_lambda::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kCallsRole = "arn:aws:iam::123456789012:role/shop_schedules";
constexpr const char* kHoldFor2h = R"({"action":"hold","service":"api","until":"2h","reason":"moves","by":"alice"})";
constexpr const char* kHoldOpen = R"({"action":"hold","service":"api","reason":"moves","by":"alice"})";
constexpr const char* kRelease = R"({"action":"release","service":"api"})";

WorldOptions holding(std::map<std::string, std::string> more = {}) {
    WorldOptions options{.sweep = false, .lambda_retries = true, .knows_itself = true};
    options.environment = {{"HOLDS", "true"}, {"SCHEDULE_ROLE", kCallsRole}};
    for (auto& [name, value] : more) options.environment[name] = value;
    return options;
}

std::vector<std::string> statuses_of_thaws(const World& world) {
    std::vector<std::string> statuses;
    for (const auto& outcome : world.outcomes())
        if (outcome.event.contains(R"("action":"thaw")")) statuses.push_back(outcome.handled.answer.status);
    return statuses;
}

TEST(HeldService, RollsOnceWhenTheHoldIsOver) {
    World world(holding());
    EXPECT_EQ(world.handle(kHoldFor2h).answer.status, "held");
    const auto held = world.deploy();
    EXPECT_FALSE(held.error);
    EXPECT_EQ(held.answer.status, "held");
    EXPECT_THAT(held.answer.detail, HasSubstr("held by alice until"));
    for (int i = 0; i < 5; ++i) {
        world.run_for(minutes{10});
        EXPECT_EQ(world.handle(update_of_parameter("event-" + std::to_string(i), world.now())).answer.status, "held");
    }
    EXPECT_EQ(world.calls("UpdateService"), 0);
    world.run_for(hours{3});
    EXPECT_EQ(world.calls("UpdateService"), 1);
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    EXPECT_THAT(statuses_of_thaws(world), ElementsAre("deployed"));
    EXPECT_THAT(world.titles(), ElementsAre("Service held: api", "Deployment held: api", "Deployment started: api",
                                            "Deployment completed: api"));
    EXPECT_FALSE(world.scheduler().next_due());
    EXPECT_THAT(world.lost_events(), IsEmpty());
}

TEST(HeldService, AStormMakesOneScheduleAndOneMessage) {
    World world(holding());
    world.handle(kHoldFor2h);
    for (int i = 0; i < 200; ++i) world.handle(update_of_parameter("storm-" + std::to_string(i), world.now()));
    EXPECT_EQ(world.calls("POST schedule"), 1);
    EXPECT_EQ(std::ranges::count(world.titles(), "Deployment held: api"), 1);
    EXPECT_EQ(world.calls("UpdateService"), 0);
    world.run_for(hours{3});
    EXPECT_EQ(world.calls("UpdateService"), 1);
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
}

TEST(HeldService, ReleasedItRollsAtOnce) {
    World world(holding());
    world.handle(kHoldOpen);
    EXPECT_EQ(world.deploy().answer.status, "held");
    const auto released = world.handle(kRelease);
    EXPECT_EQ(released.answer.status, "released");
    EXPECT_THAT(released.answer.detail, HasSubstr("what waits begins about"));
    world.run_for(minutes{5});
    EXPECT_EQ(world.calls("UpdateService"), 1);
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    EXPECT_EQ(world.handle(kRelease).answer.status, "ignored");
}

TEST(HeldService, AnOpenEndIsLookedAtEveryHourWithoutAWord) {
    World world(holding());
    world.handle(kHoldOpen);
    world.deploy();
    world.run_for(hours{4});
    EXPECT_EQ(world.calls("UpdateService"), 0);
    EXPECT_THAT(statuses_of_thaws(world), ::testing::Each("held"));
    EXPECT_GE(statuses_of_thaws(world).size(), 3U);
    EXPECT_EQ(std::ranges::count(world.titles(), "Deployment held: api"), 1);
    // Somebody takes the tag off by hand.
    world.call_ecs(
        "UntagResource",
        fmt::format(
            R"({{"resourceArn":"arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/{}","tagKeys":["ci_lambda:hold"]}})",
            kApiService));
    world.run_for(minutes{61});
    EXPECT_EQ(world.calls("UpdateService"), 1);
}

TEST(HeldService, ATagThatSomebodyWroteByHandHolds) {
    World world(holding());
    world.call_ecs(
        "TagResource",
        fmt::format(
            R"({{"resourceArn":"arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/{}","tags":[{{"key":"ci_lambda:hold","value":"ask Bob"}}]}})",
            kApiService));
    const auto held = world.deploy();
    EXPECT_EQ(held.answer.status, "held");
    EXPECT_THAT(held.answer.detail, HasSubstr("held until it is released: ask Bob"));
    EXPECT_EQ(world.calls("UpdateService"), 0);
}

TEST(HeldService, WhatSomebodyElseHasDeployedMeanwhileIsNotDeployedAgain) {
    World world(holding());
    world.handle(kHoldFor2h);
    world.deploy();
    world.run_for(minutes{30});
    world.somebody_deploys(kNewRevision);
    world.run_for(hours{3});
    EXPECT_EQ(world.calls("UpdateService"), 0) << "what was wanted runs";
    EXPECT_THAT(statuses_of_thaws(world), ElementsAre("ignored"));
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
}

TEST(HeldService, ARollbackIsNeverHeld) {
    World world(holding());
    world.deploy();
    world.run_for(minutes{10});
    ASSERT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    world.handle(kHoldOpen);
    const auto back = world.roll_back("500s");
    EXPECT_FALSE(back.error);
    world.run_for(minutes{10});
    EXPECT_THAT(world.end_state(), Not(HasSubstr(":42 ")));
    EXPECT_EQ(world.calls("UpdateService"), 2);
}

TEST(HeldService, APersonOverridesItAndEverybodyIsTold) {
    World world(holding());
    world.handle(kHoldOpen);
    const auto handled = world.handle(R"({"service":"api","override_hold":"fixes the outage"})");
    EXPECT_EQ(handled.answer.status, "deployed");
    EXPECT_THAT(world.titles(), Contains("Deployment started past a hold: api"));
    EXPECT_THAT(world.slack(), ::testing::AllOf(HasSubstr("fixes the outage"), HasSubstr("held by alice")));
    EXPECT_EQ(world.calls("UpdateService"), 1);
    EXPECT_TRUE(world.handle(R"({"service":"api","override_hold":" "})").error) << "it has to say why";
}

TEST(HeldService, TagsThatCannotBeReadKeepItFromBeginning) {
    World world(holding());
    world.add_fault(
        {.operation = "DescribeServices", .kind = sandbox::FaultKind::kDenied, .times = sandbox::Fault::kAlways});
    const auto handled = world.deploy();
    ASSERT_TRUE(handled.error);
    EXPECT_THAT(handled.error->message, ::testing::AllOf(HasSubstr("nothing is sent"),
                                                         HasSubstr("ecs:ListTagsForResource"), HasSubstr("HOLDS")));
    EXPECT_EQ(world.calls("UpdateService"), 0);
}

TEST(HeldService, WithoutARoleTheEventHasToComeAgain) {
    World world(holding({{"SCHEDULE_ROLE", ""}}));
    world.handle(kHoldOpen);
    const auto handled = world.deploy();
    ASSERT_TRUE(handled.error);
    EXPECT_THAT(handled.error->message,
                ::testing::AllOf(HasSubstr("held by alice"), HasSubstr("SCHEDULE_ROLE is not set"),
                                 HasSubstr("ci_lambda release api")));
    EXPECT_EQ(world.calls("UpdateService"), 0);
}

TEST(HeldService, AScheduleThatIsRefusedIsAnErrorToo) {
    World world(holding());
    world.handle(kHoldOpen);
    world.refuse_schedules(403, "AccessDeniedException");
    const auto handled = world.deploy();
    ASSERT_TRUE(handled.error);
    EXPECT_THAT(handled.error->message, HasSubstr("scheduler:GetSchedule"));
    EXPECT_EQ(world.calls("UpdateService"), 0);
}

TEST(HeldService, NobodyLooksAtTheTagWhereHoldsAreOff) {
    World world(holding({{"HOLDS", "false"}}));
    const auto refused = world.handle(kHoldOpen);
    ASSERT_TRUE(refused.error);
    EXPECT_THAT(refused.error->message, HasSubstr("HOLDS is off"));
    EXPECT_EQ(world.deploy().answer.status, "deployed");
    EXPECT_EQ(world.calls("GET schedule"), 0);
}

TEST(HeldService, AWrongEndIsRefused) {
    World world(holding());
    const auto refused = world.handle(R"({"action":"hold","service":"api","until":"soon"})");
    ASSERT_TRUE(refused.error);
    EXPECT_EQ(refused.error->type, "Function.InvalidEvent");
    EXPECT_EQ(world.deploy().answer.status, "deployed");
}

TEST(FrozenService, RollsWhenTheFreezeIsOver) {
    // The world begins on Thursday, 2026-01-01, at 10:08 UTC.
    World world(holding({{"HOLDS", "false"},
                         {"FREEZE_WINDOWS", R"([{"weekly":"Thu 09:00 - 12:00","zone":"UTC","reason":"market"}])"}}));
    EXPECT_EQ(world.deploy().answer.status, "held");
    world.run_for(minutes{100});
    EXPECT_EQ(world.calls("UpdateService"), 0);
    world.run_for(minutes{30});
    EXPECT_EQ(world.calls("UpdateService"), 1);
    EXPECT_THAT(world.slack(), HasSubstr("frozen until 2026-01-01 12:00 UTC (Thu 09:00 - 12:00, UTC): market"));
}

TEST(HeldServices, AtRandomNothingRollsWhileClosedAndNothingIsForgotten) {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        auto options = holding();
        if (seed % 3 == 0) options.environment["FREEZE_WINDOWS"] = R"([{"daily":"11:00 - 12:30","zone":"UTC"}])";
        World world(options);
        const auto freezes = world.listener().config().holds.freezes;
        std::atomic<WallTime> held_until{WallTime{}};
        const auto is_closed = [&] {
            // The tag has whole seconds.
            return world.now() + seconds{1} < held_until.load() || frozen_at(freezes, world.now()).has_value();
        };
        world.before_each_call([&](const std::string& operation, const std::string&) {
            if (operation == "UpdateService") {
                EXPECT_FALSE(is_closed()) << "it rolls while it may not";
            }
        });
        WallTime last_change{};
        int changes = 0;
        for (int step = 0; step < 40; ++step) {
            const auto what = random() % 8;
            if (what == 0) {
                const bool open = random() % 2 == 0;
                const auto now = world.now();
                if (world.handle(open ? kHoldOpen : kHoldFor2h).answer.status == "held")
                    held_until = now + (open ? hours{1000} : hours{2});
            } else if (what == 1) {
                held_until = WallTime{};
                world.handle(kRelease);
            } else if (what == 2) {
                world.forget_all();
            } else if (what == 3) {
                world.add_fault({.operation = "DescribeServices", .kind = sandbox::FaultKind::kFailedBefore});
            } else {
                const bool closed = is_closed();
                const auto before = world.calls("UpdateService");
                last_change = world.now();
                ++changes;
                const auto handled = world.handle(update_of_parameter(fmt::format("{}-{}", seed, step), world.now()));
                if (closed) {
                    EXPECT_EQ(world.calls("UpdateService"), before);
                    EXPECT_THAT(handled.answer.status, ::testing::AnyOf("held", "ignored")) << handled.answer.detail;
                }
            }
            world.run_for(minutes{static_cast<int>(random() % 15)});
        }
        held_until = WallTime{};
        world.clear_faults();
        world.handle(kRelease);
        world.run_for(hours{8});
        EXPECT_THAT(world.lost_events(), IsEmpty());
        EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
        EXPECT_FALSE(world.scheduler().next_due());
        EXPECT_GE(world.last_rollout() + seconds{1}, last_change) << "the last change is forgotten";
        EXPECT_LE(world.calls("UpdateService"), changes);
    }
}

}  // namespace
}  // namespace ci_lambda::testing
