#include "deployer/follow_up/sweeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Record = ServiceDeploymentStatus;

class SweeperTest : public RolloutFixture {
protected:
    SweeperTest() {
        show(RolloutState::kInProgress);
        ecs_.history = std::vector{record("own", Record::kInProgress)};
    }
    void show(RolloutState state, const std::string& status = "ACTIVE") {
        ecs_.on_describe = [state, status](const std::vector<EcsServiceName>& names) {
            DescribedServices described;
            for (const auto& name : names) {
                auto service = service_with({deployment("ecs-svc/1", "8", state)});
                service.name = name;
                service.status = status;
                described.services.push_back(std::move(service));
            }
            return described;
        };
    }
    void show_an_hour_of_bake_time() {
        ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
            auto service = service_with({deployment("ecs-svc/1", "8", RolloutState::kInProgress)});
            service.configuration = {.strategy = DeploymentStrategy::kBlueGreen, .bake = minutes{60}};
            return DescribedServices{.services = {service}, .failures = {}};
        };
    }
    /// How often the rollout is told by a sweep of every five minutes, each in a process of its own.
    int told_by_a_schedule_of(minutes duration) {
        int told = 0;
        for (minutes age{3}; age < duration; age += minutes{5}) {
            RolloutMemory fresh;
            clock_.advance(std::chrono::duration_cast<Milliseconds>(start() + age - clock_.now()));
            Sweeper sweeper({.timeout = minutes{10}, .interval = minutes{5}}, observer_, rollback_, fresh, clock_,
                            log_.logger);
            const auto found = sweeper.sweep({target("api")}, clock_.now(), Deadline::none());
            EXPECT_THAT(found, IsOk());
            if (!found) return -1;
            for (const auto& one : found->overdue) told += one.news ? 1 : 0;
        }
        return told;
    }
    /// A sweep so long after the rollout began, by the schedule or because somebody asked.
    std::vector<Sweeper::Overdue> sweep_after(Milliseconds age, bool scheduled, bool roll_back = false) {
        clock_.advance(std::chrono::duration_cast<Milliseconds>(start() + age - clock_.now()));
        Sweeper sweeper({.timeout = minutes{10}, .interval = minutes{5}, .roll_back = roll_back}, observer_, rollback_,
                        memory_, clock_, log_.logger);
        auto found =
            sweeper.sweep({target("api")}, scheduled ? std::optional(clock_.now()) : std::nullopt, Deadline::none());
        EXPECT_THAT(found, IsOk());
        return std::move(found->overdue);
    }
};

TEST_F(SweeperTest, FindsOnlyWhatTakesTooLong) {
    EXPECT_THAT(sweep_after(minutes{9}, false), IsEmpty());
    const auto found = sweep_after(minutes{10}, false);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].outcome.judgement.verdict, Verdict::kTimedOut);
    EXPECT_EQ(found[0].outcome.rollout.deployment_id, "ecs-svc/1");
}

TEST_F(SweeperTest, PassesOverWhatIsOverOrGone) {
    show(RolloutState::kCompleted);
    EXPECT_THAT(sweep_after(minutes{60}, false), IsEmpty());
    show(RolloutState::kInProgress, "DRAINING");
    EXPECT_THAT(sweep_after(minutes{60}, false), IsEmpty());
}

TEST_F(SweeperTest, SaysWhichServicesEcsDoesNotShow) {
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
        return DescribedServices{.services = {service_with({})}, .failures = {}};
    };
    Sweeper sweeper({.timeout = minutes{10}, .interval = minutes{5}}, observer_, rollback_, memory_, clock_,
                    log_.logger);
    const auto found = sweeper.sweep({target("api"), target("gone")}, std::nullopt, Deadline::none());
    ASSERT_THAT(found, IsOk());
    EXPECT_THAT(found->unseen, ::testing::ElementsAre(ServiceId("gone")));
}

TEST_F(SweeperTest, AsksEachRegionForItsOwnServices) {
    auto elsewhere = target("api");
    elsewhere.region = "eu-west-1";
    Sweeper sweeper({.timeout = minutes{10}, .interval = minutes{5}}, observer_, rollback_, memory_, clock_,
                    log_.logger);
    ASSERT_THAT(sweeper.sweep({target("api"), elsewhere, target("worker")}, std::nullopt, Deadline::none()), IsOk());
    EXPECT_THAT(ecs_.describes(), ::testing::UnorderedElementsAre(SizeIs(1), SizeIs(2)));
}

TEST_F(SweeperTest, OneSweepOfTheScheduleTellsAnOverdueRollout) { EXPECT_EQ(told_by_a_schedule_of(minutes{60}), 1); }

TEST_F(SweeperTest, TellsNothingThatThisProcessHasTold) {
    EXPECT_TRUE(sweep_after(minutes{11}, true).at(0).news);
    EXPECT_FALSE(sweep_after(minutes{11}, true).at(0).news) << "EventBridge may deliver a schedule twice";
    EXPECT_FALSE(sweep_after(minutes{30}, false).at(0).news);
}

TEST_F(SweeperTest, RollsBackOnlyWhereThatIsWanted) {
    sweep_after(minutes{11}, true, false);
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
    const auto found = sweep_after(minutes{16}, true, true);
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 1) << "also when others have told it";
    EXPECT_EQ(found.at(0).outcome.rollback, "ECS was asked to roll it back");
}

TEST_F(SweeperTest, LeavesARollbackOfEcsAlone) {
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
        return DescribedServices{.services = {service_with({deployment("ecs-svc/2", "7", RolloutState::kInProgress)})},
                                 .failures = {}};
    };
    ecs_.history = std::vector{record("own", Record::kRollbackInProgress, -minutes{2})};
    sweep_after(minutes{11}, true, true);
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(SweeperTest, TakesARollbackThatKeepsItsOldTimeForNoOverdueRollout) {
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
        auto back = deployment("ecs-svc/7", "7", RolloutState::kInProgress);
        back.created_at -= std::chrono::hours{72};
        return DescribedServices{.services = {service_with({back})}, .failures = {}};
    };
    ecs_.history = std::vector{record("bad", Record::kRollbackInProgress),
                               record("good", Record::kSuccessful, -std::chrono::hours{72}, "7")};
    EXPECT_THAT(sweep_after(minutes{11}, false, true), IsEmpty());
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
}

TEST_F(SweeperTest, LeavesAloneWhatIsSlowOnPurpose) {
    show_an_hour_of_bake_time();
    EXPECT_THAT(sweep_after(minutes{65}, false, true), IsEmpty());
    EXPECT_EQ(ecs_.calls("StopServiceDeployment"), 0);
}

TEST_F(SweeperTest, OneSweepTellsWhatIsLateBeyondItsBakeTime) {
    show_an_hour_of_bake_time();
    EXPECT_EQ(told_by_a_schedule_of(minutes{120}), 1);
}

TEST_F(SweeperTest, FailsWhenItCannotLook) {
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) -> Result<DescribedServices> {
        return fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:DescribeServices");
    };
    Sweeper sweeper({}, observer_, rollback_, memory_, clock_, log_.logger);
    EXPECT_FALSE(sweeper.sweep({target("api")}, std::nullopt, Deadline::none()));
}

}  // namespace
}  // namespace ci_lambda::testing
