#include "cli/status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::cli {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::deployment;
using ::testing::HasSubstr;
using testing::service_with;
using testing::start;
using testing::target;

EcsService rolling() {
    auto service = service_with({deployment("ecs-svc/2", "8", RolloutState::kInProgress),
                                 deployment("ecs-svc/1", "7", RolloutState::kCompleted, "ACTIVE")});
    service.deployments[0].running_count = 1;
    service.deployments[0].failed_tasks = 3;
    return service;
}

TEST(StatusTable, ShowsWhatRunsSinceWhenAndWhatIsRolling) {
    const auto steady = service_with({deployment("ecs-svc/1", "7", RolloutState::kCompleted)});
    const auto moving = rolling();
    EXPECT_EQ(status_table({{.target = target("api"), .service = &moving},
                            {.target = target("worker"), .service = &steady},
                            {.target = target("ghost"), .service = nullptr}},
                           start() + minutes{65}),
              "SERVICE  STATE    REVISION                TASKS  ROLLOUT\n"
              "api      rolling  shop_service_api_dev:8  2/2    since 1 h 5 min: 1 of 2 new tasks, "
              "2 of shop_service_api_dev:7, 3 failed\n"
              "worker   steady   shop_service_api_dev:7  2/2    since 1 h 5 min\n"
              "ghost    missing                                 ECS does not know this service\n");
}

TEST(StatusJson, HasTheDeploymentsOfEachService) {
    const auto moving = rolling();
    const auto json = *parse_json(status_json({{.target = target("api"), .service = &moving}}, start() + minutes{1}));
    ASSERT_TRUE(json.is_array());
    EXPECT_EQ(json[0]["state"], "rolling");
    EXPECT_EQ(json[0]["deployments"][0]["id"], "ecs-svc/2");
    EXPECT_EQ(json[0]["deployments"][0]["age_seconds"], 60);
    EXPECT_EQ(json[0]["deployments"][1]["running"], 2);
}

TEST(ProgressLine, ShowsTasksOldAndNewElapsedAndTheLastMessage) {
    auto service = rolling();
    service.deployments[0].pending_count = 1;
    service.messages = {{.at = start(), .text = "(service shop_service_api_dev) has started 1 tasks: (task 1a2b)."}};
    RolloutOutcome so_far{.rollout = testing::rollout_to_8(), .judgement = {}, .took = seconds{75}, .rollback = {}};
    EXPECT_EQ(progress_line(so_far, &service),
              " 1 min 15 s  shop_service_api_dev:8: 1 of 2 tasks run, 1 pending, 3 failed; shop_service_api_dev:7: 2; "
              "has started 1 tasks: (task 1a2b).");
    so_far.judgement.rolling_back = true;
    EXPECT_THAT(progress_line(so_far, &service), HasSubstr("; rolling back"));
    so_far.judgement.reason = "ECS no longer knows the service";
    EXPECT_THAT(progress_line(so_far, nullptr), HasSubstr("no longer knows"));
}

}  // namespace
}  // namespace ci_lambda::cli
