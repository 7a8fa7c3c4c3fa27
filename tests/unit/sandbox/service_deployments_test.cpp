#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sandbox/support/rollouts.hpp"

namespace ci_lambda::sandbox {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

Json list_request(const Json& more = Json::object()) {
    Json request{{"cluster", shop::kCluster}, {"service", shop::kApi}};
    request.update(more);
    return request;
}

std::vector<std::string> statuses(const Json& answer) {
    std::vector<std::string> found;
    for (const auto& one : answer["serviceDeployments"]) found.push_back(one["status"]);
    return found;
}

TEST(ServiceDeployments, AreListedNewestFirst) {
    Rollouts rollouts;
    rollouts.deploy("shop_service_api_dev:10");
    rollouts.wait(5s);
    rollouts.deploy();
    const Json answer = rollouts.call("ListServiceDeployments", list_request());
    EXPECT_THAT(statuses(answer), ElementsAre("PENDING", "STOPPED", "SUCCESSFUL"));
    const Json& newest = answer["serviceDeployments"][0];
    EXPECT_THAT(newest["serviceDeploymentArn"].get<std::string>(),
                MatchesRegex("arn:aws:ecs:us-east-1:123456789012:service-deployment/shop_cluster_dev/"
                             "shop_service_api_dev/[A-Za-z0-9_-]{21}"));
    EXPECT_EQ(rollouts.service()["currentServiceDeployment"], newest["serviceDeploymentArn"]);
    EXPECT_EQ(rollouts.service()["currentServiceRevisions"][0]["arn"], newest["targetServiceRevisionArn"]);
}

TEST(ServiceDeployments, AreFilteredAndComeInPages) {
    Rollouts rollouts;
    const double begin = 1'767'262'083;
    for (int i = 0; i < 3; ++i) {
        rollouts.wait(10s);
        rollouts.deploy();
    }
    const auto list = [&](const Json& more) { return rollouts.call("ListServiceDeployments", list_request(more)); };
    EXPECT_THAT(statuses(list({{"status", {"STOPPED"}}})), ElementsAre("STOPPED", "STOPPED"));
    EXPECT_THAT(statuses(list({{"status", {"PENDING", "SUCCESSFUL"}}})), ElementsAre("PENDING", "SUCCESSFUL"));
    EXPECT_THAT(statuses(list({{"createdAt", {{"after", begin + 15}}}})), ElementsAre("PENDING", "STOPPED"));
    EXPECT_THAT(statuses(list({{"createdAt", {{"after", begin}, {"before", begin + 25.5}}}})),
                ElementsAre("STOPPED", "STOPPED"));
    const Json first = list({{"maxResults", 3}});
    EXPECT_THAT(statuses(first), SizeIs(3));
    EXPECT_THAT(statuses(list({{"maxResults", 3}, {"nextToken", first["nextToken"]}})), ElementsAre("SUCCESSFUL"));
}

TEST(ServiceDeployments, TellFromWhereToWhere) {
    Rollouts rollouts;
    const std::string old_id = rollouts.service()["deployments"][0]["id"];
    rollouts.set_breaker(true, true);
    const std::string id = rollouts.deploy();
    rollouts.wait(20s);
    const Json history = rollouts.service_deployment();
    EXPECT_EQ(history["status"], "IN_PROGRESS");
    EXPECT_THAT(history["sourceServiceRevisions"][0]["arn"].get<std::string>(),
                ::testing::EndsWith("/" + old_id.substr(8)));
    EXPECT_THAT(history["targetServiceRevision"]["arn"].get<std::string>(), ::testing::EndsWith("/" + id.substr(8)));
    EXPECT_EQ(history["targetServiceRevision"]["runningTaskCount"], 2);
    EXPECT_EQ(history["deploymentCircuitBreaker"],
              (Json{{"status", "MONITORING"}, {"failureCount", 0}, {"threshold", 3}}));
    EXPECT_EQ(history["alarms"]["status"], "DISABLED");
    EXPECT_EQ(history["deploymentConfiguration"]["deploymentCircuitBreaker"],
              (Json{{"enable", true}, {"rollback", true}}));
    rollouts.wait(2min);
    EXPECT_EQ(rollouts.service_deployment()["deploymentCircuitBreaker"]["status"], "MONITORING_COMPLETE");
}

TEST(ServiceDeployments, AreMissingRatherThanAnError) {
    Rollouts rollouts;
    const std::string unknown = "arn:aws:ecs:us-east-1:123456789012:service-deployment/shop_cluster_dev/none/x";
    const Json answer = rollouts.call("DescribeServiceDeployments", {{"serviceDeploymentArns", {unknown}}});
    EXPECT_THAT(answer["serviceDeployments"], IsEmpty());
    EXPECT_EQ(answer["failures"][0], (Json{{"arn", unknown}, {"reason", "MISSING"}}));
    EXPECT_EQ(rollouts.call("DescribeServiceRevisions", {{"serviceRevisionArns", {unknown}}})["failures"].size(), 1U);
    EXPECT_EQ(rollouts.error("DescribeServiceDeployments", Json::object()), "InvalidParameterException");
}

class StopServiceDeployment : public ::testing::Test {
protected:
    Json stop(const Json& more = Json::object()) {
        Json request{{"serviceDeploymentArn", rollouts_.service_deployment()["serviceDeploymentArn"]}};
        request.update(more);
        return request;
    }
    Rollouts rollouts_{Scenario::kCrashAfterStart};
};

TEST_F(StopServiceDeployment, RollsBackWithoutACircuitBreaker) {
    const std::string old_id = rollouts_.service()["deployments"][0]["id"];
    rollouts_.deploy();
    rollouts_.wait(5min);
    const Json request = stop({{"stopType", "ROLLBACK"}});
    EXPECT_EQ(rollouts_.call("StopServiceDeployment", request)["serviceDeploymentArn"],
              request["serviceDeploymentArn"]);
    EXPECT_EQ(rollouts_.service_deployment()["status"], "ROLLBACK_REQUESTED");
    rollouts_.wait(3s);
    EXPECT_EQ(rollouts_.service_deployment()["status"], "ROLLBACK_IN_PROGRESS");
    EXPECT_EQ(rollouts_.service()["deployments"][0]["id"], old_id);
    (void)rollouts_.call("StopServiceDeployment", request);  // once more does no harm
    rollouts_.wait(2min);
    EXPECT_EQ(rollouts_.service_deployment()["status"], "ROLLBACK_SUCCESSFUL");
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
    EXPECT_THAT(rollouts_.event_names(), Not(::testing::Contains("SERVICE_DEPLOYMENT_FAILED")));
    EXPECT_EQ(rollouts_.error("StopServiceDeployment", request), "ConflictException");
}

TEST_F(StopServiceDeployment, RollsBackUnlessToldOtherwise) {
    rollouts_.deploy();
    (void)rollouts_.call("StopServiceDeployment", stop());
    EXPECT_EQ(rollouts_.service_deployment()["status"], "ROLLBACK_REQUESTED");
}

TEST_F(StopServiceDeployment, AbortLeavesThingsAsTheyAre) {
    rollouts_.deploy();
    rollouts_.wait(5min);
    (void)rollouts_.call("StopServiceDeployment", stop({{"stopType", "ABORT"}}));
    EXPECT_EQ(rollouts_.service_deployment()["status"], "STOP_REQUESTED");
    rollouts_.wait(5min);
    EXPECT_EQ(rollouts_.service_deployment()["status"], "STOPPED");
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY IN_PROGRESS 0/0 :42", "ACTIVE COMPLETED 2/2 :9"));
    EXPECT_FALSE(rollouts_.ecs_.next_change()) << "no more tasks are started";
}

TEST_F(StopServiceDeployment, RefusesInTheWordsOfAws) {
    const std::string unknown =
        "arn:aws:ecs:us-east-1:123456789012:service-deployment/shop_cluster_dev/shop_service_api_dev/x";
    EXPECT_EQ(rollouts_.error("StopServiceDeployment", {{"serviceDeploymentArn", unknown}}),
              "ServiceDeploymentNotFoundException");
    EXPECT_EQ(rollouts_.error("StopServiceDeployment", Json::object()), "ServiceDeploymentNotFoundException");
    EXPECT_EQ(rollouts_.error("StopServiceDeployment", stop({{"stopType", "NOW"}})), "InvalidParameterException");
    EXPECT_EQ(rollouts_.error("StopServiceDeployment", stop()), "ConflictException") << "it has completed";
}

TEST(ServiceDeploymentsSuperseded, ARollbackThatIsSupersededHasFailed) {
    Rollouts rollouts(Scenario::kCrashOnStart);
    rollouts.set_breaker(true, true);
    const std::string bad = rollouts.deploy();
    while (rollouts.service()["deployments"][0]["id"] == bad) rollouts.wait(1s);
    ASSERT_TRUE(rollouts.ecs_.set_scenario({.service = {}, .scenario = Scenario::kHealthy}));
    rollouts.deploy("shop_service_api_dev:10");
    EXPECT_EQ(rollouts.service_deployment(1)["status"], "ROLLBACK_FAILED");
    rollouts.wait(2min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :10"));
}

TEST(ServiceDeploymentsSuperseded, ARollbackGoesBackToWhatHasSucceededNotToTheOneBefore) {
    Rollouts rollouts(Scenario::kCrashAfterStart);
    rollouts.deploy("shop_service_api_dev:10");  // never succeeds
    rollouts.wait(5min);
    ASSERT_TRUE(rollouts.ecs_.set_scenario({.service = {}, .scenario = Scenario::kCrashOnStart}));
    rollouts.set_breaker(true, true);
    rollouts.deploy();
    rollouts.wait(10min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
}

}  // namespace
}  // namespace ci_lambda::sandbox
