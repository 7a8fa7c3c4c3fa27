#include "deployer/code_deploy/code_deployed_ecs.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/codedeploy/app_spec.hpp"
#include "support/fake_ecs.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/code_deploy/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const ClusterName kShop{"shop"};
const EcsServiceName kApi{"api"};

std::string td_of_api(int revision) {
    return fmt::format("arn:aws:ecs:us-east-1:123456789012:task-definition/api:{}", revision);
}

CodeDeployDeployment a_deployment(const std::string& id, int revision, CodeDeployStatus status) {
    return {
        .id = id,
        .status = status,
        .description = {},
        .creator = "user",
        .revision = {.type = "AppSpecContent", .content = new_app_spec(td_of_api(revision), "app", 80), .sha256 = {}},
        .configuration = "CodeDeployDefault.ECSAllAtOnce",
        .created_at = {}};
}

class CodeDeployedEcsTest : public ::testing::Test {
protected:
    CodeDeployedEcsTest() {
        api_.now = clock_.now();
        auto first = a_deployment("d-FIRST", 9, CodeDeployStatus::kSucceeded);
        first.created_at = clock_.now() - std::chrono::hours{24};
        api_.add(first);
        service_.name = kApi;
        service_.status = "ACTIVE";
        service_.deployment_controller = "CODE_DEPLOY";
        service_.desired_count = 2;
        service_.balanced_container = "app";
        service_.balanced_port = 80;
        service_.task_sets = {set("ecs-svc/1", "d-FIRST", "PRIMARY", 9)};
        inner_.on_describe = [this](const auto&) -> Result<DescribedServices> {
            return DescribedServices{.services = {service_}, .failures = {}};
        };
    }
    static EcsTaskSet set(const std::string& id, const std::string& made_by, const std::string& status, int revision) {
        return {.id = id,
                .external_id = made_by,
                .status = status,
                .task_definition = td_of_api(revision),
                .desired_count = 2,
                .pending_count = 0,
                .running_count = 2,
                .created_at = {},
                .updated_at = {}};
    }
    EcsService describe() {
        auto described = ecs_.describe_services(kShop, {kApi}, Deadline::none());
        EXPECT_THAT(described, IsOk());
        return described ? described->services.front() : EcsService{};
    }
    Result<AcceptedDeployment> update(int revision, const std::string& reason = "image api:v1 was pushed") {
        return ecs_.update_service({.cluster = kShop,
                                    .service = kApi,
                                    .task_definition = TaskDefinition(td_of_api(revision)),
                                    .reason = reason},
                                   Deadline::none());
    }

    RecordingLog log_;
    FakeClock& clock_ = log_.clock;
    FakeEcs inner_;
    FakeCodeDeploy api_;
    EcsService service_;
    std::optional<CodeDeployGroup> named_;
    CodeDeployGroups groups_{api_, clock_, [this](const auto&) { return named_; }};
    CodeDeployedEcs ecs_{inner_, api_, groups_, clock_, log_.logger};
};

TEST_F(CodeDeployedEcsTest, AServiceOfEcsIsEcssOwnAndCostsNoCall) {
    service_.deployment_controller = "ECS";
    EXPECT_FALSE(describe().by_code_deploy);
    EXPECT_THAT(update(42), IsOk());
    EXPECT_THAT(inner_.updates(), SizeIs(1));
    EXPECT_THAT(api_.calls, IsEmpty());
}

TEST_F(CodeDeployedEcsTest, TheGroupIsFoundByTheTaskSetAndKept) {
    const auto shown = describe();
    EXPECT_TRUE(shown.by_code_deploy);
    ASSERT_NE(shown.primary(), nullptr);
    EXPECT_EQ(shown.primary()->id, "d-FIRST");
    EXPECT_EQ(shown.primary()->rollout_state, RolloutState::kCompleted);
    EXPECT_EQ(shown.primary()->task_definition, td_of_api(9));
    EXPECT_EQ(api_.calls["ListApplications"], 0);
    const auto gets = api_.calls["GetDeployment"];
    describe();
    EXPECT_EQ(api_.calls["GetDeployment"], gets + 1) << "of the last one; the group is known";
}

TEST_F(CodeDeployedEcsTest, WithoutTaskSetsOfCodeDeployAllGroupsAreLookedAtOnce) {
    service_.task_sets.front().external_id.clear();
    EXPECT_TRUE(describe().by_code_deploy);
    describe();
    EXPECT_EQ(api_.calls["ListApplications"], 1);
}

TEST_F(CodeDeployedEcsTest, AGroupThatIsNamedWinsAndOneThatIsNotThereSaysSo) {
    named_ = CodeDeployGroup{.application = "App", .group = "Gone"};
    const auto shown = describe();
    EXPECT_FALSE(can_be_updated(shown));
    EXPECT_THAT(why_it_cannot_be_updated(shown).message, AllOf(HasSubstr("api"), HasSubstr("App/Gone")));
}

TEST_F(CodeDeployedEcsTest, AServiceThatNoGroupDeploysSaysTheWayOut) {
    service_.task_sets.front().external_id.clear();
    api_.info.services.clear();
    EXPECT_THAT(why_it_cannot_be_updated(describe()).message, HasSubstr("CODE_DEPLOY_GROUPS"));
}

TEST_F(CodeDeployedEcsTest, AReadThatCanHealIsAnErrorOfTheCallAndOneThatIsNotAllowedIsSaid) {
    api_.reads = fail(ErrorKind::kThrottled, "slow down");
    EXPECT_THAT(ecs_.describe_services(kShop, {kApi}, Deadline::none()), IsErr(ErrorKind::kThrottled, ::testing::_));
    api_.reads = fail(ErrorKind::kAccessDenied, "needs codedeploy:GetDeployment");
    EXPECT_THAT(why_it_cannot_be_updated(describe()).message, HasSubstr("needs codedeploy:GetDeployment"));
}

TEST_F(CodeDeployedEcsTest, ADeploymentIsCreatedWithTheReasonAndTheLastAppSpec) {
    describe();
    const auto accepted = update(42);
    ASSERT_THAT(accepted, IsOk());
    EXPECT_EQ(accepted->deployment_id, "d-NEW1");
    ASSERT_THAT(api_.created, SizeIs(1));
    EXPECT_EQ(task_definition_in(api_.created[0].app_spec), td_of_api(42));
    EXPECT_EQ(api_.created[0].description, "image api:v1 was pushed");
    EXPECT_THAT(api_.created[0].rollback_events, IsEmpty()) << "as the group has it";
    EXPECT_THAT(inner_.updates(), IsEmpty());
    const auto shown = describe();
    EXPECT_EQ(shown.primary()->id, "d-NEW1");
    EXPECT_EQ(shown.primary()->rollout_state, RolloutState::kInProgress);
    EXPECT_THAT(shown.deployments, SizeIs(2)) << "what has the traffic is there, too";
}

TEST_F(CodeDeployedEcsTest, ALongReasonIsCutToWhatCodeDeployTakes) {
    describe();
    ASSERT_THAT(update(42, std::string(2000, 'x')), IsOk());
    EXPECT_LE(api_.created[0].description.size(), kLongestDescription);
}

TEST_F(CodeDeployedEcsTest, ARollbackIsAskedForWhereTheGroupHasNone) {
    describe();
    ASSERT_THAT(ecs_.update_service({.cluster = kShop,
                                     .service = kApi,
                                     .task_definition = TaskDefinition(td_of_api(42)),
                                     .goes_back_alone = true},
                                    Deadline::none()),
                IsOk());
    EXPECT_THAT(api_.created[0].rollback_events, ElementsAre("DEPLOYMENT_FAILURE"));
}

TEST_F(CodeDeployedEcsTest, WhatWasCreatedWithoutAnAnswerIsFoundAndNotSentAgain) {
    describe();
    api_.answer_lost = true;
    EXPECT_THAT(update(42), IsErr(ErrorKind::kTimeout, ::testing::_));
    const auto again = update(42);
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->deployment_id, "d-NEW1");
    EXPECT_THAT(api_.created, SizeIs(1));
}

TEST_F(CodeDeployedEcsTest, WhatIsInTheWayIsNamedAndLeftAlone) {
    describe();
    auto theirs = a_deployment("d-THEIRS", 10, CodeDeployStatus::kReady);
    theirs.created_at = clock_.now();
    api_.add(theirs);
    EXPECT_THAT(update(42), IsErr(ErrorKind::kBusy, AllOf(HasSubstr("d-THEIRS"), HasSubstr("begun by user"),
                                                          HasSubstr("waits for somebody"))));
    EXPECT_THAT(api_.created, IsEmpty());
    EXPECT_THAT(api_.stopped, IsEmpty());
}

TEST_F(CodeDeployedEcsTest, TheSameRevisionOfAnotherWishIsNotTakenForOurs) {
    describe();
    auto theirs = a_deployment("d-THEIRS", 42, CodeDeployStatus::kInProgress);
    theirs.created_at = clock_.now();
    api_.add(theirs);
    EXPECT_THAT(update(42), IsErr(ErrorKind::kBusy, ::testing::_));
}

TEST_F(CodeDeployedEcsTest, ALimitThatIsExceededMeanwhileIsWaitedForAsWhatIsBusy) {
    describe();
    api_.creates = std::unexpected(
        Error{.kind = ErrorKind::kBusy, .message = "already active", .code = "DeploymentLimitExceededException"});
    const auto refused = update(42);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().retryable());
}

TEST_F(CodeDeployedEcsTest, AnAppSpecInS3IsNotReplacedByOneWithoutItsHooks) {
    describe();
    api_.info.target = {.type = "S3", .content = {}, .sha256 = {}};
    describe();
    EXPECT_THAT(update(42), IsErr(ErrorKind::kRejected, HasSubstr("hooks")));
}

TEST_F(CodeDeployedEcsTest, TheFirstAppSpecIsMadeOfTheServicesLoadBalancer) {
    api_.info.target = {};
    describe();
    ASSERT_THAT(update(42), IsOk());
    EXPECT_EQ(api_.created[0].app_spec, new_app_spec(td_of_api(42), "app", 80));
}

TEST_F(CodeDeployedEcsTest, ARollbackOfCodeDeployIsTheEndOfWhatItTakesBack) {
    auto bad = a_deployment("d-BAD", 42, CodeDeployStatus::kFailed);
    bad.created_at = clock_.now();
    bad.rollback_id = "d-BACK";
    bad.error_code = "HEALTH_CONSTRAINTS";
    api_.add(bad);
    auto back = a_deployment("d-BACK", 9, CodeDeployStatus::kInProgress);
    back.created_at = clock_.now() + seconds{5};
    back.creator = "codeDeployRollback";
    back.rolls_back = "d-BAD";
    api_.add(back);
    const auto shown = describe();
    EXPECT_EQ(shown.primary()->id, "d-BACK");
    EXPECT_THAT(shown.primary()->rollout_reason, HasSubstr("rolling back"));
    auto records = ecs_.service_deployments(kShop, kApi, Deadline::none());
    ASSERT_THAT(records, IsOk());
    ASSERT_THAT(*records, SizeIs(2));
    EXPECT_EQ(records->front().arn, "d-BAD");
    EXPECT_EQ(records->front().status, ServiceDeploymentStatus::kRollbackInProgress);
    api_.known["d-BACK"].status = CodeDeployStatus::kSucceeded;
    records = ecs_.service_deployments(kShop, kApi, Deadline::none());
    EXPECT_EQ(records->front().status, ServiceDeploymentStatus::kRollbackSuccessful);
    EXPECT_THAT(records->front().reason, HasSubstr("HEALTH_CONSTRAINTS"));
}

TEST_F(CodeDeployedEcsTest, TasksSayWhichDeploymentTheyAreOf) {
    describe();
    inner_.running = std::vector{EcsRunningTask{.started_by = "ecs-svc/1", .images = {}}};
    const auto tasks = ecs_.running_tasks(kShop, kApi, Deadline::none());
    ASSERT_THAT(tasks, IsOk());
    EXPECT_EQ(tasks->front().started_by, "d-FIRST");
}

TEST_F(CodeDeployedEcsTest, StoppingIsCodeDeploysAndOneThatIsOverSaysItAsEcsDoes) {
    EXPECT_THAT(ecs_.roll_back_service_deployment("d-FIRST", Deadline::none()), IsOk());
    EXPECT_THAT(api_.stopped, ElementsAre("d-FIRST"));
    EXPECT_EQ(inner_.calls("StopServiceDeployment"), 0);
    EXPECT_THAT(ecs_.roll_back_service_deployment("arn:aws:ecs:x", Deadline::none()), IsOk());
    EXPECT_EQ(inner_.calls("StopServiceDeployment"), 1);
}

}  // namespace
}  // namespace ci_lambda::testing
