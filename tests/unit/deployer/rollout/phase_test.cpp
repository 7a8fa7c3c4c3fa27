#include "deployer/rollout/phase.hpp"

#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Kind = RolloutPhase::Kind;
using Record = ServiceDeploymentStatus;

WallTime at(const std::string& time) { return *parse_rfc3339("2026-01-31T" + time + "Z"); }

/// What ECS says at 14:22 of a rollout whose record it changed at that time.
EcsServiceDeployment staged(const std::string& stage, EcsDeploymentConfiguration configuration) {
    auto one = record("own", Record::kInProgress);
    one.lifecycle_stage = stage;
    one.updated_at = at("14:22:00");
    one.configuration = std::move(configuration);
    return one;
}

std::string words_of(const EcsServiceDeployment& record, WallTime now = at("14:22:00")) {
    const auto service = service_with({deployment("ecs-svc/1", "8", RolloutState::kInProgress)});
    const auto phase = phase_of(service, service.deployments[0], &record);
    return phase ? in_words(*phase, now) : "";
}

EcsDeploymentConfiguration canary() {
    return {.strategy = DeploymentStrategy::kCanary, .bake = minutes{5}, .step_percent = 10, .step_bake = minutes{10}};
}

TEST(RolloutPhase, SaysWhatEachStageOfEachStrategyDoes) {
    const EcsDeploymentConfiguration blue_green{.strategy = DeploymentStrategy::kBlueGreen, .bake = minutes{5}};
    const EcsDeploymentConfiguration linear{
        .strategy = DeploymentStrategy::kLinear, .step_percent = 12.5, .step_bake = minutes{6}};
    const EcsDeploymentConfiguration unknown{.strategy = DeploymentStrategy::kOther};
    const struct {
        std::string stage;
        EcsDeploymentConfiguration configuration;
        std::optional<double> percent;
        std::string words;
    } cases[] = {
        {"RECONCILE_SERVICE", blue_green, 0, "blue/green: its tasks start"},
        {"PRE_SCALE_UP", blue_green, 0, "blue/green: its tasks start"},
        {"SCALE_UP", canary(), 0, "canary: its tasks start"},
        {"POST_SCALE_UP", canary(), 0, "canary: its tasks start"},
        {"TEST_TRAFFIC_SHIFT", linear, 0, "linear: test traffic goes to it"},
        {"POST_TEST_TRAFFIC_SHIFT", linear, 0, "linear: test traffic goes to it"},
        {"PRODUCTION_TRAFFIC_SHIFT", canary(), 10, "canary: 10 % of the traffic for 10 min, until about 14:32 UTC"},
        {"PRODUCTION_TRAFFIC_SHIFT", canary(), 100, "canary: 100 % of the traffic"},
        {"PRODUCTION_TRAFFIC_SHIFT", canary(), 0, "canary: 0 % of the traffic"},
        {"PRODUCTION_TRAFFIC_SHIFT", canary(), std::nullopt, "canary: the traffic moves to it"},
        {"PRE_PRODUCTION_TRAFFIC_SHIFT", linear, 37.5,
         "linear: 37.5 % of the traffic, 12.5 % more every 6 min, until about 14:28 UTC"},
        {"PRODUCTION_TRAFFIC_SHIFT", blue_green, 100, "blue/green: 100 % of the traffic"},
        {"POST_PRODUCTION_TRAFFIC_SHIFT", blue_green, 100, "blue/green: all of the traffic, bakes"},
        {"BAKE_TIME", blue_green, 100, "blue/green: all of the traffic, bakes for 5 min, until about 14:27 UTC"},
        {"CLEAN_UP", blue_green, 100, "blue/green: done but for the old tasks, which are being ended"},
        {"SCALE_UP", unknown, std::nullopt, "its tasks start"},
        {"A_STAGE_THAT_IS_NEW", blue_green, 0, ""},
    };
    for (const auto& [stage, configuration, percent, words] : cases) {
        auto record = staged(stage, configuration);
        record.production_percent = percent;
        EXPECT_EQ(words_of(record), words) << stage;
    }
}

TEST(RolloutPhase, NamesNoTimeThatHasPassedAndTheDateOfAnotherDay) {
    auto record = staged("BAKE_TIME", canary());
    EXPECT_EQ(words_of(record, at("14:40:00")), "canary: all of the traffic, bakes for 5 min")
        << "ECS takes longer than its plan";
    record.hooks = {{.pause = true, .unfinished = true, .expires_at = at("09:05:03")}};
    EXPECT_EQ(words_of(record, *parse_rfc3339("2026-01-30T23:59:00Z")),
              "canary: waits for a person at BAKE_TIME until 2026-01-31 09:05 UTC (then ECS rolls it back)");
    record.updated_at.reset();
    record.hooks.clear();
    EXPECT_EQ(words_of(record), "canary: all of the traffic, bakes for 5 min") << "when it began is not known";
}

TEST(RolloutPhase, APersonIsWaitedForBeforeAnythingElse) {
    auto record = staged("POST_TEST_TRAFFIC_SHIFT", canary());
    record.hooks = {{.pause = false, .unfinished = true, .expires_at = at("15:00:00"), .then_rolls_back = false}};
    EXPECT_EQ(words_of(record),
              "canary: waits for a hook at POST_TEST_TRAFFIC_SHIFT until 15:00 UTC (then ECS goes on)");
    record.hooks.push_back({.pause = true, .unfinished = true});
    EXPECT_EQ(words_of(record), "canary: waits for a person at POST_TEST_TRAFFIC_SHIFT (then ECS rolls it back)");
    record.hooks.back().unfinished = false;
    record.hooks.front().unfinished = false;
    EXPECT_EQ(words_of(record), "canary: test traffic goes to it");
}

TEST(RolloutPhase, WhatGoesBackSaysSoWhateverItsStage) {
    for (const auto status : {Record::kRollbackRequested, Record::kRollbackInProgress, Record::kInProgress}) {
        auto record = staged("PRODUCTION_TRAFFIC_SHIFT", canary());
        record.status = status;
        if (status == Record::kInProgress) record.rollback_started_at = at("14:21:00");
        EXPECT_EQ(words_of(record), "canary: what ran before is brought back");
    }
}

TEST(RolloutPhase, ARollingUpdateHasNoneButTheBakeTimeOfItsAlarms) {
    auto service = service_with({deployment("ecs-svc/1", "8", RolloutState::kInProgress)});
    const auto phase = [&] { return phase_of(service, service.deployments[0], nullptr); };
    service.deployments[0].running_count = 2;
    EXPECT_FALSE(phase()) << "no bake time";
    service.configuration.bake = minutes{4};
    ASSERT_TRUE(phase());
    EXPECT_EQ(in_words(*phase(), start()), "all of the traffic, bakes for 4 min");
    service.deployments[0].running_count = 1;
    EXPECT_FALSE(phase()) << "one of its tasks is still to come";
    service.deployments[0].running_count = 2;
    service.deployments.push_back(deployment("ecs-svc/0", "7", RolloutState::kCompleted, "ACTIVE"));
    EXPECT_FALSE(phase()) << "an old one runs";
}

TEST(RolloutPhase, HasANameForMachines) {
    EXPECT_EQ(to_string(Kind::kScalingUp), "scaling_up");
    EXPECT_EQ(to_string(Kind::kTestTraffic), "test_traffic");
    EXPECT_EQ(to_string(Kind::kTraffic), "traffic");
    EXPECT_EQ(to_string(Kind::kBaking), "baking");
    EXPECT_EQ(to_string(Kind::kWaitsForPerson), "waits_for_person");
    EXPECT_EQ(to_string(Kind::kWaitsForHook), "waits_for_hook");
    EXPECT_EQ(to_string(Kind::kCleaningUp), "cleaning_up");
    EXPECT_EQ(to_string(Kind::kGoingBack), "going_back");
}

}  // namespace
}  // namespace ci_lambda::testing
