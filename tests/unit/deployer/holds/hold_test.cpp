#include "deployer/holds/hold.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "base/text.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

WallTime when(const std::string& text) { return parse_rfc3339(text).value(); }

/// What ECS takes as the value of a tag (ECS API reference, Tag), as far as it needs no Unicode.
bool is_taken(const std::string& value) {
    return value.size() <= 256 && std::ranges::all_of(value, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view(" _.:/=+-@").contains(c);
           });
}

TEST(HoldTag, SaysWhoHoldsUntilWhenAndWhy) {
    const Hold hold{.until = when("2026-12-01T18:00:00Z"),
                    .by = "alice@example.com",
                    .reason = "the database moves: 50 % done, ask \"Bob\" (öäü = fine)",
                    .since = when("2026-11-30T15:00:00Z")};
    const auto value = tag_value(hold);
    EXPECT_TRUE(is_taken(value)) << value;
    EXPECT_EQ(value.substr(0, 71), "until=2026-12-01T18:00:00Z since=2026-11-30T15:00:00Z by=alice@example.");
    EXPECT_EQ(hold_of_value(value), hold);
    EXPECT_THAT(in_words(hold), HasSubstr("held by alice@example.com until 2026-12-01 18:00 UTC: the database moves"));
}

TEST(HoldTag, NeedsNothingButAnEnd) {
    const Hold hold{.since = when("2026-11-30T15:00:00Z")};
    EXPECT_EQ(hold_of_value(tag_value(hold)), hold);
    EXPECT_EQ(in_words(hold), "held until it is released");
}

TEST(HoldTag, WrittenByHandHoldsWhateverIsInIt) {
    for (const std::string value :
         {"", "true", "until 18:00", "until=18:00", "until=2026-12-01T18:00:00Z", "since=yesterday by=me", "reason=x",
          "until=2026-12-01T18:00:00Z since=2026-11-30T15:00:00Z somebody wrote here"}) {
        const auto hold = hold_in({{std::string(kHoldTag), value}}, when("2099-01-01T00:00:00Z"));
        ASSERT_TRUE(hold) << value;
        EXPECT_FALSE(hold->until) << value;
        EXPECT_EQ(hold->reason, value);
    }
    EXPECT_FALSE(hold_in({{"ci_lambda:holds", "x"}}, when("2099-01-01T00:00:00Z")));
}

TEST(HoldTag, IsOverAtItsEnd) {
    const EcsTags tags{{std::string(kHoldTag),
                        tag_value({.until = when("2026-12-01T18:00:00Z"), .since = when("2026-11-30T15:00:00Z")})}};
    EXPECT_TRUE(hold_in(tags, when("2026-12-01T17:59:59Z")));
    EXPECT_FALSE(hold_in(tags, when("2026-12-01T18:00:00Z")));
    EXPECT_TRUE(hold_in(tags)) << "the tag is there all the same";
}

TEST(HoldTag, AnyTextFitsAndIsCutWhereItIsTooLong) {
    std::mt19937 random(15);
    for (int i = 0; i < 300; ++i) {
        std::string reason;
        std::string by;
        for (auto length = random() % 300; length > 0; --length) reason += static_cast<char>(random() % 256);
        for (auto length = random() % 100; length > 0; --length) by += static_cast<char>(random() % 256);
        Hold hold{.by = by, .reason = reason, .since = when("2026-11-30T15:00:00Z")};
        if (i % 2 == 0) hold.until = when("2026-12-01T18:00:00Z");
        const auto value = tag_value(hold);
        ASSERT_TRUE(is_taken(value)) << value;
        const auto read = hold_of_value(value);
        EXPECT_EQ(read.until, hold.until);
        EXPECT_EQ(read.since, hold.since);
        // Cut at a character, and the same once more.
        EXPECT_EQ(read.reason, one_line(read.reason));
        EXPECT_EQ(tag_value(read), value);
    }
    const std::string umlauts = [] {
        std::string text;
        for (int i = 0; i < 150; ++i) text += "ü";
        return text;
    }();
    const auto cut = hold_of_value(tag_value({.reason = umlauts, .since = when("2026-11-30T15:00:00Z")})).reason;
    EXPECT_GT(cut.size(), 40U);
    EXPECT_TRUE(umlauts.starts_with(cut.substr(0, 40)));
}

}  // namespace
}  // namespace ci_lambda::testing
