#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "base/text.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

namespace ci_lambda::testing {
namespace {

using sandbox::Scenario;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

/// What a person would write down beforehand about one deployment.
struct Expectation {
    std::string verdict;  ///< of a function that waits
    std::string slack;
    std::string end;  ///< what the service runs after three quarters of an hour, and ECS's state of it
};

struct Row {
    Scenario scenario;
    Breaker breaker;
    bool roll_back;
    Expectation waiting;
    Expectation not_waiting;  ///< its verdict is `deployed`, always
};

Expectation completes() { return {"completed", "started, completed", kNewRevision + " COMPLETED"}; }
Expectation fails() { return {"failed", "started, failed", kNewRevision + " FAILED"}; }
Expectation goes_back() {
    return {"rolled_back", "started, failed, rolling back, rolled back", kOldRevision + " COMPLETED"};
}
/// It never ends by itself, and nobody ends it.
Expectation hangs(const std::string& news = "") {
    return {"timed_out", "started, " + news + "timed out", kNewRevision + " IN_PROGRESS"};
}
/// It is stopped when its time is over.
Expectation is_stopped() {
    return {"rolled_back", "started, timed out, rolling back, rolled back", kOldRevision + " COMPLETED"};
}
Expectation without_capacity(Expectation expectation) {
    expectation.slack = replace_all(expectation.slack, "started, ", "started, task placement failure, ");
    return expectation;
}
/// It does complete, a minute after its time: before the sweep that would have found it.
Expectation completes_late() { return {"timed_out", "started, completed", kNewRevision + " COMPLETED"}; }

/// For GoogleTest: what the name of a test would otherwise show are bytes.
void PrintTo(const Row& row, std::ostream* out) { *out << name_of(row.scenario); }

Row same(Scenario scenario, Breaker breaker, bool roll_back, const Expectation& expectation) {
    return {scenario, breaker, roll_back, expectation, expectation};
}

/// Those of rolling updates whose fate is that of the image.
std::vector<Scenario> all_scenarios() {
    std::vector<Scenario> all;
    for (const auto& one : sandbox::scenarios())
        if (!configures_the_service(one.scenario) && one.scenario != Scenario::kProtected) all.push_back(one.scenario);
    return all;
}

std::vector<Row> rows() {
    using enum Breaker;
    std::vector<Row> rows;
    const auto add = [&](Row row) { rows.push_back(std::move(row)); };
    for (const auto breaker : {kOff, kOn, kOnWithRollback})
        for (const bool roll_back : {false, true}) add(same(Scenario::kHealthy, breaker, roll_back, completes()));

    // Tasks that do not come up: without a breaker ECS tries for ever; with ROLLBACK_ON_FAILURE the breaker is on.
    for (const auto scenario : {Scenario::kImageNotFound, Scenario::kCrashOnStart}) {
        add(same(scenario, kOff, false, hangs("impaired, ")));
        add(same(scenario, kOn, false, fails()));
        add(same(scenario, kOnWithRollback, false, goes_back()));
        for (const auto breaker : {kOff, kOn, kOnWithRollback}) add(same(scenario, breaker, true, goes_back()));
    }
    add(same(Scenario::kFailingHealthChecks, kOff, false, hangs()));
    add(same(Scenario::kFailingHealthChecks, kOn, false, fails()));
    add(same(Scenario::kFailingHealthChecks, kOnWithRollback, false, goes_back()));
    for (const auto breaker : {kOff, kOn, kOnWithRollback})
        add(same(Scenario::kFailingHealthChecks, breaker, true, goes_back()));

    add(same(Scenario::kNoCapacity, kOff, false, without_capacity(hangs("impaired, "))));
    add(same(Scenario::kNoCapacity, kOn, false, without_capacity(fails())));
    add(same(Scenario::kNoCapacity, kOnWithRollback, false, without_capacity(goes_back())));
    for (const auto breaker : {kOff, kOn, kOnWithRollback})
        add(same(Scenario::kNoCapacity, breaker, true, without_capacity(goes_back())));

    // The breaker does not see tasks that come up and then crash: only time tells.
    for (const auto breaker : {kOff, kOn, kOnWithRollback}) {
        add(same(Scenario::kCrashAfterStart, breaker, false, hangs()));
        add(same(Scenario::kCrashAfterStart, breaker, true, is_stopped()));
    }

    for (const auto breaker : {kOff, kOn, kOnWithRollback}) {
        add(same(Scenario::kSlow, breaker, false, completes_late()));
        // Whoever waits is strict; the sweep comes too late to stop it.
        add({Scenario::kSlow, breaker, true, is_stopped(), completes_late()});
    }
    return rows;
}

const std::map<std::string, std::string> kOutcomes{{"started", "DeploymentsStarted"},
                                                   {"completed", "DeploymentsCompleted"},
                                                   {"failed", "DeploymentsFailed"},
                                                   {"rolled back", "DeploymentsRolledBack"},
                                                   {"timed out", "DeploymentsTimedOut"},
                                                   {"superseded", "DeploymentsSuperseded"},
                                                   {"could not start", "DeploymentsCouldNotStart"}};

/// "started 1", "completed 1", ..
std::vector<std::string> told_outcomes(const World& world) {
    std::map<std::string, int> times;
    for (const auto& title : split(world.told(), ',')) ++times[std::string(trim(title))];
    std::vector<std::string> all;
    for (const auto& [outcome, metric] : kOutcomes) all.push_back(fmt::format("{} {}", outcome, times[outcome]));
    return all;
}

std::vector<std::string> counted_outcomes(const World& world) {
    std::vector<std::string> all;
    for (const auto& [outcome, metric] : kOutcomes) all.push_back(fmt::format("{} {}", outcome, world.counted(metric)));
    return all;
}

class RolloutTable : public ::testing::TestWithParam<std::tuple<Row, bool>> {};

TEST_P(RolloutTable, EndsAsAPersonWouldWriteDown) {
    const auto& [row, wait] = GetParam();
    const auto& expected = wait ? row.waiting : row.not_waiting;
    World world(
        {.scenario = row.scenario, .breaker = row.breaker, .wait = wait, .roll_back = row.roll_back, .metrics = true});
    const auto handled = world.deploy();
    world.run_for(minutes{45});
    EXPECT_THAT(counted_outcomes(world), ElementsAreArray(told_outcomes(world))) << "counted is what is told";
    EXPECT_EQ(handled.answer.status, wait ? expected.verdict : "deployed") << handled.answer.detail;
    EXPECT_FALSE(handled.error) << "the rollout began: Lambda must not begin it again";
    EXPECT_EQ(world.told(), expected.slack) << world.log();
    EXPECT_EQ(world.end_state(), expected.end);
}

/// "crash_on_start_breaker_off_waiting_rollback_on"
std::string name_of_row(const ::testing::TestParamInfo<RolloutTable::ParamType>& info) {
    const auto& [row, wait] = info.param;
    return fmt::format("{}_breaker_{}_{}_rollback_{}", in_a_name(row.scenario), name_of(row.breaker),
                       wait ? "waiting" : "not_waiting", row.roll_back ? "on" : "off");
}

INSTANTIATE_TEST_SUITE_P(Rollouts, RolloutTable, ::testing::Combine(::testing::ValuesIn(rows()), ::testing::Bool()),
                         name_of_row);

TEST(Rollouts, CoverEveryScenarioWithEveryBreaker) { EXPECT_EQ(rows().size(), all_scenarios().size() * 3 * 2); }

/// Every scenario, with the function's own rollbacks or without.
class EchoTest : public ::testing::TestWithParam<std::tuple<Scenario, bool>> {};

TEST_P(EchoTest, NothingThatOurOwnDoingCausedStartsAnything) {
    const auto [scenario, roll_back] = GetParam();
    World world({.scenario = scenario, .roll_back = roll_back});
    world.deploy();
    world.run_for(minutes{45});
    const auto changes = world.changes();
    const auto end_state = world.end_state();
    EXPECT_GE(changes, 1);
    EXPECT_LE(changes, roll_back ? 2 : 1) << "one rollout, and what brings back the old one";
    world.run_for(minutes{15});
    EXPECT_EQ(world.changes(), changes) << "the end of one is not the begin of another";

    const auto echo = world.delivered();
    EXPECT_GT(echo.size(), 12U) << "ECS's events and the sweeps";
    for (const bool to_another_process : {false, true}) {
        if (to_another_process) world.forget_all();
        for (const auto& event : echo) EXPECT_FALSE(world.handle(event).error) << event;
        EXPECT_EQ(world.changes(), changes) << (to_another_process ? "another process" : "the same process");
        world.run_for(minutes{1});  // ECS's quota of reads is spent
    }
    EXPECT_EQ(world.end_state(), end_state);
}

std::string name_of_echo(const ::testing::TestParamInfo<EchoTest::ParamType>& info) {
    const auto& [scenario, roll_back] = info.param;
    return fmt::format("{}_rollback_{}", in_a_name(scenario), roll_back ? "on" : "off");
}

INSTANTIATE_TEST_SUITE_P(Rollouts, EchoTest,
                         ::testing::Combine(::testing::ValuesIn(all_scenarios()), ::testing::Bool()), name_of_echo);

TEST(Rollouts, AFailureNamesTheTasksOwnWords) {
    const struct {
        Scenario scenario;
        std::string words;
    } cases[] = {
        {Scenario::kImageNotFound, "CannotPullContainerError"},
        {Scenario::kCrashOnStart, "ended with exit code 1"},
        {Scenario::kFailingHealthChecks, "failed ELB health checks"},
        {Scenario::kNoCapacity, "unable to place a task"},
    };
    for (const auto& [scenario, words] : cases) {
        World world({.scenario = scenario, .breaker = Breaker::kOnWithRollback, .wait = true});
        const auto handled = world.deploy();
        world.run_for(minutes{10});
        EXPECT_THAT(handled.answer.detail, AllOf(HasSubstr("rolled back"), HasSubstr(words)));
        EXPECT_THAT(world.slack(), HasSubstr(words));
    }
    World world({.scenario = Scenario::kCrashAfterStart, .wait = true});
    EXPECT_THAT(world.deploy().answer.detail, HasSubstr("exit 137, out of memory"));
}

TEST(Rollouts, ADeploymentOfSomebodyElseIsLeftAloneAndReportedAsSuperseding) {
    for (const bool roll_back : {false, true}) {
        World world({.scenario = Scenario::kSlow, .wait = true, .roll_back = roll_back});
        world.at(seconds{40}, [&] {
            world.set_scenario(Scenario::kHealthy);
            world.call_ecs("UpdateService", R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev",
                                                "taskDefinition":"shop_service_api_dev:10"})");
        });
        const auto handled = world.deploy();
        world.run_for(minutes{45});
        EXPECT_EQ(handled.answer.status, "superseded");
        EXPECT_THAT(handled.answer.detail, HasSubstr("shop_service_api_dev:10"));
        EXPECT_EQ(world.told(), "started, superseded, completed");
        EXPECT_EQ(world.end_state(), "shop_service_api_dev:10 COMPLETED");
        EXPECT_EQ(world.calls("StopServiceDeployment"), 0);
        EXPECT_EQ(world.calls("UpdateService"), 1);
    }
}

TEST(Rollouts, AFailureThatStaysIsRolledBackToTheVeryImagesThatWorked) {
    // Somebody deploys past the function, so nobody has switched the breaker's rollback on.
    World world({.scenario = Scenario::kImageNotFound, .breaker = Breaker::kOn, .roll_back = true});
    world.call_ecs("UpdateService", R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev",
                                        "taskDefinition":"shop_service_api_dev:42"})");
    world.run_for(minutes{30});
    EXPECT_THAT(world.told(), AllOf(HasSubstr("failed"), ::testing::EndsWith("rolled back")));
    EXPECT_THAT(world.slack(), HasSubstr("with the very images that it ran"));
    EXPECT_EQ(world.end_state(), "shop_service_api_dev-rollback:1 COMPLETED");
    EXPECT_EQ(world.calls("UpdateService"), 1) << "a rollback is not repeated";
}

TEST(Rollouts, WhatIsLearntInOneLookOrOneSweepIsOneMessage) {
    const auto message = [](const std::string& service) {
        return fmt::format(R"({{"messageId":"{0}","body":"{{\"service\":\"{0}\"}}","eventSource":"aws:sqs",
                               "eventSourceARN":"arn:aws:sqs:us-east-1:1:events"}})",
                           service);
    };
    for (const bool wait : {true, false}) {
        World world({.scenario = Scenario::kCrashAfterStart, .wait = wait, .sweep = !wait});
        const auto handled = world.handle(fmt::format(R"({{"Records":[{},{}]}})", message("api"), message("worker")));
        EXPECT_EQ(handled.answer.status, wait ? "timed_out" : "deployed") << handled.answer.detail;
        world.run_for(minutes{45});
        EXPECT_THAT(world.titles(), ElementsAre("Deployments: 2 started", "Deployments: 2 timed out")) << wait;
    }
}

TEST(Rollouts, TheAnswerTellsOfARollbackThatWasBegunAlsoWithoutSlack) {
    for (const bool slack : {true, false}) {
        World world({.scenario = Scenario::kImageNotFound, .breaker = Breaker::kOn, .roll_back = true, .slack = slack});
        world.call_ecs("UpdateService", R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev",
                                            "taskDefinition":"shop_service_api_dev:42"})");
        world.run_for(minutes{30});
        ASSERT_EQ(world.end_state(), "shop_service_api_dev-rollback:1 COMPLETED");
        const auto answers = world.answers();
        const auto answer = std::ranges::find_if(
            answers, [](const Answer& one) { return one.detail.contains("SERVICE_DEPLOYMENT_FAILED"); });
        ASSERT_NE(answer, answers.end());
        EXPECT_EQ(answer->status, slack ? "notified" : "in_progress");
        EXPECT_THAT(answer->detail, HasSubstr("it is being rolled back: shop_service_api_dev:9 is deployed again"));
        ASSERT_THAT(answer->deployments, ::testing::SizeIs(1));
        EXPECT_EQ(answer->deployments[0].target.id.str(), "api");
    }
}

TEST(Rollouts, ARollbackToWhatThisProcessHasSeenCompleteIsToldAsOne) {
    World world({.breaker = Breaker::kOnWithRollback});
    world.deploy();
    world.run_for(minutes{5});
    world.set_scenario(Scenario::kImageNotFound);
    world.listener().handle(R"({"service":"api","task_definition":"10"})", Deadline::none());
    world.run_for(minutes{10});
    EXPECT_EQ(world.told(), "started, completed, started, failed, rolling back, rolled back");
    EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
}

TEST(Rollouts, TheNextEventDeploysWhatRunsAndLeavesTheBadRevisionOut) {
    World world({.scenario = Scenario::kImageNotFound, .roll_back = true});
    world.deploy();
    world.run_for(minutes{20});
    ASSERT_EQ(world.end_state(), kOldRevision + " COMPLETED");
    const auto again = world.deploy();
    EXPECT_THAT(again.answer.deployments.at(0).task_definition, HasSubstr("shop_service_api_dev:9"))
        << "and not :10, which has never run";
    EXPECT_THAT(again.answer.deployments.at(0).reason, HasSubstr("not with shop_service_api_dev:42"));
}

TEST(Rollouts, NearTheDeadlineTheRestIsLeftToEcsEventsAndTheSweep) {
    World world({.scenario = Scenario::kCrashAfterStart, .wait = true, .lambda_timeout = minutes{1}});
    const auto handled = world.deploy();
    EXPECT_EQ(handled.answer.status, "in_progress");
    EXPECT_LT(world.passed(), minutes{1});
    world.run_for(minutes{45});
    EXPECT_EQ(world.told(), "started, timed out") << "the sweep told it, once";
}

TEST(Rollouts, WithoutASweepTheOneWhoWaitsTellsWhatIsOverdue) {
    World world({.scenario = Scenario::kCrashAfterStart, .wait = true, .sweep = false});
    EXPECT_EQ(world.deploy().answer.status, "timed_out");
    world.run_for(minutes{45});
    EXPECT_EQ(world.told(), "started, timed out");
}

TEST(Rollouts, ASweepThatSomebodyAsksForAnswersWithWhatIsOverdue) {
    World world({.scenario = Scenario::kCrashAfterStart, .sweep = false});
    world.deploy();
    world.run_for(minutes{5});
    EXPECT_THAT(world.listener().handle(R"({"action":"sweep"})", Deadline::none()).answer.detail,
                HasSubstr("looked at 3 services, 0 overdue"));
    world.run_for(minutes{6});
    const auto swept = world.listener().handle(R"({"action":"sweep"})", Deadline::none());
    EXPECT_EQ(swept.answer.status, "swept");
    ASSERT_THAT(swept.answer.deployments, ::testing::SizeIs(1));
    EXPECT_EQ(swept.answer.deployments[0].status, DeploymentStatus::kTimedOut);
    EXPECT_THAT(world.titles(), Contains("Deployment timed out: api"));
}

/// The details that the documentation quotes, by verdict.
std::map<std::string, std::string> excerpts() {
    const auto answer = [](const WorldOptions& options) { return World(options).deploy().answer; };
    World superseded({.scenario = Scenario::kSlow, .wait = true});
    superseded.at(seconds{40}, [&] {
        superseded.call_ecs("UpdateService", R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev",
                                                 "taskDefinition":"shop_service_api_dev:10"})");
    });
    std::map<std::string, std::string> details;
    for (const auto& one :
         {answer({.wait = true}), answer({.scenario = Scenario::kCrashOnStart, .breaker = Breaker::kOn, .wait = true}),
          answer({.scenario = Scenario::kImageNotFound, .breaker = Breaker::kOnWithRollback, .wait = true}),
          answer({.scenario = Scenario::kCrashAfterStart, .wait = true}), superseded.deploy().answer,
          answer({.scenario = Scenario::kSlow, .wait = true, .lambda_timeout = minutes{1}})})
        details[one.status] = one.detail;
    return details;
}

TEST(Rollouts, TheExcerptsOfTheDocumentationAreReal) {
    std::ifstream file(CI_LAMBDA_SOURCE_DIR "/docs/rollouts.md");
    const std::string page(std::istreambuf_iterator<char>(file), {});
    const auto details = excerpts();
    EXPECT_THAT(details, ::testing::SizeIs(6)) << "one for each verdict";
    for (const auto& [verdict, detail] : details)
        EXPECT_THAT(page, HasSubstr("```\n" + detail + "\n```")) << "excerpt " << verdict << ": " << detail;
}

TEST(Rollouts, APersonCanWaitForWhatAnEventHasBegunAndNothingElseHappens) {
    World world({.scenario = Scenario::kCrashOnStart, .breaker = Breaker::kOnWithRollback, .roll_back = true});
    world.deploy();
    const auto changes = world.changes();
    const auto waited = world.listener().wait_for({world.target()}, Deadline::none());
    EXPECT_EQ(waited.answer.status, "rolled_back") << waited.answer.detail;
    EXPECT_EQ(world.changes(), changes) << "who waits begins nothing and rolls nothing back";
    const auto again = world.listener().wait_for({world.target()}, Deadline::none());
    EXPECT_EQ(again.answer.status, "rolled_back") << "the service is steady, but its last rollout was not";
}

TEST(Rollouts, APersonCanRollBackWhatIsRollingAndWhatIsDone) {
    World rolling({.scenario = Scenario::kSlow});
    rolling.deploy();
    rolling.run_for(minutes{1});
    const auto stopped = rolling.listener().roll_back({.target = rolling.target(), .wait = true}, Deadline::none());
    EXPECT_EQ(stopped.answer.status, "rolled_back") << stopped.answer.detail;
    EXPECT_EQ(rolling.end_state(), kOldRevision + " COMPLETED");

    World done({});
    done.deploy();
    done.run_for(minutes{5});
    ASSERT_EQ(done.end_state(), kNewRevision + " COMPLETED");
    const auto back = done.listener().roll_back({.target = done.target(), .reason = "500s since noon", .wait = true},
                                                Deadline::none());
    EXPECT_EQ(back.answer.status, "rolled_back") << back.answer.detail;
    EXPECT_EQ(done.end_state(), "shop_service_api_dev-rollback:1 COMPLETED");
    EXPECT_THAT(done.titles(), ::testing::Contains("Rollback started: api"));
    EXPECT_THAT(done.slack(), HasSubstr("500s since noon"));
    const auto again = done.listener().roll_back({.target = done.target()}, Deadline::none());
    ASSERT_TRUE(again.error);
    EXPECT_THAT(again.error->message, HasSubstr("a rollback itself"));
}

}  // namespace
}  // namespace ci_lambda::testing
