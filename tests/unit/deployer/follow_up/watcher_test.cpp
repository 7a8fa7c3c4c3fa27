#include "deployer/follow_up/watcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WatcherTest : public RolloutFixture {
protected:
    /// api as ECS shows it, by the time that has passed.
    void ecs_shows(std::function<EcsService(Milliseconds)> service) {
        ecs_.on_describe = [this, shown = std::move(service)](const std::vector<EcsServiceName>& names) {
            DescribedServices described;
            for (const auto& name : names) {
                auto one = shown(passed());
                one.name = name;
                described.services.push_back(std::move(one));
            }
            return described;
        };
    }
    /// Revision 7 worked before, and UpdateService brings it back as ecs-svc/2.
    void can_restore(bool& restored) {
        ecs_.history = std::vector{record("own", ServiceDeploymentStatus::kStopped),
                                   record("good", ServiceDeploymentStatus::kSuccessful, -minutes{60}, "7")};
        ecs_.revisions = std::vector<EcsServiceRevision>{
            {.arn = "service-revision/7", .task_definition = arn_of("7"), .images = {}}};
        ecs_.on_update = [&](const UpdateServiceRequest& request, int) {
            restored = true;
            return AcceptedDeployment{.deployment_id = "ecs-svc/2",
                                      .task_definition = request.task_definition.str(),
                                      .created_at = clock_.now()};
        };
    }
    [[nodiscard]] Milliseconds passed() const {
        return std::chrono::duration_cast<Milliseconds>(clock_.now() - start());
    }
    Rollout pushed_rollout() {
        auto rollout = rollout_to_8();
        rollout.pushed = {{.repository = "shop_api", .tag = "v8", .digest = "sha256:aa"}};
        return rollout;
    }
    RolloutOutcome watch(bool roll_back = false, Deadline deadline = Deadline::none()) {
        return watch_all({rollout_to_8()}, roll_back, deadline).at(0);
    }
    std::vector<RolloutOutcome> watch_all(const std::vector<Rollout>& rollouts, bool roll_back = false,
                                          Deadline deadline = Deadline::none()) {
        RolloutWatcher watcher({.timeout = minutes{10}, .roll_back = roll_back}, observer_, rollback_, clock_, sleeper_,
                               log_.logger);
        return watcher.watch(
            rollouts, deadline, [&](const RolloutOutcome&, const EcsService*) { ++snapshots_; },
            [&](const std::vector<RolloutOutcome>& outcomes) {
                for (const auto& outcome : outcomes) verdicts_.emplace_back(to_string(outcome.judgement.verdict));
            });
    }

    int snapshots_ = 0;
    std::vector<std::string> verdicts_;
};

EcsService in_progress() { return service_with({deployment("ecs-svc/1", "8", RolloutState::kInProgress)}); }
EcsService done() { return service_with({deployment("ecs-svc/1", "8", RolloutState::kCompleted)}); }
EcsService failed() { return service_with({deployment("ecs-svc/1", "8", RolloutState::kFailed)}); }

TEST_F(WatcherTest, WatchesUntilEcsSaysThatItCompleted) {
    ecs_shows([](Milliseconds passed) { return passed < seconds{40} ? in_progress() : done(); });
    const auto outcome = watch();
    EXPECT_EQ(outcome.judgement.verdict, Verdict::kCompleted);
    EXPECT_GE(outcome.took, seconds{40});
    EXPECT_LT(outcome.took, seconds{60});
    EXPECT_GT(snapshots_, 0);
    EXPECT_THAT(verdicts_, ::testing::ElementsAre("completed"));
}

TEST_F(WatcherTest, SaysWhetherWhatCompletedIsWhatWasPushed) {
    ecs_shows([](Milliseconds) {
        auto service = done();
        service.revisions = {"arn:service-revision/0", "arn:service-revision/1"};
        return service;
    });
    for (const auto& [digest, found] :
         {std::pair("sha256:aa", ImageProof::Found::kPushed), std::pair("sha256:bb", ImageProof::Found::kAnother)}) {
        ecs_.revisions = std::vector<EcsServiceRevision>{
            {.arn = "arn:service-revision/1",
             .task_definition = arn_of("8"),
             .images = {{.container = "app", .image = "shop_api:v8", .digest = digest}}}};
        const auto outcome = watch_all({pushed_rollout()}).at(0);
        EXPECT_EQ(outcome.judgement.verdict, Verdict::kCompleted);
        EXPECT_EQ(outcome.proof.found, found) << digest;
        EXPECT_THAT(outcome.images.resolved, SizeIs(1));
    }
}

TEST_F(WatcherTest, BelievesTheTasksOfTheRolloutAloneWhereTheRevisionCannotBeRead) {
    ecs_shows([](Milliseconds) { return done(); });
    ecs_.running = std::vector<EcsRunningTask>{
        {.started_by = "ecs-svc/0", .images = {{.container = "app", .image = "shop_api:v7", .digest = "sha256:77"}}},
        {.started_by = "ecs-svc/1", .images = {{.container = "app", .image = "shop_api:v8", .digest = "sha256:aa"}}}};
    EXPECT_EQ(watch_all({pushed_rollout()}).at(0).proof.found, ImageProof::Found::kPushed);
    ecs_.running = fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:ListTasks");
    const auto unknown = watch_all({pushed_rollout()}).at(0);
    EXPECT_EQ(unknown.proof.found, ImageProof::Found::kNothing);
    EXPECT_EQ(unknown.judgement.verdict, Verdict::kCompleted) << "what may not be read is done without";
    EXPECT_EQ(ecs_.calls("ListTasks RUNNING"), 2);
    EXPECT_EQ(watch().judgement.verdict, Verdict::kCompleted);
    EXPECT_EQ(ecs_.calls("ListTasks RUNNING"), 2) << "where nothing was pushed there is nothing to prove";
}

TEST_F(WatcherTest, AsksEachRegionForItsOwnServices) {
    ecs_shows([](Milliseconds) { return done(); });
    auto elsewhere = rollout_to_8();
    elsewhere.target.region = "eu-west-1";
    EXPECT_THAT(watch_all({rollout_to_8(), elsewhere}), SizeIs(2));
    EXPECT_THAT(ecs_.describes(), ::testing::ElementsAre(SizeIs(1), SizeIs(1)));
}

TEST_F(WatcherTest, CountsNoTimeBackwardsWhenTheClockOfEcsIsAhead) {
    ecs_shows([](Milliseconds) { return done(); });
    auto ahead = rollout_to_8();
    ahead.started_at = start() + seconds{9};
    EXPECT_EQ(watch_all({ahead}).at(0).took, Milliseconds{0});
}

TEST_F(WatcherTest, LooksEveryFewSecondsAndLessOftenLater) {
    ecs_shows([](Milliseconds) { return in_progress(); });
    watch();
    const auto slept = sleeper_.slept();
    ASSERT_FALSE(slept.empty());
    EXPECT_LE(slept.front(), seconds{5});
    EXPECT_TRUE(std::ranges::is_sorted(slept));
    EXPECT_LE(slept.back(), seconds{15});
}

TEST_F(WatcherTest, AnswersInProgressShortlyBeforeTheDeadline) {
    ecs_shows([](Milliseconds) { return in_progress(); });
    const auto outcome = watch(true, Deadline(start() + seconds{30}));
    EXPECT_EQ(outcome.judgement.verdict, Verdict::kInProgress);
    EXPECT_LT(passed(), seconds{30});
    EXPECT_THAT(verdicts_, IsEmpty());
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
}

TEST_F(WatcherTest, TimesOutAndOnlySaysSoWhenNothingIsToBeRolledBack) {
    ecs_shows([](Milliseconds) { return in_progress(); });
    EXPECT_EQ(watch().judgement.verdict, Verdict::kTimedOut);
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(WatcherTest, AsksEcsToRollBackWhatTakesTooLongAndWatchesOn) {
    bool stopped = false;
    ecs_.history = std::vector{record("own", ServiceDeploymentStatus::kInProgress)};
    ecs_.on_roll_back = [&](const std::string& arn) -> Status {
        EXPECT_EQ(arn, "service-deployment/own");
        stopped = true;
        ecs_.history = std::vector{record("own", ServiceDeploymentStatus::kRollbackInProgress)};
        return {};
    };
    ecs_shows([&](Milliseconds passed) {
        if (!stopped) return in_progress();
        if (passed > minutes{11})
            ecs_.history = std::vector{record("own", ServiceDeploymentStatus::kRollbackSuccessful)};
        return service_with({deployment("ecs-svc/2", "7", RolloutState::kInProgress),
                             deployment("ecs-svc/1", "8", RolloutState::kInProgress, "ACTIVE")});
    });
    const auto outcome = watch(true);
    EXPECT_EQ(outcome.judgement.verdict, Verdict::kRolledBack);
    EXPECT_EQ(outcome.rollback, "ECS was asked to roll it back");
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 1);
    EXPECT_THAT(verdicts_, ::testing::ElementsAre("timed_out", "rolled_back"));
}

TEST_F(WatcherTest, WatchesOnWhileEcsHasNotTurnedRoundYet) {
    ecs_.history = std::vector{record("own", ServiceDeploymentStatus::kInProgress)};
    ecs_shows([&](Milliseconds passed) {
        if (passed < minutes{13}) return in_progress();  // three minutes after it was asked to
        ecs_.history = std::vector{record("own", ServiceDeploymentStatus::kRollbackSuccessful)};
        return service_with({deployment("ecs-svc/2", "7", RolloutState::kCompleted)});
    });
    EXPECT_EQ(watch(true).judgement.verdict, Verdict::kRolledBack);
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 1);
}

TEST_F(WatcherTest, AStaleFirstAnswerDoesNotEndTheWatch) {
    ecs_.history = fail(ErrorKind::kAccessDenied, "no");
    ecs_shows([](Milliseconds passed) {
        if (passed > seconds{20}) return done();
        auto before = deployment("ecs-svc/0", "7", RolloutState::kCompleted);
        before.created_at = start() - minutes{60};
        return service_with({before});
    });
    EXPECT_EQ(watch().judgement.verdict, Verdict::kCompleted);
    EXPECT_GE(sleeper_.slept().front(), seconds{1}) << "the first look comes after a moment";
}

TEST_F(WatcherTest, BringsTheLastGoodRevisionBackWhenARolloutFailedAndStays) {
    bool restored = false;
    can_restore(restored);
    ecs_shows([&](Milliseconds passed) {
        if (!restored) return failed();
        return service_with(
            {deployment("ecs-svc/2", "7", passed < minutes{2} ? RolloutState::kInProgress : RolloutState::kCompleted)});
    });
    const auto outcome = watch(true);
    EXPECT_EQ(outcome.judgement.verdict, Verdict::kRolledBack);
    EXPECT_EQ(outcome.judgement.now_runs, "td/shop_service_api_dev-rollback:1");
    EXPECT_EQ(outcome.rollout.deployment_id, "ecs-svc/1") << "it is the first rollout that is reported";
    ASSERT_THAT(ecs_.updates(), SizeIs(1));
    EXPECT_EQ(ecs_.updates()[0].task_definition.str(), "td/shop_service_api_dev-rollback:1");
    EXPECT_THAT(verdicts_, ::testing::ElementsAre("failed", "rolled_back"));
}

TEST_F(WatcherTest, StaysFailedWhenTheRollbackFailsToo) {
    bool restored = false;
    can_restore(restored);
    ecs_shows([&](Milliseconds) {
        return restored ? service_with({deployment("ecs-svc/2", "7", RolloutState::kFailed)}) : failed();
    });
    const auto outcome = watch(true);
    EXPECT_EQ(outcome.judgement.verdict, Verdict::kFailed);
    EXPECT_THAT(outcome.judgement.reason, HasSubstr("its rollback did not succeed"));
    EXPECT_THAT(ecs_.updates(), SizeIs(1)) << "a rollback is never rolled back";
}

TEST_F(WatcherTest, FiftyServicesCostFiveDescribeServicesARound) {
    ecs_shows([](Milliseconds passed) { return passed < seconds{20} ? in_progress() : done(); });
    std::vector<Rollout> rollouts;
    for (int i = 0; i < 50; ++i) {
        auto rollout = rollout_to_8();
        rollout.target = target(fmt::format("s{}", i));
        rollouts.push_back(rollout);
    }
    const auto outcomes = watch_all(rollouts);
    ASSERT_THAT(outcomes, SizeIs(50));
    for (const auto& outcome : outcomes) EXPECT_EQ(outcome.judgement.verdict, Verdict::kCompleted);
    const auto rounds = sleeper_.slept().size();  // the first look comes after a moment
    EXPECT_EQ(ecs_.describes().size(), 5 * rounds);
    EXPECT_THAT(ecs_.describes(), Each(SizeIs(10)));
    EXPECT_EQ(ecs_.calls("ListServiceDeployments") + ecs_.calls("ListTasks"), 0) << "all went well";
}

TEST_F(WatcherTest, LooksOnlyAtThoseThatAreNotOver) {
    ecs_.on_describe = [&](const std::vector<EcsServiceName>& names) {
        DescribedServices described;
        for (const auto& name : names) {
            const bool quick = name == target("s0").service;
            auto one = quick || passed() > seconds{30} ? done() : in_progress();
            one.name = name;
            described.services.push_back(one);
        }
        return described;
    };
    std::vector<Rollout> rollouts(2, rollout_to_8());
    rollouts[0].target = target("s0");
    rollouts[1].target = target("s1");
    watch_all(rollouts);
    ASSERT_GT(ecs_.describes().size(), 2U);
    EXPECT_THAT(ecs_.describes().front(), SizeIs(2));
    EXPECT_THAT(ecs_.describes().back(), SizeIs(1));
}

TEST_F(WatcherTest, TriesAgainWhatCanHealAndGivesUpOnWhatCannot) {
    ecs_.on_describe = [&](const std::vector<EcsServiceName>& names) -> Result<DescribedServices> {
        if (passed() < seconds{10}) return fail(ErrorKind::kThrottled, "ThrottlingException: Rate exceeded");
        DescribedServices described;
        described.services.push_back(done());
        described.services[0].name = names[0];
        return described;
    };
    EXPECT_EQ(watch().judgement.verdict, Verdict::kCompleted);

    ecs_.on_describe = [](const std::vector<EcsServiceName>&) -> Result<DescribedServices> {
        return fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:DescribeServices");
    };
    const auto blind = watch();
    EXPECT_EQ(blind.judgement.verdict, Verdict::kInProgress) << "never completed for what was not seen";
    EXPECT_THAT(blind.judgement.reason, AllOf(HasSubstr("cannot be seen"), HasSubstr("ecs:DescribeServices")));
}

TEST_F(WatcherTest, DoesWithoutWhatItMayNotRead) {
    ecs_.history = fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:ListServiceDeployments");
    ecs_.tasks = fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:ListTasks");
    ecs_shows([](Milliseconds) { return failed(); });
    EXPECT_EQ(watch().judgement.verdict, Verdict::kFailed);
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("ecs:ListServiceDeployments"), HasSubstr("ecs:ListTasks")));
}

}  // namespace
}  // namespace ci_lambda::testing
