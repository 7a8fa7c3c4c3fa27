#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/ecs/state.hpp"
#include "unit/rollouts/world.hpp"

// The rollout table goes on: worlds in which ECS lags, rolls back in one way or another, is slow on purpose, or fails
// for a while, and those in which somebody else deploys at the worst moment.

namespace ci_lambda::testing {
namespace {

using sandbox::FaultKind;
using sandbox::RollbackLook;
using sandbox::Scenario;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kNewRevision = "shop_service_api_dev:42";
const std::string kOldRevision = "shop_service_api_dev:9";
constexpr const char* kApiService = "shop_service_api_dev";

std::string in_a_name(std::string_view text) { return replace_all(std::string(text), "-", "_"); }

std::string update_of_parameter(const std::string& id, WallTime at) {
    return dump_json({{"id", id},
                      {"source", "aws.ssm"},
                      {"detail-type", "Parameter Store Change"},
                      {"time", format_rfc3339(at).substr(0, 19) + "Z"},
                      {"detail", {{"name", "/dev/shop/api/" + id}, {"operation", "Update"}}}});
}

/// One way for ECS to be.
struct Kind {
    std::string name;
    sandbox::Quirks quirks;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

std::vector<Kind> kinds_of_ecs() {
    const auto lag = [](seconds services, seconds records) {
        sandbox::Quirks quirks;
        if (services > seconds{0}) quirks.lag["DescribeServices"] = services;
        if (records > seconds{0}) quirks.lag["ListServiceDeployments"] = records;
        return quirks;
    };
    return {{"rollback_keeps_its_old_time", {.rollback = RollbackLook::kOldTime}},
            {"rollback_gets_a_new_id", {.rollback = RollbackLook::kNewId}},
            {"rollback_comes_after_45_s", {.until_rollback = seconds{45}}},
            {"all_lags_5_s", lag(seconds{5}, seconds{5})},
            {"services_lag_20_s", lag(seconds{20}, seconds{0})},
            {"records_lag_20_s", lag(seconds{0}, seconds{20})},
            {"all_lags_20_s", lag(seconds{20}, seconds{20})}};
}

struct End {
    std::string verdict;
    std::string slack;
    std::string end;
};

/// What the rollout table says of the ECS that people have described most often holds of every other one, too.
using OldRow = std::tuple<Scenario, Breaker, bool, bool, Kind>;
class RolloutTableOfEachEcs : public ::testing::TestWithParam<OldRow> {};

End expected_end(Scenario scenario, Breaker breaker, bool wait, bool roll_back) {
    if (scenario == Scenario::kHealthy) return {"completed", "started, completed", kNewRevision + " COMPLETED"};
    if (scenario == Scenario::kCrashAfterStart) {
        if (roll_back)
            return {"rolled_back", "started, timed out, rolling back, rolled back", kOldRevision + " COMPLETED"};
        return {"timed_out", "started, timed out", kNewRevision + " IN_PROGRESS"};
    }
    if (scenario == Scenario::kSlow) {
        if (roll_back && wait)
            return {"rolled_back", "started, timed out, rolling back, rolled back", kOldRevision + " COMPLETED"};
        return {"timed_out", "started, completed", kNewRevision + " COMPLETED"};
    }
    if (roll_back || breaker == Breaker::kOnWithRollback)
        return {"rolled_back", "started, failed, rolling back, rolled back", kOldRevision + " COMPLETED"};
    if (breaker == Breaker::kOn) return {"failed", "started, failed", kNewRevision + " FAILED"};
    const std::string impaired = scenario == Scenario::kFailingHealthChecks ? "" : "impaired, ";
    return {"timed_out", "started, " + impaired + "timed out", kNewRevision + " IN_PROGRESS"};
}

End expected_of(const OldRow& row) {
    const auto& [scenario, breaker, wait, roll_back, kind] = row;
    auto end = expected_end(scenario, breaker, wait, roll_back);
    if (scenario == Scenario::kNoCapacity)
        end.slack = replace_all(end.slack, "started, ", "started, task placement failure, ");
    return end;
}

TEST_P(RolloutTableOfEachEcs, EndsAsItDoesWithTheUsualOne) {
    const auto& [scenario, breaker, wait, roll_back, kind] = GetParam();
    const auto expected = expected_of(GetParam());
    World world(
        {.scenario = scenario, .breaker = breaker, .wait = wait, .roll_back = roll_back, .quirks = kind.quirks});
    const auto handled = world.deploy();
    world.run_for(minutes{45});
    EXPECT_EQ(handled.answer.status, wait ? expected.verdict : "deployed") << handled.answer.detail;
    EXPECT_FALSE(handled.error);
    EXPECT_EQ(world.told(), expected.slack) << world.log();
    EXPECT_EQ(world.end_state(), expected.end);
    EXPECT_EQ(world.calls("UpdateService"), 1) << "one rollout, and ECS goes back by itself or when it is asked to";
}

std::string_view name_of(Breaker breaker) {
    switch (breaker) {
        case Breaker::kOff: return "off";
        case Breaker::kOn: return "on";
        case Breaker::kOnWithRollback: return "on_with_rollback";
    }
    return "";
}

std::string name_of_old_row(const ::testing::TestParamInfo<OldRow>& info) {
    const auto& [scenario, breaker, wait, roll_back, kind] = info.param;
    return fmt::format("{}_breaker_{}_{}_rollback_{}_{}", in_a_name(sandbox::name_of(scenario)), name_of(breaker),
                       wait ? "waiting" : "not_waiting", roll_back ? "on" : "off", kind.name);
}

INSTANTIATE_TEST_SUITE_P(Rollouts, RolloutTableOfEachEcs,
                         ::testing::Combine(::testing::Values(Scenario::kHealthy, Scenario::kImageNotFound,
                                                              Scenario::kCrashOnStart, Scenario::kFailingHealthChecks,
                                                              Scenario::kNoCapacity, Scenario::kCrashAfterStart,
                                                              Scenario::kSlow),
                                            ::testing::Values(Breaker::kOff, Breaker::kOn, Breaker::kOnWithRollback),
                                            ::testing::Bool(), ::testing::Bool(), ::testing::ValuesIn(kinds_of_ecs())),
                         name_of_old_row);

/// What ECS does slowly because it was asked to, or does by itself: it needs no help of ours.
using StrategyRow = std::tuple<Scenario, Breaker, bool, bool, RollbackLook>;
class SlowOnPurpose : public ::testing::TestWithParam<StrategyRow> {};

End expected_of_ecs_alone(Scenario scenario) {
    if (scenario == Scenario::kAlarm)
        return {"rolled_back", "started, failed, rolling back, rolled back", kOldRevision + " COMPLETED"};
    if (scenario == Scenario::kPause)  // nobody approves
        return {"rolled_back", "started, waiting for approval, not approved in time, rolling back, rolled back",
                kOldRevision + " COMPLETED"};
    return {"completed", "started, completed", kNewRevision + " COMPLETED"};
}

TEST_P(SlowOnPurpose, IsNeitherStoppedNorHelped) {
    const auto& [scenario, breaker, wait, roll_back, look] = GetParam();
    const auto expected = expected_of_ecs_alone(scenario);
    World world(
        {.scenario = scenario, .breaker = breaker, .wait = wait, .roll_back = roll_back, .quirks = {.rollback = look}});
    const auto handled = world.deploy();
    world.run_for(minutes{60});
    EXPECT_EQ(handled.answer.status, wait ? expected.verdict : "deployed") << handled.answer.detail;
    EXPECT_FALSE(handled.error);
    EXPECT_EQ(world.told(), expected.slack) << world.log();
    EXPECT_EQ(world.end_state(), expected.end);
    EXPECT_EQ(world.calls("StopServiceDeployment"), 0);
    EXPECT_EQ(world.calls("UpdateService"), 1);
}

std::string name_of_strategy_row(const ::testing::TestParamInfo<StrategyRow>& info) {
    const auto& [scenario, breaker, wait, roll_back, look] = info.param;
    const std::vector<std::string> looks{"new_time", "old_time", "new_id"};
    return fmt::format("{}_breaker_{}_{}_rollback_{}_{}", in_a_name(sandbox::name_of(scenario)), name_of(breaker),
                       wait ? "waiting" : "not_waiting", roll_back ? "on" : "off",
                       looks[static_cast<std::size_t>(look)]);
}

INSTANTIATE_TEST_SUITE_P(
    Rollouts, SlowOnPurpose,
    ::testing::Combine(::testing::Values(Scenario::kBake, Scenario::kPause, Scenario::kLinear, Scenario::kCanary,
                                         Scenario::kAlarm, Scenario::kProtected),
                       ::testing::Values(Breaker::kOff, Breaker::kOnWithRollback), ::testing::Bool(), ::testing::Bool(),
                       ::testing::Values(RollbackLook::kNewTime, RollbackLook::kOldTime, RollbackLook::kNewId)),
    name_of_strategy_row);

/// The only rollout of api, as ECS's record has it.
Json newest_record(World& world) {
    const Json of_api{{"cluster", "shop_cluster_dev"}, {"service", kApiService}};
    const auto listed = parse_json(world.call_ecs("ListServiceDeployments", dump_json(of_api))).value_or(Json());
    const Json one{{"serviceDeploymentArns", {listed["serviceDeployments"][0]["serviceDeploymentArn"]}}};
    return parse_json(world.call_ecs("DescribeServiceDeployments", dump_json(one)))
        .value_or(Json())["serviceDeployments"][0];
}

TEST(SlowOnPurposeToo, WhatWaitsForAPersonSaysSoAndGoesOnWhenSomebodyApproves) {
    for (const bool wait : {true, false}) {
        World world({.scenario = Scenario::kPause, .wait = wait, .roll_back = true, .lambda_timeout = minutes{12}});
        const auto handled = world.deploy();
        if (wait) {
            EXPECT_EQ(handled.answer.status, "in_progress");
            EXPECT_THAT(handled.answer.detail, HasSubstr("waits for approval at POST_TEST_TRAFFIC_SHIFT until"));
        }
        world.run_for(minutes{25} - world.passed());
        const auto record = newest_record(world);
        world.call_ecs("ContinueServiceDeployment",
                       dump_json({{"serviceDeploymentArn", record["serviceDeploymentArn"]},
                                  {"hookId", record["lifecycleHookDetails"][0]["hookId"]}}));
        world.run_for(minutes{20});
        EXPECT_EQ(world.told(), "started, waiting for approval, approved, completed");
        EXPECT_THAT(world.slack(), HasSubstr("ECS waits at POST_TEST_TRAFFIC_SHIFT, until 2"));
        EXPECT_EQ(world.end_state(), kNewRevision + " COMPLETED");
        EXPECT_EQ(world.calls("StopServiceDeployment"), 0);
    }
}

TEST(SlowOnPurposeToo, ASweepWithRollbackLeavesWhatIsSlowOnPurposeAlone) {
    for (const auto scenario :
         {Scenario::kBake, Scenario::kPause, Scenario::kLinear, Scenario::kCanary, Scenario::kProtected}) {
        World world({.scenario = scenario, .roll_back = true, .sweep = false});
        world.deploy();
        for (int i = 0; i < 30; ++i) {
            world.run_for(minutes{1});
            const auto swept = world.listener().handle(R"({"action":"sweep"})", Deadline::none());
            EXPECT_FALSE(swept.error);
            EXPECT_THAT(swept.answer.deployments, IsEmpty()) << sandbox::name_of(scenario) << " after " << i;
        }
        EXPECT_EQ(world.calls("StopServiceDeployment"), 0) << sandbox::name_of(scenario);
    }
}

/// Somebody's pipeline registers and deploys the next revision in the middle of one of the function's waits.
struct Interrupted {
    std::string name;
    WorldOptions options;
    std::function<void(World&)> prepare;
    std::function<void(World&)> begin;
};

void PrintTo(const Interrupted& one, std::ostream* out) { *out << one.name; }

void event_arrives(World& world) { world.send(update_of_parameter("P", world.now())); }

std::vector<Interrupted> interruptions() {
    const auto fault = [](const std::string& operation, FaultKind kind, int times) {
        return [=](World& world) { world.add_fault({.operation = operation, .kind = kind, .times = times}); };
    };
    const auto nothing = [](World&) {};
    const auto deploys = [](World& world) { world.deploy(); };
    std::vector<Interrupted> all;
    for (const bool roll_back : {false, true}) {
        const std::string suffix = roll_back ? "_rollback_on" : "_rollback_off";
        const WorldOptions options{.roll_back = roll_back, .lambda_retries = true};
        const auto add = [&](const std::string& name, const std::function<void(World&)>& prepare) {
            all.push_back({name + suffix, options, prepare, event_arrives});
        };
        add("an_event", nothing);
        add("throttled_update", fault("UpdateService", FaultKind::kThrottled, 2));
        add("failed_update", fault("UpdateService", FaultKind::kFailedBefore, 2));
        add("lost_answer", fault("UpdateService", FaultKind::kFailedAfter, 1));
        add("throttled_list", fault("ListTaskDefinitions", FaultKind::kThrottled, 2));
        add("failed_look", fault("DescribeServices", FaultKind::kFailedBefore, 2));
        add("failed_records", fault("ListServiceDeployments", FaultKind::kFailedBefore, 2));
        auto lagging = options;
        lagging.quirks.lag = {{"DescribeServices", seconds{5}}, {"ListServiceDeployments", seconds{5}}};
        all.push_back({"lag_and_throttled_update" + suffix, lagging, fault("UpdateService", FaultKind::kThrottled, 2),
                       event_arrives});
        auto bursts = options;
        bursts.environment = {{"COALESCE_SECONDS", "10"}};
        all.push_back({"coalescing" + suffix, bursts, nothing, event_arrives});
        auto waits = options;
        waits.wait = true;
        all.push_back({"waiting" + suffix, waits, nothing, deploys});
        waits.scenario = Scenario::kCrashOnStart;
        waits.breaker = Breaker::kOn;
        all.push_back({"waiting_for_what_fails" + suffix, waits, nothing, deploys});
        waits.scenario = Scenario::kCrashAfterStart;
        all.push_back({"waiting_for_what_hangs" + suffix, waits, nothing, deploys});
    }
    return all;
}

class SomebodyDeploysAtAWait : public ::testing::TestWithParam<Interrupted> {};

int number_in(std::string_view task_definition) {
    return static_cast<int>(parse_unsigned(task_definition.substr(task_definition.rfind(':') + 1)).value_or(0));
}

/// False when the function does not wait that often.
bool interrupt(const Interrupted& row, int at) {
    World world(row.options);
    row.prepare(world);
    bool interrupted = false;
    const auto somebody = [&](int wait) {
        if (wait != at || interrupted) return;
        interrupted = true;
        const auto revision = world.somebody_registers();
        EXPECT_EQ(revision, "shop_service_api_dev:43");
        world.set_scenario(Scenario::kHealthy);
        world.somebody_deploys(revision);
    };
    world.at_each_wait(somebody);
    world.before_each_call([&](const std::string& operation, const std::string& body) {
        if (!interrupted) return;
        EXPECT_NE(operation, "StopServiceDeployment") << "of what somebody deployed";
        if (operation != "UpdateService") return;
        const auto wanted = find_string(parse_json(body).value_or(Json()), "taskDefinition").value_or("");
        EXPECT_TRUE(wanted.contains(std::string(kApiService) + ":") && number_in(wanted) >= 43)
            << wanted << " goes over :43";
    });
    row.begin(world);
    world.run_for(minutes{60});
    if (!interrupted) return false;
    EXPECT_THAT(world.lost_events(), IsEmpty());
    EXPECT_EQ(world.end_state(), "shop_service_api_dev:43 COMPLETED") << "at wait " << at << "\n" << world.log();
    return true;
}

TEST_P(SomebodyDeploysAtAWait, AndThatIsWhatRunsInTheEnd) {
    const auto& row = GetParam();
    int at = 0;
    // Those who wait for a verdict look at it a hundred times, each time alike: not each is tried.
    for (int step = 1; interrupt(row, at) && !HasFailure(); at += step) step = at < 12 ? 1 : 9;
    const bool has_waits = row.name != "an_event_rollback_off" && row.name != "an_event_rollback_on";
    EXPECT_TRUE(at > 0 || !has_waits || HasFailure()) << "it never waits";
}

INSTANTIATE_TEST_SUITE_P(Rollouts, SomebodyDeploysAtAWait, ::testing::ValuesIn(interruptions()),
                         [](const auto& row) { return row.param.name; });

/// ECS does not do for a while what brings a service back.
class FailingRollback : public ::testing::TestWithParam<std::tuple<FaultKind, bool>> {};

TEST_P(FailingRollback, IsTriedAgainWhereItIsStopServiceDeployment) {
    const auto [kind, wait] = GetParam();
    World world({.scenario = Scenario::kCrashAfterStart, .wait = wait, .roll_back = true, .lambda_retries = true});
    world.add_fault({.operation = "StopServiceDeployment", .kind = kind, .times = 2});
    const auto handled = world.deploy();
    world.run_for(minutes{45});
    EXPECT_EQ(handled.answer.status, wait ? "rolled_back" : "deployed") << handled.answer.detail;
    // While the function waits for its next try, ECS tells the other process that it has begun.
    const bool told_late = wait && kind == FaultKind::kFailedAfter;
    EXPECT_EQ(world.told(), told_late ? "started, rolling back, timed out, rolled back"
                                      : "started, timed out, rolling back, rolled back");
    EXPECT_EQ(world.end_state(), kOldRevision + " COMPLETED");
}

TEST_P(FailingRollback, IsTriedAgainWhereItIsUpdateService) {
    const auto [kind, sweep] = GetParam();
    World world({.scenario = Scenario::kImageNotFound,
                 .breaker = Breaker::kOn,
                 .roll_back = true,
                 .sweep = sweep,
                 .lambda_retries = true});
    world.add_fault({.operation = "UpdateService", .kind = kind, .times = 2});
    world.somebody_deploys(kNewRevision);
    world.run_for(minutes{45});
    EXPECT_THAT(world.told(), ::testing::EndsWith("rolled back"));
    EXPECT_EQ(world.end_state(), "shop_service_api_dev-rollback:1 COMPLETED");
    EXPECT_EQ(world.calls("RegisterTaskDefinition"), 1) << "one copy, however often it is deployed";
    EXPECT_THAT(world.lost_events(), IsEmpty());
}

std::string name_of_fault(const ::testing::TestParamInfo<std::tuple<FaultKind, bool>>& info) {
    const auto [kind, flag] = info.param;
    const std::string name = kind == FaultKind::kThrottled      ? "throttled"
                             : kind == FaultKind::kFailedBefore ? "failed"
                                                                : "answer_lost";
    return fmt::format("{}_{}", name, flag ? "waiting_or_swept" : "by_events_alone");
}

INSTANTIATE_TEST_SUITE_P(Rollouts, FailingRollback,
                         ::testing::Combine(::testing::Values(FaultKind::kThrottled, FaultKind::kFailedBefore,
                                                              FaultKind::kFailedAfter),
                                            ::testing::Bool()),
                         name_of_fault);

TEST(FailingRollbacks, ThatCanHealAreErrorsAndTheEventComesAgain) {
    World world({.scenario = Scenario::kImageNotFound,
                 .breaker = Breaker::kOn,
                 .roll_back = true,
                 .sweep = false,
                 .lambda_retries = true});
    world.add_fault({.operation = "UpdateService", .kind = FaultKind::kFailedBefore, .times = sandbox::Fault::kAlways});
    world.somebody_deploys(kNewRevision);
    bool failed = false;
    for (int i = 0; i < 120 && !failed; ++i) {
        world.run_for(seconds{10});
        failed = std::ranges::any_of(world.outcomes(), [](const auto& one) { return one.handled.error.has_value(); });
    }
    ASSERT_TRUE(failed) << "Lambda has to know that it is not done";
    world.clear_faults();
    world.run_for(minutes{30});
    EXPECT_THAT(world.end_state(), HasSubstr("shop_service_api_dev-rollback:"));
    EXPECT_THAT(world.lost_events(), IsEmpty());
    EXPECT_EQ(std::ranges::count(world.titles(), std::string("Deployment failed: api")), 1) << "told once";
}

/// As when Lambda tries the event again whose rollback could not begin.
class FailedWithTheChange : public ::testing::TestWithParam<bool> {};

TEST_P(FailedWithTheChange, IsRolledBackAndNotDeployedOnceMore) {
    const bool wait = GetParam();
    World world({.scenario = Scenario::kImageNotFound,
                 .breaker = Breaker::kOn,
                 .wait = wait,
                 .roll_back = true,
                 .lambda_retries = true});
    world.add_fault({.operation = "UpdateService", .kind = FaultKind::kFailedBefore, .times = sandbox::Fault::kAlways});
    const auto changed_at = world.now();
    world.at(seconds{5}, [&] { world.somebody_deploys(kNewRevision); });
    world.run_for(minutes{4});
    ASSERT_EQ(world.end_state(), kNewRevision + " FAILED");
    world.clear_faults();
    const auto sent = world.calls("UpdateService");

    const auto handled = world.handle(update_of_parameter("P", changed_at));

    EXPECT_THAT(handled.answer.detail, HasSubstr(wait ? "rolled back" : "already rolled, and failed"));
    world.run_for(minutes{15});
    EXPECT_EQ(world.end_state(), "shop_service_api_dev-rollback:1 COMPLETED");
    EXPECT_EQ(world.calls("UpdateService"), sent + 1) << "the rollback alone";
}

INSTANTIATE_TEST_SUITE_P(Rollouts, FailedWithTheChange, ::testing::Bool(),
                         [](const auto& row) { return row.param ? "waiting" : "swept"; });

/// A person takes :42 back, while it rolls or when it is done.
class TakenBackByAPerson : public ::testing::TestWithParam<std::tuple<bool, bool>> {
protected:
    TakenBackByAPerson() {
        world_.deploy();
        world_.run_for(while_it_rolls_ ? seconds{20} : seconds{300});
        const auto handled = world_.roll_back("500s since noon");
        EXPECT_FALSE(handled.error) << handled.error->message;
        world_.run_for(minutes{5});
        EXPECT_EQ(world_.end_state(), brought_back_);
    }

    void a_parameter_changes() {
        const auto at = world_.now();
        world_.run_for(seconds{2});
        world_.send(update_of_parameter("P", at));
        world_.run_for(minutes{5});
    }

    bool while_it_rolls_ = std::get<0>(GetParam());
    std::string brought_back_ =
        while_it_rolls_ ? kOldRevision + " COMPLETED" : "shop_service_api_dev-rollback:1 COMPLETED";
    World world_{{.roll_back = std::get<1>(GetParam())}};
};

TEST_P(TakenBackByAPerson, ComesAgainWithNothingAutomatic) {
    const auto before = world_.last_rollout();
    for (int i = 0; i < 2; ++i) {
        a_parameter_changes();
        EXPECT_EQ(world_.end_state(), brought_back_) << world_.log();
    }
    EXPECT_GT(world_.last_rollout(), before) << "what the person brought back is deployed with the parameter";
    world_.ecs().push_image(World::kImage);
    world_.send(dump_json({{"id", "i"},
                           {"source", "aws.ecr"},
                           {"detail-type", "ECR Image Action"},
                           {"time", format_rfc3339(world_.now()).substr(0, 19) + "Z"},
                           {"detail",
                            {{"result", "SUCCESS"},
                             {"action-type", "PUSH"},
                             {"image-tag", "v1.42"},
                             {"repository-name", "shop_service_api"}}}}));
    world_.run_for(minutes{5});
    EXPECT_EQ(world_.end_state(), brought_back_) << "nor with an image";
}

TEST(TakenBackByAPersonAMomentAgo, StaysSoThoughAnEventComesBeforeEcsHasBegun) {
    for (const bool roll_back : {false, true}) {
        World world({.scenario = Scenario::kSlow, .roll_back = roll_back, .quirks = {.until_rollback = seconds{20}}});
        world.deploy();
        world.run_for(minutes{2});
        const auto at = world.now();
        EXPECT_FALSE(world.roll_back("500s since noon").error);
        world.set_scenario(Scenario::kHealthy);
        world.run_for(seconds{5});
        world.send(update_of_parameter("P", at));
        world.run_for(minutes{10});
        EXPECT_EQ(world.end_state(), kOldRevision + " COMPLETED") << world.log();
        EXPECT_GT(world.last_rollout(), at) << "with the parameter";
    }
}

TEST(TakenBackByAPersonAMomentAgo, IsTakenBackThoughItCompletedBeforeEcsHeardOfIt) {
    World world({.sweep = false});
    world.deploy();
    world.run_for(seconds{48});
    ASSERT_EQ(world.end_state(), kNewRevision + " IN_PROGRESS");
    world.add_fault({.operation = "StopServiceDeployment", .kind = FaultKind::kThrottled, .times = 2});
    const auto handled = world.roll_back("500s since noon");
    EXPECT_FALSE(handled.error) << handled.error->message;
    world.run_for(minutes{5});
    EXPECT_EQ(world.end_state(), "shop_service_api_dev-rollback:1 COMPLETED") << handled.answer.detail;
}

TEST_P(TakenBackByAPerson, IsOverWithANewerRevision) {
    world_.somebody_registers();
    a_parameter_changes();
    EXPECT_EQ(world_.end_state(), "shop_service_api_dev:43 COMPLETED");
}

TEST_P(TakenBackByAPerson, IsOverWhenAPersonDeploysItByItsNumber) {
    world_.handle(R"({"service":"api","task_definition":"42"})");
    world_.run_for(minutes{5});
    EXPECT_EQ(world_.end_state(), kNewRevision + " COMPLETED");
    a_parameter_changes();
    EXPECT_EQ(world_.end_state(), kNewRevision + " COMPLETED");
}

INSTANTIATE_TEST_SUITE_P(Rollouts, TakenBackByAPerson, ::testing::Combine(::testing::Bool(), ::testing::Bool()),
                         [](const auto& row) {
                             return fmt::format("{}_rollback_{}",
                                                std::get<0>(row.param) ? "while_it_rolls" : "when_it_is_done",
                                                std::get<1>(row.param) ? "on" : "off");
                         });

/// One deployment whose end is told while a read fails.
struct Reading {
    std::string operation;
    int times;
};

std::string told_with(const Reading& reading, Scenario scenario, World& world) {
    world.set_scenario(scenario);
    world.deploy();
    world.add_fault({.operation = reading.operation, .kind = FaultKind::kFailedBefore, .times = reading.times});
    world.run_for(minutes{30});
    return world.told();
}

TEST(ACompletedDeployment, IsReadAgainWhereOneReadFailed) {
    for (const auto* operation : {"DescribeServices", "ListServiceDeployments"}) {
        World good({.sweep = false});
        EXPECT_EQ(told_with({.operation = operation, .times = 1}, Scenario::kHealthy, good), "started, completed");
        EXPECT_THAT(good.slack(), Not(HasSubstr("not known"))) << operation;

        World bad({.breaker = Breaker::kOnWithRollback, .sweep = false});
        EXPECT_THAT(told_with({.operation = operation, .times = 1}, Scenario::kCrashOnStart, bad),
                    ::testing::EndsWith("rolled back"))
            << operation;
    }
}

TEST(ACompletedDeployment, IsNotToldAsGoodWhereThatIsNotKnown) {
    for (const auto scenario : {Scenario::kHealthy, Scenario::kCrashOnStart}) {
        World world({.breaker = Breaker::kOnWithRollback, .sweep = false});
        const auto told =
            told_with({.operation = "DescribeServices", .times = sandbox::Fault::kAlways}, scenario, world);
        EXPECT_THAT(told, ::testing::EndsWith("completed"));
        EXPECT_THAT(world.slack(), HasSubstr("is not known: ECS does not answer"));
    }
}

}  // namespace
}  // namespace ci_lambda::testing
