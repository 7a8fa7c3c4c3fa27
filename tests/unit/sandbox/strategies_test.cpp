#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/sandbox/support/rollouts.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// The api's deployments with another deploymentConfiguration.
class Strategies : public ::testing::Test {
protected:
    Json configure(const Json& configuration) {
        return rollouts_.call("UpdateService", {{"cluster", shop::kCluster},
                                                {"service", shop::kApi},
                                                {"deploymentConfiguration", configuration}})["service"];
    }
    /// The message of an UpdateService that is refused.
    std::string refused(const Json& configuration) {
        return refusal(
            "UpdateService",
            {{"cluster", shop::kCluster}, {"service", shop::kApi}, {"deploymentConfiguration", configuration}});
    }
    std::string refusal(std::string_view operation, const Json& request) {
        const auto answer = rollouts_.ecs_.handle(operation, dump_json(request));
        EXPECT_EQ(answer.status, 400) << answer.body;
        return find_string(parse_json(answer.body).value_or(Json()), "message").value_or("");
    }
    Json record() { return rollouts_.service_deployment(); }
    std::string stage() { return record().value("lifecycleStage", "none"); }
    /// Lets time pass until the deployment has come to this stage; "too late" if it never does.
    std::string wait_for(const std::string& wanted) {
        for (int second = 0; second < 3600 && stage() != wanted; ++second) rollouts_.wait(1s);
        return stage() == wanted ? wanted : "too late";
    }
    /// All stages that are seen until the end, each once in a row.
    std::vector<std::string> stages() {
        std::vector<std::string> seen;
        for (int second = 0; second < 7200 && !record().contains("finishedAt"); ++second) {
            if (const auto now = stage(); seen.empty() || seen.back() != now) seen.push_back(now);
            rollouts_.wait(1s);
        }
        return seen;
    }
    Json pause(const Json& more = Json::object()) {
        Json hook{{"targetType", "PAUSE"}, {"lifecycleStages", {"POST_TEST_TRAFFIC_SHIFT"}}};
        hook.update(more);
        return hook;
    }
    Json answer(const std::string& action) {
        const Json now = record();
        return {{"serviceDeploymentArn", now["serviceDeploymentArn"]},
                {"hookId", now["lifecycleHookDetails"][0]["hookId"]},
                {"action", action}};
    }

    Rollouts rollouts_;
};

TEST_F(Strategies, ARollingUpdateHasNoStagesAndNoWeights) {
    rollouts_.deploy();
    rollouts_.wait(20s);
    EXPECT_FALSE(record().contains("lifecycleStage"));
    EXPECT_FALSE(record()["targetServiceRevision"].contains("requestedProductionTrafficWeight"));
}

TEST_F(Strategies, BlueGreenGoesFromStageToStage) {
    configure({{"strategy", "BLUE_GREEN"}, {"bakeTimeInMinutes", 5}});
    rollouts_.deploy();
    EXPECT_THAT(stages(), ElementsAre("none", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT",
                                      "POST_TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT",
                                      "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"));
    EXPECT_EQ(record()["status"], "SUCCESSFUL");
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
    EXPECT_EQ(rollouts_.event_names().size(), 3U) << "no event is about a stage";
}

TEST_F(Strategies, BlueAndGreenAreBothThereUntilTheCleanUp) {
    configure({{"strategy", "BLUE_GREEN"}, {"bakeTimeInMinutes", 30}});
    rollouts_.deploy();
    ASSERT_EQ(wait_for("BAKE_TIME"), "BAKE_TIME");
    rollouts_.wait(29min);
    EXPECT_EQ(stage(), "BAKE_TIME");
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY IN_PROGRESS 2/2 :42", "ACTIVE COMPLETED 2/2 :9"));
    const Json now = record();
    EXPECT_EQ(now["status"], "IN_PROGRESS");
    EXPECT_EQ(now["targetServiceRevision"]["requestedProductionTrafficWeight"], 100.0);
    EXPECT_EQ(now["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"], 0.0);
    EXPECT_EQ(now["deploymentConfiguration"]["strategy"], "BLUE_GREEN");
    EXPECT_EQ(rollouts_.service()["currentServiceDeployment"], now["serviceDeploymentArn"]);
    EXPECT_THAT(rollouts_.service()["currentServiceRevisions"], SizeIs(2));
    EXPECT_TRUE(rollouts_.service()["loadBalancers"][0].contains("advancedConfiguration"));
    rollouts_.wait(3min);
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
}

TEST_F(Strategies, LinearAndCanaryShiftInSteps) {
    const auto weights = [&](const Json& configuration) {
        configure(configuration);
        rollouts_.deploy();
        std::vector<double> seen;
        for (int second = 0; second < 3600 && !record().contains("finishedAt"); ++second) {
            const double now = record()["targetServiceRevision"].value("requestedProductionTrafficWeight", 0.0);
            if (seen.empty() || seen.back() != now) seen.push_back(now);
            rollouts_.wait(5s);
        }
        EXPECT_EQ(record()["status"], "SUCCESSFUL");
        return seen;
    };
    EXPECT_THAT(weights({{"strategy", "LINEAR"},
                         {"linearConfiguration", {{"stepPercent", 30.0}, {"stepBakeTimeInMinutes", 2}}}}),
                ElementsAre(0, 30, 60, 90, 100));
    EXPECT_THAT(weights({{"strategy", "CANARY"},
                         {"canaryConfiguration", {{"canaryPercent", 12.5}, {"canaryBakeTimeInMinutes", 3}}}}),
                ElementsAre(0, 12.5, 100));
}

TEST_F(Strategies, AStepTakesAsLongAsItIsConfigured) {
    configure(
        {{"strategy", "CANARY"}, {"canaryConfiguration", {{"canaryPercent", 10.0}, {"canaryBakeTimeInMinutes", 20}}}});
    rollouts_.deploy();
    rollouts_.wait(19min);
    EXPECT_EQ(record()["targetServiceRevision"]["requestedProductionTrafficWeight"], 10.0);
    EXPECT_EQ(record()["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"], 90.0);
    rollouts_.wait(4min);
    EXPECT_EQ(record()["status"], "SUCCESSFUL");
}

TEST_F(Strategies, APauseHookWaitsForAPerson) {
    configure(
        {{"strategy", "BLUE_GREEN"},
         {"lifecycleHooks", {pause({{"timeoutConfiguration", {{"timeoutInMinutes", 60}, {"action", "ROLLBACK"}}}})}}});
    rollouts_.deploy();
    ASSERT_EQ(wait_for("POST_TEST_TRAFFIC_SHIFT"), "POST_TEST_TRAFFIC_SHIFT");
    rollouts_.wait(50min);
    const Json hook = record()["lifecycleHookDetails"][0];
    EXPECT_EQ(hook["status"], "AWAITING_ACTION");
    EXPECT_EQ(hook["targetType"], "PAUSE");
    EXPECT_EQ(hook["timeoutAction"], "ROLLBACK");
    EXPECT_THAT(hook["hookId"].get<std::string>(), ::testing::MatchesRegex("ecs-pause-[A-Za-z0-9_-]{43}"));
    EXPECT_GT(hook["expiresAt"], record()["updatedAt"]);
    EXPECT_THAT(rollouts_.event_names(), Contains("HOOK_AWAITING_ACTION"));
    EXPECT_EQ(record()["targetServiceRevision"]["requestedTestTrafficWeight"], 100.0);

    rollouts_.call("ContinueServiceDeployment", answer("CONTINUE"));
    EXPECT_EQ(record()["lifecycleHookDetails"][0]["status"], "SUCCEEDED");
    EXPECT_EQ(refusal("ContinueServiceDeployment", answer("CONTINUE")),
              "Provided hookId is either completed, unavailable, or not associated with the given Resource ARN");
    rollouts_.wait(3min);
    EXPECT_EQ(record()["status"], "SUCCESSFUL");
    EXPECT_EQ(refusal("ContinueServiceDeployment", answer("CONTINUE")),
              "Continuing a service deployment is not allowed for service deployment in terminal states.");
    EXPECT_THAT(rollouts_.event_names(), Contains("HOOK_SUCCEEDED"));
}

TEST_F(Strategies, APersonMayAnswerAPauseHookWithARollback) {
    const std::string old_id = rollouts_.service()["deployments"][0]["id"];
    configure({{"strategy", "BLUE_GREEN"}, {"lifecycleHooks", {pause()}}});
    rollouts_.deploy();
    ASSERT_EQ(wait_for("POST_TEST_TRAFFIC_SHIFT"), "POST_TEST_TRAFFIC_SHIFT");
    rollouts_.call("ContinueServiceDeployment", answer("ROLLBACK"));
    rollouts_.wait(3s);
    EXPECT_EQ(record()["status"], "ROLLBACK_IN_PROGRESS");
    EXPECT_EQ(record()["targetServiceRevision"]["requestedTestTrafficWeight"], 0.0);
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY IN_PROGRESS 2/2 :9", "ACTIVE IN_PROGRESS 0/0 :42"));
    rollouts_.wait(2min);
    EXPECT_EQ(record()["status"], "ROLLBACK_SUCCESSFUL");
    EXPECT_EQ(rollouts_.service()["deployments"][0]["id"], old_id);
    EXPECT_THAT(rollouts_.event_names(), Contains("HOOK_FAILED"));
}

TEST_F(Strategies, APauseHookThatNobodyAnswersRollsBackOrGoesOn) {
    for (const bool goes_on : {false, true}) {
        configure({{"strategy", "BLUE_GREEN"},
                   {"lifecycleHooks",
                    {pause({{"timeoutConfiguration",
                             {{"timeoutInMinutes", 15}, {"action", goes_on ? "CONTINUE" : "ROLLBACK"}}}})}}});
        rollouts_.deploy();
        rollouts_.wait(30min);
        EXPECT_EQ(record()["status"], goes_on ? "SUCCESSFUL" : "ROLLBACK_SUCCESSFUL");
        EXPECT_EQ(record()["lifecycleHookDetails"][0]["status"], "TIMED_OUT");
        EXPECT_THAT(rollouts_.event_names(), Contains("HOOK_TIMED_OUT"));
        if (goes_on) continue;
        EXPECT_EQ(record()["statusReason"],
                  "Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT pause hook timed out.");
    }
}

TEST_F(Strategies, RefusesWrongAnswersToHooksInTheWordsOfAws) {
    configure({{"strategy", "BLUE_GREEN"}, {"lifecycleHooks", {pause()}}});
    rollouts_.deploy();
    ASSERT_EQ(wait_for("POST_TEST_TRAFFIC_SHIFT"), "POST_TEST_TRAFFIC_SHIFT");
    const auto refused_with = [&](const Json& change) {
        Json request = answer("CONTINUE");
        request.update(change);
        return refusal("ContinueServiceDeployment", request);
    };
    EXPECT_EQ(refused_with({{"hookId", "mine"}}), "Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}");
    EXPECT_THAT(refused_with({{"hookId", "ecs-pause-other"}}), HasSubstr("completed, unavailable"));
    EXPECT_EQ(refused_with({{"serviceDeploymentArn", "arn:aws:ecs:us-east-1:123456789012:service-deployment/a/b/c"}}),
              "The service deployment does not exist.");
    EXPECT_THAT(refused_with({{"serviceDeploymentArn", nullptr}}), HasSubstr("required"));
    EXPECT_THAT(refused_with({{"hookId", nullptr}}), HasSubstr("required"));
    EXPECT_THAT(refused_with({{"action", "STOP"}}), HasSubstr("CONTINUE or ROLLBACK"));
    Json bare = answer("CONTINUE");
    bare.erase("action");
    rollouts_.call("ContinueServiceDeployment", bare);
    EXPECT_EQ(record()["lifecycleHookDetails"][0]["status"], "SUCCEEDED") << "no action approves";
}

TEST_F(Strategies, AFunctionAnswersByItself) {
    configure({{"strategy", "BLUE_GREEN"},
               {"lifecycleHooks",
                {{{"hookTargetArn", "arn:aws:lambda:us-east-1:123456789012:function:check"},
                  {"roleArn", "arn:aws:iam::123456789012:role/hooks"},
                  {"lifecycleStages", {"PRE_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT"}}}}}});
    rollouts_.deploy();
    rollouts_.wait(5min);
    EXPECT_EQ(record()["status"], "SUCCESSFUL");
    const Json hooks = record()["lifecycleHookDetails"];
    ASSERT_THAT(hooks, SizeIs(2));
    EXPECT_EQ(hooks[1]["status"], "SUCCEEDED");
    EXPECT_EQ(hooks[1]["targetType"], "AWS_LAMBDA");
}

TEST_F(Strategies, APauseHookThatIsReadAndSentBackIsBroken) {
    const Json timeout{{"timeoutConfiguration", {{"timeoutInMinutes", 15}, {"action", "CONTINUE"}}}};
    configure({{"strategy", "BLUE_GREEN"}, {"lifecycleHooks", {pause(timeout)}}});
    const Json shown = rollouts_.service()["deploymentConfiguration"];
    EXPECT_EQ(shown["lifecycleHooks"], Json::array({{{"lifecycleStages", {"POST_TEST_TRAFFIC_SHIFT"}}}}))
        << "as DescribeServices shows it";
    configure({{"maximumPercent", 150}});
    rollouts_.deploy();
    ASSERT_EQ(wait_for("POST_TEST_TRAFFIC_SHIFT"), "POST_TEST_TRAFFIC_SHIFT");
    EXPECT_EQ(record()["lifecycleHookDetails"][0]["targetType"], "PAUSE") << "what is not sent stays as it is";
    rollouts_.wait(30min);
    ASSERT_EQ(record()["status"], "SUCCESSFUL");

    configure(shown);
    rollouts_.deploy("shop_service_api_dev:10");
    rollouts_.wait(5min);
    EXPECT_EQ(record()["lifecycleHookDetails"][0]["targetType"], "AWS_LAMBDA");
    EXPECT_EQ(record()["status"], "ROLLBACK_SUCCESSFUL");
    EXPECT_THAT(record()["statusReason"].get<std::string>(), HasSubstr("lifecycle hook(s) failed"));
}

TEST_F(Strategies, AListIsReplacedAsAWhole) {
    configure({{"strategy", "BLUE_GREEN"}, {"bakeTimeInMinutes", 7}, {"lifecycleHooks", {pause(), pause()}}});
    EXPECT_THAT(configure({{"lifecycleHooks", {pause()}}})["deploymentConfiguration"]["lifecycleHooks"], SizeIs(1));
    const Json after = configure({{"lifecycleHooks", Json::array()}})["deploymentConfiguration"];
    EXPECT_THAT(after["lifecycleHooks"], IsEmpty());
    EXPECT_EQ(after["bakeTimeInMinutes"], 7);
    EXPECT_EQ(after["strategy"], "BLUE_GREEN");
}

TEST_F(Strategies, RefusesWhatAServiceDoesNotTake) {
    EXPECT_EQ(refused({{"lifecycleHooks", {pause({{"lifecycleStages", {"PRODUCTION_TRAFFIC_SHIFT"}}})}}}),
              "Invalid lifecycle stage provided for Pause Hook");
    for (const Json& bad :
         std::vector<Json>{{{"strategy", "PURPLE"}},
                           {{"bakeTimeInMinutes", 1441}},
                           {{"linearConfiguration", {{"stepPercent", 10.0}}}},
                           {{"strategy", "LINEAR"}, {"linearConfiguration", {{"stepPercent", 2.0}}}},
                           {{"strategy", "CANARY"}, {"canaryConfiguration", {{"canaryPercent", 101.0}}}},
                           {{"lifecycleHooks", {{{"targetType", "PERSON"}, {"lifecycleStages", {"PRE_SCALE_UP"}}}}}},
                           {{"lifecycleHooks", {{{"targetType", "PAUSE"}}}}},
                           {{"lifecycleHooks", {{{"lifecycleStages", {"BAKE_TIME"}}}}}},
                           {{"lifecycleHooks", {pause({{"timeoutConfiguration", {{"timeoutInMinutes", 20161}}}})}}},
                           {{"alarms", {{"enable", true}}}}})
        EXPECT_FALSE(refused(bad).empty()) << bad.dump();
    EXPECT_EQ(rollouts_.service()["deploymentConfiguration"]["strategy"], "ROLLING") << "nothing was taken over";
}

TEST_F(Strategies, AConfigurationIsForTheNextDeployment) {
    configure({{"strategy", "BLUE_GREEN"}, {"bakeTimeInMinutes", 20}});
    rollouts_.deploy();
    ASSERT_EQ(wait_for("BAKE_TIME"), "BAKE_TIME");
    configure({{"bakeTimeInMinutes", 0}, {"strategy", "ROLLING"}});
    rollouts_.wait(10min);
    EXPECT_EQ(stage(), "BAKE_TIME") << "the one that is under way keeps its own";
    EXPECT_EQ(record()["deploymentConfiguration"]["bakeTimeInMinutes"], 20);
}

TEST_F(Strategies, StopServiceDeploymentBringsBlueBackFromTheBake) {
    configure({{"strategy", "BLUE_GREEN"}, {"bakeTimeInMinutes", 30}});
    rollouts_.deploy();
    ASSERT_EQ(wait_for("BAKE_TIME"), "BAKE_TIME");
    rollouts_.call("StopServiceDeployment", {{"serviceDeploymentArn", record()["serviceDeploymentArn"]}});
    rollouts_.wait(3s);
    EXPECT_EQ(record()["status"], "ROLLBACK_IN_PROGRESS");
    EXPECT_EQ(record()["targetServiceRevision"]["requestedProductionTrafficWeight"], 0.0);
    rollouts_.wait(2min);
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
}

TEST_F(Strategies, TheCircuitBreakerWorksWithBlueGreenToo) {
    rollouts_.ecs_.set_fate("shop_service_api_dev:42", Scenario::kCrashOnStart);
    configure({{"strategy", "BLUE_GREEN"}, {"deploymentCircuitBreaker", {{"enable", true}, {"rollback", true}}}});
    rollouts_.deploy();
    rollouts_.wait(10min);
    EXPECT_EQ(record()["status"], "ROLLBACK_SUCCESSFUL");
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
}

TEST_F(Strategies, ANewerDeploymentTakesThePlaceOfOneThatBakes) {
    configure({{"strategy", "BLUE_GREEN"}, {"bakeTimeInMinutes", 30}});
    rollouts_.deploy("shop_service_api_dev:10");
    ASSERT_EQ(wait_for("BAKE_TIME"), "BAKE_TIME");
    rollouts_.deploy();
    rollouts_.wait(5s);
    EXPECT_EQ(stage(), "RECONCILE_SERVICE") << "more than one revision was there";
    EXPECT_EQ(rollouts_.service_deployment(1)["status"], "STOPPED");
    rollouts_.wait(40min);
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
}

/// A hook asks the sandbox's own function where the test traffic flows.
class AskedFunction : public Strategies {
protected:
    void ask(int timeout_minutes = 60) {
        configure({{"strategy", "BLUE_GREEN"},
                   {"bakeTimeInMinutes", 1},
                   {"lifecycleHooks",
                    {{{"targetType", "AWS_LAMBDA"},
                      {"hookTargetArn", kOwnFunction},
                      {"roleArn", "arn:aws:iam::123456789012:role/hooks"},
                      {"lifecycleStages", {"POST_TEST_TRAFFIC_SHIFT"}},
                      {"timeoutConfiguration", {{"timeoutInMinutes", timeout_minutes}, {"action", "ROLLBACK"}}}}}}});
        rollouts_.deploy();
        pass(3min);
    }
    void pass(std::chrono::seconds time) {
        rollouts_.wait(time);
        rollouts_.ecs_.advance();
    }
    [[nodiscard]] const std::vector<HookCall>& calls() const { return rollouts_.hook_calls_; }
    void reply(const std::string& body) {
        rollouts_.ecs_.answer_function(calls().back().hook_id, body);
        pass(3s);
    }
};

TEST_F(AskedFunction, GetsWhatEcsSaysOfTheRolloutAndMayLetItGoOn) {
    ask();
    ASSERT_THAT(calls(), SizeIs(1));
    const auto payload = *parse_json(calls()[0].payload);
    EXPECT_EQ(payload["lifecycleStage"], "POST_TEST_TRAFFIC_SHIFT");
    EXPECT_EQ(payload["resourceArn"], record()["serviceDeploymentArn"]);
    EXPECT_EQ(payload["executionDetails"]["targetServiceRevisionArn"], record()["targetServiceRevision"]["arn"]);
    EXPECT_EQ(payload["executionDetails"]["productionTrafficWeights"], Json::object());
    EXPECT_FALSE(payload.contains("hookDetails"));
    reply(R"({"hookStatus":"SUCCEEDED"})");
    pass(3min);
    EXPECT_EQ(record()["status"], "SUCCESSFUL");
    EXPECT_THAT(calls(), SizeIs(1));
}

TEST_F(AskedFunction, IsAskedAgainWithWhatItLeftAsLongAsItIsNotSure) {
    ask();
    reply(R"({"hookStatus":"IN_PROGRESS","callBackDelay":60,"hookDetails":{"a":1}})");
    pass(55s);
    EXPECT_THAT(calls(), SizeIs(1));
    pass(5s);
    ASSERT_THAT(calls(), SizeIs(2));
    EXPECT_EQ((*parse_json(calls()[1].payload))["hookDetails"], (Json{{"a", 1}}));
    reply(R"({"hookStatus":"IN_PROGRESS","hookDetails":{"b":2}})");
    pass(30s);
    ASSERT_THAT(calls(), SizeIs(3));
    EXPECT_EQ((*parse_json(calls()[2].payload))["hookDetails"], (Json{{"a", 1}, {"b", 2}}));
    EXPECT_EQ(record()["lifecycleHookDetails"][0]["status"], "IN_PROGRESS");
}

TEST_F(AskedFunction, RollsBackByAnoByAnErrorAndByWhatIsNoAnswer) {
    for (const std::string body : {R"({"hookStatus":"FAILED"})", "nonsense", R"({"status":"deployed"})"}) {
        ask();
        reply(body);
        EXPECT_EQ(record()["status"], "ROLLBACK_IN_PROGRESS") << body;
        pass(10min);
    }
    EXPECT_THAT(record()["statusReason"].get<std::string>(), HasSubstr("HookStatus must not be null"));
    ask();
    rollouts_.ecs_.answer_function(calls().back().hook_id, std::nullopt);
    pass(3s);
    EXPECT_EQ(record()["status"], "ROLLBACK_IN_PROGRESS");
}

TEST_F(AskedFunction, ThatNeverAnswersIsWaitedForUntilTheHooksTimeIsOver) {
    ask(10);
    pass(15min);
    EXPECT_EQ(record()["status"], "ROLLBACK_SUCCESSFUL");
    reply(R"({"hookStatus":"SUCCEEDED"})");
    EXPECT_EQ(record()["status"], "ROLLBACK_SUCCESSFUL") << "a late answer is nobody's";
}

TEST_F(Strategies, TrafficThatCannotBeMovedIsRolledBack) {
    EXPECT_TRUE(rollouts_.ecs_.set_scenario({.service = {}, .scenario = Scenario::kShiftFails}));
    rollouts_.deploy();
    rollouts_.wait(5min);
    EXPECT_EQ(record()["status"], "ROLLBACK_SUCCESSFUL");
    EXPECT_THAT(record()["statusReason"].get<std::string>(), HasSubstr("traffic could not be shifted"));
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
}

struct HookEnd {
    Scenario scenario;
    std::string event;
    std::string reason;
};

class HooksThatEndARollout : public Strategies, public ::testing::WithParamInterface<HookEnd> {};

TEST_P(HooksThatEndARollout, BringBackWhatRanBeforeAndSayWhy) {
    const auto& [scenario, event, reason] = GetParam();
    EXPECT_TRUE(rollouts_.ecs_.set_scenario({.service = {}, .scenario = scenario}));
    rollouts_.deploy();
    rollouts_.wait(30min);
    EXPECT_EQ(record()["status"], "ROLLBACK_SUCCESSFUL");
    EXPECT_THAT(record()["statusReason"].get<std::string>(), HasSubstr(reason));
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
    const auto told = [&](const Json& one) { return one["detail"]["eventName"] == event; };
    EXPECT_EQ(std::ranges::count_if(rollouts_.events_, told), 1);
}

INSTANTIATE_TEST_SUITE_P(Each, HooksThatEndARollout,
                         ::testing::Values(HookEnd{Scenario::kHookFails, "HOOK_FAILED", "shop_says_no returned FAILED"},
                                           HookEnd{Scenario::kHookTimesOut, "HOOK_TIMED_OUT",
                                                   "lifecycle hook(s) timed out"},
                                           HookEnd{Scenario::kNobodyAnswers, "HOOK_TIMED_OUT", "pause hook timed out"}),
                         [](const auto& end) {
                             std::string name;
                             for (const char letter : sandbox::name_of(end.param.scenario))
                                 if (letter != '-') name += letter;
                             return name;
                         });

class Alarms : public Strategies {
protected:
    void watch(bool rollback, int bake_minutes = 10) {
        configure({{"bakeTimeInMinutes", bake_minutes},
                   {"alarms", {{"alarmNames", {"5xx", "slow"}}, {"enable", true}, {"rollback", rollback}}}});
    }
};

TEST_F(Alarms, AreWatchedUntilTheBakeTimeIsOver) {
    watch(true);
    rollouts_.deploy();
    rollouts_.wait(8min);
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY IN_PROGRESS 2/2 :42")) << "although it is stable";
    EXPECT_THAT(rollouts_.messages(), Contains("has reached a steady state."));
    EXPECT_EQ(
        record()["alarms"],
        (Json{{"status", "MONITORING"}, {"alarmNames", {"5xx", "slow"}}, {"triggeredAlarmNames", Json::array()}}));
    rollouts_.wait(4min);
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
    EXPECT_EQ(record()["alarms"]["status"], "MONITORING_COMPLETE");
}

TEST_F(Alarms, OneThatGoesOffRollsBack) {
    const std::string old_id = rollouts_.service()["deployments"][0]["id"];
    watch(true);
    rollouts_.deploy();
    rollouts_.wait(5min);
    rollouts_.ecs_.set_alarm("slow", true);
    rollouts_.wait(3s);
    EXPECT_EQ(record()["status"], "ROLLBACK_IN_PROGRESS");
    EXPECT_EQ(record()["alarms"]["status"], "TRIGGERED");
    EXPECT_EQ(record()["alarms"]["triggeredAlarmNames"], Json::array({"slow"}));
    EXPECT_THAT(record()["rollback"]["reason"].get<std::string>(), HasSubstr("alarm"));
    EXPECT_THAT(rollouts_.event_names(), Contains("SERVICE_DEPLOYMENT_FAILED"));
    rollouts_.wait(5min);
    EXPECT_EQ(record()["status"], "ROLLBACK_SUCCESSFUL");
    EXPECT_EQ(rollouts_.service()["deployments"][0]["id"], old_id);
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
}

TEST_F(Alarms, WithoutRollbackTheDeploymentFailsAndStays) {
    watch(false);
    rollouts_.deploy();
    rollouts_.wait(5min);
    rollouts_.ecs_.set_alarm("5xx", true);
    rollouts_.wait(10min);
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY FAILED 2/2 :42"));
    EXPECT_EQ(record()["status"], "STOPPED");
    EXPECT_EQ(record()["alarms"]["status"], "TRIGGERED");
    rollouts_.deploy("shop_service_api_dev:10");
    rollouts_.wait(15min);
    EXPECT_EQ(record()["status"], "SUCCESSFUL") << "an alarm that was on at the begin is ignored";
}

TEST_F(Alarms, ThatAreNotEnabledDoNothing) {
    configure({{"alarms", {{"alarmNames", {"5xx"}}, {"enable", false}, {"rollback", true}}}});
    rollouts_.deploy();
    rollouts_.wait(10s);
    rollouts_.ecs_.set_alarm("5xx", true);
    rollouts_.wait(2min);
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :42"));
    EXPECT_EQ(record()["alarms"]["status"], "DISABLED");
}

TEST_F(Alarms, RollBackABlueGreenDeploymentFromItsBake) {
    watch(true);
    configure({{"strategy", "BLUE_GREEN"}});
    rollouts_.deploy();
    ASSERT_EQ(wait_for("BAKE_TIME"), "BAKE_TIME");
    rollouts_.ecs_.set_alarm("5xx", true);
    rollouts_.wait(3s);
    EXPECT_EQ(record()["status"], "ROLLBACK_IN_PROGRESS");
    rollouts_.wait(3min);
    EXPECT_THAT(rollouts_.deployments(), ElementsAre("PRIMARY COMPLETED 2/2 :9"));
}

TEST_F(Strategies, AScenarioBringsTheConfigurationThatItNeedsAndTakesItAway) {
    const auto deploy_under = [&](Scenario scenario) {
        EXPECT_TRUE(rollouts_.ecs_.set_scenario({.service = {}, .scenario = scenario}));
        rollouts_.deploy();
    };
    deploy_under(Scenario::kBake);
    rollouts_.wait(9min);
    EXPECT_EQ(stage(), "BAKE_TIME");
    rollouts_.wait(4min);
    EXPECT_EQ(record()["status"], "SUCCESSFUL");

    deploy_under(Scenario::kPause);
    rollouts_.wait(20min);
    EXPECT_EQ(record()["lifecycleHookDetails"][0]["status"], "AWAITING_ACTION");
    rollouts_.wait(20min);
    EXPECT_EQ(record()["status"], "ROLLBACK_SUCCESSFUL");

    deploy_under(Scenario::kLinear);
    rollouts_.wait(5min);
    EXPECT_EQ(record()["targetServiceRevision"]["requestedProductionTrafficWeight"], 50.0);
    rollouts_.wait(8min);
    EXPECT_EQ(record()["status"], "SUCCESSFUL");

    deploy_under(Scenario::kCanary);
    rollouts_.wait(3min);
    EXPECT_EQ(record()["targetServiceRevision"]["requestedProductionTrafficWeight"], 10.0);
    rollouts_.wait(8min);
    EXPECT_EQ(record()["status"], "SUCCESSFUL");

    deploy_under(Scenario::kAlarm);
    rollouts_.wait(1min);
    EXPECT_EQ(record()["status"], "IN_PROGRESS");
    EXPECT_EQ(record()["targetServiceRevision"]["runningTaskCount"], 2);
    rollouts_.wait(5min);
    EXPECT_EQ(record()["status"], "ROLLBACK_SUCCESSFUL");
    EXPECT_EQ(record()["alarms"]["triggeredAlarmNames"], Json::array({"shop-5xx"}));

    deploy_under(Scenario::kProtected);
    rollouts_.wait(25min);
    EXPECT_EQ(record()["status"], "IN_PROGRESS");
    EXPECT_EQ(record()["sourceServiceRevisions"][0]["runningTaskCount"], 1);
    rollouts_.wait(10min);
    EXPECT_EQ(record()["status"], "SUCCESSFUL");
    const Json now = rollouts_.service()["deploymentConfiguration"];
    EXPECT_EQ(now["strategy"], "ROLLING");
    EXPECT_THAT(now["lifecycleHooks"], IsEmpty());
    EXPECT_EQ(now["alarms"]["enable"], false);
}

TEST_F(Strategies, OneLookAfterALongTimeFindsWhatManyLooksFind) {
    const Json configuration{{"strategy", "LINEAR"},
                             {"bakeTimeInMinutes", 3},
                             {"linearConfiguration", {{"stepPercent", 40.0}, {"stepBakeTimeInMinutes", 1}}},
                             {"lifecycleHooks", {pause({{"timeoutConfiguration", {{"timeoutInMinutes", 2}}}})}},
                             {"alarms", {{"alarmNames", {"5xx"}}, {"enable", true}, {"rollback", true}}}};
    Rollouts steps;
    const Json request{
        {"cluster", shop::kCluster}, {"service", shop::kApi}, {"deploymentConfiguration", configuration}};
    for (auto* rollouts : {&rollouts_, &steps}) {
        rollouts->call("UpdateService", request);
        rollouts->deploy();
    }
    rollouts_.wait(20min);
    for (int i = 0; i < 20 * 60; ++i) {
        steps.wait(1s);
        steps.ecs_.advance();
    }
    EXPECT_EQ(rollouts_.service(), steps.service());
    EXPECT_EQ(rollouts_.service_deployment(), steps.service_deployment());
    EXPECT_EQ(rollouts_.events_, steps.events_);
}

}  // namespace
}  // namespace ci_lambda::sandbox
