#include "deployer/holds/thaws.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "support/fake_schedules.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/holds/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ThawsTest : public ::testing::Test {
protected:
    Result<Thaws::Kept> keep(const HeldRequest& held, std::optional<WallTime> until = {},
                             const std::string& told_before = "") {
        return thaws_.keep({{.held = held, .until = until, .told_before = told_before}}, Deadline::none()).front();
    }
    [[nodiscard]] HeldRequest waiting() const {
        const auto all = schedules_.all();
        EXPECT_THAT(all, SizeIs(1));
        return held_in_event(all.at(0).input, config_).value();
    }
    [[nodiscard]] std::vector<std::string> tags() const {
        std::vector<std::string> found;
        for (const auto& image : waiting().request.images) found.push_back(image.tag);
        return found;
    }

    FakeClock clock_;
    FakeSleeper sleeper_{clock_};
    FakeSchedules schedules_;
    RecordingLog log_;
    Config config_ = hold_config();
    OneTimeCalls calls_{.role = config_.schedules.role,
                        .group = config_.schedules.group,
                        .function = "arn:aws:lambda:us-east-1:123456789012:function:f"};
    Thaws thaws_{{.retries = {.max_retries = 2}, .region = "us-east-1"},
                 config_,
                 calls_,
                 schedules_,
                 clock_,
                 sleeper_,
                 log_.logger};
};

TEST_F(ThawsTest, KeepsWhatIsHeldInAScheduleForTheEndOfTheHold) {
    const auto kept = keep(held_push("v2", 0), second(3600));
    ASSERT_THAT(kept, IsOk());
    EXPECT_EQ(kept->at, second(3600));
    EXPECT_TRUE(kept->first);
    const auto all = schedules_.all();
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_EQ(all[0].at, second(3600));
    EXPECT_EQ(all[0].function, calls_.function);
    EXPECT_EQ(all[0].role, calls_.role);
    EXPECT_TRUE(all[0].must_come);
    EXPECT_EQ(waiting().request, held_push("v2", 0).request);
}

TEST_F(ThawsTest, AHundredEventsMakeOneScheduleAndTheFirstIsToldOfIt) {
    int first = 0;
    for (int i = 0; i < 100; ++i) {
        const auto kept = keep(held_push("v" + std::to_string(i), i), second(100'000));
        ASSERT_THAT(kept, IsOk());
        first += kept->first ? 1 : 0;
    }
    EXPECT_EQ(first, 1);
    EXPECT_EQ(schedules_.calls("create"), 1);
    EXPECT_THAT(tags(), SizeIs(100));
}

TEST_F(ThawsTest, TheSameOnceMoreWritesNothing) {
    ASSERT_THAT(keep(held_push("v2", 0), second(3600)), IsOk());
    const auto again = keep(held_push("v2", 0), second(3600));
    ASSERT_THAT(again, IsOk());
    EXPECT_FALSE(again->first);
    EXPECT_EQ(schedules_.calls("replace"), 0);
}

TEST_F(ThawsTest, TimesThatAreFinerThanAScheduleSaysDoNotMakeItLookLost) {
    auto held = held_parameter("/a", 0);
    *held.request.changed_at += std::chrono::nanoseconds{123'456};
    ASSERT_THAT(keep(held, second(3600)), IsOk());
    EXPECT_EQ(schedules_.calls("create"), 1);
    EXPECT_EQ(schedules_.calls("replace"), 0);
    held.request.changed_at.reset();
    EXPECT_THAT(keep(held, second(3600)), IsOk());
}

TEST_F(ThawsTest, AnOpenEndIsLookedAtInAnHourWhoeverComesMeanwhile) {
    ASSERT_THAT(keep(held_push("v2", 0)), IsOk());
    const auto planned = schedules_.all().at(0).at;
    EXPECT_LE(planned, clock_.now() + hours{1});
    EXPECT_GT(planned, clock_.now() + minutes{59});
    clock_.advance(minutes{30});
    const auto kept = keep(held_push("v2", 0));
    ASSERT_THAT(kept, IsOk());
    EXPECT_EQ(kept->at, planned);
    EXPECT_EQ(schedules_.calls("replace"), 0);
}

TEST_F(ThawsTest, AnotherEndOfTheHoldMovesIt) {
    ASSERT_THAT(keep(held_push("v2", 0), second(3600)), IsOk());
    const auto sooner = keep(held_push("v3", 1, "held by bob"), second(1800));
    ASSERT_THAT(sooner, IsOk());
    EXPECT_TRUE(sooner->first) << "it is another hold";
    EXPECT_EQ(schedules_.all().at(0).at, second(1800));
    EXPECT_THAT(tags(), SizeIs(2));
}

TEST_F(ThawsTest, HeldAgainItIsPlannedAgainWithoutTellingAnew) {
    const auto kept = keep(held_push("v2", 0), {}, "held by alice");
    ASSERT_THAT(kept, IsOk());
    EXPECT_FALSE(kept->first);
    EXPECT_THAT(schedules_.all(), SizeIs(1));
}

TEST_F(ThawsTest, WhatSomebodyElseWritesOverIsWrittenAgain) {
    ASSERT_THAT(keep(held_push("v1", 0), second(9000)), IsOk());
    const auto old = schedules_.all().at(0);
    // Another process has read the schedule before this one, and replaces it after.
    bool once = true;
    sleeper_.on_sleep = [&] {
        if (!once) return;
        once = false;
        auto theirs = old;
        theirs.input = thaw_event(together(held_push("v1", 0), held_push("v2", 1)), old.at);
        schedules_.put(theirs);
    };
    ASSERT_THAT(keep(held_push("v3", 2), second(9000)), IsOk());
    EXPECT_THAT(tags(), ::testing::UnorderedElementsAre("v1", "v2", "v3"));
}

TEST_F(ThawsTest, AScheduleThatFiresBetweenReadingAndReplacingIsMadeAnew) {
    ASSERT_THAT(keep(held_push("v1", 0), second(9000)), IsOk());
    bool once = true;
    schedules_.before = [&](const std::string& operation) -> Status {
        if (operation == "replace" && once) {
            once = false;
            schedules_.fire(second(9000));
        }
        return {};
    };
    ASSERT_THAT(keep(held_push("v2", 1), second(9000)), IsOk());
    EXPECT_THAT(tags(), ::testing::ElementsAre("v2"));
}

TEST_F(ThawsTest, AScheduleThatIsAboutToFireIsLeftAloneAndTheOtherOneTaken) {
    ASSERT_THAT(keep(held_push("v1", 0), second(3600)), IsOk());
    clock_.advance(std::chrono::duration_cast<Milliseconds>(second(3590) - clock_.now()));
    ASSERT_THAT(keep(held_push("v2", 3590), second(3600)), IsOk());
    EXPECT_THAT(schedules_.all(), SizeIs(2));
    EXPECT_THAT(schedules_.fire(second(3600)), SizeIs(1));
    EXPECT_THAT(tags(), ::testing::ElementsAre("v2"));
    EXPECT_GE(schedules_.all().at(0).at, second(3600));
}

TEST_F(ThawsTest, ALostAnswerIsFoundOutAndTheFirstStillTells) {
    bool once = true;
    schedules_.after = [&](const std::string&) -> Status {
        if (!std::exchange(once, false)) return {};
        return fail(ErrorKind::kTimeout, "no answer");
    };
    const auto kept = keep(held_push("v1", 0), second(9000));
    ASSERT_THAT(kept, IsOk());
    EXPECT_TRUE(kept->first);
    EXPECT_THAT(schedules_.all(), SizeIs(1));
}

TEST_F(ThawsTest, WhatIsRefusedSaysSo) {
    schedules_.before = [](const std::string& operation) -> Status {
        if (operation != "create") return {};
        return fail(ErrorKind::kAccessDenied, "not authorized (needs scheduler:CreateSchedule)");
    };
    const auto kept = keep(held_push("v1", 0), second(9000));
    ASSERT_THAT(kept, Not(IsOk()));
    EXPECT_EQ(kept.error().kind, ErrorKind::kAccessDenied);
    EXPECT_EQ(schedules_.calls("create"), 1);
}

TEST_F(ThawsTest, SaysWhyNothingCanBeKept) {
    calls_.role.clear();
    EXPECT_FALSE(thaws_.possible());
    EXPECT_THAT(thaws_.why_impossible(), HasSubstr("SCHEDULE_ROLE is not set"));
    calls_.role = "arn:aws:iam::123456789012:role/calls";
    calls_.function.clear();
    EXPECT_FALSE(thaws_.possible());
    EXPECT_THAT(thaws_.why_impossible(), HasSubstr("installed function"));
}

TEST_F(ThawsTest, WithoutTimeToBeSureItIsAnError) {
    const auto kept =
        thaws_.keep({{.held = held_push("v1", 0), .until = second(9000)}}, Deadline::after(clock_, Milliseconds{500}));
    ASSERT_THAT(kept.front(), Not(IsOk()));
    EXPECT_TRUE(kept.front().error().retryable());
}

TEST_F(ThawsTest, ManyServicesWaitTogether) {
    std::vector<Thaws::ToKeep> many;
    for (const auto* id : {"api", "worker", "web", "mail"}) {
        auto held = held_push("v1", 0);
        held.request.target = held_target(id);
        many.push_back({.held = held, .until = second(9000)});
    }
    const auto began = clock_.now();
    for (const auto& kept : thaws_.keep(many, Deadline::none())) EXPECT_THAT(kept, IsOk());
    EXPECT_THAT(schedules_.all(), SizeIs(4));
    EXPECT_LT(clock_.now() - began, seconds{4});
}

TEST_F(ThawsTest, ReleasedItBeginsWithinAMinuteAndIsTheSame) {
    ASSERT_THAT(keep(held_push("v1", 0), second(90'000)), IsOk());
    // By a person, whose machine knows no function.
    calls_.function.clear();
    const auto moved = thaws_.hurry(held_target(), Deadline::none());
    ASSERT_THAT(moved, IsOk());
    ASSERT_TRUE(*moved);
    const auto schedule = schedules_.all().at(0);
    EXPECT_LE(schedule.at, clock_.now() + minutes{2});
    EXPECT_EQ(schedule.function, "arn:aws:lambda:us-east-1:123456789012:function:f");
    EXPECT_EQ(waiting().request, held_push("v1", 0).request);
    const auto nothing = thaws_.hurry(held_target("worker"), Deadline::none());
    ASSERT_THAT(nothing, IsOk());
    EXPECT_FALSE(*nothing);
}

TEST_F(ThawsTest, NothingIsEverLostWhateverComesBetween) {
    // Two processes keep, schedules fire, answers are lost and calls fail, at random; what fired or waits in the end
    // has all that was kept.
    for (unsigned seed = 0; seed < 60; ++seed) {
        std::mt19937 random(seed);
        FakeClock clock;
        FakeSleeper sleeper(clock);
        FakeSchedules schedules;
        std::vector<HeldRequest> fired;
        const auto fire = [&] {
            for (const auto& one : schedules.fire(clock.now()))
                fired.push_back(held_in_event(one.input, config_).value());
        };
        const auto fails = [&](const std::string&) -> Status {
            if (random() % 12 != 0) return {};
            return fail(ErrorKind::kTimeout, "no answer");
        };
        schedules.before = fails;
        schedules.after = fails;
        Thaws one({.retries = {.max_retries = 3}, .region = "us-east-1"}, config_, calls_, schedules, clock, sleeper,
                  log_.logger);
        Thaws other({.retries = {.max_retries = 3}, .region = "us-east-1"}, config_, calls_, schedules, clock, sleeper,
                    log_.logger);
        std::vector<HeldRequest> kept;
        int number = 0;
        bool inside = false;
        const auto keep_one = [&](Thaws& thaws) {
            const auto held = held_push("v" + std::to_string(number), number);
            ++number;
            if (thaws.keep({{.held = held, .until = second(static_cast<int>(random() % 600))}}, Deadline::none())
                    .front())
                kept.push_back(held);
        };
        sleeper.on_sleep = [&] {
            fire();
            if (inside || random() % 2 == 0) return;
            inside = true;
            keep_one(other);
            inside = false;
        };
        for (int i = 0; i < 25; ++i) {
            keep_one(one);
            clock.advance(Milliseconds{static_cast<int>(random() % 20'000)});
            fire();
        }
        for (const auto& schedule : schedules.all()) fired.push_back(held_in_event(schedule.input, config_).value());
        ASSERT_FALSE(kept.empty());
        for (const auto& held : kept) {
            const bool there = std::ranges::any_of(fired, [&](const auto& has) { return has_all_of(has, held); });
            EXPECT_TRUE(there) << "seed " << seed << ": " << held.request.reason << " is lost";
        }
    }
}

}  // namespace
}  // namespace ci_lambda::testing
