#include "pipelines/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "unit/handlers/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kRelease =
    R"({"release":{"stages":[{"services":["backend"]},{"services":["api","worker"]},{"promote":"prod"}],
        "on_failure":"roll_back_earlier"}})";
constexpr const char* kAllThree =
    R"({"backend":{"service_name":"b","task_family":"b"},"api":{"service_name":"a","task_family":"a"},
        "worker":{"service_name":"w","task_family":"w"}})";
const WallTime kNow{seconds{1'790'000'000}};

Config releasing() { return shop({{"PIPELINES", kRelease}}); }

Deploy deploy_of(const Config& config, const std::vector<std::string>& ids) {
    Deploy deploy;
    for (const auto& id : ids) {
        DeploymentRequest request{
            .target = *config.names.target(ServiceId(id)), .task_definition = std::nullopt, .reason = "a test"};
        if (config.pipelines.at("release").stage_of(request.target.id)) request.pipeline = "release";
        deploy.requests.push_back(std::move(request));
    }
    return deploy;
}

PipelineRun run_of(const Config& config, const std::string& event = "0123-45") {
    auto deploy = deploy_of(config, {"worker", "backend", "api"});
    return take_out_runs(deploy, config, event, kNow).at(0);
}

TEST(Run, HasTheStagesInTheirOrderAndLeavesTheOtherServices) {
    const auto config = releasing();
    auto deploy = deploy_of(config, {"worker", "web", "backend"});
    const auto runs = take_out_runs(deploy, config, "0123-45", kNow);
    ASSERT_THAT(runs, SizeIs(1));
    ASSERT_THAT(deploy.requests, SizeIs(1));
    EXPECT_EQ(deploy.requests.front().target.id.str(), "web");
    const auto& run = runs.front();
    EXPECT_EQ(run.id, "release-0123-45");
    EXPECT_TRUE(run.rolls_back_earlier);
    ASSERT_THAT(run.stages, SizeIs(3));
    EXPECT_EQ(run.stages[0].services.front().request.target.id.str(), "backend");
    EXPECT_THAT(run.stages[1].services, SizeIs(1)) << "api is not concerned";
    EXPECT_TRUE(run.stages[2].promotes());
    EXPECT_EQ(stage_in_words(run, 1), "stage 2 of 3 (api, worker)");
}

TEST(Run, IsTheSameForTheSameEvent) {
    const auto config = releasing();
    EXPECT_EQ(run_of(config).id, run_of(config).id);
    const auto odd = run_of(config, "an id with blanks / and " + std::string(200, 'x')).id;
    EXPECT_LE(odd.size(), 80U);
    EXPECT_EQ(odd.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_"), std::string::npos) << odd;
    EXPECT_NE(odd, run_of(config, "another id").id);
}

TEST(Run, BringsBackAllThatIsKnownOfIt) {
    const auto config = releasing();
    auto run = run_of(config);
    run.stage = 1;
    run.next = PipelineRun::Next::kCompensate;
    run.words = "stage 2 of 3 failed: \"quoted\"\n";
    run.failed_in = "stage 2 of 3";
    run.again = true;
    auto& service = run.stages[0].services[0];
    service.stand = ServiceStand::kGoesBack;
    service.deployment_id = "ecs-svc/7";
    service.task_definition = "arn:aws:ecs:us-east-1:123456789012:task-definition/x:3";
    service.started_at = kNow;
    service.begun_here = true;
    service.words = "it goes back";
    service.kept_since = kNow - seconds{5};
    service.asked = true;
    service.healthy_at = kNow + seconds{5};
    service.tried_again = true;
    const auto read = run_of_json(to_json(run), config);
    ASSERT_TRUE(read) << read.error().message;
    auto expected = run;
    expected.stages[0].services[0].request.kept_for_person = false;  // says nothing once it is a run
    for (auto& stage : expected.stages)
        for (auto& one : stage.services) one.request.kept_for_person = false;
    EXPECT_EQ(*read, expected);
}

TEST(Run, OfANewerFormOrOfSomebodyElseIsRefused) {
    const auto config = releasing();
    const auto good = *parse_json(to_json(run_of(config)));
    std::vector<std::string> bad{"", "[]", "{}", "7"};
    for (const auto* member : {"pipeline", "id", "next", "stage", "stages"}) {
        auto without = good;
        without.erase(member);
        bad.push_back(dump_json(without));
    }
    for (const auto& [member, value] :
         std::vector<std::pair<std::string, Json>>{{"next", "sideways"},
                                                   {"stage", 3},
                                                   {"stage", -1},
                                                   {"stages", Json::array()},
                                                   {"pipeline", "a b"},
                                                   {"id", std::string(81, 'x')},
                                                   {"stages", {{{"name", "x"}, {"services", {7}}}}}}) {
        auto changed = good;
        changed[member] = value;
        bad.push_back(dump_json(changed));
    }
    for (const auto& text : bad) EXPECT_FALSE(run_of_json(text, config)) << text;
    auto gone = good;
    gone["stages"][0]["services"][0]["request"]["s"] = "nobody";
    EXPECT_THAT(
        run_of_json(dump_json(gone), shop({{"PIPELINES", kRelease}, {"ECS_SERVICE_MAP", kAllThree}})).error().message,
        HasSubstr("none of our services"));
}

TEST(Run, BegunAgainIsAnotherRunOfTheSame) {
    const auto config = releasing();
    auto run = run_of(config);
    run.stages[0].services[0].stand = ServiceStand::kFailed;
    run.next = PipelineRun::Next::kFailed;
    const auto again = begin_again(run, kNow + seconds{60});
    EXPECT_NE(again.id, run.id);
    EXPECT_EQ(again.next, PipelineRun::Next::kStart);
    EXPECT_EQ(again.stages[0].services[0].stand, ServiceStand::kWaits);
    EXPECT_EQ(again.stages[0].services[0].request.pipeline_run, again.id);
    EXPECT_EQ(again.stages[0].services[0].request.changed_at, run.stages[0].services[0].request.changed_at);
}

TEST(PipelineTag, SaysWhichOfTwoRunsIsTheLaterOne) {
    const auto config = releasing();
    auto earlier = run_of(config, "e1");
    auto later = run_of(config, "e2");
    earlier.at = kNow;
    later.at = kNow + seconds{1};
    EXPECT_TRUE(is_of(tag_of(earlier), earlier));
    EXPECT_FALSE(is_of(tag_of(earlier), later));
    EXPECT_TRUE(is_later(tag_of(later), earlier));
    EXPECT_FALSE(is_later(tag_of(earlier), later));
    later.at = earlier.at;
    EXPECT_NE(is_later(tag_of(later), earlier), is_later(tag_of(earlier), later)) << "one of them, whoever asks";
    EXPECT_LE(tag_of(run_of(config, std::string(300, 'x'))).size(), 256U) << "what ECS takes";
    for (const auto* text : {"", "release", "release now x", "other 2099-01-01T00:00:00Z x", "a b c d"})
        EXPECT_FALSE(is_later(text, earlier)) << text;
}

}  // namespace
}  // namespace ci_lambda::testing
