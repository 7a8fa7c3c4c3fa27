#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "deployer/start/service_deployment.hpp"
#include "unit/deployer/start/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// What DescribeServices shows: api with this PRIMARY deployment, created so long after the change.
class CoalescingTest : public DeployerTest {
protected:
    static Result<DescribedServices> shows(const std::string& id, Milliseconds after,
                                           const std::string& revision = "42",
                                           RolloutState state = RolloutState::kInProgress) {
        auto primary = deployment(id, revision, state);
        primary.created_at = start() + after;
        return DescribedServices{.services = {service_with({primary})}, .failures = {}};
    }
    static Deploy changed_at_start() {
        auto deploy = deploy_of({"api"});
        deploy.requests[0].changed_at = start();
        return deploy;
    }
    DeploymentReport run_changed(const Deployer::Options& options = {}, Deadline deadline = Deadline::none()) {
        return run(changed_at_start(), options, deadline).at(0);
    }
    /// The first UpdateService is carried out, or not, but its answer is lost.
    void lose_the_first_answer() {
        ecs_.on_update = [](const UpdateServiceRequest& request, int nth) -> Result<AcceptedDeployment> {
            if (nth == 1)
                return std::unexpected(
                    Error{.kind = ErrorKind::kTimeout, .message = "no answer", .outcome_unknown = true});
            return AcceptedDeployment{.deployment_id = "ecs-svc/3", .task_definition = request.task_definition.str()};
        };
    }
};

TEST_F(CoalescingTest, SendsNothingWhereADeploymentBeganAfterTheChange) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    const std::vector<std::pair<RolloutState, std::string>> cases{
        {RolloutState::kInProgress, "already rolling: ecs-svc/7"},
        {RolloutState::kNone, "already rolling: ecs-svc/7"},
        {RolloutState::kCompleted, "already rolled out: ecs-svc/7"}};
    for (const auto& [state, words] : cases) {
        ecs_.on_describe = [&](const auto&) { return shows("ecs-svc/7", seconds(2), "42", state); };
        const auto report = run_changed();
        EXPECT_EQ(report.status, DeploymentStatus::kAlreadyRolling) << words;
        EXPECT_EQ(to_string(report.status), "ignored");
        EXPECT_EQ(report.outcome, words);
        EXPECT_EQ(report.deployment_id, "ecs-svc/7");
    }
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
}

/// Revision 43 is registered and deployed by somebody else as soon as this is called.
class ForeignDeploymentTest : public CoalescingTest {
protected:
    ForeignDeploymentTest() {
        ecs_.on_active = [this](const TaskFamily&) { return std::vector{TaskDefinition(arn_of(newest_))}; };
        ecs_.on_describe = [this](const auto&) { return shows(primary_, began_, newest_); };
    }
    void somebody_deploys_43() {
        newest_ = "43";
        primary_ = "ecs-svc/99";
        began_ = std::chrono::duration_cast<Milliseconds>(clock_.now() - start());
    }
    void expect_43_or_nothing(const DeploymentReport& report) const {
        for (const auto& update : ecs_.updates()) EXPECT_NE(update.task_definition.str(), arn_of("42"));
        EXPECT_EQ(report.task_definition, arn_of("43"));
    }
    std::string newest_ = "42";
    std::string primary_ = "ecs-svc/1";
    Milliseconds began_{-60'000};
};

TEST_F(ForeignDeploymentTest, IsNotUndoneAfterTheWaitForABurst) {
    began_ = Milliseconds{500};
    sleeper_.on_sleep = [&] { somebody_deploys_43(); };
    expect_43_or_nothing(run_changed());
}

TEST_F(ForeignDeploymentTest, IsNotUndoneByCoalescing) {
    sleeper_.on_sleep = [&] { somebody_deploys_43(); };
    expect_43_or_nothing(run_changed({.coalesce = seconds(10)}));
}

TEST_F(ForeignDeploymentTest, IsNotUndoneAfterAThrottledTry) {
    sleeper_.on_sleep = [&] { somebody_deploys_43(); };
    ecs_.on_update = [](const UpdateServiceRequest& request, int nth) -> Result<AcceptedDeployment> {
        if (nth == 1) return std::unexpected(throttled());
        return AcceptedDeployment{.deployment_id = "ecs-svc/3", .task_definition = request.task_definition.str()};
    };
    const auto report = run_changed();
    EXPECT_THAT(ecs_.updates(), SizeIs(1)) << "the second try found that 43 has the change";
    EXPECT_EQ(report.task_definition, arn_of("43"));
}

TEST_F(ForeignDeploymentTest, IsNotUndoneAfterALostAnswer) {
    lose_the_first_answer();
    sleeper_.on_sleep = [&] { somebody_deploys_43(); };
    const auto report = run_changed();
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_EQ(report.task_definition, arn_of("43"));
    EXPECT_EQ(report.status, DeploymentStatus::kAlreadyRolling);
}

TEST_F(ForeignDeploymentTest, IsNotUndoneAfterTheWaitForEcssQuota) {
    ecs_.on_turn = [&]() -> Status {
        clock_.advance(seconds{20});
        somebody_deploys_43();
        return {};
    };
    expect_43_or_nothing(run_changed());
}

TEST_F(ForeignDeploymentTest, IsNotUndoneWhereTheLookForAnotherServiceHasShownItInTheSameMoment) {
    clock_.advance(seconds{20});
    const auto api = changed_at_start().requests[0];
    ServiceSnapshots snapshots(ecs_, api.target.cluster_ref(), clock_);
    snapshots.add(api.target.service);
    ecs_.on_history = [&] {
        if (primary_ == "ecs-svc/99") return;
        somebody_deploys_43();
        (void)snapshots.take(clock_.now() + Milliseconds{1}, Deadline::none());
    };
    std::atomic<bool> warned{false};
    std::atomic<bool> may_not_describe{false};
    ServiceDeployment deployment({.rollback_on_failure = true},
                                 {.ecs = ecs_,
                                  .registries = ecr_,
                                  .observer = observer_,
                                  .memory = memory_,
                                  .revision_images = revision_images_,
                                  .gate = gate_,
                                  .clock = clock_,
                                  .sleeper = sleeper_,
                                  .logger = log_.logger,
                                  .warned = warned,
                                  .may_not_describe = may_not_describe},
                                 api, snapshots, Deadline::none());
    expect_43_or_nothing(deployment.run());
    EXPECT_THAT(ecs_.updates(), IsEmpty()) << "it has the change";
    EXPECT_THAT(ecs_.describes(), SizeIs(2)) << "nobody looks a third time";
}

TEST_F(ForeignDeploymentTest, IsNotUndoneWhereEcsListsItsRevisionLate) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    ecs_.on_task_definition = [](const TaskDefinition&) -> Result<EcsTaskDefinition> {
        return fail(ErrorKind::kAccessDenied, "no");
    };
    clock_.advance(seconds{20});
    somebody_deploys_43();
    expect_43_or_nothing(run_changed());
}

TEST_F(ForeignDeploymentTest, GivesWayToAPersonWhoNamesARevision) {
    somebody_deploys_43();
    auto by_number = changed_at_start();
    by_number.requests[0].task_definition = TaskDefinition(arn_of("42"));
    EXPECT_EQ(run(by_number).at(0).status, DeploymentStatus::kDeployed);
}

TEST_F(CoalescingTest, ARollbackProvesNothing) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/7", seconds(60), "42", RolloutState::kCompleted); };
    ecs_.history = std::vector{record("bad", ServiceDeploymentStatus::kRollbackSuccessful, seconds{5}, "43")};
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "by ECS's record";
    ecs_.history = std::vector<EcsServiceDeployment>{};
    ecs_.on_describe = [](const auto&) {
        auto shown = shows("ecs-svc/7", seconds(60), "42", RolloutState::kCompleted);
        shown->services[0].messages = {
            {.at = start() + seconds{60}, .text = "(service x) rolling back to deployment ecs-svc/7."}};
        return shown;
    };
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "by the service's messages";
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/7", seconds(60), "42", RolloutState::kFailed); };
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "what failed has brought nothing";
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/7", seconds(60), "42"); };
    ecs_.history = fail(ErrorKind::kServer, "internal failure");
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "rather a rollout too many";
}

TEST_F(CoalescingTest, ARollbackIsNotTakenForTheLostUpdateService) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    lose_the_first_answer();
    ecs_.on_describe = [&](const auto&) {
        return ecs_.updates().empty() ? shows("ecs-svc/1", seconds(-600), "43") : shows("ecs-svc/2", seconds(0));
    };
    ecs_.history = std::vector{record("bad", ServiceDeploymentStatus::kRollbackInProgress, seconds{-600}, "43")};
    EXPECT_EQ(run_one().deployment_id, "ecs-svc/3");
}

TEST_F(CoalescingTest, DeploysWhereNothingProvesThatTheChangeIsIn) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/1", seconds(-2)); };
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "it began before the change";
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/1", seconds(60), "41"); };
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "it runs another revision";
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/1", seconds(60)); };
    EXPECT_EQ(run_one().status, DeploymentStatus::kDeployed) << "no time means now";
    ecs_.on_describe = [](const auto&) -> Result<DescribedServices> {
        return fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:DescribeServices");
    };
    EXPECT_EQ(run_changed().status, DeploymentStatus::kDeployed) << "nobody may look";
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
}

TEST_F(CoalescingTest, LooksAgainBeforeItDecidesAboutADeploymentOfTheSameMoment) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    for (const auto after : {Milliseconds(-1000), Milliseconds(0), Milliseconds(999), Milliseconds(1999)}) {
        const auto before = ecs_.updates().size();
        auto deploy = changed_at_start();
        deploy.requests[0].changed_at = clock_.now();
        const auto change = clock_.now() - start();
        int looks = 0;
        ecs_.on_describe = [&](const auto&) {
            ++looks;
            return shows("ecs-svc/1", std::chrono::duration_cast<Milliseconds>(change) + after);
        };
        EXPECT_EQ(run(deploy).at(0).status, DeploymentStatus::kDeployed) << after.count();
        EXPECT_EQ(looks, 2) << after.count();
        EXPECT_EQ(ecs_.updates().size(), before + 1);
        clock_.advance(seconds(60));
    }
    EXPECT_THAT(sleeper_.slept(), ::testing::Each(Milliseconds(4000)));
}

TEST_F(CoalescingTest, FindsAtTheSecondLookWhatSomebodyElseHasBegunMeanwhile) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    ecs_.on_describe = [&](const auto&) {
        return ecs_.describes().size() == 1 ? shows("ecs-svc/1", Milliseconds(500)) : shows("ecs-svc/2", seconds(3));
    };
    EXPECT_EQ(run_changed().outcome, "already rolling: ecs-svc/2");
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(CoalescingTest, RatherDeploysThanWaitsPastTheDeadline) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/1", Milliseconds(500)); };
    EXPECT_EQ(run_changed({}, Deadline{start() + seconds(5)}).status, DeploymentStatus::kDeployed);
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
}

TEST_F(CoalescingTest, LetsABurstSettleCountedFromTheEventsOwnTime) {
    clock_.advance(seconds(3));
    run_changed({.coalesce = seconds(10)});
    EXPECT_THAT(sleeper_.slept(), ElementsAre(Milliseconds(7000)));
    run_changed({.coalesce = seconds(10)});
    run_one({.coalesce = seconds(10)});
    run_changed({.dry_run = true, .coalesce = seconds(60)});
    EXPECT_THAT(sleeper_.slept(), SizeIs(1)) << "later, without a time, and in a dry run nobody waits";
    run_changed({.coalesce = seconds(60)}, Deadline{clock_.now() + seconds(20)});
    EXPECT_THAT(sleeper_.slept(), ElementsAre(Milliseconds(7000), Milliseconds(10000))) << "half of what is left";
}

TEST_F(CoalescingTest, LetsAChangeThatIsToldTwiceSettleHoweverShortABurstMayBe) {
    auto told_twice = changed_at_start();
    told_twice.requests[0].settles = seconds(4);
    clock_.advance(seconds(1));
    run(told_twice, {.coalesce = seconds(2)});
    EXPECT_THAT(sleeper_.slept(), ElementsAre(Milliseconds(3000)));
    run(told_twice, {.coalesce = seconds(2)});
    run(told_twice, {.dry_run = true});
    EXPECT_THAT(sleeper_.slept(), SizeIs(1)) << "it is long ago, or nothing is begun";
}

TEST_F(CoalescingTest, FindsTheDeploymentWhoseAnswerWasLostInsteadOfStartingASecondOne) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    lose_the_first_answer();
    ecs_.on_describe = [&](const auto&) {
        return ecs_.updates().empty() ? shows("ecs-svc/1", seconds(-600)) : shows("ecs-svc/2", seconds(0));
    };
    const auto report = run_one();
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(report.deployment_id, "ecs-svc/2");
    EXPECT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_EQ(lines_like("", R"("may_start_a_second_rollout":true)"), 0);
}

TEST_F(CoalescingTest, LooksForTheLostAnswerAlsoWhenNoRetryIsLeft) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    lose_the_first_answer();
    ecs_.on_describe = [&](const auto&) {
        return ecs_.updates().empty() ? shows("ecs-svc/1", seconds(-600)) : shows("ecs-svc/2", seconds(0));
    };
    const auto report = run_one({.max_retries = 0});
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(report.deployment_id, "ecs-svc/2");
}

TEST_F(CoalescingTest, SendsUpdateServiceAgainWhereEcsShowsNothingThatItBegan) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("42"))}; };
    lose_the_first_answer();
    ecs_.on_describe = [](const auto&) { return shows("ecs-svc/1", seconds(-600)); };
    EXPECT_EQ(run_one().deployment_id, "ecs-svc/3");
    EXPECT_THAT(ecs_.updates(), SizeIs(2));
    EXPECT_EQ(lines_like("ECS shows nothing that it began", R"("may_start_a_second_rollout":true)"), 1);
}

}  // namespace
}  // namespace ci_lambda::testing
