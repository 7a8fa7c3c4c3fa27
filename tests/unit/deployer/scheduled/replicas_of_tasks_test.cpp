#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deployer/start/replicas.hpp"
#include "support/fake_ecr.hpp"
#include "unit/deployer/scheduled/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

/// The image of the task is pushed in eu-west-1.
class ReplicasOfTasksTest : public TaskUpdaterTest {
protected:
    TaskReport update_with_registries() {
        auto image = pushed_report("v2", '2', 1);
        image.region = "eu-west-1";
        image.replica_region = "us-east-1";
        TaskUpdater updater({.max_retries = 0}, {.ecs = ecs_,
                                                 .registries = &registries_,
                                                 .schedules = schedules_,
                                                 .rules = rules_,
                                                 .clock = clock_,
                                                 .sleeper = sleeper_,
                                                 .logger = log_.logger});
        return updater.update({request({image})}, Deadline::none()).at(0);
    }

    FakeEcr registries_;
};

TEST_F(ReplicasOfTasksTest, AreThereBeforeASchedulePointsToThem) {
    const auto begin = clock_.now();
    sleeper_.on_sleep = [&] {
        if (clock_.now() - begin < std::chrono::seconds{20}) return;
        EXPECT_EQ(registered_, 0);
        registries_.add("shop/report", "sha256:" + std::string(64, '2'), {"v2"});
        sleeper_.on_sleep = [] {};
    };
    EXPECT_EQ(update_with_registries().status, TaskStatus::kUpdated);
    EXPECT_EQ(clock_.now() - begin, std::chrono::seconds{20});
    EXPECT_EQ(starts("night/report"), "shop_report:43");
    EXPECT_EQ(revisions_["shop_report"][43].images.front().image, kReportImages + ":v2@sha256:" + std::string(64, '2'));
}

TEST_F(ReplicasOfTasksTest, ThatNeverComeMoveNothing) {
    const auto report = update_with_registries();
    ASSERT_TRUE(report.error);
    EXPECT_TRUE(report.error->retryable());
    EXPECT_THAT(report.error->message, HasSubstr("is pulled from us-east-1, where it has not come yet"));
    EXPECT_EQ(registered_, 0);
    EXPECT_EQ(starts("night/report"), "shop_report:42");
}

}  // namespace
}  // namespace ci_lambda::testing
