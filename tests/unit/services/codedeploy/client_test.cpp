#include "services/codedeploy/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "net/sha256.hpp"
#include "services/codedeploy/decode.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CodeDeployClientTest : public ::testing::Test {
protected:
    Json sent(std::size_t nth = 0) { return *parse_json(http_.requests().at(nth).body); }

    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    CodeDeployClient client_{{.region = "eu-west-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
    NewCodeDeployment wanted_{.group = {.application = "App", .group = "Group"},
                              .description = "an image was pushed",
                              .app_spec = R"({"version":0.0})"};
};

TEST_F(CodeDeployClientTest, CreatesWithTheAppSpecAndItsHashAndNothingThatEcsDoesNotTake) {
    http_.then(200, R"({"deploymentId":"d-ABC"})");
    const auto id = client_.create_deployment(wanted_, Deadline::none());
    ASSERT_THAT(id, IsOk());
    EXPECT_EQ(*id, "d-ABC");
    const auto request = http_.requests().front();
    EXPECT_EQ(request.url.reveal(), "https://codedeploy.eu-west-1.amazonaws.com/");
    EXPECT_EQ(request.signing->service, "codedeploy");
    EXPECT_EQ("sha256:" + sent()["revision"]["appSpecContent"]["sha256"].get<std::string>(),
              sha256_digest_of(wanted_.app_spec));
    EXPECT_EQ(sent()["revision"]["appSpecContent"]["content"], wanted_.app_spec);
    EXPECT_FALSE(sent().contains("fileExistsBehavior"));
    EXPECT_FALSE(sent().contains("autoRollbackConfiguration")) << "as the group has it";
}

TEST_F(CodeDeployClientTest, ARollbackThatIsAskedForIsSent) {
    http_.then(200, R"({"deploymentId":"d-ABC"})");
    wanted_.rollback_events = {"DEPLOYMENT_FAILURE"};
    ASSERT_THAT(client_.create_deployment(wanted_, Deadline::none()), IsOk());
    EXPECT_EQ(sent()["autoRollbackConfiguration"], Json::parse(R"({"enabled":true,"events":["DEPLOYMENT_FAILURE"]})"));
}

TEST_F(CodeDeployClientTest, TheLimitOfAGroupHealsByItself) {
    http_.then(400, R"({"__type":"DeploymentLimitExceededException","message":"already active"})");
    const auto refused = client_.create_deployment(wanted_, Deadline::none());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().retryable());
    EXPECT_FALSE(refused.error().outcome_unknown);
}

TEST_F(CodeDeployClientTest, AnAnswerThatSaysNothingMayHaveBegunOne) {
    http_.then(200, "{}");
    const auto lost = client_.create_deployment(wanted_, Deadline::none());
    ASSERT_FALSE(lost);
    EXPECT_TRUE(lost.error().outcome_unknown);
}

TEST_F(CodeDeployClientTest, NamesThePermissionThatIsMissing) {
    http_.then(400, R"({"__type":"AccessDeniedException","message":"no"})");
    EXPECT_THAT(client_.deployment("d-1", Deadline::none()),
                IsErr(ErrorKind::kAccessDenied, HasSubstr("needs codedeploy:GetDeployment")));
}

TEST_F(CodeDeployClientTest, LooksAtAllGroupsOfApplicationsForEcsPageByPage) {
    http_.then(200, R"({"applications":["A"],"nextToken":"more"})");
    http_.then(200, R"({"applications":["B"]})");
    http_.then(200, R"({"applicationsInfo":[{"applicationName":"A","computePlatform":"ECS"},)"
                    R"({"applicationName":"B","computePlatform":"Lambda"}]})");
    http_.then(200, R"({"applicationName":"A","deploymentGroups":["G"]})");
    http_.then(200, R"({"deploymentGroupsInfo":[{"applicationName":"A","deploymentGroupName":"G",)"
                    R"("ecsServices":[{"serviceName":"api","clusterName":"shop"}]}]})");
    const auto groups = client_.all_groups(Deadline::none());
    ASSERT_THAT(groups, IsOk());
    ASSERT_THAT(*groups, SizeIs(1));
    EXPECT_THAT(groups->front().services, ElementsAre(CodeDeployGroupInfo::Service{.cluster = ClusterName{"shop"},
                                                                                   .service = EcsServiceName{"api"}}));
    EXPECT_EQ(sent(1)["nextToken"], "more");
    EXPECT_EQ(sent(4)["deploymentGroupNames"], Json::array({"G"}));
}

TEST_F(CodeDeployClientTest, StopsWithARollback) {
    http_.then(200, R"({"status":"Pending"})");
    ASSERT_THAT(client_.stop_and_roll_back("d-1", Deadline::none()), IsOk());
    EXPECT_EQ(sent(), Json::parse(R"({"deploymentId":"d-1","autoRollbackEnabled":true})"));
}

TEST(CodeDeployDecode, ReadsADeploymentWithItsWaitsAndItsEnd) {
    const auto one = read_code_deployment(Json::parse(R"({
        "applicationName":"A","deploymentGroupName":"G","deploymentConfigName":"mine","deploymentId":"d-1",
        "revision":{"revisionType":"AppSpecContent","appSpecContent":{"content":"spec","sha256":"00"}},
        "status":"Failed","createTime":1767262083.5,"completeTime":1767262183,"creator":"user","description":"why",
        "errorInformation":{"code":"ALARM_ACTIVE","message":"an alarm"},
        "autoRollbackConfiguration":{"enabled":true,"events":["DEPLOYMENT_FAILURE","DEPLOYMENT_STOP_ON_REQUEST"]},
        "rollbackInfo":{"rollbackDeploymentId":"d-2","rollbackTriggeringDeploymentId":"d-1","rollbackMessage":"m"},
        "instanceTerminationWaitTimeStarted":false,
        "blueGreenDeploymentConfiguration":{
          "terminateBlueInstancesOnDeploymentSuccess":{"action":"TERMINATE","terminationWaitTimeInMinutes":60},
          "deploymentReadyOption":{"actionOnTimeout":"STOP_DEPLOYMENT","waitTimeInMinutes":30}}})"));
    EXPECT_EQ(one.status, CodeDeployStatus::kFailed);
    EXPECT_EQ(one.revision.content, "spec");
    EXPECT_EQ(one.error_code, "ALARM_ACTIVE");
    EXPECT_EQ(one.rollback_id, "d-2");
    EXPECT_FALSE(one.is_rollback());
    EXPECT_TRUE(one.goes_back_on_failure);
    EXPECT_TRUE(one.goes_back_on_stop);
    EXPECT_EQ(one.keeps_old_for, minutes{60});
    EXPECT_EQ(one.waits_for_yes, Milliseconds{minutes{30}});
}

TEST(CodeDeployDecode, KnowsARollbackByEitherOfItsSigns) {
    EXPECT_TRUE(read_code_deployment({{"deploymentId", "d-2"}, {"creator", "codeDeployRollback"}}).is_rollback());
    const auto back = read_code_deployment(
        {{"deploymentId", "d-2"},
         {"rollbackInfo", {{"rollbackDeploymentId", "d-2"}, {"rollbackTriggeringDeploymentId", "d-1"}}}});
    EXPECT_TRUE(back.is_rollback());
    EXPECT_EQ(back.rolls_back, "d-1");
    EXPECT_EQ(back.rollback_id, "");
}

TEST(CodeDeployDecode, TakesWhatItDoesNotKnowAsNothing) {
    const auto one = read_code_deployment(Json::parse(
        R"({"deploymentId":7,"status":"SomethingNew","revision":[],"errorInformation":"x","createTime":"soon",
            "blueGreenDeploymentConfiguration":{"terminateBlueInstancesOnDeploymentSuccess":[1]}})"));
    EXPECT_EQ(one.id, "");
    EXPECT_EQ(one.status, CodeDeployStatus::kUnknown);
    EXPECT_TRUE(is_running(one.status));
}

TEST(CodeDeployDecode, ReadsHowFarItIsAndHowTheTrafficMoves) {
    const auto progress = read_code_deploy_progress(Json::parse(R"({"deploymentTargetType":"ECSTarget","ecsTarget":{
        "lifecycleEvents":[{"lifecycleEventName":"Install","status":"Succeeded","startTime":1767262083}],
        "taskSetsInfo":[{"taskSetLabel":"Blue","trafficWeight":90.0},{"taskSetLabel":"Green","trafficWeight":10.0}]}})"));
    EXPECT_EQ(progress.green_percent, 10);
    ASSERT_THAT(progress.stages, SizeIs(1));
    EXPECT_EQ(progress.stages[0].name, "Install");
    const auto linear = read_code_deploy_traffic(Json::parse(
        R"({"trafficRoutingConfig":{"type":"TimeBasedLinear","timeBasedLinear":{"linearPercentage":20,"linearInterval":2}}})"));
    EXPECT_EQ(linear.kind, CodeDeployTraffic::Kind::kLinear);
    EXPECT_EQ(linear.percent, 20);
    EXPECT_EQ(linear.interval, minutes{2});
}

}  // namespace
}  // namespace ci_lambda::testing
