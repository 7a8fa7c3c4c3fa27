#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/shop/shop.hpp"
#include "unit/rollouts/support.hpp"

namespace ci_lambda::testing {
namespace {

using sandbox::FaultKind;
using sandbox::Scenario;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kExpress = "arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_web_dev";

WorldOptions with_web(WorldOptions options) {
    options.environment = {{"ECR_DEPLOY_MODE", "revision"}, {"AUTO_DEPLOY_MAP", R"({"web":true})"}};
    return options;
}

std::string push_of_web(const std::string& tag, char digit, WallTime at) {
    return dump_json({{"source", "aws.ecr"},
                      {"detail-type", "ECR Image Action"},
                      {"account", "123456789012"},
                      {"region", "us-east-1"},
                      {"id", tag},
                      {"time", in_whole_seconds(at)},
                      {"detail",
                       {{"action-type", "PUSH"},
                        {"result", "SUCCESS"},
                        {"repository-name", "shop_service_web"},
                        {"image-tag", tag},
                        {"image-digest", "sha256:" + std::string(64, digit)}}}});
}

Json runs(World& world) {
    const auto answer =
        parse_json(world.call_ecs("DescribeExpressGatewayService", dump_json({{"serviceArn", kExpress}})));
    return answer->at("service").at("activeConfigurations").at(0).at("primaryContainer");
}

TEST(ExpressRollouts, AreToldByEcssOwnEventsToTheirEnd) {
    World world(with_web({}));
    const auto before = runs(world);
    EXPECT_EQ(world.handle(push_of_web("v2", 'a', world.now())).answer.status, "deployed");
    world.run_for(minutes{30});
    EXPECT_THAT(world.titles(), ::testing::ElementsAre("Deployment started: web", "Deployment completed: web"));
    EXPECT_THAT(world.slack(), HasSubstr("shop_service_web:v2"));
    auto after = runs(world);
    EXPECT_THAT(after["image"].get<std::string>(), HasSubstr(":v2@sha256:aaaa"));
    after["image"] = before["image"];
    EXPECT_EQ(after, before);
    EXPECT_EQ(world.calls("UpdateService"), 0);
    EXPECT_EQ(world.calls("RegisterTaskDefinition"), 0);
}

TEST(ExpressRollouts, ThatGoWrongAreEcssToRollBackAndDoNotComeAgain) {
    for (const bool wait : {false, true}) {
        World world(with_web({.scenario = Scenario::kCrashOnStart, .wait = wait, .roll_back = true}));
        world.send(push_of_web("v2", 'a', world.now()));
        world.run_for(minutes{30});
        EXPECT_THAT(world.titles(), ::testing::Contains(HasSubstr("rolled back: web"))) << world.slack();
        EXPECT_THAT(runs(world)["image"].get<std::string>(), HasSubstr(":v1.9"));
        EXPECT_EQ(world.calls("UpdateExpressGatewayService"), 1);
        world.handle(push_of_web("stable", 'a', world.now()));
        EXPECT_EQ(world.calls("UpdateExpressGatewayService"), 1) << "a retag of what was rolled back";
        world.set_scenario(Scenario::kHealthy);
        world.handle(push_of_web("v3", 'b', world.now()));
        world.run_for(minutes{30});
        EXPECT_THAT(runs(world)["image"].get<std::string>(), HasSubstr(":v3@sha256:bbbb"));
        EXPECT_EQ(world.calls("UpdateService"), 0) << "never, for an Express service";
    }
}

TEST(ExpressRollouts, TwoPushesEndWithTheNewerOneInEitherOrder) {
    for (const bool swapped : {false, true}) {
        World world(with_web({}));
        const auto older = push_of_web("v2", 'a', world.now() - seconds{20});
        const auto newer = push_of_web("v3", 'b', world.now() - seconds{5});
        world.handle(swapped ? newer : older);
        world.handle(swapped ? older : newer);
        world.run_for(minutes{40});
        EXPECT_THAT(runs(world)["image"].get<std::string>(), HasSubstr(":v3@sha256:bbbb")) << swapped;
    }
}

TEST(ExpressRollouts, AnAnswerThatIsLostIsNoSecondRollout) {
    for (const auto kind : {FaultKind::kFailedAfter, FaultKind::kFailedBefore, FaultKind::kThrottled}) {
        World world(with_web({}));
        world.add_fault({.operation = "UpdateExpressGatewayService", .kind = kind});
        EXPECT_EQ(world.handle(push_of_web("v2", 'a', world.now())).answer.status, "deployed");
        EXPECT_EQ(world.calls("UpdateExpressGatewayService"), kind == FaultKind::kFailedAfter ? 1 : 2);
        world.run_for(minutes{30});
        EXPECT_THAT(runs(world)["image"].get<std::string>(), HasSubstr(":v2@sha256:aaaa"));
        EXPECT_THAT(world.titles(), ::testing::ElementsAre("Deployment started: web", "Deployment completed: web"));
    }
}

TEST(ExpressRollouts, WhereTheirTagsMayNotBeWrittenThePushIsDeployedAllTheSame) {
    World world(with_web({}));
    world.add_fault({.operation = "TagResource", .kind = FaultKind::kDenied, .times = sandbox::Fault::kAlways});
    EXPECT_EQ(world.handle(push_of_web("v2", 'a', world.now())).answer.status, "deployed");
    EXPECT_THAT(world.log(), HasSubstr("\"needs\":\"ecs:TagResource\""));
    EXPECT_THAT(world.log(), Not(HasSubstr("deployment failed")));
}

}  // namespace
}  // namespace ci_lambda::testing
