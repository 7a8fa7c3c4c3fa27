// What ECS says of services, their rollouts and their tasks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "services/ecs/client.hpp"
#include "unit/services/ecs/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(EcsClientTest, DescribesServicesAndNamesThoseThatAreMissing) {
    http_.then(200, R"({"services":[{"serviceName":"a","status":"ACTIVE","desiredCount":3,"runningCount":2,
                        "deploymentController":{"type":"CODE_DEPLOY"},"taskDefinition":"td:1","new":[1]}],
                       "failures":[{"arn":"arn:aws:ecs:r:1:service/c/b","reason":"MISSING"}]})");
    const auto described =
        client_.describe_services(kCluster, {EcsServiceName("a"), EcsServiceName("b")}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    ASSERT_THAT(described->services, SizeIs(1));
    EXPECT_EQ(described->services[0].status, "ACTIVE");
    EXPECT_EQ(described->services[0].running_count, 2);
    EXPECT_FALSE(can_be_updated(described->services[0]));
    ASSERT_THAT(described->failures, SizeIs(1));
    EXPECT_EQ(described->failures[0].name.str(), "b");
    EXPECT_EQ(described->failures[0].reason, "MISSING");
    EXPECT_EQ(body(0)["services"], Json::array({"a", "b"}));
}

TEST_F(EcsClientTest, OneNameThatEcsRefusesDoesNotCostTheOthers) {
    const auto refused = R"({"__type":"InvalidParameterException","message":"Invalid identifier"})";
    http_.then(400, refused);                                                                  // a b c
    http_.then(200, R"({"services":[{"serviceName":"a","status":"ACTIVE"}]})");                // a
    http_.then(400, refused);                                                                  // b c
    http_.then(400, refused);                                                                  // b
    http_.then(200, R"({"services":[{"serviceName":"c","status":"ACTIVE"}],"failures":[]})");  // c
    const auto described = client_.describe_services(
        kCluster, {EcsServiceName("a"), EcsServiceName("b"), EcsServiceName("c")}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    EXPECT_NE(described->find(EcsServiceName("a")), nullptr);
    EXPECT_NE(described->find(EcsServiceName("c")), nullptr);
    ASSERT_THAT(described->failures, SizeIs(1));
    EXPECT_EQ(described->failures[0].name.str(), "b");
    EXPECT_THAT(described->failures[0].reason, HasSubstr("Invalid identifier"));
}

TEST_F(EcsClientTest, UnderstandsAnAnswerWithAMessageInAnotherCharset) {
    http_.then(200,
               "{\"services\":[{\"serviceName\":\"shop_service_api_dev\",\"events\":[{\"message\":\"gr\xF6\xDF"
               "er\"}]}]}");
    const auto described = client_.describe_services(kCluster, {kService}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    EXPECT_NE(described->find(kService), nullptr);
}

WallTime at_second(double since_epoch) {
    return WallTime{std::chrono::round<Milliseconds>(std::chrono::duration<double>(since_epoch))};
}

TEST_F(EcsClientTest, ReadsDeploymentsMessagesAndTimesInExponentForm) {
    http_.then(200, R"({"services":[{"serviceName":"a","status":"ACTIVE","currentServiceDeployment":"sd:1",
        "deploymentConfiguration":{"deploymentCircuitBreaker":{"enable":true,"rollback":true}},
        "deployments":[{"id":"ecs-svc/1","status":"PRIMARY","taskDefinition":"td:8","desiredCount":3,"pendingCount":1,
            "runningCount":2,"failedTasks":4,"createdAt":1.563223656E9,"updatedAt":1563223657.25,
            "rolloutState":"FAILED","rolloutStateReason":"breaker"},
            {"id":"ecs-svc/0","status":"ACTIVE","rolloutState":"COMPLETED"},{"id":"x"}],
        "events":[{"createdAt":1563223658,"message":"newest"},{"createdAt":"yesterday","message":"odd"}]}]})");
    const auto described = client_.describe_services(kCluster, {EcsServiceName("a")}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    const auto& service = described->services.at(0);
    EXPECT_EQ(service.service_deployment, "sd:1");
    EXPECT_TRUE(service.configuration.rolls_back_by_itself());
    ASSERT_THAT(service.deployments, SizeIs(3));
    const auto& primary = *service.primary();
    EXPECT_EQ(primary.failed_tasks, 4);
    EXPECT_EQ(primary.pending_count, 1);
    EXPECT_EQ(primary.created_at, at_second(1563223656));
    EXPECT_EQ(primary.updated_at, at_second(1563223657.25));
    EXPECT_EQ(primary.rollout_state, RolloutState::kFailed);
    EXPECT_EQ(service.deployment("ecs-svc/0")->rollout_state, RolloutState::kCompleted);
    EXPECT_EQ(service.deployment("x")->rollout_state, RolloutState::kNone);
    EXPECT_EQ(service.messages.at(0).text, "newest");
    EXPECT_EQ(service.messages.at(1).at, WallTime{}) << "a time that is none is no reason to fail";
}

TEST_F(EcsClientTest, TakesTimesThatNoClockCanHold) {
    for (const std::string time : {"1e300", "-1e300", "-5", "1e18", "null", "true"}) {
        FakeHttp http;
        http.then(200, R"({"services":[{"deployments":[{"status":"PRIMARY","createdAt":)" + time + "}]}]}");
        EcsClient client = client_with(http);
        const auto described = client.describe_services(kCluster, {EcsServiceName("a")}, Deadline::none());
        ASSERT_THAT(described, IsOk()) << time;
        EXPECT_EQ(described->services.at(0).primary()->created_at, WallTime{}) << time;
    }
}

TEST_F(EcsClientTest, ReadsWhatADeploymentConfigurationTakesOnPurpose) {
    http_.then(200, R"({"services":[{"serviceName":"a","deploymentConfiguration":{"strategy":"LINEAR",
        "bakeTimeInMinutes":15,"linearConfiguration":{"stepPercent":12.5,"stepBakeTimeInMinutes":3},
        "alarms":{"alarmNames":["x"],"enable":true,"rollback":true},
        "lifecycleHooks":[{"lifecycleStages":["POST_TEST_TRAFFIC_SHIFT"]},
            {"targetType":"PAUSE","lifecycleStages":["POST_SCALE_UP"],"timeoutConfiguration":{"timeoutInMinutes":10}},
            {"hookTargetArn":"arn:lambda","lifecycleStages":["PRE_SCALE_UP"]}]},
        "loadBalancers":[{"advancedConfiguration":{"productionListenerRule":"arn:aws:e:r:1:listener/net/lb/1/2"}}]}]})");
    const auto described = client_.describe_services(kCluster, {EcsServiceName("a")}, Deadline::none());
    ASSERT_THAT(described, IsOk());
    const auto& service = described->services.at(0);
    const auto& configuration = service.configuration;
    EXPECT_EQ(configuration.strategy, DeploymentStrategy::kLinear);
    EXPECT_EQ(configuration.bake, std::chrono::minutes{15});
    EXPECT_DOUBLE_EQ(configuration.step_percent, 12.5);
    EXPECT_EQ(configuration.step_bake, std::chrono::minutes{3});
    EXPECT_TRUE(configuration.alarms_roll_back);
    EXPECT_TRUE(service.shifts_by_network_load_balancer());
    ASSERT_THAT(configuration.hooks, SizeIs(3));
    EXPECT_TRUE(configuration.hooks[0].pause) << "DescribeServices shows no more than its stages";
    EXPECT_FALSE(configuration.hooks[0].timeout);
    EXPECT_EQ(configuration.hooks[1].timeout, std::chrono::minutes{10});
    EXPECT_FALSE(configuration.hooks[2].pause);
}

TEST_F(EcsClientTest, ListsTheServicesOfAllPages) {
    http_.then(200, R"({"serviceArns":["arn:aws:ecs:r:1:service/c/a"],"nextToken":"n"})");
    http_.then(200, R"({"serviceArns":["arn:aws:ecs:r:1:service/b"]})");
    EXPECT_THAT(*client_.list_services(kCluster, Deadline::none()),
                ElementsAre(EcsServiceName("a"), EcsServiceName("b")));
}

TEST_F(EcsClientTest, ListsServiceDeploymentsNewestFirst) {
    http_.then(200, R"({"serviceDeployments":[
        {"serviceDeploymentArn":"sd:old","status":"SUCCESSFUL","createdAt":100,"finishedAt":160,
         "targetServiceRevisionArn":"rev:1"},
        {"serviceDeploymentArn":"sd:new","status":"ROLLBACK_IN_PROGRESS","statusReason":"why","createdAt":200},
        {"serviceDeploymentArn":"sd:odd","status":"SOMETHING_NEW","createdAt":50}]})");
    const auto list = client_.service_deployments(kCluster, kService, Deadline::none());
    ASSERT_THAT(list, IsOk());
    ASSERT_THAT(*list, SizeIs(3));
    EXPECT_EQ(list->at(0).arn, "sd:new");
    EXPECT_EQ(list->at(0).status, ServiceDeploymentStatus::kRollbackInProgress);
    EXPECT_EQ(list->at(0).reason, "why");
    EXPECT_FALSE(list->at(0).finished_at);
    EXPECT_EQ(list->at(1).status, ServiceDeploymentStatus::kSuccessful);
    EXPECT_EQ(list->at(1).target_revision, "rev:1");
    EXPECT_EQ(list->at(1).finished_at, at_second(160));
    EXPECT_EQ(list->at(2).status, ServiceDeploymentStatus::kUnknown);
    EXPECT_EQ(body(0)["service"], kService.str());
}

TEST_F(EcsClientTest, DescribesOneServiceDeploymentWithItsRollback) {
    http_.then(200, R"({"serviceDeployments":[{"serviceDeploymentArn":"sd:1","status":"ROLLBACK_SUCCESSFUL",
        "targetServiceRevision":{"arn":"rev:2"},"rollback":{"reason":"threshold exceeded"}}]})");
    const auto one = client_.service_deployment("sd:1", Deadline::none());
    ASSERT_THAT(one, IsOk());
    EXPECT_EQ(one->rollback_reason, "threshold exceeded");
    EXPECT_EQ(one->target_revision, "rev:2");
    FakeHttp nothing;
    nothing.then(200, R"({"serviceDeployments":[],"failures":[{"arn":"sd:1","reason":"MISSING"}]})");
    EcsClient client = client_with(nothing);
    EXPECT_THAT(client.service_deployment("sd:1", Deadline::none()), IsErr(ErrorKind::kNotFound, HasSubstr("sd:1")));
}

TEST_F(EcsClientTest, ReadsHowFarARolloutIs) {
    http_.then(200, R"({"serviceDeployments":[{"serviceDeploymentArn":"sd:1","status":"IN_PROGRESS",
        "targetServiceRevision":{"arn":"rev/12","requestedTestTrafficWeight":100,"requestedProductionTrafficWeight":12.5},
        "createdAt":"2026-03-05T15:54:41Z","updatedAt":1772726001,"lifecycleStage":"POST_TEST_TRAFFIC_SHIFT",
        "lifecycleHookDetails":[{"hookId":"h","targetType":"PAUSE","status":"AWAITING_ACTION","expiresAt":1772726081,
            "timeoutAction":"CONTINUE"}],
        "alarms":{"triggeredAlarmNames":["5xx"]},"rollback":{"reason":"why","startedAt":1772726000},
        "deploymentConfiguration":{"strategy":"CANARY","canaryConfiguration":{"canaryPercent":2.5,"canaryBakeTimeInMinutes":7}}}]})");
    const auto found = client_.service_deployment("sd:1", Deadline::none());
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(format_rfc3339(found->created_at), "2026-03-05T15:54:41.000Z") << "AWS's pages print times as text";
    EXPECT_EQ(found->lifecycle_stage, "POST_TEST_TRAFFIC_SHIFT");
    EXPECT_EQ(found->updated_at, WallTime{std::chrono::seconds{1'772'726'001}});
    EXPECT_EQ(found->test_percent, 100);
    EXPECT_EQ(found->production_percent, 12.5);
    ASSERT_THAT(found->hooks, SizeIs(1));
    EXPECT_EQ(found->hooks[0].id, "h");
    EXPECT_TRUE(found->hooks[0].pause);
    EXPECT_TRUE(found->hooks[0].unfinished);
    EXPECT_FALSE(found->hooks[0].then_rolls_back);
    EXPECT_TRUE(found->hooks[0].expires_at);
    EXPECT_THAT(found->triggered_alarms, ElementsAre("5xx"));
    EXPECT_TRUE(found->rollback_started_at);
    ASSERT_TRUE(found->configuration);
    EXPECT_EQ(found->configuration->step_bake, std::chrono::minutes{7});
    EXPECT_EQ(found->configuration->step_percent, 2.5);
}

TEST_F(EcsClientTest, AsksForTwentyServiceRevisionsACall) {
    http_.then(200, R"({"serviceRevisions":[{"serviceRevisionArn":"rev:1","taskDefinition":"td:8",
        "containerImages":[{"containerName":"app","image":"shop/api:v8","imageDigest":"sha256:abc"}]}]})");
    const auto revisions = client_.service_revisions(std::vector<std::string>(21, "rev:1"), Deadline::none());
    ASSERT_THAT(revisions, IsOk());
    EXPECT_THAT(http_.requests(), SizeIs(2));
    EXPECT_EQ(body(0)["serviceRevisionArns"].size(), 20U);
    EXPECT_EQ(body(1)["serviceRevisionArns"].size(), 1U);
    EXPECT_EQ(revisions->at(0).images.at(0),
              (EcsServiceRevision::Image{.container = "app", .image = "shop/api:v8", .digest = "sha256:abc"}));
}

TEST_F(EcsClientTest, ReadsWhatRunningTasksHavePulled) {
    http_.then(200, R"({"taskArns":["arn:task/1"]})");
    http_.then(200, R"({"tasks":[{"taskArn":"arn:task/1","startedBy":"ecs-svc/1","containers":[
        {"name":"app","image":"shop/api:v8","imageDigest":"sha256:abc"},{"name":"side","image":"side"}]}]})");
    const auto tasks = client_.running_tasks(kCluster, kService, Deadline::none());
    ASSERT_THAT(tasks, IsOk());
    ASSERT_THAT(*tasks, SizeIs(1));
    EXPECT_EQ(tasks->at(0).started_by, "ecs-svc/1");
    EXPECT_THAT(tasks->at(0).images,
                ::testing::ElementsAre(
                    EcsServiceRevision::Image{.container = "app", .image = "shop/api:v8", .digest = "sha256:abc"},
                    EcsServiceRevision::Image{.container = "side", .image = "side", .digest = ""}));
    EXPECT_EQ(body(0)["desiredStatus"], "RUNNING");
}

TEST_F(EcsClientTest, ReadsStoppedTasksAndAsksForNoneWhenThereIsNone) {
    http_.then(200, R"({"taskArns":["arn:task/1"]})");
    http_.then(200, R"({"tasks":[{"taskArn":"arn:task/1","startedBy":"ecs-svc/1","stopCode":"EssentialContainerExited",
        "stoppedReason":"Essential container in task exited","stoppedAt":1563223656,
        "containers":[{"name":"app","exitCode":137,"reason":"OutOfMemoryError"},{"name":"side"}]}]})");
    const auto tasks = client_.stopped_tasks(kCluster, kService, Deadline::none());
    ASSERT_THAT(tasks, IsOk());
    ASSERT_THAT(*tasks, SizeIs(1));
    EXPECT_EQ(tasks->at(0).started_by, "ecs-svc/1");
    EXPECT_EQ(tasks->at(0).containers.at(0).exit_code, 137);
    EXPECT_FALSE(tasks->at(0).containers.at(1).exit_code);
    EXPECT_EQ(body(0)["desiredStatus"], "STOPPED");

    FakeHttp none;
    none.then(200, R"({"taskArns":[]})");
    EcsClient client = client_with(none);
    EXPECT_THAT(*client.stopped_tasks(kCluster, kService, Deadline::none()), SizeIs(0));
    EXPECT_THAT(none.requests(), SizeIs(1));
}

}  // namespace
}  // namespace ci_lambda::testing
