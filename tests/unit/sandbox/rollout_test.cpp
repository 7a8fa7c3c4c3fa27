#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sandbox/ecs/rollout.hpp"
#include "tests/unit/sandbox/support/rollouts.hpp"

namespace ci_lambda::sandbox {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kInProgress = "SERVICE_DEPLOYMENT_IN_PROGRESS";
constexpr const char* kCompleted = "SERVICE_DEPLOYMENT_COMPLETED";
constexpr const char* kFailed = "SERVICE_DEPLOYMENT_FAILED";
constexpr const char* kSteady = "SERVICE_STEADY_STATE";
constexpr const char* kImpaired = "SERVICE_TASK_START_IMPAIRED";
constexpr const char* kPlacement = "SERVICE_TASK_PLACEMENT_FAILURE";

TEST(Rollout, TasksGoThroughTheStatesOfEcs) {
    Rollouts rollouts;
    const std::string id = rollouts.deploy();
    EXPECT_THAT(rollouts.task_states("RUNNING", id), IsEmpty()) << "the scheduler needs a moment";
    rollouts.wait(3s);
    EXPECT_THAT(rollouts.task_states("RUNNING", id), ElementsAre("PROVISIONING", "PROVISIONING"));
    rollouts.wait(6s);
    EXPECT_THAT(rollouts.task_states("RUNNING", id), ElementsAre("PENDING", "PENDING"));
    EXPECT_EQ(rollouts.service()["pendingCount"], 2);
    rollouts.wait(9s);
    EXPECT_THAT(rollouts.task_states("RUNNING", id), ElementsAre("RUNNING", "RUNNING"));
    EXPECT_EQ(rollouts.service()["runningCount"], 4) << "the old ones stay until the new ones are healthy";
    rollouts.wait(10s);
    EXPECT_THAT(rollouts.task_states("STOPPED"), ElementsAre("DEACTIVATING", "DEACTIVATING"));
    rollouts.wait(20s);
    EXPECT_THAT(rollouts.task_states("STOPPED"), ElementsAre("STOPPING", "STOPPING"));
    rollouts.wait(5s);
    EXPECT_THAT(rollouts.task_states("STOPPED"), ElementsAre("DEPROVISIONING", "DEPROVISIONING"));
    rollouts.wait(5s);
    EXPECT_THAT(rollouts.task_states("STOPPED"), ElementsAre("STOPPED", "STOPPED"));
}

TEST(Rollout, AHealthyDeploymentReplacesTheOldOne) {
    Rollouts rollouts;
    const std::string id = rollouts.deploy();
    EXPECT_EQ(rollouts.service_deployment()["status"], "PENDING");
    rollouts.wait(30s);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY IN_PROGRESS 2/2 :42", "ACTIVE COMPLETED 0/0 :9"));
    EXPECT_EQ(rollouts.service_deployment()["status"], "IN_PROGRESS");
    rollouts.wait(60s);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
    const Json primary = rollouts.service()["deployments"][0];
    EXPECT_EQ(primary["id"], id);
    EXPECT_EQ(primary["rolloutStateReason"], "ECS deployment " + id + " completed.");
    EXPECT_THAT(
        rollouts.messages(),
        ElementsAre("has reached a steady state.", "(deployment " + id + ") deployment completed.",
                    StartsWith("has stopped 2 running tasks: (task "),
                    ::testing::MatchesRegex(R"(has started 2 tasks: \(task [0-9a-f]+\) \(task [0-9a-f]+\)\.)")));
    EXPECT_THAT(rollouts.event_names(), ElementsAre(kInProgress, kCompleted, kSteady));
    EXPECT_EQ(rollouts.service_deployment()["status"], "SUCCESSFUL");
    EXPECT_FALSE(rollouts.ecs_.next_change()) << "all is at rest";
}

/// How each bad deployment goes, as a human would write it down.
struct Case {
    Scenario scenario;
    std::string stop_code;
    std::string stopped_reason;
    int exit_code;              ///< -1: none
    bool seen_by_breaker;       ///< the circuit breaker counts these failures
    std::string endless_event;  ///< what ECS sends while it goes on and on without a breaker
};

std::vector<Case> bad_cases() {
    return {
        {Scenario::kImageNotFound, "TaskFailedToStart", "CannotPullContainerError: pull image manifest has been", -1,
         true, kImpaired},
        {Scenario::kCrashOnStart, "EssentialContainerExited", "Essential container in task exited", 1, true, kImpaired},
        {Scenario::kCrashAfterStart, "EssentialContainerExited", "Essential container in task exited", 137, false, ""},
        {Scenario::kFailingHealthChecks, "ServiceSchedulerInitiated",
         "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:", 0, true, ""},
        {Scenario::kNoCapacity, "", "", -1, true, kPlacement},
    };
}

class BadRollout : public ::testing::TestWithParam<Case> {
protected:
    Rollouts rollouts_{GetParam().scenario};
};

TEST_P(BadRollout, GoesOnForEverWithoutABreaker) {
    rollouts_.deploy();
    for (int hour = 0; hour < 3; ++hour) {
        rollouts_.wait(1h);
        const Json deployments = rollouts_.service()["deployments"];
        ASSERT_EQ(deployments.size(), 2U);
        EXPECT_EQ(deployments[0]["rolloutState"], "IN_PROGRESS");
        EXPECT_EQ(deployments[1]["runningCount"], 2) << "the old tasks are never given up";
    }
    EXPECT_EQ(rollouts_.service_deployment()["status"], "IN_PROGRESS");
    std::vector<std::string> expected{kInProgress};
    if (!GetParam().endless_event.empty()) expected.push_back(GetParam().endless_event);
    if (GetParam().scenario == Scenario::kNoCapacity) expected.emplace_back(kImpaired);
    EXPECT_EQ(rollouts_.event_names(), expected) << "nothing completes, and without a breaker nothing fails";
}

TEST_P(BadRollout, FailsWithABreakerAndStaysThere) {
    rollouts_.set_breaker(true, false);
    const std::string id = rollouts_.deploy();
    rollouts_.wait(1h);
    if (!GetParam().seen_by_breaker) {
        EXPECT_EQ(rollouts_.service()["deployments"][0]["rolloutState"], "IN_PROGRESS") << "the breaker misses it";
        EXPECT_EQ(rollouts_.service()["deployments"][0]["failedTasks"], 0);
        return;
    }
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY FAILED 0/0 :42", "ACTIVE COMPLETED 2/2 :9"));
    const Json primary = rollouts_.service()["deployments"][0];
    EXPECT_EQ(primary["rolloutStateReason"], "ECS deployment circuit breaker: tasks failed to start.");
    EXPECT_GE(primary["failedTasks"], 3);
    EXPECT_THAT(rollouts_.messages(), Contains("(deployment " + id + ") deployment failed: tasks failed to start."));
    EXPECT_THAT(rollouts_.event_names(), Contains(kFailed));
    EXPECT_THAT(rollouts_.event_names(), Not(Contains(kCompleted)));
    const Json history = rollouts_.service_deployment();
    EXPECT_EQ(history["status"], "STOPPED");
    EXPECT_TRUE(history.contains("stoppedAt"));
    EXPECT_EQ(history["deploymentCircuitBreaker"]["status"], "TRIGGERED");
    EXPECT_EQ(history["deploymentCircuitBreaker"]["threshold"], 3);
    EXPECT_FALSE(rollouts_.ecs_.next_change()) << "a failed deployment starts no more tasks";
}

TEST_P(BadRollout, IsRolledBackWithABreakerThatRollsBack) {
    const std::string old_id = rollouts_.service()["deployments"][0]["id"];
    rollouts_.set_breaker(true, true);
    const std::string id = rollouts_.deploy();
    rollouts_.wait(1h);
    if (!GetParam().seen_by_breaker) {
        EXPECT_EQ(rollouts_.service()["deployments"][0]["id"], id) << "the breaker misses it";
        return;
    }
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
    EXPECT_EQ(rollouts_.service()["deployments"][0]["id"], old_id);
    EXPECT_THAT(rollouts_.messages(),
                ::testing::IsSupersetOf({"(deployment " + id + ") deployment failed: tasks failed to start.",
                                         "rolling back to deployment " + old_id + ".",
                                         "(deployment " + old_id + ") deployment completed.",
                                         std::string("has reached a steady state.")}));
    auto names = rollouts_.event_names();
    std::erase(names, kPlacement);
    EXPECT_THAT(names, ElementsAre(kInProgress, kFailed, kInProgress, kCompleted, kSteady));
    const auto back = std::ranges::find_if(rollouts_.events_, [](const Json& event) {
        return event["detail"].value("reason", "").contains("rolling back");
    });
    ASSERT_NE(back, rollouts_.events_.end());
    EXPECT_EQ((*back)["detail"]["reason"],
              "ECS deployment circuit breaker: rolling back to deploymentId " + old_id + ".");
    const Json history = rollouts_.service_deployment();
    EXPECT_EQ(history["status"], "ROLLBACK_SUCCESSFUL");
    EXPECT_THAT(history["rollback"]["serviceRevisionArn"].get<std::string>(), ::testing::EndsWith(old_id.substr(8)));
    EXPECT_GT(history["rollback"]["startedAt"], history["startedAt"]);
    EXPECT_THAT(history["targetServiceRevision"]["arn"].get<std::string>(), ::testing::EndsWith(id.substr(8)));
}

TEST_P(BadRollout, ItsTasksSayWhy) {
    const std::string id = rollouts_.deploy();
    rollouts_.wait(10min);
    const Json stopped = rollouts_.tasks("STOPPED", id);
    if (GetParam().stop_code.empty()) {
        EXPECT_TRUE(stopped.empty());
        EXPECT_THAT(rollouts_.messages(),
                    Each(::testing::AnyOf(StartsWith("was unable to place a task. Reason: Capacity"),
                                          StartsWith("is unable to consistently start tasks"))));
        return;
    }
    ASSERT_FALSE(stopped.empty());
    for (const auto& task : stopped) {
        EXPECT_EQ(task["stopCode"], GetParam().stop_code);
        EXPECT_THAT(task["stoppedReason"].get<std::string>(), StartsWith(GetParam().stopped_reason));
        EXPECT_EQ(task["containers"][0].value("exitCode", -1), GetParam().exit_code);
        EXPECT_EQ(task["startedBy"], id);
        EXPECT_EQ(task["group"], "service:shop_service_api_dev");
    }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, BadRollout, ::testing::ValuesIn(bad_cases()), [](const auto& test) {
    std::string name(name_of(test.param.scenario));
    std::erase(name, '-');
    return name;
});

TEST(Rollout, ShowsTheRollbackWhileItGoesOn) {
    Rollouts rollouts(Scenario::kCrashOnStart);
    const std::string old_id = rollouts.service()["deployments"][0]["id"];
    rollouts.set_breaker(true, true);
    const std::string id = rollouts.deploy();
    while (rollouts.service()["deployments"][0]["id"] == id) rollouts.wait(1s);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY IN_PROGRESS 2/2 :9", "ACTIVE FAILED 0/0 :42"));
    const Json deployments = rollouts.service()["deployments"];
    EXPECT_EQ(deployments[0]["rolloutStateReason"],
              "ECS deployment circuit breaker: rolling back to deploymentId " + old_id + ".");
    EXPECT_EQ(deployments[1]["rolloutStateReason"], "ECS deployment circuit breaker: tasks failed to start.");
    EXPECT_EQ(rollouts.service_deployment()["status"], "ROLLBACK_IN_PROGRESS");
}

TEST(Rollout, TheSlowOneTakesMoreThanTenMinutesAndIsHealthy) {
    Rollouts rollouts(Scenario::kSlow);
    rollouts.deploy();
    rollouts.wait(10min);
    EXPECT_EQ(rollouts.service()["deployments"][0]["rolloutState"], "IN_PROGRESS");
    EXPECT_EQ(rollouts.service()["deployments"][0]["pendingCount"], 2);
    rollouts.wait(5min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
}

TEST(Rollout, TheBreakersThresholdIsHalfOfTheDesiredCountWithinBounds) {
    EXPECT_EQ(breaker_threshold(1), 3);
    EXPECT_EQ(breaker_threshold(6), 3);
    EXPECT_EQ(breaker_threshold(25), 13);
    EXPECT_EQ(breaker_threshold(400), 200);
    EXPECT_EQ(breaker_threshold(800), 200);
}

TEST(Rollout, OneLookAfterALongTimeFindsWhatManyLooksFind) {
    for (const auto& scenario : scenarios()) {
        for (const bool breaker : {false, true}) {
            Rollouts jump(scenario.scenario);
            Rollouts steps(scenario.scenario);
            for (auto* rollouts : {&jump, &steps}) {
                rollouts->set_breaker(breaker, true);
                rollouts->deploy();
            }
            jump.wait(20min);
            for (int i = 0; i < 20 * 60; ++i) {
                steps.wait(1s);
                steps.ecs_.advance();
            }
            EXPECT_EQ(jump.service(), steps.service()) << scenario.name;
            EXPECT_EQ(jump.tasks("RUNNING"), steps.tasks("RUNNING")) << scenario.name;
            EXPECT_EQ(jump.tasks("STOPPED"), steps.tasks("STOPPED")) << scenario.name;
            EXPECT_EQ(jump.service_deployment(), steps.service_deployment()) << scenario.name;
            EXPECT_EQ(jump.events_, steps.events_) << scenario.name;
        }
    }
}

TEST(Rollout, TheSpeedScalesTimeAndNothingElse) {
    Rollouts slow(Scenario::kHealthy, 1.0);
    Rollouts fast(Scenario::kHealthy, 60.0);
    slow.deploy();
    fast.deploy();
    slow.wait(30s);
    fast.clock_.advance(500ms);
    EXPECT_EQ(slow.deployments(), fast.deployments());
    slow.wait(1min);
    fast.clock_.advance(1000ms);
    EXPECT_EQ(slow.deployments(), fast.deployments());
    EXPECT_EQ(slow.event_names(), fast.event_names());
}

TEST(Rollout, AtAnySpeedTimeGoesOn) {
    Rollouts rollouts(Scenario::kCrashAfterStart, 1'000'000.0);
    rollouts.deploy();
    rollouts.wait(1s);
    EXPECT_EQ(rollouts.service()["deployments"][0]["rolloutState"], "IN_PROGRESS");
}

TEST(Rollout, KeepsWithinThePercentages) {
    struct Percentages {
        int minimum;
        int maximum;
    };
    for (const auto [minimum, maximum] :
         {Percentages{100, 200}, Percentages{50, 100}, Percentages{0, 100}, Percentages{75, 125}}) {
        Rollouts rollouts;
        rollouts.call("UpdateService", {{"cluster", shop::kCluster}, {"service", shop::kApi}, {"desiredCount", 4}});
        rollouts.wait(1min);
        ASSERT_EQ(rollouts.service()["runningCount"], 4);
        rollouts.deploy(
            "shop_service_api_dev:42",
            {{"deploymentConfiguration", {{"minimumHealthyPercent", minimum}, {"maximumPercent", maximum}}}});
        for (int second = 0; second < 300; second += 2) {
            rollouts.wait(2s);
            const Json service = rollouts.service();
            const int running = service["runningCount"];
            EXPECT_GE(running, 4 * minimum / 100) << minimum << " to " << maximum << " at " << second;
            EXPECT_LE(running + service["pendingCount"].get<int>(), 4 * maximum / 100);
        }
        EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 4/4 :42")) << minimum << " to " << maximum;
    }
}

TEST(Rollout, ChangesTheNumberOfTasksWithoutADeployment) {
    Rollouts rollouts;
    const auto set_count = [&](int count) {
        rollouts.call("UpdateService", {{"cluster", shop::kCluster}, {"service", shop::kApi}, {"desiredCount", count}});
        rollouts.wait(2min);
    };
    set_count(5);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 5/5 :9"));
    set_count(1);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 1/1 :9"));
    set_count(0);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 0/0 :9"));
    EXPECT_THAT(rollouts.event_names(), Not(Contains(kInProgress)));
    EXPECT_EQ(rollouts.service_deployment()["status"], "SUCCESSFUL") << "that of the first deployment";
}

TEST(Rollout, ANewerDeploymentSupersedesTheOneThatIsUnderWay) {
    Rollouts rollouts;
    const std::string first = rollouts.deploy("shop_service_api_dev:10");
    rollouts.wait(10s);
    const std::string second = rollouts.deploy();
    EXPECT_THAT(rollouts.deployments(),
                ElementsAre("PRIMARY IN_PROGRESS 0/2 :42", "ACTIVE IN_PROGRESS 0/2 :10", "ACTIVE COMPLETED 2/2 :9"));
    EXPECT_EQ(rollouts.service_deployment(1)["status"], "STOPPED");
    rollouts.wait(3s);
    EXPECT_THAT(rollouts.messages(), Contains("stopped 2 pending tasks."));
    rollouts.wait(2min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
    EXPECT_THAT(rollouts.event_names(), ElementsAre(kInProgress, kInProgress, kCompleted, kSteady));
    EXPECT_EQ(rollouts.events_[2]["detail"]["deploymentId"], second) << "never the first one: " << first;
}

TEST(Rollout, AScenarioIsOfTheDeploymentsToCome) {
    Rollouts rollouts;
    rollouts.deploy();
    ASSERT_TRUE(rollouts.ecs_.set_scenario({.service = "shop_service_api_dev", .scenario = Scenario::kCrashOnStart}));
    EXPECT_FALSE(rollouts.ecs_.set_scenario({.service = "nothing", .scenario = Scenario::kSlow}));
    rollouts.wait(2min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
    for (int i = 0; i < 2; ++i) {  // it stays until it is changed
        rollouts.deploy();
        rollouts.wait(5min);
        EXPECT_EQ(rollouts.service()["deployments"][0]["rolloutState"], "IN_PROGRESS");
    }
    ASSERT_TRUE(rollouts.ecs_.set_scenario({.service = {}, .scenario = Scenario::kHealthy}));
    rollouts.deploy();
    rollouts.wait(2min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
}

TEST(Rollout, GoingBackToWhatRanBeforeIsHealthy) {
    Rollouts rollouts(Scenario::kCrashOnStart);
    rollouts.deploy();
    rollouts.wait(5min);
    ASSERT_EQ(rollouts.service()["deployments"][0]["rolloutState"], "IN_PROGRESS");
    rollouts.deploy("shop_service_api_dev:9");
    rollouts.wait(2min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
}

TEST(Rollout, ATagThatIsPushedAgainStandsForAnotherImage) {
    Rollouts rollouts;
    const std::string good = rollouts.deploy();
    rollouts.wait(2min);
    const std::string again = rollouts.deploy();
    rollouts.wait(2min);
    EXPECT_EQ(rollouts.digest(again), rollouts.digest(good)) << "nothing was pushed in between";
    ASSERT_TRUE(rollouts.ecs_.set_scenario({.service = {}, .scenario = Scenario::kImageNotFound}));
    const std::string bad = rollouts.deploy();
    EXPECT_NE(rollouts.digest(bad), rollouts.digest(good));
    rollouts.wait(2min);

    const Json containers{{{"name", "shop_service_api"}, {"image", "repo/api@" + rollouts.digest(good)}}};
    rollouts.call("RegisterTaskDefinition", {{"family", shop::kApi}, {"containerDefinitions", containers}});
    const std::string pinned = rollouts.deploy("shop_service_api_dev:43");
    EXPECT_EQ(rollouts.digest(pinned), rollouts.digest(good));
    rollouts.wait(2min);
    EXPECT_THAT(rollouts.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :43")) << "a digest that has run well";
}

TEST(Rollout, ForgetsStoppedTasksAfterAnHour) {
    Rollouts rollouts;
    rollouts.deploy();
    rollouts.wait(2min);
    EXPECT_THAT(rollouts.tasks("STOPPED"), SizeIs(2));
    rollouts.wait(1h);
    EXPECT_THAT(rollouts.tasks("STOPPED"), IsEmpty());
}

TEST(Rollout, KeepsABoundedNumberOfStoppedTasksAndMessages) {
    Rollouts rollouts(Scenario::kCrashAfterStart);
    rollouts.call("UpdateService", {{"cluster", shop::kCluster}, {"service", shop::kApi}, {"desiredCount", 20}});
    rollouts.deploy();
    rollouts.wait(1h);
    const Json arns = rollouts.call(
        "ListTasks", {{"cluster", shop::kCluster}, {"serviceName", shop::kApi}, {"desiredStatus", "STOPPED"}});
    EXPECT_THAT(arns["taskArns"], SizeIs(100)) << "a page";
    EXPECT_TRUE(arns.contains("nextToken"));
    EXPECT_LE(rollouts.service()["events"].size(), 100U);
}

TEST(Rollout, AnEventMayCallEcsAgain) {
    ci_lambda::testing::FakeClock clock;
    Ids ids{1};
    Ecs* ecs = nullptr;
    std::vector<std::string> seen;
    Ecs real({.state = shop_state(ids, clock.now()),
              .on_event =
                  [&](const std::string& event) {
                      seen.push_back(parse_json(event).value_or(Json())["detail"]["eventName"]);
                      const auto answer = ecs->handle("ListClusters", "{}");
                      EXPECT_EQ(answer.status, 200);
                  }},
             ids, clock);
    ecs = &real;
    const auto answer =
        real.handle("UpdateService",
                    R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev","forceNewDeployment":true})");
    EXPECT_EQ(answer.status, 200);
    clock.advance(2min);
    real.advance();
    EXPECT_THAT(seen, ElementsAre(kInProgress, kCompleted, kSteady));
}

TEST(Rollout, EventsHaveTheShapeOfEventBridge) {
    Rollouts rollouts;
    const std::string id = rollouts.deploy();
    rollouts.wait(2min);
    rollouts.ecs_.advance();
    ASSERT_EQ(rollouts.events_.size(), 3U);
    const Json& completed = rollouts.events_[1];
    EXPECT_EQ(completed["version"], "0");
    EXPECT_EQ(completed["source"], "aws.ecs");
    EXPECT_EQ(completed["detail-type"], "ECS Deployment State Change");
    EXPECT_EQ(completed["account"], "123456789012");
    EXPECT_EQ(completed["time"], "2026-01-01T10:09:00Z");
    EXPECT_EQ(completed["resources"],
              Json::array({"arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_api_dev"}));
    EXPECT_EQ(completed["detail"], (Json{{"eventType", "INFO"},
                                         {"eventName", kCompleted},
                                         {"clusterArn", "arn:aws:ecs:us-east-1:123456789012:cluster/shop_cluster_dev"},
                                         {"deploymentId", id},
                                         {"updatedAt", "2026-01-01T10:09:00.000Z"},
                                         {"reason", "ECS deployment " + id + " completed."}}));
    EXPECT_EQ(rollouts.events_[2]["detail-type"], "ECS Service Action");
    EXPECT_TRUE(rollouts.events_[2]["detail"].contains("createdAt"));
}

}  // namespace
}  // namespace ci_lambda::sandbox
