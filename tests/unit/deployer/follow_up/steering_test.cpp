#include "deployer/follow_up/steering.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Steered = SteeringReport::Means;
using Record = ServiceDeploymentStatus;

/// A rollout that waits for two people and a function.
class SteeringTest : public RolloutFixture {
protected:
    SteeringTest() {
        ecs_.on_describe = [this](const std::vector<EcsServiceName>&) {
            auto service = service_with({deployment(primary_, "8", state_)});
            service.service_deployment = "service-deployment/own";
            return DescribedServices{.services = {std::move(service)}, .failures = {}};
        };
        own_.lifecycle_stage = "POST_TEST_TRAFFIC_SHIFT";
        own_.configuration = {.strategy = DeploymentStrategy::kBlueGreen, .bake = minutes{5}};
        own_.hooks = {{.id = "ecs-pause-1", .pause = true, .unfinished = true},
                      {.id = "ecs-lambda-1", .pause = false, .unfinished = true},
                      {.id = "ecs-pause-2", .pause = true, .unfinished = true},
                      {.id = "ecs-pause-0", .pause = true, .unfinished = false}};
        ecs_.on_continue = [this](const std::string& arn, const std::string& hook) -> Status {
            EXPECT_EQ(arn, "service-deployment/own");
            answered_.push_back(hook);
            settle(hook);
            return {};
        };
        tell();
    }
    void tell() { ecs_.history = std::vector{own_}; }
    void settle(const std::string& hook) {
        for (auto& one : own_.hooks)
            if (one.id == hook) one.unfinished = false;
        tell();
    }
    SteeringReport go_on(bool dry_run = false) { return steering_.go_on(target("api"), dry_run, Deadline::none()); }
    SteeringReport stop(bool rollback = true, bool dry_run = false) {
        return steering_.stop(target("api"), {.rollback = rollback, .reason = "too slow", .dry_run = dry_run},
                              Deadline::none());
    }

    std::string primary_ = "ecs-svc/8";
    RolloutState state_ = RolloutState::kInProgress;
    EcsServiceDeployment own_ = record("own", Record::kInProgress);
    std::vector<std::string> answered_;
    Steering steering_{{.max_retries = 2}, ecs_, rollback_, clock_, sleeper_, log_.logger};
};

TEST_F(SteeringTest, AnswersEveryPauseThatWaitsForAPersonAndNothingElse) {
    const auto report = go_on();
    EXPECT_EQ(report.means, Steered::kContinued) << report.words;
    EXPECT_THAT(answered_, ElementsAre("ecs-pause-1", "ecs-pause-2"));
    EXPECT_EQ(report.words, "shop_service_api_dev:8 goes on at POST_TEST_TRAFFIC_SHIFT");
    EXPECT_FALSE(report.error);
}

TEST_F(SteeringTest, ADryRunAnswersNothing) {
    const auto report = go_on(true);
    EXPECT_TRUE(report.dry);
    EXPECT_EQ(report.words, "shop_service_api_dev:8 would go on at POST_TEST_TRAFFIC_SHIFT");
    EXPECT_THAT(answered_, IsEmpty());
    EXPECT_TRUE(stop(true, true).dry);
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
}

TEST_F(SteeringTest, SaysWhatTheRolloutDoesWhereNothingWaits) {
    own_.hooks.clear();
    own_.lifecycle_stage = "BAKE_TIME";
    tell();
    auto report = go_on();
    EXPECT_EQ(report.means, Steered::kNone);
    EXPECT_EQ(report.words,
              "shop_service_api_dev:8 does not wait for a person: blue/green: all of the traffic, bakes for 5 min");
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->kind, ErrorKind::kRejected);

    own_.status = Record::kSuccessful;
    tell();
    EXPECT_EQ(go_on().words, "shop_service_api_dev:8 is over: nothing waits for an answer");
    own_ = record("own", Record::kInProgress);
    tell();
    EXPECT_EQ(go_on().words, "shop_service_api_dev:8 does not wait for a person: 0 of 2 tasks run");
    EXPECT_THAT(answered_, IsEmpty());
}

TEST_F(SteeringTest, LeavesAFunctionsHookToTheFunction) {
    settle("ecs-pause-1");
    settle("ecs-pause-2");
    const auto report = go_on();
    EXPECT_EQ(report.means, Steered::kNone);
    EXPECT_THAT(report.words, AllOf(HasSubstr("waits for a hook"), HasSubstr("a function answers its own hook")));
    EXPECT_THAT(answered_, IsEmpty());
}

TEST_F(SteeringTest, AnAnswerOfEcsThatWasLostIsNotTakenForARefusal) {
    ecs_.on_continue = [this](const std::string&, const std::string& hook) -> Status {
        settle(hook);
        answered_.push_back(hook);
        if (answered_.size() == 1) return fail(ErrorKind::kConnection, "connection reset");
        return {};
    };
    const auto report = go_on();
    EXPECT_EQ(report.means, Steered::kContinued) << report.words;
    EXPECT_THAT(answered_, ElementsAre("ecs-pause-1", "ecs-pause-2"));

    // The last one was answered, and that alone got lost.
    answered_.clear();
    own_.hooks.front().unfinished = true;
    tell();
    EXPECT_EQ(go_on().means, Steered::kContinued);
}

TEST_F(SteeringTest, WhatSomebodyHasAnsweredAMomentBeforeIsNoError) {
    ecs_.on_continue = [this](const std::string&, const std::string&) -> Status {
        settle("ecs-pause-1");
        settle("ecs-pause-2");
        return fail(ErrorKind::kRejected, "Provided hookId is either completed, unavailable, or not associated");
    };
    EXPECT_EQ(go_on().means, Steered::kContinued);
}

TEST_F(SteeringTest, WhatSomebodyHasTakenBackAMomentBeforeIsNotCalledContinued) {
    ecs_.on_continue = [this](const std::string&, const std::string&) -> Status {
        own_.status = Record::kRollbackInProgress;
        tell();
        return fail(ErrorKind::kRejected, "Provided hookId is either completed, unavailable, or not associated");
    };
    const auto report = go_on();
    EXPECT_EQ(report.means, Steered::kNone);
    EXPECT_EQ(report.words, "somebody else has answered meanwhile, and ECS rolls it back");
}

TEST_F(SteeringTest, ANewerRolloutIsNotAnsweredForTheOneThatWaited) {
    int tries = 0;
    ecs_.on_continue = [&](const std::string&, const std::string&) -> Status {
        ++tries;
        primary_ = "ecs-svc/9";
        own_.hooks = {{.id = "ecs-pause-9", .pause = false, .unfinished = true}};
        tell();
        return fail(ErrorKind::kConnection, "connection reset");
    };
    const auto report = go_on();
    EXPECT_EQ(report.means, Steered::kNone) << report.words;
    EXPECT_EQ(tries, 1);
}

TEST_F(SteeringTest, EcsOwnWordsAreSaidWhereItRefuses) {
    ecs_.on_continue = [](const std::string&, const std::string&) -> Status {
        return fail(ErrorKind::kAccessDenied, "not authorized to perform ecs:ContinueServiceDeployment");
    };
    const auto report = go_on();
    EXPECT_EQ(report.means, Steered::kNone);
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->kind, ErrorKind::kAccessDenied);
    EXPECT_THAT(report.words, HasSubstr("ecs:ContinueServiceDeployment"));
}

TEST_F(SteeringTest, ARolloutIsStoppedByRollingItBackAndInNoOtherWay) {
    const auto refused = stop(false);
    EXPECT_EQ(refused.means, Steered::kNone);
    EXPECT_THAT(refused.words, HasSubstr("only by bringing back what ran before"));
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
    const auto report = stop();
    EXPECT_EQ(report.means, Steered::kGoingBack) << report.words;
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 1);
}

TEST_F(SteeringTest, WhatHasCompletedIsNotStopped) {
    state_ = RolloutState::kCompleted;
    own_.status = Record::kSuccessful;
    tell();
    const auto report = stop();
    EXPECT_EQ(report.means, Steered::kNone);
    EXPECT_THAT(report.words, HasSubstr("nothing is under way"));
    ASSERT_TRUE(report.error);
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(SteeringTest, ANoToOneHookIsSaidToEcsAsANoAndMarkedAsAPersons) {
    const Steering::Hook hook{.service_deployment = "service-deployment/own", .id = "ecs-pause-2"};
    std::vector<std::string> rejected;
    ecs_.on_reject = [&](const std::string&, const std::string& id) -> Status {
        rejected.push_back(id);
        return {};
    };
    EXPECT_TRUE(steering_.go_back(target("api"), "no", true, Deadline::none(), hook).dry);
    EXPECT_THAT(rejected, IsEmpty());
    const auto report = steering_.go_back(target("api"), "no", false, Deadline::none(), hook);
    EXPECT_EQ(report.means, Steered::kGoingBack) << report.words;
    EXPECT_THAT(rejected, ElementsAre("ecs-pause-2"));
    EXPECT_THAT(answered_, IsEmpty());
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
    EXPECT_EQ(ecs_.calls("TagResource"), 1);
    const auto gone = steering_.go_back(target("api"), "no", false, Deadline::none(),
                                        {.service_deployment = "service-deployment/another", .id = "ecs-pause-2"});
    EXPECT_EQ(gone.means, Steered::kNone);
    EXPECT_THAT(gone.words, HasSubstr("nothing waits for this answer any more"));
}

TEST_F(SteeringTest, ANoThatEcsHasTakenIsKnownWhereItsAnswerWasLost) {
    for (const bool somebody_said_yes : {false, true}) {
        own_.hooks.front() = {.id = "ecs-pause-1", .pause = true, .unfinished = true};
        tell();
        ecs_.on_reject = [&](const std::string&, const std::string&) -> Status {
            own_.hooks.front().unfinished = false;
            own_.hooks.front().rejected = !somebody_said_yes;
            tell();
            return fail(ErrorKind::kConnection, "connection reset");
        };
        const auto report = steering_.go_back(target("api"), "no", false, Deadline::none(),
                                              {.service_deployment = "service-deployment/own", .id = "ecs-pause-1"});
        EXPECT_EQ(report.means, somebody_said_yes ? Steered::kNone : Steered::kGoingBack) << report.words;
        EXPECT_EQ(report.words == "somebody else has answered meanwhile, and it goes on", somebody_said_yes);
    }
}

}  // namespace
}  // namespace ci_lambda::testing
