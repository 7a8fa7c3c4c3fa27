#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "base/json.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// The rollout table once more, for rollouts that move traffic: what each strategy makes of each fate.

namespace ci_lambda::testing {
namespace {

using sandbox::Scenario;
using std::chrono::minutes;
using ::testing::Bool;
using ::testing::Combine;
using ::testing::Values;
using ::testing::ValuesIn;

/// A service's strategy before anything is deployed.
struct Strategy {
    std::string name;
    std::string configuration;  ///< JSON
};

void PrintTo(const Strategy& strategy, std::ostream* out) { *out << strategy.name; }

/// Each takes some minutes on purpose; all of them together with the time that is theirs anyway are over after three
/// quarters of an hour.
std::vector<Strategy> strategies() {
    return {{"blue_green", R"({"strategy":"BLUE_GREEN","bakeTimeInMinutes":10})"},
            {"linear", R"({"strategy":"LINEAR","bakeTimeInMinutes":1,
                           "linearConfiguration":{"stepPercent":25,"stepBakeTimeInMinutes":2}})"},
            {"canary", R"({"strategy":"CANARY","bakeTimeInMinutes":3,
                           "canaryConfiguration":{"canaryPercent":10,"canaryBakeTimeInMinutes":5}})"}};
}

struct Ending {
    std::string verdict;  ///< of a function that waits
    std::string slack;
    std::string end;
};

const Ending kCompletes{"completed", "started, completed", kNewRevision + " COMPLETED"};
const Ending kGoesBack{"rolled_back", "started, failed, rolling back, rolled back", kOldRevision + " COMPLETED"};

Ending hangs(const std::string& news) {
    return {"timed_out", "started, " + news + "timed out", kNewRevision + " IN_PROGRESS"};
}
Ending is_stopped(const std::string& news) {
    return {"rolled_back", "started, " + news + "timed out, rolling back, rolled back", kOldRevision + " COMPLETED"};
}

/// What a person would write down beforehand: ECS takes back by itself what its breaker or an alarm sees, and waits for
/// ever for tasks that do not come; what is only slow is never stopped.
Ending expected(Scenario fate, bool breaker, bool roll_back) {
    switch (fate) {
        case Scenario::kAlarm: return kGoesBack;
        case Scenario::kImageNotFound:
            if (breaker) return kGoesBack;
            return roll_back ? is_stopped("impaired, ") : hangs("impaired, ");
        case Scenario::kFailingHealthChecks:
            if (breaker) return kGoesBack;
            return roll_back ? is_stopped("") : hangs("");
        case Scenario::kCrashAfterStart: return roll_back ? is_stopped("") : hangs("");
        default: return kCompletes;
    }
}

/// The service as somebody has configured it.
void configure(World& world, const Strategy& strategy, bool breaker) {
    auto configuration = *parse_json(strategy.configuration);
    configuration["alarms"] = {{"alarmNames", {"shop-5xx"}}, {"enable", true}, {"rollback", true}};
    configuration["deploymentCircuitBreaker"] = {{"enable", breaker}, {"rollback", breaker}};
    world.call_ecs("UpdateService", dump_json({{"cluster", "shop_cluster_dev"},
                                               {"service", kApiService},
                                               {"deploymentConfiguration", configuration}}));
}

void expect_ending(World& world, const Handled& handled, bool wait, const Ending& ending) {
    EXPECT_EQ(handled.answer.status, wait ? ending.verdict : "deployed") << handled.answer.detail;
    EXPECT_FALSE(handled.error);
    EXPECT_EQ(world.told(), ending.slack) << world.log();
    EXPECT_EQ(world.end_state(), ending.end);
}

std::string yes_or_no(const std::string& word, bool yes) { return fmt::format("{}{}", yes ? "" : "no_", word); }

using FateRow = std::tuple<Strategy, Scenario, bool, bool, bool>;
class StrategyTable : public ::testing::TestWithParam<FateRow> {};

TEST_P(StrategyTable, EndsAsAPersonWouldWriteDown) {
    const auto& [strategy, fate, breaker, wait, roll_back] = GetParam();
    World world({.scenario = fate, .wait = wait, .roll_back = roll_back});
    configure(world, strategy, breaker);
    const auto handled = world.deploy();
    world.run_for(minutes{50});
    expect_ending(world, handled, wait, expected(fate, breaker, roll_back));
}

std::string name_of_fate_row(const ::testing::TestParamInfo<FateRow>& info) {
    const auto& [strategy, fate, breaker, wait, roll_back] = info.param;
    return fmt::format("{}_{}_{}_{}_{}", strategy.name, in_a_name(fate), yes_or_no("breaker", breaker),
                       yes_or_no("waiting", wait), yes_or_no("rollback", roll_back));
}

/// The breaker sees only some of it.
INSTANTIATE_TEST_SUITE_P(WithoutABreaker, StrategyTable,
                         Combine(ValuesIn(strategies()),
                                 Values(Scenario::kHealthy, Scenario::kSlow, Scenario::kImageNotFound,
                                        Scenario::kFailingHealthChecks, Scenario::kCrashAfterStart, Scenario::kAlarm),
                                 Values(false), Bool(), Bool()),
                         name_of_fate_row);
INSTANTIATE_TEST_SUITE_P(WithABreaker, StrategyTable,
                         Combine(ValuesIn(strategies()),
                                 Values(Scenario::kImageNotFound, Scenario::kFailingHealthChecks), Values(true), Bool(),
                                 Bool()),
                         name_of_fate_row);

/// What somebody else does while it rolls, and what comes of it.
struct Deed {
    std::string name;
    void (*carry_out)(World& world);
    Ending ending;
};

void PrintTo(const Deed& deed, std::ostream* out) { *out << deed.name; }

std::string service_deployment(World& world) {
    const auto listed = *parse_json(
        world.call_ecs("ListServiceDeployments", R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev"})"));
    return listed["serviceDeployments"][0]["serviceDeploymentArn"].get<std::string>();
}

std::vector<Deed> deeds() {
    return {{"deploys_another_revision",
             [](World& world) { world.somebody_deploys("shop_service_api_dev:10"); },
             {"superseded", "started, in progress, completed", "shop_service_api_dev:10 COMPLETED"}},
            {"stops_it_with_rollback",
             [](World& world) {
                 world.call_ecs("StopServiceDeployment", dump_json({{"serviceDeploymentArn", service_deployment(world)},
                                                                    {"stopType", "ROLLBACK"}}));
             },
             {"rolled_back", "started, rolling back, rolled back", kOldRevision + " COMPLETED"}},
            {"changes_the_strategy_of_rollouts_to_come",
             [](World& world) {
                 world.call_ecs("UpdateService", R"({"cluster":"shop_cluster_dev","service":"shop_service_api_dev",
                     "deploymentConfiguration":{"strategy":"ROLLING"}})");
             },
             kCompletes}};
}

using DeedRow = std::tuple<Strategy, Deed, bool, bool>;
class SomebodyInTheMiddle : public ::testing::TestWithParam<DeedRow> {};

TEST_P(SomebodyInTheMiddle, IsNeverUndone) {
    const auto& [strategy, deed, wait, roll_back] = GetParam();
    World world({.wait = wait, .roll_back = roll_back});
    configure(world, strategy, true);
    world.at(minutes{3}, [&] { deed.carry_out(world); });
    const auto handled = world.deploy();
    world.run_for(minutes{50});
    auto ending = deed.ending;
    // Whoever waits tells the start of nobody else's deployment, but that it gives way to one.
    if (wait && ending.verdict == "superseded") ending.slack = "started, superseded, completed";
    expect_ending(world, handled, wait, ending);
}

std::string name_of_deed_row(const ::testing::TestParamInfo<DeedRow>& info) {
    const auto& [strategy, deed, wait, roll_back] = info.param;
    return fmt::format("{}_{}_{}_{}", strategy.name, deed.name, yes_or_no("waiting", wait),
                       yes_or_no("rollback", roll_back));
}

INSTANTIATE_TEST_SUITE_P(Deeds, SomebodyInTheMiddle, Combine(ValuesIn(strategies()), ValuesIn(deeds()), Bool(), Bool()),
                         name_of_deed_row);

/// Who answers a rollout that waits for a person since its third minute, and what comes of it.
struct Reply {
    std::string name;
    std::string event;      ///< that somebody sends; empty for nothing
    std::string hook_goes;  ///< how somebody answers ECS itself: CONTINUE, ROLLBACK, or nothing
    Ending ending;
};

void PrintTo(const Reply& answer, std::ostream* out) { *out << answer.name; }

void answer_ecs(World& world, const std::string& action) {
    const auto arn = service_deployment(world);
    const auto described = *parse_json(
        world.call_ecs("DescribeServiceDeployments", dump_json({{"serviceDeploymentArns", Json::array({arn})}})));
    const auto hook = described["serviceDeployments"][0]["lifecycleHookDetails"][0]["hookId"];
    world.call_ecs("ContinueServiceDeployment",
                   dump_json({{"serviceDeploymentArn", arn}, {"hookId", hook}, {"action", action}}));
}

std::vector<Reply> answers() {
    const Ending goes_on{"completed", "started, waiting for approval, approved, completed",
                         kNewRevision + " COMPLETED"};
    const auto taken_back = [](const std::string& news) {
        return Ending{"rolled_back", "started, waiting for approval, " + news + "rolling back, rolled back",
                      kOldRevision + " COMPLETED"};
    };
    return {{"continue_by_an_event", R"({"service":"api","action":"continue"})", "", goes_on},
            {"stop_by_an_event", R"({"service":"api","action":"stop","rollback":true})", "",
             taken_back("Rollback started, ")},
            {"continue_by_somebody_else", "", "CONTINUE", goes_on},
            {"rollback_by_somebody_else", "", "ROLLBACK", taken_back("not approved, ")},
            {"nobody_answers", "", "", taken_back("not approved in time, ")}};
}

using ReplyRow = std::tuple<Reply, bool, bool>;
class WaitingForAPerson : public ::testing::TestWithParam<ReplyRow> {};

TEST_P(WaitingForAPerson, EndsAsThePersonSays) {
    const auto& [who, wait, roll_back] = GetParam();
    World world({.scenario = Scenario::kPause, .wait = wait, .roll_back = roll_back});
    world.at(minutes{14}, [&] {
        if (!who.event.empty()) world.send(who.event);
        if (!who.hook_goes.empty()) answer_ecs(world, who.hook_goes);
    });
    const auto handled = world.deploy();
    world.run_for(minutes{50});
    expect_ending(world, handled, wait, who.ending);
}

std::string name_of_answer_row(const ::testing::TestParamInfo<ReplyRow>& info) {
    const auto& [who, wait, roll_back] = info.param;
    return fmt::format("{}_{}_{}", who.name, yes_or_no("waiting", wait), yes_or_no("rollback", roll_back));
}

INSTANTIATE_TEST_SUITE_P(Replies, WaitingForAPerson, Combine(ValuesIn(answers()), Bool(), Bool()), name_of_answer_row);

/// What of its own configuration or of ECS takes a rollout back that is good, and what lets it go on.
struct Obstacle {
    Scenario scenario;
    Ending ending;
};

void PrintTo(const Obstacle& obstacle, std::ostream* out) { *out << name_of(obstacle.scenario); }

std::vector<Obstacle> obstacles() {
    const auto back = [](const std::string& news) {
        return Ending{"rolled_back", "started, " + news + "rolling back, rolled back", kOldRevision + " COMPLETED"};
    };
    return {{Scenario::kHook, kCompletes},
            {Scenario::kHookFails, back("stopped by a hook, ")},
            {Scenario::kHookTimesOut, back("held up by a hook, ")},
            {Scenario::kShiftFails, back("")}};
}

using ObstacleRow = std::tuple<Obstacle, bool, bool>;
class ObstacleTable : public ::testing::TestWithParam<ObstacleRow> {};

TEST_P(ObstacleTable, EndsAsAPersonWouldWriteDown) {
    const auto& [obstacle, wait, roll_back] = GetParam();
    World world({.scenario = obstacle.scenario, .wait = wait, .roll_back = roll_back});
    const auto handled = world.deploy();
    world.run_for(minutes{40});
    expect_ending(world, handled, wait, obstacle.ending);
}

std::string name_of_obstacle_row(const ::testing::TestParamInfo<ObstacleRow>& info) {
    const auto& [obstacle, wait, roll_back] = info.param;
    return fmt::format("{}_{}_{}", in_a_name(obstacle.scenario), yes_or_no("waiting", wait),
                       yes_or_no("rollback", roll_back));
}

INSTANTIATE_TEST_SUITE_P(Obstacles, ObstacleTable, Combine(ValuesIn(obstacles()), Bool(), Bool()),
                         name_of_obstacle_row);

/// What a function that waits answers once its own time is nearly over, after each of these minutes.
Answer answer_after(Milliseconds lambda_timeout, const Strategy& strategy, Scenario scenario = Scenario::kHealthy) {
    World world({.scenario = scenario, .wait = true, .lambda_timeout = lambda_timeout});
    if (!strategy.configuration.empty()) configure(world, strategy, false);
    return world.deploy().answer;
}

TEST(RolloutPhases, OfTheDocumentationAreReal) {
    std::ifstream file(CI_LAMBDA_SOURCE_DIR "/docs/rollouts.md");
    const std::string page(std::istreambuf_iterator<char>(file), {});
    const auto all = strategies();
    const auto& [blue_green, linear, canary] = std::tie(all[0], all[1], all[2]);
    const struct {
        std::string kind;
        Answer answer;
    } rows[] = {
        {"scaling_up", answer_after(std::chrono::seconds{16}, blue_green)},
        {"test_traffic", answer_after(std::chrono::seconds{48}, blue_green)},
        {"traffic", answer_after(minutes{3}, canary)},
        {"traffic", answer_after(minutes{4}, linear)},
        {"baking", answer_after(minutes{5}, blue_green)},
        {"waits_for_person", answer_after(minutes{5}, {}, Scenario::kPause)},
    };
    for (const auto& [kind, answer] : rows) {
        ASSERT_THAT(answer.deployments, ::testing::SizeIs(1));
        const auto& report = answer.deployments[0];
        EXPECT_EQ(answer.status, "in_progress");
        ASSERT_TRUE(report.phase) << kind << ": " << report.outcome;
        EXPECT_EQ(to_string(report.phase->kind), kind) << report.outcome;
        const auto words = report.outcome.substr(0, report.outcome.find(';'));
        EXPECT_THAT(page, ::testing::HasSubstr("| " + words + " |")) << kind;
    }
    EXPECT_THAT(page, ::testing::HasSubstr("\"phase\":" + phase_json(*rows[2].answer.deployments[0].phase).dump()));
}

}  // namespace
}  // namespace ci_lambda::testing
