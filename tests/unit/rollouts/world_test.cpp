#include "unit/rollouts/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "unit/rollouts/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::SizeIs;

std::string parameter_update(const World& world) {
    return dump_json({{"id", "p1"},
                      {"source", "aws.ssm"},
                      {"detail-type", "Parameter Store Change"},
                      {"time", in_whole_seconds(world.now())},
                      {"detail", {{"name", "/dev/shop/api/P"}, {"operation", "Update"}}}});
}

// The world itself: a test that uses one of these would prove nothing if they did nothing.

TEST(WorldItself, SomebodyDeploysAtEachWaitOfTheFunction) {
    World world({.sweep = false});
    world.add_fault({.operation = "UpdateService", .kind = sandbox::FaultKind::kThrottled, .times = 2});
    std::vector<Milliseconds> moments;
    world.at_each_wait([&](int wait) {
        EXPECT_TRUE(std::cmp_equal(moments.size(), wait));
        moments.push_back(world.passed());
        world.somebody_deploys(world.somebody_registers());
    });
    world.deploy();
    ASSERT_THAT(moments, SizeIs(2)) << "one for each throttle";
    EXPECT_EQ(world.waits(), 2);
    EXPECT_GT(moments[0], Milliseconds(0));
    EXPECT_GT(moments[1], moments[0]);
    EXPECT_EQ(world.somebody_registers(), "shop_service_api_dev:45");
}

TEST(WorldItself, SomethingHappensBeforeACallOfTheFunction) {
    World world({.sweep = false});
    std::set<std::string> operations;
    world.before_each_call([&](const std::string& operation, const std::string&) {
        if (operations.insert(operation).second && operation == "UpdateService") world.somebody_registers();
    });
    world.deploy();
    EXPECT_THAT(operations, ::testing::IsSupersetOf({"DescribeServices", "UpdateService"}));
    EXPECT_EQ(world.calls("RegisterTaskDefinition"), 0) << "somebody's calls are not the function's";
    EXPECT_EQ(world.somebody_registers(), "shop_service_api_dev:44");
}

TEST(WorldItself, FaultsAreTheFunctionsAlone) {
    World world({.sweep = false});
    world.add_fault(
        {.operation = "UpdateService", .kind = sandbox::FaultKind::kDenied, .times = sandbox::Fault::kAlways});
    EXPECT_TRUE(world.deploy().error);
    EXPECT_GE(world.calls("UpdateService"), 1);
    EXPECT_THAT(world.somebody_deploys("shop_service_api_dev:10"), ::testing::StartsWith("ecs-svc/"));
}

TEST(WorldItself, AFailedEventComesAgainAsLambdaWouldSendIt) {
    for (const bool heals : {true, false}) {
        World world({.sweep = false, .lambda_retries = true});
        world.add_fault(
            {.operation = "UpdateService", .kind = sandbox::FaultKind::kDenied, .times = sandbox::Fault::kAlways});
        const auto begin = world.now();
        world.send(parameter_update(world));
        if (heals) world.at(seconds{90}, [&] { world.clear_faults(); });
        world.run_for(minutes{20});
        EXPECT_EQ(world.calls("UpdateService"), 3);
        EXPECT_GE(world.last_rollout(), begin + minutes{3}) << "after one minute, and after two more";
        EXPECT_THAT(world.lost_events(), SizeIs(heals ? 0 : 1));
        EXPECT_EQ(world.end_state(), heals ? "shop_service_api_dev:42 COMPLETED" : "shop_service_api_dev:9 COMPLETED");
    }
}

TEST(WorldItself, TheQuirksAreThoseOfItsEcs) {
    World world({.sweep = false, .quirks = {.lag = {{"DescribeServices", seconds{10}}}}});
    world.run_for(minutes{1});
    world.somebody_deploys("shop_service_api_dev:10");
    EXPECT_EQ(world.end_state(), "shop_service_api_dev:9 COMPLETED") << "that is how it looks";
    world.run_for(seconds{10});
    EXPECT_EQ(world.end_state(), "shop_service_api_dev:10 IN_PROGRESS");
}

}  // namespace
}  // namespace ci_lambda::testing
