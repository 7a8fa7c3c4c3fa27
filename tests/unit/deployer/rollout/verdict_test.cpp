#include "deployer/rollout/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Record = ServiceDeploymentStatus;
using State = RolloutState;

constexpr Milliseconds kTimeout = minutes{10};

/// The verdict one minute after the start.
Judgement judge_after(const EcsService& service, Milliseconds after = minutes{1},
                      std::vector<EcsServiceDeployment> history = {}, std::vector<EcsStoppedTask> tasks = {}) {
    return judge(rollout_to_8(),
                 {.service = &service,
                  .history = {.records = std::move(history)},
                  .stopped_tasks = std::move(tasks),
                  .now = start() + after},
                 kTimeout);
}

EcsStoppedTask no_image() {
    return stopped_task("TaskFailedToStart", "CannotPullContainerError: failed to resolve ref shop/api:v9: not found");
}

/// ECS has put `ecs-svc/2` with this revision in front.
EcsService replaced_by(const std::string& revision, RolloutState state, RolloutState own) {
    auto service =
        service_with({deployment("ecs-svc/2", revision, state), deployment("ecs-svc/1", "8", own, "ACTIVE")});
    service.deployments[0].created_at = start() + seconds{50};
    return service;
}

TEST(Verdict, FollowsThePrimaryDeploymentAsLongAsItIsOurs) {
    const struct {
        RolloutState state;
        Verdict verdict;
        std::string reason;
    } cases[] = {
        {State::kInProgress, Verdict::kInProgress, "0 of 2 tasks run shop_service_api_dev:8"},
        {State::kCompleted, Verdict::kCompleted, "2 of 2 tasks run shop_service_api_dev:8"},
        {State::kFailed, Verdict::kFailed, "the rollout failed"},
    };
    for (const auto& [state, verdict, reason] : cases) {
        const auto judgement = judge_after(service_with({deployment("ecs-svc/1", "8", state)}));
        EXPECT_EQ(judgement.verdict, verdict) << reason;
        EXPECT_EQ(judgement.reason, reason);
    }
}

TEST(Verdict, WithoutARolloutStateIsCompletedOnlyWhenTheServiceIsStable) {
    auto own = deployment("ecs-svc/1", "8", State::kNone);
    own.running_count = 2;
    EXPECT_EQ(judge_after(service_with({own})).verdict, Verdict::kCompleted);
    EXPECT_EQ(judge_after(service_with({own, deployment("ecs-svc/0", "7", State::kNone, "ACTIVE")})).verdict,
              Verdict::kInProgress);
    own.running_count = 1;
    EXPECT_EQ(judge_after(service_with({own})).verdict, Verdict::kInProgress);
}

TEST(Verdict, NamesTheTasksOwnWordsWhenTheRolloutFailed) {
    auto own = deployment("ecs-svc/1", "8", State::kFailed);
    own.rollout_reason = "ECS deployment circuit breaker: tasks failed to start.";
    const auto judgement = judge_after(service_with({own}), minutes{1}, {}, {no_image(), no_image(), no_image()});
    EXPECT_EQ(judgement.verdict, Verdict::kFailed);
    EXPECT_EQ(judgement.reason,
              "CannotPullContainerError: failed to resolve ref shop/api:v9: not found (3 tasks): "
              "ECS deployment circuit breaker: tasks failed to start.");
}

TEST(Verdict, PassesOverTheTasksOfOtherDeploymentsAndRoutineStops) {
    auto other = no_image();
    other.started_by = "ecs-svc/9";
    const auto routine =
        stopped_task("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)");
    const auto judgement =
        judge_after(service_with({deployment("ecs-svc/1", "8", State::kFailed)}), minutes{1}, {}, {other, routine});
    EXPECT_EQ(judgement.reason, "the rollout failed");
}

TEST(Verdict, QuotesTheServicesMessageWhenNoTaskStopped) {
    auto service = service_with({deployment("ecs-svc/1", "8", State::kInProgress)});
    service.messages = {{.at = start() + seconds{30}, .text = "(service x) has started 1 tasks: (task 1)."},
                        {.at = start() + seconds{20}, .text = "(service x) was unable to place a task: no capacity"},
                        {.at = start() - seconds{20}, .text = "(service x) was unhealthy long ago"}};
    EXPECT_THAT(judge_after(service, minutes{11}).reason, HasSubstr("was unable to place a task"));
    service.messages.erase(service.messages.begin() + 1);
    EXPECT_THAT(judge_after(service, minutes{11}).reason, ::testing::Not(HasSubstr("unhealthy")));
}

TEST(Verdict, DoesNotGiveThatTasksWereStoppedAsTheReasonOfAFailure) {
    auto service = service_with({deployment("ecs-svc/1", "8", State::kFailed)});
    service.messages = {
        {.at = start() + seconds{30}, .text = "(service x) stopped 1 pending tasks."},
        {.at = start() + seconds{25}, .text = "(service x) has stopped 2 running tasks: (task 1) (task 2)."},
        {.at = start() + seconds{20}, .text = "(service x) was unable to place a task: no capacity"}};
    const auto reason = judge_after(service, minutes{1}).reason;
    EXPECT_THAT(reason, AllOf(HasSubstr("was unable to place a task"), ::testing::Not(HasSubstr("pending tasks"))));
}

TEST(Verdict, TimesOutWhatIsStillInProgress) {
    const auto service = service_with({deployment("ecs-svc/1", "8", State::kInProgress)});
    EXPECT_EQ(judge_after(service, minutes{10} - seconds{1}).verdict, Verdict::kInProgress);
    const auto judgement = judge_after(service, minutes{10});
    EXPECT_EQ(judgement.verdict, Verdict::kTimedOut);
    EXPECT_THAT(judgement.reason, AllOf(HasSubstr("it takes longer than 10 min 0 s"), HasSubstr("0 of 2 tasks run")));
}

TEST(Verdict, NeverTimesOutWhatHasEnded) {
    EXPECT_EQ(judge_after(service_with({deployment("ecs-svc/1", "8", State::kCompleted)}), minutes{60}).verdict,
              Verdict::kCompleted);
}

TEST(Verdict, GivesARollbackTheSameTimeOnceMore) {
    const auto service = replaced_by("7", State::kInProgress, State::kFailed);
    EXPECT_TRUE(judge_after(service, minutes{12}).rolling_back);
    EXPECT_EQ(judge_after(service, minutes{20}).verdict, Verdict::kTimedOut);
}

TEST(Verdict, WaitsForTheBreakerThatIsAboutToRollBack) {
    auto service = service_with({deployment("ecs-svc/1", "8", State::kFailed)});
    service.configuration.breaker_rolls_back = true;
    service.deployments.push_back(deployment("ecs-svc/0", "7", State::kCompleted, "ACTIVE"));
    service.deployments[0].updated_at = start() + seconds{40};
    const auto soon = judge_after(service, seconds{50});
    EXPECT_EQ(soon.verdict, Verdict::kInProgress);
    EXPECT_TRUE(soon.rolling_back);
    EXPECT_EQ(judge_after(service, minutes{3}).verdict, Verdict::kFailed) << "it had nothing to go back to";
}

TEST(Verdict, DoesNotWaitForARollbackWhereThereIsNothingToGoBackTo) {
    auto service = service_with({deployment("ecs-svc/1", "8", State::kFailed)});
    service.configuration.breaker_rolls_back = true;
    EXPECT_EQ(judge_after(service, seconds{10}).verdict, Verdict::kFailed) << "the service's first deployment";
    EXPECT_EQ(judge_after(service, seconds{10}, {record("own", Record::kInProgress)}).verdict, Verdict::kFailed);
    EXPECT_TRUE(
        judge_after(service, seconds{10},
                    {record("own", Record::kInProgress), record("good", Record::kSuccessful, -minutes{60}, "7")})
            .rolling_back);
}

TEST(Verdict, WhatEcsHasNeverShownIsNotGone) {
    auto before = deployment("ecs-svc/0", "7", State::kCompleted);
    before.created_at = start() - minutes{60};
    const auto stale = service_with({before});
    EXPECT_EQ(judge_after(stale, seconds{1}).verdict, Verdict::kInProgress) << "DescribeServices is behind";
    EXPECT_EQ(judge_after(stale, minutes{5}).verdict, Verdict::kInProgress) << "far behind";
    auto seen = rollout_to_8();
    seen.seen = true;
    EXPECT_EQ(judge(seen, {.service = &stale, .now = start() + minutes{1}}, kTimeout).verdict, Verdict::kRolledBack);
    // Real numbers: the record of the rollout before must not be taken for the missing one.
    auto own = rollout_to_8();
    own.deployment_id = "ecs-svc/5555555555555555555";
    auto other = record("other", Record::kRollbackSuccessful, -seconds{3}, "4444444444444444444");
    EXPECT_EQ(
        judge(own, {.service = &stale, .history = {.records = {other}}, .now = start() + seconds{1}}, kTimeout).verdict,
        Verdict::kInProgress);
}

TEST(Verdict, SaysThatItIsNotKnownWhatReplacedTheRollout) {
    const auto service = replaced_by("7", State::kCompleted, State::kInProgress);
    const auto judgement = judge(
        rollout_to_8(), {.service = &service, .history = {.records = {}, .unknown = true}, .now = start()}, kTimeout);
    EXPECT_EQ(judgement.verdict, Verdict::kInProgress);
    EXPECT_THAT(judgement.reason, HasSubstr("not known"));
}

/// The service of a rollout in progress, and ECS's record of it in full.
struct Staged {
    EcsService service = service_with({deployment("ecs-svc/1", "8", State::kInProgress)});
    EcsServiceDeployment record = testing::record("own", Record::kInProgress);

    [[nodiscard]] Judgement after(Milliseconds time) const { return judge_after(service, time, {record}); }
};

TEST(Verdict, IsPatientWithWhatIsSlowOnPurpose) {
    Staged staged;
    auto& configuration = staged.record.configuration.emplace();
    configuration = {.strategy = DeploymentStrategy::kBlueGreen, .bake = minutes{30}};
    staged.record.lifecycle_stage = "BAKE_TIME";
    EXPECT_EQ(staged.after(minutes{39}).verdict, Verdict::kInProgress);
    EXPECT_THAT(staged.after(minutes{39}).reason, HasSubstr("bakes"));
    EXPECT_EQ(staged.after(minutes{41}).verdict, Verdict::kTimedOut);

    configuration = {.strategy = DeploymentStrategy::kLinear, .step_percent = 10, .step_bake = minutes{6}};
    EXPECT_EQ(staged.after(minutes{63}).verdict, Verdict::kInProgress) << "nine waits of six minutes, and ten";
    EXPECT_EQ(staged.after(minutes{65}).verdict, Verdict::kTimedOut);

    configuration = {.strategy = DeploymentStrategy::kCanary, .bake = minutes{5}, .step_bake = minutes{15}};
    EXPECT_EQ(staged.after(minutes{29}).verdict, Verdict::kInProgress);
    EXPECT_EQ(staged.after(minutes{31}).verdict, Verdict::kTimedOut);

    staged.record.configuration.reset();
    staged.service.configuration = {.bake = minutes{20}, .alarms_roll_back = true};
    EXPECT_EQ(staged.after(minutes{29}).verdict, Verdict::kInProgress) << "a rolling update bakes with alarms, too";
    staged.service.configuration = {.hooks = {{.pause = true, .stages = {"POST_SCALE_UP"}, .timeout = minutes{45}}}};
    EXPECT_EQ(staged.after(minutes{54}).verdict, Verdict::kInProgress) << "somebody may have taken his time";
}

TEST(Verdict, IsPatientWithAHookThatRunsAgainInEachStep) {
    Staged staged;
    staged.record.configuration = {
        .strategy = DeploymentStrategy::kLinear,
        .step_percent = 25,
        .hooks = {{.pause = false, .stages = {"PRODUCTION_TRAFFIC_SHIFT", "POST_SCALE_UP"}, .timeout = minutes{10}}}};
    EXPECT_EQ(staged.after(minutes{59}).verdict, Verdict::kInProgress) << "four steps and a stage, and ten";
    EXPECT_EQ(staged.after(minutes{61}).verdict, Verdict::kTimedOut);
}

TEST(Verdict, IsNotCompletedBeforeItsStagesAre) {
    Staged staged;
    staged.service = service_with({deployment("ecs-svc/1", "8", State::kCompleted)});
    staged.record.configuration = {.strategy = DeploymentStrategy::kCanary, .bake = minutes{5}};
    staged.record.lifecycle_stage = "BAKE_TIME";
    const auto baking = staged.after(minutes{1});
    EXPECT_EQ(baking.verdict, Verdict::kInProgress) << "ECS can take it back yet";
    ASSERT_TRUE(baking.phase);
    EXPECT_EQ(baking.phase->kind, RolloutPhase::Kind::kBaking);
    staged.record.status = Record::kSuccessful;
    EXPECT_EQ(staged.after(minutes{1}).verdict, Verdict::kCompleted);
    staged.record.status = Record::kRollbackSuccessful;
    staged.record.rollback_reason = "alarm";
    EXPECT_EQ(staged.after(minutes{1}).verdict, Verdict::kRolledBack);
    staged.record = testing::record("own", Record::kInProgress);
    EXPECT_EQ(staged.after(minutes{1}).verdict, Verdict::kCompleted) << "a rolling update is done when it says so";
}

TEST(Verdict, WhatMovesFromStageToStageIsNotLateForHavingBegunSlowly) {
    Staged staged;
    staged.record.configuration = {.strategy = DeploymentStrategy::kBlueGreen, .bake = minutes{30}};
    staged.record.lifecycle_stage = "BAKE_TIME";
    staged.record.updated_at = start() + minutes{35};
    staged.service.deployments[0].running_count = 2;
    EXPECT_EQ(staged.after(minutes{74}).verdict, Verdict::kInProgress) << "it bakes since 35, for 30, and ten more";
    EXPECT_EQ(staged.after(minutes{76}).verdict, Verdict::kTimedOut);
    staged.record.lifecycle_stage = "POST_PRODUCTION_TRAFFIC_SHIFT";
    EXPECT_EQ(staged.after(minutes{44}).verdict, Verdict::kInProgress);
    EXPECT_EQ(staged.after(minutes{46}).verdict, Verdict::kTimedOut) << "nothing holds it there on purpose";
    staged.record.lifecycle_stage = "SCALE_UP";
    EXPECT_EQ(staged.after(minutes{44}).verdict, Verdict::kTimedOut) << "tasks come and go, and ECS tells each";
    staged.record.lifecycle_stage = "BAKE_TIME";
    staged.service.deployments[0].running_count = 1;
    EXPECT_EQ(staged.after(minutes{44}).verdict, Verdict::kTimedOut) << "one of its tasks is gone";
}

TEST(Verdict, WhatWaitsForAPersonIsNeverLateAndSaysSo) {
    Staged staged;
    staged.service.configuration.strategy = DeploymentStrategy::kBlueGreen;
    staged.record.lifecycle_stage = "POST_TEST_TRAFFIC_SHIFT";
    staged.record.hooks = {{.pause = true, .unfinished = true, .expires_at = start() + minutes{600}}};
    const auto judgement = staged.after(minutes{500});
    EXPECT_EQ(judgement.verdict, Verdict::kInProgress);
    EXPECT_THAT(judgement.reason, AllOf(HasSubstr("waits for a person at POST_TEST_TRAFFIC_SHIFT until "),
                                        HasSubstr("UTC (then ECS rolls it back); 0 of 2 tasks run")));
    ASSERT_TRUE(judgement.phase);
    EXPECT_EQ(judgement.phase->kind, RolloutPhase::Kind::kWaitsForPerson);
}

TEST(Verdict, WhatOnlyDrainsIsNotLate) {
    Staged staged;
    staged.service.deployments[0].running_count = 2;
    staged.service.deployments.push_back(deployment("ecs-svc/0", "7", State::kCompleted, "ACTIVE"));
    staged.service.deployments[1].running_count = 1;
    const auto judgement = staged.after(minutes{60});
    EXPECT_EQ(judgement.verdict, Verdict::kInProgress) << "one old task is protected";
    EXPECT_TRUE(judgement.draining);
    staged.service.deployments[1].running_count = 0;
    EXPECT_EQ(staged.after(minutes{60}).verdict, Verdict::kInProgress)
        << "it is on its way out, which ECS counts as gone";
    staged.service.deployments[1].running_count = 1;
    EXPECT_EQ(judge_after(staged.service, minutes{60}, {staged.record}, {no_image()}).verdict, Verdict::kTimedOut)
        << "a new one has failed";
    staged.service.deployments[0].running_count = 1;
    EXPECT_EQ(staged.after(minutes{60}).verdict, Verdict::kTimedOut) << "a new one is missing";
    staged.service.deployments[0].running_count = 2;
    staged.service.deployments.pop_back();
    EXPECT_EQ(staged.after(minutes{60}).verdict, Verdict::kTimedOut) << "nothing old is left, and still it is not done";
}

TEST(Verdict, FollowsARollbackThatWasAskedForUntilEcsHasDoneIt) {
    const auto service = service_with({deployment("ecs-svc/1", "8", State::kInProgress)});
    auto asked = rollout_to_8();
    asked.seen = true;
    asked.rollback_asked_at = start() + minutes{10};
    const auto at = [&](Milliseconds after, std::vector<EcsServiceDeployment> records) {
        return judge(asked, {.service = &service, .history = {.records = std::move(records)}, .now = start() + after},
                     kTimeout);
    };
    EXPECT_TRUE(at(minutes{11}, {}).rolling_back) << "ECS has not put the old one in front yet";
    EXPECT_TRUE(at(minutes{11}, {record("own", Record::kRollbackRequested)}).rolling_back);
    EXPECT_EQ(at(minutes{12}, {record("own", Record::kRollbackSuccessful)}).verdict, Verdict::kRolledBack);
    EXPECT_EQ(at(minutes{20}, {}).verdict, Verdict::kTimedOut) << "the way back has the same time";

    const auto flipped = replaced_by("7", State::kCompleted, State::kInProgress);
    const auto late = judge(asked,
                            {.service = &flipped,
                             .history = {.records = {record("own", Record::kInProgress)}},
                             .now = start() + minutes{11}},
                            kTimeout);
    EXPECT_TRUE(late.rolling_back) << "the old one is in front, and the records lag behind";
}

TEST(Verdict, NamesTheAlarmThatTookItBack) {
    auto own = record("own", Record::kRollbackSuccessful);
    own.triggered_alarms = {"api-5xx"};
    EXPECT_THAT(judge_after(replaced_by("7", State::kCompleted, State::kInProgress), minutes{1}, {own}).reason,
                HasSubstr("alarm api-5xx"));
}

TEST(Verdict, FollowsEcsRecordOnceTheDeploymentIsReplaced) {
    const struct {
        ServiceDeploymentStatus status;
        bool successor;
        Verdict verdict;
        bool rolling_back;
    } cases[] = {
        {Record::kSuccessful, true, Verdict::kCompleted, false},
        {Record::kRollbackRequested, false, Verdict::kInProgress, true},
        {Record::kRollbackInProgress, false, Verdict::kInProgress, true},
        {Record::kRollbackSuccessful, false, Verdict::kRolledBack, false},
        {Record::kRollbackFailed, false, Verdict::kFailed, false},
        {Record::kStopped, true, Verdict::kSuperseded, false},
        {Record::kStopped, false, Verdict::kFailed, false},
        {Record::kStopRequested, false, Verdict::kInProgress, false},
        {Record::kInProgress, true, Verdict::kSuperseded, false},
        {Record::kInProgress, false, Verdict::kInProgress, false},
        {Record::kUnknown, false, Verdict::kInProgress, false},
    };
    const auto service = replaced_by("7", State::kCompleted, State::kInProgress);
    for (const auto& [status, successor, verdict, rolling_back] : cases) {
        std::vector<EcsServiceDeployment> history{record("own", status)};
        if (successor) history.insert(history.begin(), record("new", Record::kInProgress, seconds{50}, "9"));
        const auto judgement = judge_after(service, minutes{1}, history);
        EXPECT_EQ(judgement.verdict, verdict) << static_cast<int>(status) << " " << judgement.reason;
        EXPECT_EQ(judgement.rolling_back, rolling_back) << static_cast<int>(status);
        EXPECT_THAT(judgement.reason, ::testing::Not(IsEmpty()));
    }
}

TEST(Verdict, SaysWhatRunsAfterARollbackAndWhy) {
    auto own = record("own", Record::kRollbackSuccessful);
    own.rollback_reason = "Service deployment rolled back because the circuit breaker threshold was exceeded.";
    const auto judgement =
        judge_after(replaced_by("7", State::kCompleted, State::kFailed), minutes{1}, {own}, {no_image()});
    EXPECT_EQ(judgement.now_runs, arn_of("7"));
    EXPECT_THAT(judgement.reason, AllOf(HasSubstr("rolled it back to shop_service_api_dev:7"),
                                        HasSubstr("CannotPullContainerError"), HasSubstr("threshold was exceeded")));
}

TEST(Verdict, WithoutARecordTellsARollbackByTheFailedDeploymentBesideIt) {
    EXPECT_TRUE(judge_after(replaced_by("7", State::kInProgress, State::kFailed)).rolling_back);
    EXPECT_EQ(judge_after(replaced_by("7", State::kCompleted, State::kFailed)).verdict, Verdict::kRolledBack);
    EXPECT_EQ(judge_after(replaced_by("7", State::kFailed, State::kFailed)).verdict, Verdict::kFailed);
}

TEST(Verdict, WithoutARecordTellsARollbackByTheMessagesOfTheService) {
    auto service = service_with({deployment("ecs-svc/2", "7", State::kCompleted)});
    service.deployments[0].created_at = start() + seconds{40};
    EXPECT_EQ(judge_after(service).verdict, Verdict::kSuperseded) << "nobody speaks of a rollback";
    service.messages = {{.at = start() + seconds{39}, .text = "(service x) rolling back to deployment ecs-svc/2."}};
    EXPECT_EQ(judge_after(service).verdict, Verdict::kRolledBack);
    service.messages[0].at = start() - seconds{1};
    EXPECT_EQ(judge_after(service).verdict, Verdict::kSuperseded) << "that was an earlier rollback";
}

TEST(Verdict, WithoutARecordANewerDeploymentSupersedes) {
    const auto judgement = judge_after(replaced_by("9", State::kInProgress, State::kInProgress));
    EXPECT_EQ(judgement.verdict, Verdict::kSuperseded);
    EXPECT_THAT(judgement.reason, AllOf(HasSubstr("ecs-svc/2"), HasSubstr("shop_service_api_dev:9")));
    EXPECT_EQ(judgement.now_runs, arn_of("9"));
}

TEST(Verdict, FailsWhenTheServiceIsGone) {
    EXPECT_EQ(judge(rollout_to_8(), {.now = start()}, kTimeout).verdict, Verdict::kFailed);
    auto service = service_with({deployment("ecs-svc/1", "8", State::kCompleted)});
    service.status = "DRAINING";
    EXPECT_EQ(judge_after(service).verdict, Verdict::kFailed);
}

TEST(Verdict, AsksForRecordsOnlyWhenTheServiceAloneCannotTell) {
    const auto rollout = rollout_to_8();
    EXPECT_FALSE(needs_history(rollout, service_with({deployment("ecs-svc/1", "8", State::kInProgress)})));
    EXPECT_FALSE(needs_history(rollout, service_with({deployment("ecs-svc/1", "8", State::kCompleted)})));
    EXPECT_TRUE(needs_history(rollout, service_with({deployment("ecs-svc/1", "8", State::kFailed)})));
    EXPECT_TRUE(needs_history(rollout, replaced_by("9", State::kInProgress, State::kInProgress)));
    EXPECT_TRUE(needs_history(rollout, service_with({})));
}

TEST(RecordOf, IsTheOneThatBeganAtTheSameMoment) {
    const std::vector history{record("newer", Record::kInProgress, minutes{5}),
                              record("own", Record::kStopped, seconds{2}),
                              record("older", Record::kSuccessful, -minutes{60})};
    ASSERT_NE(record_of(rollout_to_8(), history), nullptr);
    EXPECT_EQ(record_of(rollout_to_8(), history)->arn, "service-deployment/own");
    auto known = rollout_to_8();
    known.service_deployment = "service-deployment/older";
    EXPECT_EQ(record_of(known, history)->arn, "service-deployment/older");
    known.service_deployment = "service-deployment/gone";
    EXPECT_EQ(record_of(known, history), nullptr);
    EXPECT_EQ(record_of(rollout_to_8(), {record("newer", Record::kInProgress, minutes{5})}), nullptr);
}

TEST(InWords, IsShort) {
    EXPECT_EQ(in_words(Milliseconds{0}), "0 s");
    EXPECT_EQ(in_words(seconds{59}), "59 s");
    EXPECT_EQ(in_words(seconds{200}), "3 min 20 s");
    EXPECT_EQ(in_words(minutes{65}), "1 h 5 min");
    EXPECT_EQ(in_words(std::chrono::hours{724}), "30 d 4 h");
}

}  // namespace
}  // namespace ci_lambda::testing
