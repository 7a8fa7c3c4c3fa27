#include "deployer/holds/thaw.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.hpp"
#include "events/event.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/holds/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<std::string> tags_of(const HeldRequest& held) {
    std::vector<std::string> tags;
    for (const auto& image : held.request.images) tags.push_back(image.tag);
    return tags;
}

TEST(Thaw, TheEventIsReadAsItWasWritten) {
    auto held = held_push("v2", 5);
    held.by_person = true;
    const auto text = thaw_event(held, second(60));
    const auto read = held_in_event(text, hold_config());
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->request, held.request);
    EXPECT_TRUE(read->by_person);
    EXPECT_EQ(read->told, "held by alice");
    const auto event = decode_event(text);
    ASSERT_THAT(event, IsOk());
    const auto* thaw = std::get_if<ThawRequest>(&event->body);
    ASSERT_NE(thaw, nullptr);
    EXPECT_EQ(thaw->service, "api");
    EXPECT_EQ(thaw->at, format_rfc3339(second(60)));
    EXPECT_TRUE(thaw->by_person);
    EXPECT_EQ(describe(*event), "end of a hold");
}

TEST(Thaw, WhatIsNoneIsRefused) {
    EXPECT_THAT(held_in_event("{}", hold_config()), Not(IsOk()));
    EXPECT_THAT(held_in_event(R"({"action":"verify","request":{"s":"api"}})", hold_config()), Not(IsOk()));
    EXPECT_THAT(decode_event(R"({"action":"thaw","service":"api","at":"soon","request":{}})"), Not(IsOk()));
    EXPECT_THAT(decode_event(R"({"action":"thaw","service":"api","at":"2026-12-01T08:00:00Z"})"), Not(IsOk()));
}

TEST(Thaw, ScheduleNamesAreThoseOfTheServiceAndFit) {
    const auto name = thaw_name(held_target(), "us-east-1", ThawSlot::kFirst);
    EXPECT_EQ(name, thaw_name(held_target(), "us-east-1", ThawSlot::kFirst));
    EXPECT_NE(name, thaw_name(held_target("worker"), "us-east-1", ThawSlot::kFirst));
    EXPECT_NE(name, thaw_name(held_target(), "eu-west-1", ThawSlot::kFirst));
    EXPECT_NE(name, thaw_name(held_target(), "us-east-1", ThawSlot::kSecond));
    EXPECT_THAT(name, HasSubstr("ci_lambda-thaw-"));
    EXPECT_LE(thaw_name(held_target(), "us-east-1", ThawSlot::kSecond).size(), 64U);
}

TEST(Thaw, SeveralThatWereHeldBecomeOneByTheirOwnTimes) {
    const auto both = together(held_push("v2", 1), held_push("v3", 2));
    EXPECT_EQ(both.request.changed_at, second(2));
    EXPECT_THAT(tags_of(both), ::testing::ElementsAre("v2", "v3"));
    EXPECT_EQ(both.request.reason, "image v2; image v3");
    // However they come.
    const auto other = together(held_push("v3", 2), held_push("v2", 1));
    EXPECT_EQ(other.request.changed_at, second(2));
    EXPECT_THAT(tags_of(other), ::testing::UnorderedElementsAre("v2", "v3"));
    const auto twice = together(both, held_push("v3", 2));
    EXPECT_EQ(twice.request.reason, "image v2; image v3") << "each reason once";
}

TEST(Thaw, AWishOutlivesALaterParameterAndNotALaterPush) {
    EXPECT_THAT(together(held_wish("v9", 1), held_parameter("/a", 2)).request.wanted, SizeIs(1));
    EXPECT_TRUE(together(held_wish("v9", 1), held_parameter("/a", 2)).by_person);
    EXPECT_THAT(together(held_wish("v9", 1), held_push("v10", 2)).request.wanted, IsEmpty());
    EXPECT_THAT(together(held_push("v10", 2), held_wish("v9", 1)).request.wanted, IsEmpty()) << "it is older";
}

TEST(Thaw, WhatWaitsDoesNotGrowWithTheNumberOfEvents) {
    auto waiting = held_push("latest", 0);
    for (int i = 1; i < 1000; ++i) {
        auto next = held_push(i % 2 == 0 ? "latest" : "v" + std::to_string(i), i);
        next.request.reason = "image " + std::to_string(i) + " was pushed";
        waiting = together(waiting, next);
    }
    EXPECT_THAT(waiting.request.images, SizeIs(100));
    EXPECT_EQ(waiting.request.images.back().tag, "v999");
    EXPECT_LT(thaw_event(waiting, second(0)).size(), 60'000U);
}

TEST(Thaw, KnowsWhetherAnythingIsMissing) {
    const auto both = together(held_push("v2", 1), held_push("v3", 2));
    EXPECT_TRUE(has_all_of(both, held_push("v2", 1)));
    EXPECT_TRUE(has_all_of(both, held_push("v3", 2)));
    EXPECT_TRUE(has_all_of(both, held_parameter("/a", 1)));
    EXPECT_FALSE(has_all_of(both, held_parameter("/a", 3)));
    EXPECT_FALSE(has_all_of(both, held_push("v4", 2)));
    EXPECT_FALSE(has_all_of(held_push("v3", 2), held_push("v2", 1)));
    EXPECT_FALSE(has_all_of(both, held_push("v2", 1, "held by bob"))) << "of another hold people are told anew";
    EXPECT_FALSE(has_all_of(held_parameter("/a", 2), held_wish("v9", 1)));
    EXPECT_TRUE(has_all_of(together(held_wish("v9", 1), held_parameter("/a", 2)), held_wish("v9", 1)));
    // Whatever is put together has both, in whatever order.
    const std::vector<HeldRequest> all{held_push("v2", 1),      held_push("v3", 2), held_parameter("/a", 1),
                                       held_parameter("/b", 3), held_wish("v9", 1), held_wish("v8", 4)};
    for (const auto& one : all)
        for (const auto& other : all) {
            EXPECT_TRUE(has_all_of(together(one, other), one)) << one.request.reason << other.request.reason;
            EXPECT_TRUE(has_all_of(together(one, other), other)) << one.request.reason << other.request.reason;
        }
}

}  // namespace
}  // namespace ci_lambda::testing
