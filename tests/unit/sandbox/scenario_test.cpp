#include "sandbox/ecs/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::HasSubstr;
using testing::IsErr;
using testing::IsOk;

TEST(Scenario, EachNameIsReadBack) {
    EXPECT_EQ(scenarios().size(), 19U);
    for (const auto& scenario : scenarios()) {
        const auto parsed = parse_scenario(scenario.name);
        ASSERT_THAT(parsed, IsOk()) << scenario.name;
        EXPECT_EQ(*parsed, scenario.scenario);
        EXPECT_EQ(name_of(scenario.scenario), scenario.name);
    }
}

TEST(Scenario, AnUnknownNameIsAnsweredWithTheKnownOnes) {
    EXPECT_THAT(parse_scenario("crash"), IsErr(ErrorKind::kConfiguration, HasSubstr("crash-on-start, crash-after")));
    EXPECT_THAT(parse_scenario_choice("api="), IsErr(ErrorKind::kConfiguration, HasSubstr("healthy")));
    EXPECT_THAT(parse_scenario_choice("=slow"), IsErr(ErrorKind::kConfiguration, HasSubstr("names no service")));
}

TEST(Scenario, AChoiceIsForOneServiceOrForAll) {
    const auto all = parse_scenario_choice("slow");
    ASSERT_THAT(all, IsOk());
    EXPECT_FALSE(all->service);
    const auto one = parse_scenario_choice("api=no-capacity");
    ASSERT_THAT(one, IsOk());
    EXPECT_EQ(one->service, "api");
    EXPECT_EQ(one->scenario, Scenario::kNoCapacity);
}

}  // namespace
}  // namespace ci_lambda::sandbox
