#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "sandbox/ecs/state.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// Worlds in which ECS's calls fail for a while: those that bring a service back, and those that read how it ended.

namespace ci_lambda::testing {
namespace {

using sandbox::FaultKind;
using sandbox::Scenario;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// ECS does not do for a while what brings a service back.
class FailingRollback : public ::testing::TestWithParam<std::tuple<FaultKind, bool>> {};

TEST_P(FailingRollback, IsTriedAgainWhereItIsStopServiceDeployment) {
    const auto [kind, wait] = GetParam();
    World world({.scenario = Scenario::kCrashAfterStart, .wait = wait, .roll_back = true, .lambda_retries = true});
    world.add_fault({.operation = "StopServiceDeployment", .kind = kind, .times = 2});
    const auto handled = world.deploy();
    world.run_for(minutes{45});
    EXPECT_EQ(handled.answer.status, wait ? "rolled_back" : "deployed") << handled.answer.detail;
    // While the function waits for its next try, ECS tells the other process that it has begun.
    const bool told_late = wait && kind == FaultKind::kFailedAfter;
    EXPECT_EQ(world.told(), told_late ? "started, rolling back, timed out, rolled back"
                                      : "started, timed out, rolling back, rolled back");
    EXPECT_EQ(world.end_state(), kOldRevision + " COMPLETED");
}

TEST_P(FailingRollback, IsTriedAgainWhereItIsUpdateService) {
    const auto [kind, sweep] = GetParam();
    World world({.scenario = Scenario::kImageNotFound,
                 .breaker = Breaker::kOn,
                 .roll_back = true,
                 .sweep = sweep,
                 .lambda_retries = true});
    world.add_fault({.operation = "UpdateService", .kind = kind, .times = 2});
    world.somebody_deploys(kNewRevision);
    world.run_for(minutes{45});
    EXPECT_THAT(world.told(), ::testing::EndsWith("rolled back"));
    EXPECT_EQ(world.end_state(), "shop_service_api_dev-rollback:1 COMPLETED");
    EXPECT_EQ(world.calls("RegisterTaskDefinition"), 1) << "one copy, however often it is deployed";
    EXPECT_THAT(world.lost_events(), IsEmpty());
}

std::string name_of_fault(const ::testing::TestParamInfo<std::tuple<FaultKind, bool>>& info) {
    const auto [kind, flag] = info.param;
    const std::string name = kind == FaultKind::kThrottled      ? "throttled"
                             : kind == FaultKind::kFailedBefore ? "failed"
                                                                : "answer_lost";
    return fmt::format("{}_{}", name, flag ? "waiting_or_swept" : "by_events_alone");
}

INSTANTIATE_TEST_SUITE_P(Rollouts, FailingRollback,
                         ::testing::Combine(::testing::Values(FaultKind::kThrottled, FaultKind::kFailedBefore,
                                                              FaultKind::kFailedAfter),
                                            ::testing::Bool()),
                         name_of_fault);

TEST(FailingRollbacks, ThatCanHealAreErrorsAndTheEventComesAgain) {
    World world({.scenario = Scenario::kImageNotFound,
                 .breaker = Breaker::kOn,
                 .roll_back = true,
                 .sweep = false,
                 .lambda_retries = true});
    world.add_fault({.operation = "UpdateService", .kind = FaultKind::kFailedBefore, .times = sandbox::Fault::kAlways});
    world.somebody_deploys(kNewRevision);
    bool failed = false;
    for (int i = 0; i < 120 && !failed; ++i) {
        world.run_for(seconds{10});
        failed = std::ranges::any_of(world.outcomes(), [](const auto& one) { return one.handled.error.has_value(); });
    }
    ASSERT_TRUE(failed) << "Lambda has to know that it is not done";
    world.clear_faults();
    world.run_for(minutes{30});
    EXPECT_THAT(world.end_state(), HasSubstr("shop_service_api_dev-rollback:"));
    EXPECT_THAT(world.lost_events(), IsEmpty());
    EXPECT_EQ(std::ranges::count(world.titles(), std::string("Deployment failed: api")), 1) << "told once";
}

/// As when Lambda tries the event again whose rollback could not begin.
class FailedWithTheChange : public ::testing::TestWithParam<bool> {};

TEST_P(FailedWithTheChange, IsRolledBackAndNotDeployedOnceMore) {
    const bool wait = GetParam();
    World world({.scenario = Scenario::kImageNotFound,
                 .breaker = Breaker::kOn,
                 .wait = wait,
                 .roll_back = true,
                 .lambda_retries = true});
    world.add_fault({.operation = "UpdateService", .kind = FaultKind::kFailedBefore, .times = sandbox::Fault::kAlways});
    const auto changed_at = world.now();
    world.at(seconds{5}, [&] { world.somebody_deploys(kNewRevision); });
    world.run_for(minutes{4});
    ASSERT_EQ(world.end_state(), kNewRevision + " FAILED");
    world.clear_faults();
    const auto sent = world.calls("UpdateService");

    const auto handled = world.handle(update_of_parameter("P", changed_at));

    EXPECT_THAT(handled.answer.detail, HasSubstr(wait ? "rolled back" : "already rolled, and failed"));
    world.run_for(minutes{15});
    EXPECT_EQ(world.end_state(), "shop_service_api_dev-rollback:1 COMPLETED");
    EXPECT_EQ(world.calls("UpdateService"), sent + 1) << "the rollback alone";
}

INSTANTIATE_TEST_SUITE_P(Rollouts, FailedWithTheChange, ::testing::Bool(),
                         [](const auto& row) { return row.param ? "waiting" : "swept"; });

/// One deployment whose end is told while a read fails.
struct Reading {
    std::string operation;
    int times;
};

std::string told_with(const Reading& reading, Scenario scenario, World& world) {
    world.set_scenario(scenario);
    world.deploy();
    world.add_fault({.operation = reading.operation, .kind = FaultKind::kFailedBefore, .times = reading.times});
    world.run_for(minutes{30});
    return world.told();
}

TEST(ACompletedDeployment, IsReadAgainWhereOneReadFailed) {
    for (const auto* operation : {"DescribeServices", "ListServiceDeployments"}) {
        World good({.sweep = false});
        EXPECT_EQ(told_with({.operation = operation, .times = 1}, Scenario::kHealthy, good), "started, completed");
        EXPECT_THAT(good.slack(), Not(HasSubstr("not known"))) << operation;

        World bad({.breaker = Breaker::kOnWithRollback, .sweep = false});
        EXPECT_THAT(told_with({.operation = operation, .times = 1}, Scenario::kCrashOnStart, bad),
                    ::testing::EndsWith("rolled back"))
            << operation;
    }
}

TEST(ACompletedDeployment, IsNotToldAsGoodWhereThatIsNotKnown) {
    for (const auto scenario : {Scenario::kHealthy, Scenario::kCrashOnStart}) {
        World world({.breaker = Breaker::kOnWithRollback, .sweep = false});
        const auto told =
            told_with({.operation = "DescribeServices", .times = sandbox::Fault::kAlways}, scenario, world);
        EXPECT_THAT(told, ::testing::EndsWith("completed"));
        EXPECT_THAT(world.slack(), HasSubstr("is not known: ECS does not answer"));
    }
}

}  // namespace
}  // namespace ci_lambda::testing
