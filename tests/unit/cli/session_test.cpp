#include "cli/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fakes.hpp"

namespace ci_lambda::cli {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FakeSleeper;

TEST(TickingSleeper, TellsOfEachSecondAndSleepsNoLonger) {
    FakeClock clock;
    FakeSleeper sleeper(clock);
    TickingSleeper ticking(sleeper);
    int told = 0;
    ticking.tell([&] { ++told; });
    ticking.sleep_for(milliseconds{2500});
    EXPECT_EQ(told, 2);
    EXPECT_THAT(sleeper.slept(), ElementsAre(milliseconds{1000}, milliseconds{1000}, milliseconds{500}));
}

TEST(TickingSleeper, SleepsInOnePieceWhereNobodyListens) {
    FakeClock clock;
    FakeSleeper sleeper(clock);
    TickingSleeper ticking(sleeper);
    ticking.tell([] { FAIL() << "this was taken back"; });
    ticking.tell({});
    ticking.sleep_for(milliseconds{2500});
    EXPECT_THAT(sleeper.slept(), ElementsAre(milliseconds{2500}));
}

}  // namespace
}  // namespace ci_lambda::cli
