#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sandbox/support/rollouts.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::string kName{shop::kApi};
const Json kList{{"cluster", shop::kCluster}, {"service", shop::kApi}};

/// A circuit breaker that rolls back, and a deployment that fails; until the rollback has begun.
struct Rollback {
    explicit Rollback(RollbackLook look) : rollouts(Scenario::kCrashOnStart) {
        rollouts.ecs_.set_quirks({.rollback = look});
        old = rollouts.service()["deployments"][0];
        rollouts.set_breaker(true, true);
        rollouts.wait(1min);
        bad = rollouts.deploy();
        while (rollouts.service()["deployments"][0]["id"] == bad) rollouts.wait(1s);
        now = rollouts.service()["deployments"][0];
    }

    Rollouts rollouts;
    Json old;
    std::string bad;
    Json now;  ///< the PRIMARY deployment
};

TEST(RollbackLooks, TheOldIdWithANewTime) {
    const Rollback rollback(RollbackLook::kNewTime);
    EXPECT_EQ(rollback.now["id"], rollback.old["id"]);
    EXPECT_GT(rollback.now["createdAt"], rollback.old["createdAt"]);
}

TEST(RollbackLooks, TheOldIdWithTheTimeThatItAlwaysHad) {
    Rollback rollback(RollbackLook::kOldTime);
    EXPECT_EQ(rollback.now["id"], rollback.old["id"]);
    EXPECT_EQ(rollback.now["createdAt"], rollback.old["createdAt"]);
    EXPECT_EQ(rollback.now["rolloutState"], "IN_PROGRESS");
    rollback.rollouts.wait(10s);
    EXPECT_EQ(rollback.rollouts.service()["deployments"][0]["rolloutState"], "IN_PROGRESS") << "it takes its time";
    rollback.rollouts.wait(1min);
    EXPECT_THAT(rollback.rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
}

TEST(RollbackLooks, ANewIdWithTasksOfItsOwn) {
    Rollback rollback(RollbackLook::kNewId);
    EXPECT_NE(rollback.now["id"], rollback.old["id"]);
    EXPECT_NE(rollback.now["id"], rollback.bad);
    EXPECT_GT(rollback.now["createdAt"], rollback.old["createdAt"]);
    EXPECT_EQ(rollback.now["taskDefinition"], rollback.old["taskDefinition"]);
    EXPECT_THAT(rollback.rollouts.deployments(),
                ElementsAre("PRIMARY IN_PROGRESS 0/2 :9", "ACTIVE FAILED 0/0 :42", "ACTIVE COMPLETED 2/2 :9"));
    EXPECT_EQ(rollback.rollouts.digest(rollback.now["id"]), rollback.rollouts.digest(rollback.old["id"]));
    rollback.rollouts.wait(2min);
    EXPECT_THAT(rollback.rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
    EXPECT_EQ(rollback.rollouts.service()["deployments"][0]["id"], rollback.now["id"]);
    const Json history = rollback.rollouts.service_deployment();
    EXPECT_EQ(history["status"], "ROLLBACK_SUCCESSFUL");
    EXPECT_THAT(history["rollback"]["serviceRevisionArn"].get<std::string>(),
                ::testing::EndsWith(rollback.old["id"].get<std::string>().substr(8)));
}

TEST(Quirks, ARollbackThatWasAskedForMayTakeAWhileToBegin) {
    Rollouts rollouts(Scenario::kSlow);
    rollouts.ecs_.set_quirks({.until_rollback = 90s});
    const std::string id = rollouts.deploy();
    rollouts.wait(1min);
    rollouts.call("StopServiceDeployment",
                  {{"serviceDeploymentArn", rollouts.service_deployment()["serviceDeploymentArn"]}});
    rollouts.wait(89s);
    EXPECT_EQ(rollouts.service_deployment()["status"], "ROLLBACK_REQUESTED");
    EXPECT_EQ(rollouts.service()["deployments"][0]["id"], id) << "PRIMARY still";
    rollouts.wait(2s);
    EXPECT_EQ(rollouts.service_deployment()["status"], "ROLLBACK_IN_PROGRESS");
    EXPECT_NE(rollouts.service()["deployments"][0]["id"], id);
}

TEST(Quirks, ReadsLagBehindWhatWasDone) {
    Rollouts rollouts;
    rollouts.ecs_.set_quirks({.lag = {{"DescribeServices", 5s}, {"ListServiceDeployments", 3s}}});
    rollouts.wait(1min);
    const std::string id = rollouts.deploy();
    const auto listed = [&] { return rollouts.call("ListServiceDeployments", kList)["serviceDeployments"].size(); };
    EXPECT_NE(rollouts.service()["deployments"][0]["id"], id) << "accepted, and not yet visible";
    EXPECT_EQ(listed(), 1U);
    rollouts.wait(4s);
    EXPECT_NE(rollouts.service()["deployments"][0]["id"], id);
    EXPECT_EQ(listed(), 2U);
    rollouts.wait(1s);
    EXPECT_EQ(rollouts.service()["deployments"][0]["id"], id);
    EXPECT_EQ(rollouts.service()["deployments"][0]["pendingCount"], 0) << "the tasks come later";
    rollouts.wait(3s);
    EXPECT_EQ(rollouts.service()["deployments"][0]["pendingCount"], 2);
    rollouts.wait(10min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
    rollouts.ecs_.set_quirks({});
    const std::string next = rollouts.deploy();
    EXPECT_EQ(rollouts.service()["deployments"][0]["id"], next);
}

TEST(Quirks, OneLookAfterALongTimeShowsWhatWasTrueALagAgo) {
    Rollouts rollouts;
    rollouts.ecs_.set_quirks({.lag = {{"DescribeServices", 20s}}});
    rollouts.wait(1min);
    rollouts.deploy();
    rollouts.wait(40s);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY IN_PROGRESS 2/2 :42", "ACTIVE COMPLETED 2/2 :9"))
        << "as it was after 20 s, although nobody has looked since";
}

TEST(Quirks, ARefusedServiceFailsTheWholeCall) {
    Rollouts rollouts;
    rollouts.ecs_.set_quirks({.refused_services = {"bad name"}});
    EXPECT_EQ(rollouts.error("DescribeServices", {{"cluster", shop::kCluster}, {"services", {kName, "bad name"}}}),
              "InvalidParameterException");
    EXPECT_EQ(rollouts.service()["serviceName"], kName) << "the others can be described without it";
}

TEST(Quirks, ThousandsOfRevisionsComeInTheirOrderUnlessItIsIgnored) {
    Rollouts rollouts;
    const Json containers{{{"name", "x"}, {"image", "x:1"}}};
    for (int i = 0; i < 1200; ++i) {
        rollouts.call("RegisterTaskDefinition", {{"family", "big"}, {"containerDefinitions", containers}});
        rollouts.wait(1s);  // ECS's quota
    }
    const auto page = [&](Json request) {
        request["familyPrefix"] = "big";
        return rollouts.call("ListTaskDefinitions", request);
    };
    const Json first = page({{"sort", "DESC"}});
    EXPECT_THAT(first["taskDefinitionArns"], SizeIs(100));
    EXPECT_THAT(first["taskDefinitionArns"][0].get<std::string>(), ::testing::EndsWith("big:1200"));
    const Json second = page({{"sort", "DESC"}, {"nextToken", first["nextToken"]}});
    EXPECT_THAT(second["taskDefinitionArns"][0].get<std::string>(), ::testing::EndsWith("big:1100"));
    rollouts.ecs_.set_quirks({.ignores_sort = true});
    EXPECT_THAT(page({{"sort", "DESC"}})["taskDefinitionArns"][0].get<std::string>(), ::testing::EndsWith("big:1"));
}

TEST(Quirks, AProtectedTaskStaysUntilItsProtectionEnds) {
    Rollouts rollouts;
    ASSERT_TRUE(rollouts.ecs_.protect_tasks(kName, 1, 2h));
    EXPECT_FALSE(rollouts.ecs_.protect_tasks("nothing", 1, 2h));
    rollouts.deploy();
    rollouts.wait(90min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY IN_PROGRESS 2/2 :42", "ACTIVE COMPLETED 1/1 :9"))
        << "all of the new ones run, and one that is old";
    EXPECT_EQ(rollouts.service_deployment()["status"], "IN_PROGRESS");
    rollouts.wait(35min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
}

TEST(Quirks, FiveUnfinishedDeploymentsAreTheMost) {
    Rollouts rollouts;
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(rollouts.ecs_.protect_tasks(kName, 1, 2h));
        rollouts.deploy(i % 2 == 0 ? "shop_service_api_dev:42" : "shop_service_api_dev:10");
        rollouts.wait(5min);
    }
    const Json before = rollouts.service()["deployments"];
    EXPECT_THAT(before, SizeIs(5));
    const auto refused = rollouts.ecs_.handle(
        "UpdateService",
        dump_json({{"cluster", shop::kCluster}, {"service", shop::kApi}, {"forceNewDeployment", true}}));
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("InvalidParameterException"));
    EXPECT_THAT(refused.body, HasSubstr("5 active deployments exist, unable to create new deployment."));
    EXPECT_EQ(rollouts.service()["deployments"], before);
    rollouts.call("UpdateService", {{"cluster", shop::kCluster}, {"service", shop::kApi}, {"desiredCount", 3}});
    rollouts.wait(130min);
    EXPECT_THAT(rollouts.service()["deployments"], SizeIs(1));
    rollouts.deploy();
}

TEST(Faults, HappenToSoManyCallsOfAnOperation) {
    Rollouts rollouts;
    rollouts.ecs_.add_fault({.operation = "DescribeServices", .kind = FaultKind::kThrottled, .times = 2, .after = 1});
    const Json request{{"cluster", shop::kCluster}, {"services", {kName}}};
    EXPECT_EQ(rollouts.service()["serviceName"], kName);
    EXPECT_EQ(rollouts.error("DescribeServices", request), "ThrottlingException");
    EXPECT_EQ(rollouts.error("DescribeServices", request), "ThrottlingException");
    EXPECT_EQ(rollouts.service()["serviceName"], kName);
}

TEST(Faults, MayBeAboutSomeRequestsOnlyAndForEver) {
    Rollouts rollouts;
    rollouts.ecs_.add_fault(
        {.operation = "ListServiceDeployments", .kind = FaultKind::kDenied, .times = Fault::kAlways, .about = kName});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(rollouts.error("ListServiceDeployments", kList), "AccessDeniedException");
    EXPECT_THAT(rollouts.call("ListServiceDeployments",
                              {{"cluster", shop::kCluster}, {"service", shop::kWorker}})["serviceDeployments"],
                SizeIs(1));
    rollouts.ecs_.clear_faults();
    EXPECT_THAT(rollouts.call("ListServiceDeployments", kList)["serviceDeployments"], SizeIs(1));
}

TEST(Faults, AnAnswerMayBeLostAfterTheWorkOrTheWorkNotDone) {
    for (const auto kind : {FaultKind::kFailedBefore, FaultKind::kFailedAfter}) {
        Rollouts rollouts;
        rollouts.ecs_.add_fault({.operation = "UpdateService", .kind = kind});
        const auto answer = rollouts.ecs_.handle(
            "UpdateService",
            dump_json({{"cluster", shop::kCluster}, {"service", shop::kApi}, {"forceNewDeployment", true}}));
        EXPECT_EQ(answer.status, 500);
        EXPECT_THAT(answer.body, HasSubstr("ServerException"));
        EXPECT_THAT(rollouts.deployments(), SizeIs(kind == FaultKind::kFailedBefore ? 1 : 2));
    }
}

TEST(Faults, AListMayBeEmptyThatShouldNotBe) {
    Rollouts rollouts;
    rollouts.ecs_.add_fault({.operation = "ListServiceDeployments", .kind = FaultKind::kEmpty});
    EXPECT_EQ(rollouts.call("ListServiceDeployments", kList), (Json{{"serviceDeployments", Json::array()}}));
    rollouts.ecs_.add_fault({.operation = "DescribeServiceDeployments", .kind = FaultKind::kUnknown});
    EXPECT_EQ(rollouts.error("DescribeServiceDeployments", {{"serviceDeploymentArns", {"x"}}}),
              "UnknownOperationException");
}

TEST(Images, ANameThatIsPushedAgainStandsForAnotherDigest) {
    Rollouts rollouts;
    const std::string image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_service_api:v1.42";
    const std::string first = rollouts.deploy();
    rollouts.wait(2min);
    rollouts.ecs_.push_image(image);
    EXPECT_EQ(rollouts.digest(first), rollouts.digest(first)) << "what runs stays as it is";
    const std::string second = rollouts.deploy();
    EXPECT_NE(rollouts.digest(second), rollouts.digest(first));
    rollouts.wait(2min);
    EXPECT_EQ(rollouts.tasks("RUNNING")[0]["containers"][0]["imageDigest"], rollouts.digest(second));

    rollouts.set_breaker(true, true);
    rollouts.ecs_.push_image(image, Scenario::kCrashOnStart);
    const std::string bad = rollouts.deploy();
    rollouts.wait(10min);
    EXPECT_EQ(rollouts.service()["deployments"][0]["id"], second) << "rolled back";
    EXPECT_NE(rollouts.digest(bad), rollouts.digest(second));
    rollouts.ecs_.push_image(image);
    rollouts.deploy();
    rollouts.wait(10min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42")) << "repaired";
}

TEST(Images, ARevisionMayHaveAFateOfItsOwn) {
    Rollouts rollouts;
    rollouts.set_breaker(true, true);
    rollouts.ecs_.set_fate("shop_service_api_dev:42", Scenario::kCrashOnStart);
    rollouts.deploy();
    rollouts.wait(10min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
    rollouts.deploy("shop_service_api_dev:10");
    rollouts.wait(2min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :10"));
}

}  // namespace
}  // namespace ci_lambda::sandbox
