#include "deployer/start/strategy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "unit/deployer/start/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

WantedStrategy wanted(const std::string& text) { return parse_strategy(text).value(); }

EcsLoadBalancer shifting_balancer() {
    return {.target_group = "tg/blue",
            .classic = false,
            .advanced = true,
            .alternate_target_group = "tg/green",
            .production_rule = "rule/1",
            .test_rule = "rule/2",
            .role = "role/ecs"};
}

EcsService shifting_service(EcsDeploymentConfiguration configuration = {}) {
    auto service = service_with({deployment("ecs-svc/0", "7", RolloutState::kCompleted)});
    service.configuration = std::move(configuration);
    service.load_balancers = {shifting_balancer()};
    return service;
}

EcsDeploymentConfiguration canary_of_10() {
    return {.strategy = DeploymentStrategy::kCanary, .bake = minutes{5}, .step_percent = 10, .step_bake = minutes{20}};
}

TEST(StrategyChange, SendsOnlyWhatDiffers) {
    constexpr const char* kPause =
        R"({"type":"canary","percent":10,"step_minutes":20,"bake_minutes":5,)"
        R"("hooks":[{"type":"pause","stages":["POST_TEST_TRAFFIC_SHIFT"],"timeout_minutes":30}]})";
    constexpr const char* kPauseJson =
        R"({"lifecycleHooks":[{"targetType":"PAUSE","lifecycleStages":["POST_TEST_TRAFFIC_SHIFT"],)"
        R"("timeoutConfiguration":{"timeoutInMinutes":30,"action":"ROLLBACK"}}]})";
    auto with_pause = canary_of_10();
    with_pause.hooks = {{.pause = true, .stages = {"POST_TEST_TRAFFIC_SHIFT"}, .timeout = std::nullopt}};
    auto with_whole_pause = with_pause;
    with_whole_pause.hooks[0].timeout = minutes{30};
    auto with_other_pause = with_pause;
    with_other_pause.hooks[0].stages = {"PRE_SCALE_UP"};
    EcsDeploymentConfiguration with_alarms{.alarms_roll_back = true, .alarm_names = {"b", "a"}, .alarms_on = true};
    EcsDeploymentConfiguration early{.early_success = true, .early_healthy_percent = 75, .cleanup_deferred = true};
    const struct {
        const char* what;
        std::string text;
        EcsDeploymentConfiguration has;
        std::string json;  // empty: nothing is sent
    } cases[] = {
        {"the same", "canary:10:20m", canary_of_10(), ""},
        {"rolling already", "rolling", {}, ""},
        {"another strategy",
         "canary:10:20m",
         {},
         R"({"strategy":"CANARY","bakeTimeInMinutes":5,)"
         R"("canaryConfiguration":{"canaryPercent":10.0,"canaryBakeTimeInMinutes":20}})"},
        {"other steps", "canary:25:20m", canary_of_10(),
         R"({"canaryConfiguration":{"canaryPercent":25.0,"canaryBakeTimeInMinutes":20}})"},
        {"another bake time", "canary:10:20m:0m", canary_of_10(), R"({"bakeTimeInMinutes":0})"},
        {"linear", "linear:20:3m", canary_of_10(),
         R"({"strategy":"LINEAR","bakeTimeInMinutes":5,)"
         R"("linearConfiguration":{"stepPercent":20.0,"stepBakeTimeInMinutes":3}})"},
        {"back to rolling", "rolling", canary_of_10(), R"({"strategy":"ROLLING","bakeTimeInMinutes":0})"},
        {"a strategy that ECS has learnt since",
         "blue_green",
         {.strategy = DeploymentStrategy::kOther},
         R"({"strategy":"BLUE_GREEN","bakeTimeInMinutes":5})"},
        {"alarms",
         R"({"type":"rolling","alarms":["a"]})",
         {},
         R"({"alarms":{"alarmNames":["a"],"enable":true,"rollback":true}})"},
        {"the same alarms", R"({"type":"rolling","alarms":["a","b"]})", with_alarms, ""},
        {"no alarms", R"({"type":"rolling","alarms":[]})", with_alarms,
         R"({"alarms":{"alarmNames":[],"enable":false,"rollback":false}})"},
        {"hooks", kPause, canary_of_10(), kPauseJson},
        {"other hooks", kPause, with_other_pause, kPauseJson},
        {"hooks of which the timeout is not shown", kPause, with_pause, kPauseJson},
        {"hooks that are shown whole", kPause, with_whole_pause, ""},
        {"hooks of which nothing is said", "canary:10:20m", with_pause, ""},
        {"no hooks", R"({"type":"canary","percent":10,"step_minutes":20,"hooks":[]})", with_pause,
         R"({"lifecycleHooks":[]})"},
        {"early success",
         R"({"type":"rolling","early_success":{"healthy_percent":75,"cleanup":"deferred"}})",
         {},
         R"({"earlySuccessCriteria":{"enable":true,"healthyPercent":75,"sourceServiceRevisionCleanup":"DEFERRED"}})"},
        {"the same early success", R"({"type":"rolling","early_success":{"healthy_percent":75,"cleanup":"deferred"}})",
         early, ""},
        {"no early success for what shifts traffic", "blue_green:1m", early,
         R"({"strategy":"BLUE_GREEN","bakeTimeInMinutes":1,"earlySuccessCriteria":{"enable":false}})"},
        {"keep", "keep", canary_of_10(), ""},
    };
    for (const auto& [what, text, has, json] : cases) {
        const auto strategy = wanted(text);
        const auto change = change_of_configuration(&strategy, shifting_service(has), false);
        EXPECT_EQ(change.json ? parse_json(*change.json).value() : Json(), json.empty() ? Json() : Json::parse(json))
            << what;
    }
    EXPECT_FALSE(change_of_configuration(nullptr, shifting_service(canary_of_10()), false).json);
}

TEST(StrategyChange, SwitchesTheBreakerOnOnlyWhereTheNewStrategyDoesNotRollBackByItself) {
    const auto breaker_sent = [](const std::string& text, EcsDeploymentConfiguration has) {
        const auto strategy = wanted(text);
        const auto change = change_of_configuration(&strategy, shifting_service(std::move(has)), true);
        return change.json && change.json->contains("deploymentCircuitBreaker");
    };
    EXPECT_FALSE(breaker_sent("canary", {})) << "what shifts traffic goes back by itself";
    EXPECT_TRUE(breaker_sent("rolling", canary_of_10())) << "it did, and will not any more";
    EXPECT_FALSE(breaker_sent(R"({"type":"rolling","alarms":["a"]})", {})) << "the alarms will";
    EXPECT_TRUE(breaker_sent("rolling", {}));
    EXPECT_TRUE(change_of_configuration(nullptr, shifting_service(), true).json);
}

TEST(StrategyChange, IsSaidInWords) {
    const auto canary = wanted("canary:10:20m");
    EXPECT_EQ(change_of_configuration(&canary, shifting_service(), false).words,
              "canary with 10 % of the traffic for 20 min, bake time 5 min instead of ROLLING");
    const auto longer = wanted("canary:10:20m:9m");
    EXPECT_EQ(change_of_configuration(&longer, shifting_service(canary_of_10()), false).words,
              "bake time 9 min instead of 5 min");
}

TEST(StrategyOfAService, IsRefusedBeforeEcsDoesWithWhatToAdd) {
    const auto why = [](const std::string& text, const std::function<void(EcsService&)>& change) {
        auto service = shifting_service();
        change(service);
        return why_not_with(wanted(text), service).value_or("");
    };
    EXPECT_EQ(why("canary", [](EcsService&) {}), "");
    EXPECT_THAT(why("canary", [](EcsService& one) { one.load_balancers.clear(); }),
                HasSubstr("neither a load balancer nor Service Connect"));
    EXPECT_EQ(why("blue_green", [](EcsService& one) { one.load_balancers.clear(); }), "") << "without traffic";
    EXPECT_EQ(why("linear",
                  [](EcsService& one) {
                      one.load_balancers.clear();
                      one.service_connect = true;
                  }),
              "");
    EXPECT_THAT(
        why("blue_green", [](EcsService& one) { one.load_balancers.push_back({.target_group = "tg/2"}); }),
        AllOf(HasSubstr("loadBalancers[1] has no advancedConfiguration"), HasSubstr("alternateTargetGroupArn")));
    EXPECT_THAT(why("canary", [](EcsService& one) { one.load_balancers[0].role.clear(); }),
                HasSubstr("has no roleArn: add it"));
    EXPECT_THAT(why("canary", [](EcsService& one) { one.load_balancers[0].alternate_target_group.clear(); }),
                HasSubstr("has no alternateTargetGroupArn"));
    EXPECT_THAT(why("canary", [](EcsService& one) { one.load_balancers[0].test_rule = "rule/1"; }),
                HasSubstr("same rule"));
    EXPECT_THAT(why("canary", [](EcsService& one) { one.load_balancers[0].classic = true; }),
                HasSubstr("Classic Load Balancer"));
    EXPECT_THAT(why("rolling", [](EcsService& one) { one.express = true; }), HasSubstr("Express"));
    EXPECT_THAT(why("rolling", [](EcsService& one) { one.deployment_controller = "CODE_DEPLOY"; }),
                HasSubstr("CODE_DEPLOY"));
    EXPECT_THAT(why(R"({"type":"rolling","early_success":{"healthy_percent":50}})",
                    [](EcsService& one) { one.configuration.minimum_healthy_percent = 100; }),
                HasSubstr("minimumHealthyPercent, 100"));
    EXPECT_EQ(why("keep", [](EcsService& one) { one.express = true; }), "");
}

class StrategyDeployment : public DeployerTest {
protected:
    void shows(EcsService service) {
        ecs_.on_describe = [service](const std::vector<EcsServiceName>&) {
            return DescribedServices{.services = {service}, .failures = {}};
        };
    }
    DeploymentReport deploy_with(const std::string& configured, const std::string& once = "",
                                 const Deployer::Options& options = {}) {
        auto deploy = deploy_of({"api"});
        if (!configured.empty()) deploy.requests[0].strategy = wanted(configured);
        if (!once.empty()) deploy.requests[0].strategy_once = wanted(once);
        return run(deploy, options).at(0);
    }
};

TEST_F(StrategyDeployment, GoesWithTheUpdateServiceThatDeploys) {
    shows(shifting_service());
    const auto report = deploy_with("canary:10:20m");
    ASSERT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_THAT(ecs_.updates()[0].deployment_configuration.value_or(""), HasSubstr("\"strategy\":\"CANARY\""));
    EXPECT_THAT(report.notes, ElementsAre(HasSubstr("ECS keeps it for the deployments that follow")));
}

TEST_F(StrategyDeployment, SendsNothingWhereTheServiceHasItOrNobodyAsksForOne) {
    shows(shifting_service(canary_of_10()));
    EXPECT_THAT(deploy_with("canary:10:20m").notes, IsEmpty());
    EXPECT_THAT(deploy_with("", "").notes, IsEmpty());
    EXPECT_THAT(deploy_with("rolling", "keep").notes, IsEmpty()) << "this rollout is as the service has it";
    ASSERT_THAT(ecs_.updates(), SizeIs(3));
    for (const auto& update : ecs_.updates()) EXPECT_FALSE(update.deployment_configuration);
}

TEST_F(StrategyDeployment, LooksAtTheServiceAnewInEachAttempt) {
    shows(shifting_service());
    ecs_.on_update = [this](const UpdateServiceRequest& request, int nth) -> Result<AcceptedDeployment> {
        if (nth > 1)
            return AcceptedDeployment{.deployment_id = "ecs-svc/1", .task_definition = request.task_definition.str()};
        shows(shifting_service(canary_of_10()));  // somebody else sets it meanwhile
        return std::unexpected(throttled());
    };
    EXPECT_THAT(deploy_with("canary:10:20m").notes, IsEmpty());
    ASSERT_THAT(ecs_.updates(), SizeIs(2));
    EXPECT_TRUE(ecs_.updates()[0].deployment_configuration);
    EXPECT_FALSE(ecs_.updates()[1].deployment_configuration);
}

TEST_F(StrategyDeployment, FailsBeforeAnythingIsSentWhereTheServiceCannotHaveIt) {
    auto service = shifting_service();
    service.load_balancers = {{.target_group = "tg/1"}};
    shows(service);
    const auto report = deploy_with("canary");
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->kind, ErrorKind::kRejected);
    EXPECT_THAT(report.error->message, HasSubstr("advancedConfiguration"));
    EXPECT_EQ(report.attempts, 1) << "that does not heal";
    ecs_.on_describe = [](const auto&) -> Result<DescribedServices> {
        return fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:DescribeServices");
    };
    EXPECT_THAT(deploy_with("canary").error->message, HasSubstr("ecs:DescribeServices"));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(StrategyDeployment, OfOneRolloutSaysThatEcsKeepsIt) {
    shows(shifting_service());
    EXPECT_THAT(deploy_with("", "canary").notes, ElementsAre(HasSubstr("as no strategy is configured")));
    EXPECT_THAT(deploy_with("rolling", "canary").notes,
                ElementsAre(HasSubstr("until the next one brings back what is configured, rolling")));
}

TEST_F(StrategyDeployment, IsOnlySaidInADryRun) {
    shows(shifting_service());
    EXPECT_THAT(deploy_with("linear", "", {.dry_run = true}).notes,
                ElementsAre(HasSubstr("would change: linear in steps of 10 %")));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(StrategyDeployment, TheSixthUnfinishedOneIsNotSentUntilAnotherHasEnded) {
    auto service = service_with({deployment("ecs-svc/9", "7", RolloutState::kInProgress)});
    for (const auto* id : {"ecs-svc/8", "ecs-svc/7", "ecs-svc/6", "ecs-svc/5"})
        service.deployments.push_back(deployment(id, "7", RolloutState::kCompleted, "ACTIVE"));
    shows(service);
    const auto report = deploy_with("");
    ASSERT_TRUE(report.error);
    EXPECT_TRUE(report.error->retryable()) << "tasks that are being ended will have ended";
    EXPECT_THAT(report.error->message, HasSubstr("5 deployments of shop_service_api_dev are unfinished"));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    service.deployments.pop_back();
    shows(service);
    EXPECT_FALSE(deploy_with("").error);
}

}  // namespace
}  // namespace ci_lambda::testing
