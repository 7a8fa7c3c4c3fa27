// A task after a deployment, against the sandbox's ECS, in time that is moved by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kSchedulesRole = "arn:aws:iam::123456789012:role/shop_schedules";

WorldOptions with_smoke_test(const std::string& more = "", const std::string& other_members = "") {
    WorldOptions options{.sweep = false};
    options.environment = {{"CI_LAMBDA_CONFIG", R"({"services":{"api":{"after":{"task":"smoke","command":["./smoke"])" +
                                                    more + "}" + other_members + "}}}"},
                           {"FAILURE_LOG_LINES", "20"}};
    return options;
}

bool was_taken_back(const std::string& end_state) {
    return end_state.starts_with("shop_service_api_dev-rollback:") && end_state.ends_with(" COMPLETED");
}

/// The events of ECS that say this of the service.
std::vector<std::string> delivered_of(const World& world, const std::string& what) {
    std::vector<std::string> some;
    for (const auto& event : world.delivered())
        if (event.contains(what)) some.push_back(event);
    return some;
}

const std::string kCompletedEvent = "SERVICE_DEPLOYMENT_COMPLETED";

TEST(AfterWorld, TheTaskRunsOnceTheRolloutHasCompletedAndThenThatIsTold) {
    World world(with_smoke_test());
    std::vector<std::string> told_at_start;
    world.before_each_call([&](const auto& operation, const auto& /*body*/) {
        if (operation == "RunTask") told_at_start.push_back(world.told());
    });
    EXPECT_EQ(world.deploy().answer.status, "deployed");
    world.run_for(minutes{10});
    EXPECT_EQ(told_at_start, std::vector<std::string>{"started"});
    EXPECT_EQ(world.told(), "started, completed");
    EXPECT_THAT(world.slack(), HasSubstr("the task smoke after it succeeded"));
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    EXPECT_EQ(world.calls("RunTask"), 1);
    EXPECT_THAT(world.answers(), Contains(::testing::Field(&Answer::status, "verifying")).Times(1));
}

TEST(AfterWorld, FiftyCopiesOfTheEventRunItOnce) {
    World world(with_smoke_test());
    world.deploy();
    world.run_for(minutes{3});
    const auto events = delivered_of(world, kCompletedEvent);
    ASSERT_THAT(events, SizeIs(1));
    for (int i = 0; i < 50; ++i) {
        auto copy = *parse_json(events.front());
        if (i % 2 == 0) copy["id"] = "copy-" + std::to_string(i);
        if (i % 5 == 0) world.forget_all();
        world.send(dump_json(copy));
    }
    world.run_for(minutes{10});
    EXPECT_EQ(world.calls("RunTask"), 1);
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
}

TEST(AfterWorld, WhereItFailsTheRolloutHasFailedAndIsTakenBackWithItsLastWords) {
    World world(with_smoke_test());
    world.ecs().set_alone({.exit_code = 3});
    world.deploy();
    world.run_for(minutes{15});
    EXPECT_TRUE(was_taken_back(world.end_state())) << world.end_state();
    EXPECT_EQ(world.told(), "started, failed, rolled back");
    EXPECT_THAT(world.slack(), AllOf(HasSubstr("the task smoke after it failed"), HasSubstr("exit code 3"),
                                     HasSubstr("Rollback: "), HasSubstr("fatal: 0042_index_orders")));
    EXPECT_EQ(world.calls("RunTask"), 1) << "a rollback has no task";
    EXPECT_EQ(world.calls("UpdateService"), 2);
}

TEST(AfterWorld, WhoOnlyWantsToBeToldKeepsTheRollout) {
    World world(with_smoke_test(R"(,"on_failure":"tell")"));
    world.ecs().set_alone({.exit_code = 3});
    world.deploy();
    world.run_for(minutes{15});
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    EXPECT_EQ(world.told(), "started, failed");
    EXPECT_EQ(world.calls("UpdateService"), 1);
}

TEST(AfterWorld, AProcessThatDiesWhileItRunsIsNotMissed) {
    for (const int exit_code : {0, 1}) {
        World world(with_smoke_test());
        world.ecs().set_alone({.exit_code = exit_code, .runs = minutes{5}});
        world.deploy();
        world.at(minutes{5}, [&] { world.forget_all(); });
        world.run_for(minutes{20});
        EXPECT_EQ(world.calls("RunTask"), 1);
        if (exit_code == 0) {
            EXPECT_EQ(world.told(), "started, completed");
            EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
        } else {
            EXPECT_THAT(world.told(), HasSubstr("failed"));
            EXPECT_TRUE(was_taken_back(world.end_state())) << world.end_state();
        }
    }
}

TEST(AfterWorld, SomebodysNewerDeploymentIsLeftAloneWhateverTheTaskSays) {
    for (const int exit_code : {0, 1}) {
        World world(with_smoke_test());
        world.ecs().set_alone({.exit_code = exit_code, .runs = minutes{4}});
        world.deploy();
        std::string newer;
        world.at(minutes{4}, [&] {
            ASSERT_EQ(world.calls("RunTask"), 1);
            newer = world.somebody_registers();
            world.ecs().set_alone({});
            world.somebody_deploys(newer);
        });
        world.run_for(minutes{30});
        EXPECT_EQ(world.end_state(), newer + " COMPLETED");
        EXPECT_EQ(world.calls("UpdateService"), 1) << "the function has taken nothing back";
        EXPECT_EQ(world.calls("RunTask"), 2) << "the newer rollout has its own";
        if (exit_code != 0) {
            EXPECT_THAT(world.slack(), HasSubstr("took its place, and is left alone"));
        }
    }
}

TEST(AfterWorld, OneThatTakesTooLongHasFailedAsASchedulesLookFinds) {
    auto options = with_smoke_test(R"(,"timeout_minutes":5)");
    options.knows_itself = true;
    options.environment["SCHEDULE_ROLE"] = kSchedulesRole;
    World world(options);
    world.ecs().set_alone({.exit_code = 0, .runs = minutes{50}});
    world.deploy();
    world.run_for(minutes{20});
    EXPECT_TRUE(was_taken_back(world.end_state())) << world.end_state();
    EXPECT_THAT(world.told(), HasSubstr("started, failed"));
    EXPECT_THAT(world.slack(), HasSubstr("has not ended after 5 min"));
    world.run_for(minutes{60});
    EXPECT_THAT(world.told(), Not(HasSubstr("completed"))) << "its end says nothing of what runs by now";
    EXPECT_FALSE(world.scheduler().next_due());
}

TEST(AfterWorld, ThrottlingAndALostAnswerRunItOnce) {
    for (const auto kind : {sandbox::FaultKind::kThrottled, sandbox::FaultKind::kFailedAfter}) {
        World world(with_smoke_test());
        world.add_fault({.operation = "RunTask", .kind = kind, .times = 2});
        world.deploy();
        world.run_for(minutes{10});
        EXPECT_EQ(world.told(), "started, completed");
        EXPECT_THAT(delivered_of(world, "ECS Task State Change"), SizeIs(1));
    }
}

TEST(AfterWorld, WhatStaysThrottledComesAgain) {
    auto options = with_smoke_test();
    options.lambda_retries = true;
    World world(options);
    world.add_fault({.operation = "RunTask", .kind = sandbox::FaultKind::kThrottled, .times = 4});
    world.deploy();
    world.run_for(minutes{15});
    EXPECT_EQ(world.told(), "started, completed");
    EXPECT_THAT(world.outcomes(), Contains(::testing::Truly([](const World::Outcome& outcome) {
                    return outcome.handled.error && outcome.handled.error->type == "Function.VerifyFailed";
                })));
}

TEST(AfterWorld, ACompletionThatEcsDoesNotShowYetIsNotToldWithoutTheTask) {
    auto options = with_smoke_test();
    options.quirks.lag = {{"DescribeServices", seconds{8}}};
    options.lambda_retries = true;
    World world(options);
    world.deploy();
    world.run_for(minutes{15});
    EXPECT_EQ(world.calls("RunTask"), 1);
    EXPECT_EQ(world.told(), "started, completed");
    EXPECT_THAT(world.slack(), HasSubstr("the task smoke after it succeeded"));
}

TEST(AfterWorld, WhileEcsDoesNotAnswerNothingIsCalledCompleted) {
    auto options = with_smoke_test();
    options.lambda_retries = true;
    World world(options);
    world.ecs().set_alone({.exit_code = 1, .runs = minutes{4}});
    world.deploy();
    world.at(minutes{4}, [&] {
        world.add_fault({.operation = "DescribeServices", .kind = sandbox::FaultKind::kThrottled, .times = 4});
    });
    world.run_for(minutes{20});
    EXPECT_EQ(world.told(), "started, failed, rolled back");
    EXPECT_TRUE(was_taken_back(world.end_state())) << world.end_state();
}

TEST(AfterWorld, WithoutThePermissionThatIsToldAndNothingIsTakenBack) {
    World world(with_smoke_test());
    world.add_fault({.operation = "RunTask", .kind = sandbox::FaultKind::kDenied, .times = sandbox::Fault::kAlways});
    world.deploy();
    world.run_for(minutes{10});
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
    EXPECT_EQ(world.told(), "started, completed, and not tested");
    EXPECT_THAT(world.slack(), AllOf(HasSubstr("the task smoke after it could not run"), HasSubstr("RunTask")));
}

TEST(AfterWorld, WhatECSRolledBackHasNone) {
    auto options = with_smoke_test();
    options.scenario = sandbox::Scenario::kCrashOnStart;
    options.breaker = Breaker::kOnWithRollback;
    World world(options);
    world.deploy();
    world.run_for(minutes{40});
    EXPECT_EQ(world.end_state(), "shop_service_api_dev:9 COMPLETED");
    EXPECT_EQ(world.calls("RunTask"), 0);
}

TEST(AfterWorld, WhoWaitsHearsOfItsEndAndOfTheRollback) {
    for (const int exit_code : {0, 1}) {
        auto options = with_smoke_test();
        options.wait = true;
        World world(options);
        world.ecs().set_alone({.exit_code = exit_code, .runs = minutes{2}});
        const auto handled = world.deploy();
        ASSERT_THAT(handled.answer.deployments, SizeIs(1));
        EXPECT_EQ(world.calls("RunTask"), 1) << "one of the two processes";
        if (exit_code == 0) {
            EXPECT_EQ(handled.answer.status, "completed") << handled.answer.detail;
            EXPECT_THAT(handled.answer.deployments[0].outcome, HasSubstr("the task smoke after it succeeded"));
        } else {
            EXPECT_EQ(handled.answer.status, "rolled_back") << handled.answer.detail;
            EXPECT_THAT(handled.answer.detail, HasSubstr("the task smoke after it failed"));
            EXPECT_TRUE(handled.answer.deployments[0].last_words);
        }
        world.run_for(minutes{15});
        EXPECT_EQ(world.calls("UpdateService"), exit_code == 0 ? 1 : 2) << "two processes, one rollback";
        EXPECT_THAT(world.told(), HasSubstr(exit_code == 0 ? "completed" : "failed"));
    }
}

TEST(AfterWorld, WhoCannotWaitAsLongSaysThatItRuns) {
    auto options = with_smoke_test();
    options.wait = true;
    options.lambda_timeout = minutes{4};
    World world(options);
    world.ecs().set_alone({.exit_code = 0, .runs = minutes{9}});
    const auto handled = world.deploy();
    EXPECT_EQ(handled.answer.status, "in_progress") << handled.answer.detail;
    EXPECT_THAT(handled.answer.detail, HasSubstr("the task smoke runs after it since"));
    world.run_for(minutes{20});
    EXPECT_EQ(world.told(), "started, completed");
}

TEST(AfterWorld, WhatIsWatchedIsWatchedOnceTheTaskHasSucceeded) {
    auto options = with_smoke_test();
    options.knows_itself = true;
    options.environment["VERIFY_ALARMS"] = "shop-5xx";
    options.environment["VERIFY_SCHEDULE_ROLE"] = kSchedulesRole;
    World world(options);
    world.ecs().set_alone({.exit_code = 0, .runs = minutes{5}});
    world.deploy();
    world.at(minutes{10}, [&] { world.set_alarm("shop-5xx", true); });
    world.run_for(minutes{40});
    EXPECT_EQ(world.told(), "started, completed, unhealthy, rolled back");
}

TEST(AfterWorld, AnEventThatComesDaysLaterRunsNothing) {
    World world(with_smoke_test());
    world.deploy();
    world.run_for(minutes{15});
    const auto completed = delivered_of(world, kCompletedEvent);
    const auto ended = delivered_of(world, "ECS Task State Change");
    ASSERT_THAT(completed, SizeIs(1));
    ASSERT_THAT(ended, SizeIs(1));
    world.run_for(std::chrono::hours{30});
    for (const auto& event : {completed.front(), ended.front()}) {
        world.forget_all();
        world.send(event);
        world.run_for(minutes{10});
    }
    EXPECT_EQ(world.calls("RunTask"), 1);
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
}

}  // namespace
}  // namespace ci_lambda::testing
