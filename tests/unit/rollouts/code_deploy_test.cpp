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
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kApplication = "AppECS-shop_cluster_dev-shop_service_legacy_dev";
constexpr const char* kGroup = "DgpECS-shop_cluster_dev-shop_service_legacy_dev";
constexpr const char* kDeployLegacy = R"({"service":"legacy","reason":"a test wants it"})";

/// A world with the service `legacy`, which CodeDeploy deploys.
class CodeDeployRollouts : public ::testing::Test {
protected:
    static WorldOptions with_code_deploy(WorldOptions options) {
        options.environment["CODE_DEPLOY"] = "true";
        options.environment["AWS_REGION"] = "us-east-1";
        options.environment["AUTO_DEPLOY_MAP"] = R"({"legacy":true})";
        return options;
    }
    void begin(const WorldOptions& options = {}, const std::string& group = "{}") {
        world_.emplace(with_code_deploy(options));
        ASSERT_EQ(world_->ecs().add_code_deployed(group).status, 200);
        ASSERT_TRUE(
            world_->ecs().set_scenario({.service = std::string(sandbox::shop::kLegacy), .scenario = options.scenario}));
    }
    World& world() { return *world_; }
    Json call(const std::string& operation, const Json& request) {
        const auto answer = world().ecs().handle_code_deploy(operation, dump_json(request));
        EXPECT_EQ(answer.status, 200) << answer.body;
        return *parse_json(answer.body);
    }
    Json list() {
        return call("ListDeployments", {{"applicationName", kApplication}, {"deploymentGroupName", kGroup}})
            .at("deployments");
    }
    Json info(const std::string& id) { return call("GetDeployment", {{"deploymentId", id}}).at("deploymentInfo"); }
    std::string newest() { return list().at(0).get<std::string>(); }
    /// What has the traffic: "shop_service_legacy_dev:42".
    std::string serves() {
        const auto answer = parse_json(world().call_ecs(
            "DescribeServices", R"({"cluster":"shop_cluster_dev","services":["shop_service_legacy_dev"]})"));
        for (const auto& set : answer->at("services").at(0).at("taskSets"))
            if (set.at("status") == "PRIMARY") {
                const auto arn = set.at("taskDefinition").get<std::string>();
                return arn.substr(arn.rfind('/') + 1);
            }
        return "nothing";
    }
    /// Somebody deploys a revision by CodeDeploy, past the function; the deployment's id.
    std::string somebody_deploys(const std::string& revision) {
        const auto spec = fmt::format(R"({{"version":0.0,"Resources":[{{"TargetService":{{"Properties":)"
                                      R"({{"TaskDefinition":"{}","LoadBalancerInfo":{{}}}}}}}}]}})",
                                      revision);
        return call("CreateDeployment",
                    {{"applicationName", kApplication},
                     {"deploymentGroupName", kGroup},
                     {"revision", {{"revisionType", "AppSpecContent"}, {"appSpecContent", {{"content", spec}}}}}})
            .at("deploymentId");
    }

private:
    std::optional<World> world_;
};

TEST_F(CodeDeployRollouts, AServiceIsDeployedByCodeDeployAndToldToItsEnd) {
    begin();
    const auto handled = world().handle(kDeployLegacy);
    EXPECT_EQ(handled.answer.status, "deployed") << handled.answer.detail;
    const auto id = newest();
    EXPECT_EQ(handled.answer.deployments.at(0).deployment_id, id);
    EXPECT_EQ(info(id).at("description"), "a test wants it");
    world().run_for(minutes{30});
    EXPECT_EQ(serves(), "shop_service_legacy_dev:42");
    EXPECT_EQ(info(id).at("status"), "Succeeded");
    EXPECT_EQ(world().calls("UpdateService"), 0);
    EXPECT_THAT(world().titles(), ElementsAre("Deployment started: legacy", "Deployment completed: legacy"))
        << world().slack();
}

TEST_F(CodeDeployRollouts, TheHooksOfTheLastAppSpecAreKept) {
    begin();
    world().handle(kDeployLegacy);
    const auto spec = info(newest()).at("revision").at("appSpecContent").at("content").get<std::string>();
    EXPECT_THAT(spec, HasSubstr("shop_legacy_smoke_test"));
    EXPECT_THAT(spec, HasSubstr("shop_service_legacy_dev:42"));
    EXPECT_THAT(spec, HasSubstr(R"("version":0.0)"));
}

TEST_F(CodeDeployRollouts, WithoutTheSettingNothingIsAskedAndTheRefusalSaysTheWayOut) {
    begin();
    World off({.environment = {{"AUTO_DEPLOY_MAP", R"({"legacy":true})"}}});
    ASSERT_EQ(off.ecs().add_code_deployed("{}").status, 200);
    const auto handled = off.handle(kDeployLegacy);
    EXPECT_EQ(handled.answer.status, "failed");
    EXPECT_THAT(handled.answer.detail, HasSubstr("CODE_DEPLOY=true"));
    EXPECT_EQ(off.calls("GetDeploymentGroup"), 0);
    EXPECT_EQ(off.calls("ListApplications"), 0);
}

TEST_F(CodeDeployRollouts, ALostAnswerBeginsNoSecondDeployment) {
    begin();
    world().add_fault({.operation = "CreateDeployment", .kind = FaultKind::kFailedAfter, .times = 1});
    const auto handled = world().handle(kDeployLegacy);
    EXPECT_EQ(handled.answer.status, "deployed") << handled.answer.detail;
    EXPECT_EQ(world().calls("CreateDeployment"), 1);
    EXPECT_EQ(list().size(), 2U) << "what ran, and what was begun";
    EXPECT_EQ(handled.answer.deployments.at(0).deployment_id, newest());
}

TEST_F(CodeDeployRollouts, SomebodyElsesDeploymentIsWaitedForAndNeverStopped) {
    begin();
    const auto theirs = somebody_deploys("shop_service_legacy_dev:10");
    const auto handled = world().handle(kDeployLegacy);
    EXPECT_EQ(handled.answer.status, "failed");
    EXPECT_THAT(handled.answer.detail, HasSubstr(theirs));
    EXPECT_THAT(handled.answer.detail, HasSubstr("in the way"));
    EXPECT_EQ(world().calls("StopDeployment"), 0);
    world().run_for(minutes{30});
    EXPECT_EQ(serves(), "shop_service_legacy_dev:10");
    EXPECT_EQ(world().handle(kDeployLegacy).answer.status, "deployed");
    world().run_for(minutes{30});
    EXPECT_EQ(serves(), "shop_service_legacy_dev:42");
}

TEST_F(CodeDeployRollouts, ItIsNotCompletedBeforeTheOldTasksAreGone) {
    begin({.wait = true}, R"({"termination_wait_minutes":60})");
    world().send(kDeployLegacy);
    world().run_for(minutes{90});
    ASSERT_FALSE(world().outcomes().empty());
    EXPECT_EQ(info(newest()).at("status"), "Succeeded");
    EXPECT_THAT(world().titles(), Not(Contains(HasSubstr("takes too long")))) << world().slack();
    EXPECT_THAT(world().titles(), Contains(HasSubstr("completed: legacy"))) << world().slack();
}

TEST_F(CodeDeployRollouts, ACanaryIsSlowOnPurposeAndNotLate) {
    begin({.environment = {{"DEPLOYMENT_TIMEOUT_SECONDS", "300"}}},
          R"({"configuration":"CodeDeployDefault.ECSCanary10Percent15Minutes","termination_wait_minutes":30})");
    world().handle(kDeployLegacy);
    world().run_for(minutes{90});
    EXPECT_THAT(world().titles(), ElementsAre("Deployment started: legacy", "Deployment completed: legacy"))
        << world().slack();
}

TEST_F(CodeDeployRollouts, OneThatFailsIsRolledBackByCodeDeployAndToldSo) {
    begin({.scenario = Scenario::kCrashOnStart, .roll_back = true});
    world().handle(kDeployLegacy);
    world().run_for(minutes{40});
    EXPECT_EQ(serves(), "shop_service_legacy_dev:9");
    EXPECT_THAT(world().titles(), Contains(HasSubstr("failed: legacy"))) << world().slack();
    EXPECT_THAT(world().titles(), Contains(HasSubstr("rolled back: legacy"))) << world().slack();
    EXPECT_EQ(world().calls("CreateDeployment"), 1) << "CodeDeploy does it by itself";
    EXPECT_EQ(list().size(), 3U) << "what ran, what failed, and its rollback: never a rollback of that";
}

TEST_F(CodeDeployRollouts, AnOverdueOneIsStoppedWithARollback) {
    begin(
        {.scenario = Scenario::kNoCapacity, .roll_back = true, .environment = {{"DEPLOYMENT_TIMEOUT_SECONDS", "300"}}},
        R"({"termination_wait_minutes":0})");
    world().handle(kDeployLegacy);
    const auto id = newest();
    world().run_for(minutes{60});
    EXPECT_EQ(serves(), "shop_service_legacy_dev:9");
    EXPECT_LE(world().calls("StopDeployment"), 1);
    EXPECT_THAT((std::vector<std::string>{"Failed", "Stopped"}), Contains(info(id).at("status").get<std::string>()));
    EXPECT_FALSE(info(id).at("rollbackInfo").at("rollbackDeploymentId").get<std::string>().empty());
}

TEST_F(CodeDeployRollouts, OneThatAPersonStopsIsToldAsThat) {
    begin({}, R"({"termination_wait_minutes":30})");
    world().handle(kDeployLegacy);
    world().run_for(minutes{5});
    call("StopDeployment", {{"deploymentId", newest()}, {"autoRollbackEnabled", true}});
    world().run_for(minutes{20});
    EXPECT_EQ(serves(), "shop_service_legacy_dev:9");
    EXPECT_THAT(world().slack(), HasSubstr("stopped by a person"));
    EXPECT_THAT(world().titles(), Contains(HasSubstr("rolled back: legacy"))) << world().slack();
}

TEST_F(CodeDeployRollouts, ADryRunSaysTheRevisionAndBeginsNothing) {
    begin({.environment = {{"DRY_RUN", "true"}}});
    const auto handled = world().handle(kDeployLegacy);
    EXPECT_EQ(handled.answer.status, "dry_run") << handled.answer.detail;
    EXPECT_THAT(handled.answer.deployments.at(0).task_definition, HasSubstr("shop_service_legacy_dev:42"));
    EXPECT_EQ(world().calls("CreateDeployment"), 0);
    EXPECT_EQ(list().size(), 1U);
}

TEST_F(CodeDeployRollouts, AServiceOfEcsCostsNoCallToCodeDeploy) {
    begin({.environment = {{"AUTO_DEPLOY_MAP", R"({"api":true})"}}});
    EXPECT_EQ(world().deploy().answer.status, "deployed");
    for (const auto* const operation : {"GetDeployment", "GetDeploymentGroup", "ListDeployments", "ListApplications"})
        EXPECT_EQ(world().calls(operation), 0) << operation;
}

}  // namespace
}  // namespace ci_lambda::testing
