#include "cli/status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "deployer/revision/choice.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::cli {
namespace {

using std::chrono::minutes;
using testing::arn_of;
using testing::deployment;
using ::testing::HasSubstr;
using testing::service_with;
using testing::start;
using testing::target;

std::string text_of(const std::vector<Line>& lines) {
    std::string text;
    for (const auto& line : lines) text += rendered(line, false) + "\n";
    return text;
}

EcsTaskDefinition definition(const std::string& image) {
    return {.arn = arn_of("8"), .status = "ACTIVE", .images = {{.container = "app", .image = image}}, .tags = {}};
}

ServiceOverview api_that_rolls() {
    auto service = service_with({deployment("ecs-svc/2", "8", RolloutState::kInProgress),
                                 deployment("ecs-svc/1", "7", RolloutState::kCompleted, "ACTIVE")});
    service.deployments[0].running_count = 1;
    service.deployments[0].failed_tasks = 3;
    return {.target = target("api"),
            .service = std::move(service),
            .definition = definition("1.dkr.ecr.x.amazonaws.com/shop_api:v1.43"),
            .images = {{.container = "app",
                        .image = "1.dkr.ecr.x.amazonaws.com/shop_api:v1.43",
                        .digest = "sha256:abcdef0123456789"}},
            .last = LastRollout{.rollout = testing::rollout_to_8(),
                                .judgement = {.verdict = Verdict::kInProgress, .reason = "1 of 2 tasks run: exit 1"}}};
}

ServiceOverview steady() {
    return {.target = target("worker"),
            .service = service_with({deployment("ecs-svc/1", "7", RolloutState::kCompleted)}),
            .definition = definition("shop_worker@sha256:0123456789abcdef0123"),
            .images = {{.container = "app", .image = "shop_worker@sha256:0123456789abcdef0123", .digest = {}}},
            .last = LastRollout{.rollout = testing::rollout_to_8(),
                                .judgement = {.verdict = Verdict::kCompleted, .reason = "2 of 2 tasks run"}}};
}

TEST(StatusTable, ShowsWhatRunsWithWhichImageSinceWhenAndWhatIsRolling) {
    EXPECT_EQ(
        text_of(status_table({api_that_rolls(), steady(), {.target = target("ghost")}}, start() + minutes{65}, 0)),
        "SERVICE  STATE    TASKS  REVISION                IMAGE                      SINCE\n"
        "api      rolling  2/2    shop_service_api_dev:8  v1.43@sha256:abcdef012345  1 h 5 min\n"
        "    1 of 2 new tasks run, 3 failed; 2 of shop_service_api_dev:7 still run\n"
        "    1 of 2 tasks run: exit 1\n"
        "worker   steady   2/2    shop_service_api_dev:7  sha256:0123456789ab        1 h 5 min\n"
        "ghost    missing\n"
        "    ECS has no service shop_service_ghost_dev\n");
}

TEST(StatusTable, TellsHowTheLastRolloutEndedAndWhy) {
    auto back = steady();
    back.last->judgement = {.verdict = Verdict::kRolledBack, .reason = "ECS rolled it back to :7: exit code 1"};
    EXPECT_THAT(
        text_of(status_table({back}, start() + minutes{5}, 0)),
        HasSubstr("\n    last rollout: shop_service_api_dev:8 began 5 min 0 s ago and was rolled back: ECS rolled "
                  "it back to :7: exit code 1\n"));
}

TEST(StatusTable, ShowsTheLastWordsOfAContainerOfARolloutThatFailed) {
    auto failed = steady();
    failed.last->judgement = {.verdict = Verdict::kRolledBack, .reason = "ECS rolled it back"};
    failed.last->judgement.last_words = {.container = "app", .exit_code = 137, .lines = {"heap 497 MB"}};
    EXPECT_THAT(
        text_of(status_table({failed}, start() + minutes{5}, 0)),
        HasSubstr("ECS rolled it back\n    last words of the container app (exit code 137):\n      heap 497 MB\n"));
    EXPECT_THAT(status_json({failed}, start()), HasSubstr("heap 497 MB"));
}

TEST(StatusTable, SaysWhatARollbackCopyStandsFor) {
    auto copy = steady();
    copy.definition->tags = RollbackCopy{.stands_for = "shop_service_api_dev:41",
                                         .rollback_of = "shop_service_api_dev:42",
                                         .by_person = true,
                                         .reason = "500s"}
                                .tags();
    EXPECT_THAT(
        text_of(status_table({copy}, start(), 0)),
        HasSubstr("\n    a copy of shop_service_api_dev:41, brought back in place of shop_service_api_dev:42 by a "
                  "person: 500s\n"));
    EXPECT_EQ((*parse_json(status_json({copy}, start())))[0]["rollback"]["because"], "person");
}

TEST(StatusTable, IsNeverWiderThanTheTerminalAndLosesNothing) {
    const std::vector<ServiceOverview> services{api_that_rolls(), steady(), {.target = target("ghost")}};
    for (const std::size_t columns : {1U, 10U, 40U, 60U, 80U, 100U, 130U}) {
        const auto lines = status_table(services, start() + minutes{65}, columns);
        std::string all;
        for (const auto& line : lines) {
            EXPECT_LE(columns_of(line), std::max<std::size_t>(columns, 20)) << rendered(line, false);
            all += rendered(line, false) + " ";
        }
        if (columns < 40) continue;  // words are cut into pieces
        for (const auto* word : {"api", "rolling", "shop_service_api_dev:8", "v1.43", "failed", "ghost", "missing"})
            EXPECT_THAT(all, HasSubstr(word)) << columns;
    }
}

TEST(StatusJson, HasTheDeploymentsTheImagesAndTheLastRolloutOfEachService) {
    const auto json = *parse_json(status_json({api_that_rolls(), {.target = target("ghost")}}, start() + minutes{1}));
    ASSERT_TRUE(json.is_array());
    EXPECT_EQ(json[0]["state"], "rolling");
    EXPECT_EQ(json[0]["deployments"][0]["id"], "ecs-svc/2");
    EXPECT_EQ(json[0]["deployments"][0]["age_seconds"], 60);
    EXPECT_EQ(json[0]["deployments"][1]["running"], 2);
    EXPECT_EQ(json[0]["images"][0]["image"], "1.dkr.ecr.x.amazonaws.com/shop_api:v1.43");
    EXPECT_EQ(json[0]["images"][0]["digest"], "sha256:abcdef0123456789");
    EXPECT_EQ(json[0]["last_rollout"]["outcome"], "in_progress");
    EXPECT_EQ(json[0]["last_rollout"]["reason"], "1 of 2 tasks run: exit 1");
    EXPECT_EQ(json[1]["state"], "missing");
}

}  // namespace
}  // namespace ci_lambda::cli
