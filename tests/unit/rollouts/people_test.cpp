#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "base/json.hpp"
#include "sandbox/ecs/state.hpp"
#include "unit/rollouts/support.hpp"
#include "unit/rollouts/world.hpp"

// Worlds in which a person or somebody's pipeline acts, at the worst moment.

namespace ci_lambda::testing {
namespace {

using sandbox::FaultKind;
using sandbox::Scenario;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;

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
        EXPECT_TRUE(wanted.contains(std::string(kApiService) + ":") && number_of(wanted) >= 43)
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
                           {"time", in_whole_seconds(world_.now())},
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

}  // namespace
}  // namespace ci_lambda::testing
