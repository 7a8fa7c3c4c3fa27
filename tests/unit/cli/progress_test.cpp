#include "cli/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "unit/deployer/support.hpp"

namespace ci_lambda::cli {
namespace {

using std::chrono::seconds;
using testing::deployment;
using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::service_with;
using testing::start;
using testing::stopped_task;

EcsService rolling(int failed_tasks = 3) {
    auto service = service_with({deployment("ecs-svc/1", "8", RolloutState::kInProgress),
                                 deployment("ecs-svc/0", "7", RolloutState::kCompleted, "ACTIVE")});
    service.deployments[0].running_count = 1;
    service.deployments[0].pending_count = 1;
    service.deployments[0].failed_tasks = failed_tasks;
    return service;
}

RolloutOutcome so_far(Milliseconds took = seconds{75}) {
    return {.rollout = testing::rollout_to_8(), .judgement = {}, .took = took, .rollback = {}};
}

TEST(Progress, ShowsTasksOldAndNewAndWhyTheyFail) {
    const auto service = rolling();
    EXPECT_EQ(
        plain_text(progress_of(so_far(), &service, "exit code 1", start())),
        "api: shop_service_api_dev:8: 1 of 2 tasks run, 1 pending, 3 failed; 2 of shop_service_api_dev:7 still run; "
        "exit code 1");
}

TEST(Progress, SaysWhyItGoesBackAndHowItEnded) {
    const auto service = rolling();
    auto outcome = so_far();
    outcome.judgement = {.reason = "ECS is rolling it back to :7: exit code 1", .rolling_back = true};
    EXPECT_THAT(plain_text(progress_of(outcome, &service, "", start())),
                HasSubstr("; ECS is rolling it back to :7: exit code 1"));
    outcome.judgement = {.verdict = Verdict::kRolledBack, .reason = "ECS rolled it back to :7"};
    EXPECT_EQ(plain_text(progress_of(outcome, &service, "", start())), "api: rolled back: ECS rolled it back to :7");
    outcome.judgement = {.reason = "how it goes cannot be seen: Rate exceeded"};
    EXPECT_EQ(plain_text(progress_of(outcome, nullptr, "", start())), "api: how it goes cannot be seen: Rate exceeded");
}

TEST(ProgressBlock, IsNeverWiderThanTheTerminalAndLosesNoWord) {
    const auto service = rolling();
    const auto progress = progress_of(so_far(), &service, "CannotPullContainerError: the image is not there", start());
    for (const std::size_t columns : {40U, 60U, 80U, 100U, 130U}) {
        std::string all;
        for (const auto& line : block_of({progress, progress}, columns)) {
            EXPECT_LE(columns_of(line), columns);
            all += rendered(line, false) + " ";
        }
        for (const auto* word :
             {"1 min 15 s", "shop_service_api_dev:8:", "failed;", "CannotPullContainerError:", "there"})
            EXPECT_THAT(all, HasSubstr(word)) << columns;
    }
    EXPECT_EQ(rendered(block_of({progress}, 60).front(), false),
              " 1 min 15 s  api: shop_service_api_dev:8: 1 of 2 tasks run,");
}

class ProgressViewTest : public ::testing::Test {
protected:
    std::string said() {
        auto text = err_.str();
        err_.str("");
        return text;
    }
    FakeClock clock_;
    std::ostringstream out_;
    std::ostringstream err_;
    Screen screen_;
    Console console_{{.to = out_, .screen = [this] { return screen_; }},
                     {.to = err_, .screen = [this] { return screen_; }}};
    ProgressView view_{console_, clock_};
};

TEST_F(ProgressViewTest, PrintsOnePlainLineForEachChangeWhereThereIsNoTerminal) {
    auto service = rolling(0);
    view_.look(so_far(seconds{3}), &service);
    EXPECT_EQ(said(),
              "        3 s  api: shop_service_api_dev:8: 1 of 2 tasks run, 1 pending; 2 of shop_service_api_dev:7 "
              "still run\n");
    view_.look(so_far(seconds{6}), &service);
    EXPECT_EQ(said(), "") << "the time alone is no news";
    service.deployments[0].running_count = 2;
    view_.look(so_far(seconds{9}), &service);
    EXPECT_THAT(said(), HasSubstr("        9 s  api: shop_service_api_dev:8: 2 of 2 tasks run"));
}

TEST_F(ProgressViewTest, AsksWhyTasksFailOnlyWhenOneMoreHas) {
    int asked = 0;
    view_.ask_with([&](const EcsTarget&) {
        ++asked;
        return std::vector{stopped_task("EssentialContainerExited", "", {{.name = "app", .exit_code = asked}})};
    });
    auto service = rolling(0);
    view_.look(so_far(), &service);
    EXPECT_EQ(asked, 0);
    service.deployments[0].failed_tasks = 1;
    view_.look(so_far(), &service);
    view_.look(so_far(), &service);
    EXPECT_EQ(asked, 1);
    EXPECT_THAT(said(), HasSubstr("exit code 1"));
    service.deployments[0].failed_tasks = 2;
    view_.look(so_far(), &service);
    EXPECT_THAT(said(), HasSubstr("exit code 2"));
}

TEST_F(ProgressViewTest, ShowsWhatEcsSaysSinceTheRolloutBeganAndNothingOlder) {
    auto service = rolling(0);
    service.messages = {
        {.at = start() - seconds{1}, .text = "(service shop_service_api_dev) was unable to place a task."}};
    view_.look(so_far(), &service);
    EXPECT_THAT(said(), Not(HasSubstr("unable"))) << "that was the rollout before";
    service.messages.front().at = start() + seconds{1};
    view_.look(so_far(), &service);
    EXPECT_THAT(said(), HasSubstr("was unable to place a task."));
    service.messages.insert(service.messages.begin(),
                            {.at = start() + seconds{2}, .text = "(service shop_service_api_dev) was throttled."});
    view_.look(so_far(), &service);
    EXPECT_THAT(said(), HasSubstr("was throttled.")) << "the last word";
}

TEST_F(ProgressViewTest, DrawsOneBlockForAllRolloutsAndLetsTheTimeGoOn) {
    screen_ = {.terminal = true, .color = false, .columns = 100, .rows = 24};
    const auto service = rolling(0);
    view_.look(so_far(seconds{3}), &service);
    auto other = so_far(seconds{3});
    other.rollout.target = testing::target("worker");
    other.judgement = {.verdict = Verdict::kCompleted, .reason = "all is well"};
    view_.look(other, &service);
    (void)said();
    clock_.advance(seconds{2});
    view_.tick();
    const auto drawn = said();
    EXPECT_THAT(drawn, HasSubstr("        5 s  api: "));
    EXPECT_THAT(drawn, HasSubstr("        3 s  worker: completed: all is well")) << "it is over, and so is its time";
    view_.end();
    EXPECT_EQ(said(), "\r\033[3A\033[J") << "the block is gone";
}

}  // namespace
}  // namespace ci_lambda::cli
