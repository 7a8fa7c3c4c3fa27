#include "deployer/code_deploy/translation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ci_lambda::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Record = ServiceDeploymentStatus;

const WallTime kNow{hours{500'000}};

CodeDeployStory story(CodeDeployStatus status) {
    return {.deployment = {.id = "d-1",
                           .status = status,
                           .configuration = "CodeDeployDefault.ECSCanary10Percent5Minutes",
                           .created_at = kNow - minutes{10},
                           .keeps_old_for = minutes{30}},
            .traffic = traffic_of_name("CodeDeployDefault.ECSCanary10Percent5Minutes")};
}

CodeDeployProgress at_stage(const std::string& name, WallTime since) {
    return {.stages = {{.name = name, .status = "InProgress", .started_at = since, .message = {}}},
            .green_percent = 10};
}

TEST(CodeDeployTranslation, WhatItTakesOnPurposeIsInTheConfiguration) {
    auto canary = story(CodeDeployStatus::kInProgress);
    canary.deployment.waits_for_yes = minutes{90};
    const auto configuration = as_configuration(canary.deployment, *canary.traffic);
    EXPECT_EQ(configuration.strategy, DeploymentStrategy::kCanary);
    EXPECT_EQ(configuration.step_percent, 10);
    EXPECT_EQ(configuration.step_bake, minutes{5});
    EXPECT_EQ(configuration.bake, minutes{30});
    ASSERT_THAT(configuration.hooks, SizeIs(1));
    EXPECT_EQ(configuration.hooks[0].timeout, Milliseconds{minutes{90}});
    EXPECT_EQ(as_configuration(canary.deployment, {}).strategy, DeploymentStrategy::kBlueGreen);
}

TEST(CodeDeployTranslation, NamesOfCodeDeploysOwnConfigurationsSayHowTheTrafficMoves) {
    EXPECT_EQ(traffic_of_name("CodeDeployDefault.ECSLinear10PercentEvery3Minutes")->interval, minutes{3});
    EXPECT_EQ(traffic_of_name("CodeDeployDefault.ECSAllAtOnce")->percent, 100);
    EXPECT_FALSE(traffic_of_name("mine"));
    EXPECT_FALSE(traffic_of_name("CodeDeployDefault.ECSSomethingNew"));
}

TEST(CodeDeployTranslation, AStageOfItIsOneOfEcs) {
    auto one = story(CodeDeployStatus::kInProgress);
    one.progress = at_stage("AllowTraffic", kNow - minutes{1});
    const auto record = as_record(one, {}, kNow);
    EXPECT_EQ(record.status, Record::kInProgress);
    EXPECT_EQ(record.lifecycle_stage, "PRODUCTION_TRAFFIC_SHIFT");
    EXPECT_EQ(record.production_percent, 10);
    EXPECT_EQ(record.updated_at, kNow - minutes{1});
    EXPECT_THAT(record.hooks, IsEmpty());
}

TEST(CodeDeployTranslation, AHookThatRunsIsWaitedForForAnHour) {
    auto one = story(CodeDeployStatus::kInProgress);
    one.progress = at_stage("AfterAllowTestTraffic", kNow - minutes{1});
    const auto record = as_record(one, {}, kNow);
    ASSERT_THAT(record.hooks, SizeIs(1));
    EXPECT_FALSE(record.hooks[0].pause);
    EXPECT_EQ(record.hooks[0].expires_at, kNow + minutes{59});
}

TEST(CodeDeployTranslation, OneThatIsReadyWaitsForAPerson) {
    auto one = story(CodeDeployStatus::kReady);
    one.deployment.waits_for_yes = minutes{60};
    one.progress = at_stage("AfterAllowTestTraffic", kNow - minutes{2});
    one.progress->stages[0].status = "Succeeded";
    const auto record = as_record(one, {}, kNow);
    ASSERT_THAT(record.hooks, SizeIs(1));
    EXPECT_TRUE(record.hooks[0].pause);
    EXPECT_EQ(record.hooks[0].expires_at, kNow + minutes{58});
}

TEST(CodeDeployTranslation, WithAllOfTheTrafficItBakesUntilTheOldTasksAreEnded) {
    auto one = story(CodeDeployStatus::kInProgress);
    one.deployment.waits_for_termination = true;
    one.progress = at_stage("AfterAllowTraffic", kNow - minutes{1});
    const auto record = as_record(one, {}, kNow);
    EXPECT_EQ(record.status, Record::kInProgress) << "somebody, or an alarm, may still take it back";
    EXPECT_EQ(record.lifecycle_stage, "BAKE_TIME");
    EXPECT_EQ(record.production_percent, 100);
    one.deployment.keeps_old_for = Milliseconds{0};
    EXPECT_EQ(as_record(one, {}, kNow).lifecycle_stage, "CLEAN_UP");
}

TEST(CodeDeployTranslation, OneThatFailedIsAboutToGoBackForAMomentOnly) {
    auto one = story(CodeDeployStatus::kFailed);
    one.deployment.completed_at = kNow - seconds{5};
    one.deployment.goes_back_on_failure = true;
    EXPECT_EQ(as_record(one, "d-1", kNow).status, Record::kRollbackRequested);
    EXPECT_EQ(as_record(one, "d-1", kNow + minutes{5}).status, Record::kStopped);
    one.deployment.goes_back_on_failure = false;
    EXPECT_EQ(as_record(one, "d-1", kNow).status, Record::kStopped);
}

TEST(CodeDeployTranslation, OneThatFailedBeforeTheTrafficMovedLeavesWhatRan) {
    auto one = story(CodeDeployStatus::kFailed);
    one.deployment.completed_at = kNow - minutes{5};
    EXPECT_EQ(as_record(one, "d-0", kNow).status, Record::kRollbackSuccessful);
}

TEST(CodeDeployTranslation, StoppedByAPersonIsNoRollbackWhereNoneWasAskedFor) {
    auto one = story(CodeDeployStatus::kStopped);
    one.deployment.error_code = "MANUAL_STOP";
    one.deployment.completed_at = kNow - seconds{5};
    EXPECT_EQ(as_record(one, "d-0", kNow).status, Record::kStopRequested) << "a rollback may begin yet";
    one.deployment.completed_at = kNow - minutes{5};
    const auto record = as_record(one, "d-0", kNow);
    EXPECT_EQ(record.status, Record::kStopped);
    EXPECT_THAT(record.reason, HasSubstr("stopped by a person"));
}

TEST(CodeDeployTranslation, AStatusThatNobodyKnowsGoesOn) {
    EXPECT_EQ(as_record(story(CodeDeployStatus::kUnknown), {}, kNow).status, Record::kInProgress);
}

TEST(CodeDeployTranslation, WhatFailedStaysPrimaryOnlyWhereItHasTheTraffic) {
    auto one = story(CodeDeployStatus::kFailed);
    one.deployment.completed_at = kNow - minutes{5};
    EcsService service{.task_sets = {{.id = "ecs-svc/1",
                                      .external_id = "d-0",
                                      .status = "PRIMARY",
                                      .task_definition = "td/api:9",
                                      .running_count = 2}}};
    show_code_deployments(service, &one, kNow);
    ASSERT_NE(service.primary(), nullptr);
    EXPECT_EQ(service.primary()->id, "d-0");
    service.task_sets[0].external_id = "d-1";
    show_code_deployments(service, &one, kNow);
    EXPECT_EQ(service.primary()->id, "d-1");
    EXPECT_EQ(service.primary()->rollout_state, RolloutState::kFailed);
}

}  // namespace
}  // namespace ci_lambda::testing
