#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/ecs/state.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// The rollout table goes on: worlds in which ECS lags, rolls back in one way or another, or is slow on purpose.

namespace ci_lambda::testing {
namespace {

using sandbox::RollbackLook;
using sandbox::Scenario;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// One way for ECS to be.
struct Kind {
    std::string name;
    sandbox::Quirks quirks;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

std::vector<Kind> kinds_of_ecs() {
    const auto lag = [](seconds services, seconds records) {
        sandbox::Quirks quirks;
        if (services > seconds{0}) quirks.lag["DescribeServices"] = services;
        if (records > seconds{0}) quirks.lag["ListServiceDeployments"] = records;
        return quirks;
    };
    return {{"rollback_keeps_its_old_time", {.rollback = RollbackLook::kOldTime}},
            {"rollback_gets_a_new_id", {.rollback = RollbackLook::kNewId}},
            {"rollback_comes_after_45_s", {.until_rollback = seconds{45}}},
            {"all_lags_5_s", lag(seconds{5}, seconds{5})},
            {"services_lag_20_s", lag(seconds{20}, seconds{0})},
            {"records_lag_20_s", lag(seconds{0}, seconds{20})},
            {"all_lags_20_s", lag(seconds{20}, seconds{20})}};
}

struct End {
    std::string verdict;
    std::string slack;
    std::string end;
};

/// What the rollout table says of the ECS that people have described most often holds of every other one, too.
using OldRow = std::tuple<Scenario, Breaker, bool, bool, Kind>;
class RolloutTableOfEachEcs : public ::testing::TestWithParam<OldRow> {};

End expected_end(Scenario scenario, Breaker breaker, bool wait, bool roll_back) {
    if (scenario == Scenario::kHealthy) return {"completed", "started, completed", kNewRevision + " COMPLETED"};
    if (scenario == Scenario::kCrashAfterStart) {
        if (roll_back)
            return {"rolled_back", "started, timed out, rolling back, rolled back", kOldRevision + " COMPLETED"};
        return {"timed_out", "started, timed out", kNewRevision + " IN_PROGRESS"};
    }
    if (scenario == Scenario::kSlow) {
        if (roll_back && wait)
            return {"rolled_back", "started, timed out, rolling back, rolled back", kOldRevision + " COMPLETED"};
        return {"timed_out", "started, completed", kNewRevision + " COMPLETED"};
    }
    if (roll_back || breaker == Breaker::kOnWithRollback)
        return {"rolled_back", "started, failed, rolling back, rolled back", kOldRevision + " COMPLETED"};
    if (breaker == Breaker::kOn) return {"failed", "started, failed", kNewRevision + " FAILED"};
    const std::string impaired = scenario == Scenario::kFailingHealthChecks ? "" : "impaired, ";
    return {"timed_out", "started, " + impaired + "timed out", kNewRevision + " IN_PROGRESS"};
}

End expected_of(const OldRow& row) {
    const auto& [scenario, breaker, wait, roll_back, kind] = row;
    auto end = expected_end(scenario, breaker, wait, roll_back);
    if (scenario == Scenario::kNoCapacity)
        end.slack = replace_all(end.slack, "started, ", "started, task placement failure, ");
    return end;
}

TEST_P(RolloutTableOfEachEcs, EndsAsItDoesWithTheUsualOne) {
    const auto& [scenario, breaker, wait, roll_back, kind] = GetParam();
    const auto expected = expected_of(GetParam());
    World world(
        {.scenario = scenario, .breaker = breaker, .wait = wait, .roll_back = roll_back, .quirks = kind.quirks});
    const auto handled = world.deploy();
    world.run_for(minutes{45});
    EXPECT_EQ(handled.answer.status, wait ? expected.verdict : "deployed") << handled.answer.detail;
    EXPECT_FALSE(handled.error);
    EXPECT_EQ(world.told(), expected.slack) << world.log();
    EXPECT_EQ(world.end_state(), expected.end);
    EXPECT_EQ(world.calls("UpdateService"), 1) << "one rollout, and ECS goes back by itself or when it is asked to";
}

std::string name_of_old_row(const ::testing::TestParamInfo<OldRow>& info) {
    const auto& [scenario, breaker, wait, roll_back, kind] = info.param;
    return fmt::format("{}_breaker_{}_{}_rollback_{}_{}", in_a_name(scenario), name_of(breaker),
                       wait ? "waiting" : "not_waiting", roll_back ? "on" : "off", kind.name);
}

INSTANTIATE_TEST_SUITE_P(Rollouts, RolloutTableOfEachEcs,
                         ::testing::Combine(::testing::Values(Scenario::kHealthy, Scenario::kImageNotFound,
                                                              Scenario::kCrashOnStart, Scenario::kFailingHealthChecks,
                                                              Scenario::kNoCapacity, Scenario::kCrashAfterStart,
                                                              Scenario::kSlow),
                                            ::testing::Values(Breaker::kOff, Breaker::kOn, Breaker::kOnWithRollback),
                                            ::testing::Bool(), ::testing::Bool(), ::testing::ValuesIn(kinds_of_ecs())),
                         name_of_old_row);

/// What ECS does slowly because it was asked to, or does by itself: it needs no help of ours.
using StrategyRow = std::tuple<Scenario, Breaker, bool, bool, RollbackLook>;
class SlowOnPurpose : public ::testing::TestWithParam<StrategyRow> {};

End expected_of_ecs_alone(Scenario scenario) {
    if (scenario == Scenario::kAlarm)
        return {"rolled_back", "started, failed, rolling back, rolled back", kOldRevision + " COMPLETED"};
    if (scenario == Scenario::kPause)  // nobody approves
        return {"rolled_back", "started, waiting for approval, not approved in time, rolling back, rolled back",
                kOldRevision + " COMPLETED"};
    return {"completed", "started, completed", kNewRevision + " COMPLETED"};
}

TEST_P(SlowOnPurpose, IsNeitherStoppedNorHelped) {
    const auto& [scenario, breaker, wait, roll_back, look] = GetParam();
    const auto expected = expected_of_ecs_alone(scenario);
    World world(
        {.scenario = scenario, .breaker = breaker, .wait = wait, .roll_back = roll_back, .quirks = {.rollback = look}});
    const auto handled = world.deploy();
    world.run_for(minutes{60});
    EXPECT_EQ(handled.answer.status, wait ? expected.verdict : "deployed") << handled.answer.detail;
    EXPECT_FALSE(handled.error);
    EXPECT_EQ(world.told(), expected.slack) << world.log();
    EXPECT_EQ(world.end_state(), expected.end);
    EXPECT_EQ(world.calls("StopServiceDeployment"), 0);
    EXPECT_EQ(world.calls("UpdateService"), 1);
}

std::string name_of_strategy_row(const ::testing::TestParamInfo<StrategyRow>& info) {
    const auto& [scenario, breaker, wait, roll_back, look] = info.param;
    const std::vector<std::string> looks{"new_time", "old_time", "new_id"};
    return fmt::format("{}_breaker_{}_{}_rollback_{}_{}", in_a_name(scenario), name_of(breaker),
                       wait ? "waiting" : "not_waiting", roll_back ? "on" : "off",
                       looks[static_cast<std::size_t>(look)]);
}

INSTANTIATE_TEST_SUITE_P(
    Rollouts, SlowOnPurpose,
    ::testing::Combine(::testing::Values(Scenario::kBake, Scenario::kPause, Scenario::kLinear, Scenario::kCanary,
                                         Scenario::kAlarm, Scenario::kProtected),
                       ::testing::Values(Breaker::kOff, Breaker::kOnWithRollback), ::testing::Bool(), ::testing::Bool(),
                       ::testing::Values(RollbackLook::kNewTime, RollbackLook::kOldTime, RollbackLook::kNewId)),
    name_of_strategy_row);

/// The only rollout of api, as ECS's record has it.
Json newest_record(World& world) {
    const Json of_api{{"cluster", "shop_cluster_dev"}, {"service", kApiService}};
    const auto listed = parse_json(world.call_ecs("ListServiceDeployments", dump_json(of_api))).value_or(Json());
    const Json one{{"serviceDeploymentArns", {listed["serviceDeployments"][0]["serviceDeploymentArn"]}}};
    return parse_json(world.call_ecs("DescribeServiceDeployments", dump_json(one)))
        .value_or(Json())["serviceDeployments"][0];
}

TEST(SlowOnPurposeToo, WhatWaitsForAPersonSaysSoAndGoesOnWhenSomebodyApproves) {
    for (const bool wait : {true, false}) {
        World world({.scenario = Scenario::kPause, .wait = wait, .roll_back = true, .lambda_timeout = minutes{12}});
        const auto handled = world.deploy();
        if (wait) {
            EXPECT_EQ(handled.answer.status, "in_progress");
            EXPECT_THAT(handled.answer.detail, HasSubstr("waits for a person at POST_TEST_TRAFFIC_SHIFT until"));
        }
        world.run_for(minutes{25} - world.passed());
        const auto record = newest_record(world);
        world.call_ecs("ContinueServiceDeployment",
                       dump_json({{"serviceDeploymentArn", record["serviceDeploymentArn"]},
                                  {"hookId", record["lifecycleHookDetails"][0]["hookId"]}}));
        world.run_for(minutes{20});
        EXPECT_EQ(world.told(), "started, waiting for approval, approved, completed");
        EXPECT_THAT(world.slack(), HasSubstr("ECS waits at POST_TEST_TRAFFIC_SHIFT, until 2"));
        EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
        EXPECT_EQ(world.calls("StopServiceDeployment"), 0);
    }
}

TEST(SlowOnPurposeToo, ASweepWithRollbackLeavesWhatIsSlowOnPurposeAlone) {
    for (const auto scenario :
         {Scenario::kBake, Scenario::kPause, Scenario::kLinear, Scenario::kCanary, Scenario::kProtected}) {
        World world({.scenario = scenario, .roll_back = true, .sweep = false});
        world.deploy();
        for (int i = 0; i < 30; ++i) {
            world.run_for(minutes{1});
            const auto swept = world.listener().handle(R"({"action":"sweep"})", Deadline::none());
            EXPECT_FALSE(swept.error);
            EXPECT_THAT(swept.answer.deployments, IsEmpty()) << sandbox::name_of(scenario) << " after " << i;
        }
        EXPECT_EQ(world.calls("StopServiceDeployment"), 0) << sandbox::name_of(scenario);
    }
}

}  // namespace
}  // namespace ci_lambda::testing
