#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// What the whole function counts and measures, in virtual time. That it counts what it tells is checked by the table of
// all rollouts, too.

namespace ci_lambda::testing {
namespace {

using sandbox::FaultKind;
using sandbox::Scenario;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;

WorldOptions measuring(std::map<std::string, std::string> more = {}) {
    WorldOptions options{.sweep = false};
    options.metrics = true;
    options.environment = std::move(more);
    return options;
}

std::string pushed_at(WallTime at, const std::string& id = "push", const std::string& tag = "v1.43") {
    return dump_json({{"id", id},
                      {"source", "aws.ecr"},
                      {"detail-type", "ECR Image Action"},
                      {"account", "123456789012"},
                      {"region", "us-east-1"},
                      {"time", in_whole_seconds(at)},
                      {"detail",
                       {{"action-type", "PUSH"},
                        {"result", "SUCCESS"},
                        {"repository-name", "shop_service_api"},
                        {"image-digest", "sha256:" + std::string(64, 'a')},
                        {"image-tag", tag}}}});
}

TEST(Metrics, SayHowLongAChangeTakes) {
    World world(measuring({{"ECR_DEPLOY_MODE", "revision"}}));
    world.run_for(seconds{1});
    const auto at = world.now();
    world.handle(pushed_at(at));
    EXPECT_THAT(world.measured("EventToAccepted"), ElementsAre(AllOf(Ge(0), Le(1000))));
    world.run_for(minutes{20});
    EXPECT_EQ(world.told(), "started, completed");
    ASSERT_THAT(world.measured("LeadTime"), SizeIs(1));
    ASSERT_THAT(world.measured("RolloutDuration"), SizeIs(1));
    EXPECT_THAT(world.measured("RolloutDuration"), Each(AllOf(Ge(10), Le(1200)))) << "seconds";
    EXPECT_GE(world.measured("LeadTime").front(), world.measured("RolloutDuration").front());
    EXPECT_THAT(world.measured("TimeToRestore"), IsEmpty());
    EXPECT_EQ(world.counted("ColdStarts"), 1);
    EXPECT_THAT(world.measured("MemoryUsed"), AllOf(SizeIs(Ge(2U)), Each(AllOf(Ge(1), Le(4096)))));
}

TEST(Metrics, KnowTheLeadTimeByTheTagsOfARevisionInAnotherProcess) {
    World world(measuring({{"ECR_DEPLOY_MODE", "revision"}}));
    world.handle(pushed_at(world.now()));
    world.forget_all();
    world.run_for(minutes{20});
    EXPECT_THAT(world.measured("LeadTime"), ElementsAre(Ge(world.measured("RolloutDuration").front())));
    EXPECT_EQ(world.counted("ColdStarts"), 2);
}

TEST(Metrics, CountOneEndWhereTwoProcessesHearOfIt) {
    auto options = measuring();
    options.wait = true;
    World world(options);
    EXPECT_EQ(world.deploy().answer.status, "completed");
    world.run_for(minutes{20});
    EXPECT_EQ(world.counted("DeploymentsStarted"), 1);
    EXPECT_EQ(world.counted("DeploymentsCompleted"), 1);
    EXPECT_EQ(world.counted("ColdStarts"), 2);
}

TEST(Metrics, CountWhatComesAgainOnce) {
    World world(measuring());
    const auto event = update_of_parameter("LOG_LEVEL", world.now());
    for (int i = 0; i < 5; ++i) world.handle(event);
    EXPECT_EQ(world.counted("DeploymentsStarted"), 1);
    EXPECT_EQ(world.counted("IgnoredRepeated"), 4);
    EXPECT_THAT(world.measured("EventToAccepted"), SizeIs(1));
    world.run_for(minutes{20});
    const auto echo = world.delivered();
    for (const auto& said : echo) world.handle(said);
    EXPECT_EQ(world.counted("DeploymentsCompleted"), 1);
    EXPECT_THAT(world.measured("RolloutDuration"), SizeIs(1));
}

TEST(Metrics, CountAFailureThatIsTriedThreeTimesOnce) {
    auto options = measuring({{"MAX_DEPLOYMENT_RETRIES", "1"}});
    options.lambda_retries = true;
    World world(options);
    world.add_fault({.operation = "UpdateService", .kind = FaultKind::kThrottled, .times = sandbox::Fault::kAlways});
    world.send(update_of_parameter("LOG_LEVEL", world.now()));
    world.run_for(minutes{10});
    EXPECT_THAT(world.lost_events(), SizeIs(1));
    EXPECT_EQ(world.counted("DeploymentsCouldNotStart"), 1);
    EXPECT_EQ(world.counted("Retries"), 3) << "each try of Lambda has one";
    EXPECT_EQ(world.counted("Throttles"), 6);
    EXPECT_EQ(world.counted("DeploymentsStarted"), 0);
}

TEST(Metrics, SayHowLongItTookToRestore) {
    auto options = measuring();
    options.scenario = Scenario::kCrashOnStart;
    options.breaker = Breaker::kOnWithRollback;
    for (const bool other_process : {false, true}) {
        World world(options);
        world.deploy();
        world.run_for(minutes{30});
        EXPECT_EQ(world.counted("DeploymentsFailed"), 1);
        EXPECT_EQ(world.counted("DeploymentsRolledBack"), 1);
        EXPECT_THAT(world.measured("TimeToRestore"), IsEmpty());
        if (other_process) world.forget_all();
        world.set_scenario(Scenario::kHealthy);
        world.run_for(hours{1});
        world.deploy();
        world.run_for(minutes{30});
        EXPECT_EQ(world.counted("DeploymentsCompleted"), 1);
        EXPECT_THAT(world.measured("TimeToRestore"), ElementsAre(AllOf(Ge(3600), Le(2 * 3600)))) << other_process;
        EXPECT_THAT(world.measured("RolloutDuration"), SizeIs(3));
        world.deploy();
        world.run_for(minutes{30});
        EXPECT_THAT(world.measured("TimeToRestore"), SizeIs(1)) << "it was good before";
    }
}

TEST(Metrics, TellARollbackFromASuccessWhereNobodyIsTold) {
    auto options = measuring();
    options.slack = false;
    options.scenario = Scenario::kCrashOnStart;
    options.breaker = Breaker::kOnWithRollback;
    World world(options);
    world.deploy();
    const auto looks = world.calls("DescribeServices");
    world.run_for(minutes{30});
    EXPECT_EQ(world.calls("DescribeServices"), looks) << "a metric is no reason to ask";
    EXPECT_EQ(world.counted("DeploymentsFailed"), 1);
    EXPECT_EQ(world.counted("DeploymentsRolledBack"), 1);
    EXPECT_EQ(world.counted("DeploymentsCompleted"), 0);
    world.set_scenario(Scenario::kHealthy);
    world.deploy();
    world.run_for(minutes{30});
    EXPECT_EQ(world.counted("DeploymentsCompleted"), 1);
    EXPECT_THAT(world.measured("TimeToRestore"), SizeIs(1));
}

TEST(Metrics, SayWhyNothingWasDone) {
    World world(measuring());
    const auto at = world.now();
    world.handle(R"({"source":"aws.s3","detail-type":"Something Else","detail":{}})");
    world.handle(dump_json({{"id", "p"},
                            {"source", "aws.ssm"},
                            {"detail-type", "Parameter Store Change"},
                            {"time", in_whole_seconds(at)},
                            {"detail", {{"name", "/prod/shop/api/X"}, {"operation", "Update"}}}}));
    auto elsewhere = *parse_json(pushed_at(at, "e"));
    elsewhere["region"] = "eu-west-1";
    world.handle(dump_json(elsewhere));
    EXPECT_EQ(world.counted("IgnoredElsewhere"), 1);
    EXPECT_EQ(world.counted("IgnoredKind") + world.counted("IgnoredUnmatched"), 2);
    EXPECT_EQ(world.counted("DeploymentsStarted"), 0);
    World off(measuring({{"AUTO_DEPLOY_MAP", R"({"api":false})"}}));
    off.handle(pushed_at(at));
    EXPECT_EQ(off.counted("IgnoredSwitchedOff"), 1);
}

TEST(Metrics, SayHowLongPeopleTookToApprove) {
    World world(measuring({{"APPROVAL_REQUIRED", "true"}, {"APPROVAL_KEY", "0123456789abcdef0123456789abcdef"}}));
    for (int i = 0; i < 3; ++i) world.handle(update_of_parameter("P" + std::to_string(i), world.now()));
    EXPECT_EQ(world.counted("DeploymentsAwaitingApproval"), 1);
    world.run_for(minutes{30});
    const auto slack = world.slack();
    const auto begin = slack.find("ca1.");
    const auto end =
        slack.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", begin);
    const auto yes = dump_json({{"approve", slack.substr(begin, end - begin)}});
    EXPECT_EQ(world.handle(yes).answer.status, "deployed");
    EXPECT_NE(world.handle(yes).answer.status, "deployed");
    EXPECT_THAT(world.measured("ApprovalsWaited"), ElementsAre(AllOf(Ge(1800), Le(1802))));
}

TEST(Metrics, CountWhatIsHeldOnceForAHold) {
    auto options = measuring({{"FREEZE_WINDOWS", R"([{"from":"2026-01-01","to":"2026-01-03","zone":"UTC"}])"},
                              {"SCHEDULE_ROLE", "arn:aws:iam::123456789012:role/calls"}});
    options.knows_itself = true;
    World world(options);
    world.handle(update_of_parameter("A", world.now()));
    world.handle(update_of_parameter("B", world.now()));
    EXPECT_EQ(world.counted("DeploymentsStarted"), 0);
    EXPECT_EQ(world.counted("DeploymentsHeld"), 1);
}

TEST(Metrics, CountMessagesThatWereLost) {
    World world(measuring({{"SLACK_WEBHOOK_URL", "http://127.0.0.1:1/services/T/B/X"}}));
    world.handle(R"({"service":"api"})");
    EXPECT_EQ(world.counted("NotificationsLost"), 1);
    EXPECT_EQ(world.counted("DeploymentsStarted"), 1);
}

TEST(Metrics, AreWrittenWhereTheyAreWantedOnly) {
    for (const bool by_option : {false, true}) {
        auto options = measuring({{"METRICS", by_option ? "false" : "true"}});
        options.metrics = by_option;
        World world(options);
        world.deploy();
        world.run_for(minutes{20});
        EXPECT_THAT(world.log(), AllOf(HasSubstr("deployment verdict"), Not(HasSubstr("_aws"))));
    }
}

TEST(Metrics, TellServicesApartWhereThatIsWanted) {
    World world(measuring({{"METRICS_BY_SERVICE", "true"}}));
    world.handle(R"({"service":"api"})");
    world.handle(R"({"service":"worker"})");
    EXPECT_EQ(world.counted("DeploymentsStarted"), 2);
    EXPECT_THAT(world.log(), AllOf(HasSubstr(R"("environment":"dev","service":"api","DeploymentsStarted":1)"),
                                   HasSubstr(R"("environment":"dev","service":"worker","DeploymentsStarted":1)")));
}

}  // namespace
}  // namespace ci_lambda::testing
