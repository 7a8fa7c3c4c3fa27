// A task before a deployment, against the sandbox's ECS, in time that is moved by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/json.hpp"
#include "unit/rollouts/world.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

WorldOptions with_migration(const std::string& more = "") {
    WorldOptions options;
    options.environment = {
        {"CI_LAMBDA_CONFIG", R"({"services":{"api":{"before":{"task":"migrate","command":["up"])" + more + "}}}}"},
        {"FAILURE_LOG_LINES", "20"}};
    return options;
}

/// What the function answered to the last event by which it has deployed.
std::optional<Answer> last_answer(World& world) {
    std::optional<Answer> last;
    for (auto& answer : world.answers())
        if (answer.status == "deployed") last = answer;
    return last;
}

TEST(BeforeWorld, TheTaskRunsAndThenTheServiceIsDeployed) {
    World world(with_migration());
    const auto handled = world.deploy();
    EXPECT_EQ(handled.answer.status, "deployed") << handled.answer.detail;
    EXPECT_EQ(world.calls("RunTask"), 1);
    world.run_for(minutes{10});
    EXPECT_EQ(world.end_state(), "shop_service_api_dev:42 COMPLETED");
    EXPECT_EQ(world.calls("RunTask"), 1) << "once for what is deployed, also by the event of its end";
    EXPECT_EQ(world.calls("UpdateService"), 1);
    const auto again = world.deploy();
    EXPECT_EQ(again.answer.status, "deployed");
    EXPECT_EQ(world.calls("RunTask"), 1) << "what runs has had its task";
}

TEST(BeforeWorld, WhereItFailsNothingIsDeployedAndItsLastWordsAreTold) {
    World world(with_migration());
    world.ecs().set_alone({.exit_code = 3});
    const auto handled = world.deploy();
    EXPECT_EQ(handled.answer.status, "failed");
    EXPECT_THAT(handled.answer.detail, AllOf(HasSubstr("the task migrate before it failed"), HasSubstr("exit code 3")));
    ASSERT_TRUE(handled.error);
    EXPECT_EQ(handled.error->type, "Function.DeploymentFailed");
    world.run_for(minutes{10});
    EXPECT_EQ(world.calls("UpdateService"), 0);
    EXPECT_EQ(world.told(), "could not start");
    EXPECT_THAT(world.slack(), HasSubstr("fatal: 0042_index_orders"));
    world.ecs().set_alone({});
    EXPECT_EQ(world.deploy().answer.status, "deployed") << "who asks again has it run again";
    EXPECT_EQ(world.calls("RunTask"), 2);
}

TEST(BeforeWorld, WhatTakesLongerThanAnInvocationGoesOnByTheEventOfItsEnd) {
    auto options = with_migration();
    options.lambda_timeout = minutes{2};
    World world(options);
    world.ecs().set_alone({.exit_code = 0, .runs = minutes{9}});
    const auto handled = world.deploy();
    EXPECT_EQ(handled.answer.status, "held") << handled.answer.detail;
    EXPECT_THAT(handled.answer.detail, HasSubstr("the task migrate runs before it since"));
    EXPECT_EQ(world.calls("UpdateService"), 0);
    world.run_for(minutes{20});
    EXPECT_EQ(world.calls("RunTask"), 1);
    EXPECT_EQ(world.calls("UpdateService"), 1);
    EXPECT_EQ(world.end_state(), "shop_service_api_dev:42 COMPLETED");
    const auto answer = last_answer(world);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, "deployed");
}

TEST(BeforeWorld, AFailureAfterTheInvocationIsToldByTheEventOfItsEndOnce) {
    auto options = with_migration();
    options.lambda_timeout = minutes{2};
    options.lambda_retries = true;
    World world(options);
    world.ecs().set_alone({.exit_code = 1, .runs = minutes{9}});
    EXPECT_EQ(world.deploy().answer.status, "held");
    world.run_for(minutes{30});
    EXPECT_EQ(world.calls("RunTask"), 1);
    EXPECT_EQ(world.calls("UpdateService"), 0);
    EXPECT_THAT(world.told(), HasSubstr("could not start"));
    EXPECT_THAT(world.slack(), HasSubstr("the task migrate before it failed"));
}

TEST(BeforeWorld, SomebodyWhoDeploysMeanwhileIsNotUndone) {
    auto options = with_migration();
    World world(options);
    world.ecs().set_alone({.exit_code = 0, .runs = minutes{3}});
    world.at(seconds{60}, [&] { world.somebody_deploys(world.somebody_registers()); });
    const auto handled = world.deploy();
    world.run_for(minutes{15});
    EXPECT_EQ(world.end_state(), "shop_service_api_dev:43 COMPLETED") << handled.answer.detail;
}

TEST(BeforeWorld, ALostAnswerToRunTaskStartsNoSecondTask) {
    World world(with_migration());
    world.add_fault({.operation = "RunTask", .kind = sandbox::FaultKind::kFailedAfter});
    EXPECT_EQ(world.deploy().answer.status, "deployed");
    world.run_for(minutes{10});
    const auto listed = parse_json(world.call_ecs(
        "ListTasks", R"({"cluster":"shop_cluster_dev","desiredStatus":"STOPPED","family":"shop_service_api_dev"})"));
    ASSERT_TRUE(listed);
    int alone = 0;
    for (const auto& arn : listed->at("taskArns")) {
        const auto shown =
            world.call_ecs("DescribeTasks", R"({"cluster":"shop_cluster_dev","tasks":[)" + dump_json(arn) + "]}");
        if (shown.contains("ci_lambda-before-")) ++alone;
    }
    EXPECT_EQ(alone, 1);
}

TEST(BeforeWorld, WithoutThePermissionNothingIsDeployedAndTheErrorNamesIt) {
    World world(with_migration());
    world.add_fault({.operation = "RunTask", .kind = sandbox::FaultKind::kDenied, .times = sandbox::Fault::kAlways});
    const auto handled = world.deploy();
    EXPECT_EQ(handled.answer.status, "failed");
    EXPECT_THAT(handled.answer.detail, HasSubstr("RunTask"));
    EXPECT_EQ(world.calls("UpdateService"), 0);
}

}  // namespace
}  // namespace ci_lambda::testing
