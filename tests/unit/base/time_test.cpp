#include "base/time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/fakes.hpp"

namespace ci_lambda {
namespace {

using std::chrono::seconds;
using testing::FakeClock;
using ::testing::Optional;

// 2026-01-31T09:05:03.007Z
const WallTime kMoment{Milliseconds{1'769'850'303'007}};

TEST(FormatRfc3339, PadsEveryField) {
    EXPECT_EQ(format_rfc3339(kMoment), "2026-01-31T09:05:03.007Z");
    EXPECT_EQ(format_rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_rfc3339(WallTime{Milliseconds{951'782'399'999}}), "2000-02-28T23:59:59.999Z");
}

TEST(ParseRfc3339, ReadsWhatAwsPrints) {
    const struct {
        std::string text;
        WallTime expected;
    } cases[] = {
        {"2026-01-31T09:05:03.007Z", kMoment},
        {"2026-01-31T09:05:03Z", kMoment - Milliseconds{7}},
        {"2026-01-31T09:05:03+00:00", kMoment - Milliseconds{7}},
        {"2026-01-31T09:05:03.5Z", kMoment + Milliseconds{493}},
        {"2026-01-31T09:05:03.007999999Z", kMoment},
        {"2024-02-29T00:00:00Z", WallTime{seconds{1'709'164'800}}},
    };
    for (const auto& [text, expected] : cases) EXPECT_THAT(parse_rfc3339(text), Optional(expected)) << text;
}

TEST(ParseRfc3339, RefusesEverythingElse) {
    for (const std::string text :
         {"", "2026-01-31", "2026-01-31T09:05:03", "2026-01-31T09:05:03.Z", "2026-01-31T09:05:03+01:00",
          "2026-01-31 09:05:03Z", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-31T24:00:00Z",
          "2026-01-31T09:60:00Z", "2026-01-31T09:05:61Z", "2026-01-31T09:05:03Zx", "2026-1-31T09:05:03Z",
          " 026-01-31T09:05:03Z", "2026-+1-31T09:05:03Z", "2026-01-31T-1:05:03Z", "1769850303"})
        EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
}

TEST(ParseRfc3339, TakesTimesThatNoClockCanHold) {
    const auto latest = parse_rfc3339("9999-12-31T23:59:59Z");
    ASSERT_TRUE(latest);
    EXPECT_EQ(format_rfc3339(*latest), "2200-01-01T00:00:00.000Z");
    EXPECT_EQ(parse_rfc3339("0000-01-01T00:00:00Z"), WallTime{});
    EXPECT_EQ(parse_rfc3339("1969-12-31T23:59:59Z"), WallTime{});
}

TEST(ParseRfc3339, UndoesFormat) { EXPECT_THAT(parse_rfc3339(format_rfc3339(kMoment)), Optional(kMoment)); }

TEST(Deadline, NoneLeavesEverythingAsItIs) {
    const FakeClock clock;
    const auto none = Deadline::none();
    EXPECT_EQ(none.remaining(clock), std::nullopt);
    EXPECT_EQ(none.clamp(clock, seconds{9}), seconds{9});
    EXPECT_EQ(none.minus(seconds{1}).at(), std::nullopt);
}

TEST(Deadline, RunsOutAndNeverGoesBelowZero) {
    FakeClock clock;
    const auto deadline = Deadline::after(clock, seconds{10});
    EXPECT_THAT(deadline.remaining(clock), Optional(seconds{10}));
    EXPECT_EQ(deadline.clamp(clock, seconds{3}), seconds{3});
    EXPECT_EQ(deadline.clamp(clock, seconds{30}), seconds{10});
    EXPECT_THAT(deadline.minus(seconds{4}).remaining(clock), Optional(seconds{6}));
    clock.advance(seconds{11});
    EXPECT_THAT(deadline.remaining(clock), Optional(seconds{0}));
    EXPECT_EQ(deadline.clamp(clock, seconds{3}), seconds{0});
}

TEST(Deadline, EarlierTakesTheOneThatIsSet) {
    const FakeClock clock;
    const auto soon = Deadline::after(clock, seconds{1});
    const auto late = Deadline::after(clock, seconds{2});
    EXPECT_EQ(Deadline::earlier(soon, late).at(), soon.at());
    EXPECT_EQ(Deadline::earlier(late, soon).at(), soon.at());
    EXPECT_EQ(Deadline::earlier(Deadline::none(), late).at(), late.at());
    EXPECT_EQ(Deadline::earlier(late, Deadline::none()).at(), late.at());
    EXPECT_EQ(Deadline::earlier(Deadline::none(), Deadline::none()).at(), std::nullopt);
}

}  // namespace
}  // namespace ci_lambda
