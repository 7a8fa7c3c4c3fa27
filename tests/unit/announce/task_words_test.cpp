#include "announce/task_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ci_lambda::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TaskReport report_with(TaskStatus status) {
    return {.id = ServiceId("task:report"),
            .family = TaskFamily("shop_report"),
            .status = status,
            .reason = "image shop/report:v43 was pushed",
            .task_definition = "shop_report:43",
            .moved = {"schedule night/report"},
            .outcome = "runs shop_report:43 with shop/report:v43 from now on (schedule night/report)",
            .error = {}};
}

TEST(TaskWords, TellWhatRunsFromNowOn) {
    const auto told = notification_of(report_with(TaskStatus::kUpdated));
    ASSERT_TRUE(told);
    EXPECT_EQ(told->title, "Scheduled task updated: task:report");
    EXPECT_EQ(told->type, NotificationType::kSuccess);
    EXPECT_EQ(told->reason,
              "It runs shop_report:43 with shop/report:v43 from now on (schedule night/report), because image "
              "shop/report:v43 was pushed.");
    EXPECT_THAT(told->facts, IsEmpty());
}

TEST(TaskWords, TellNothingOfWhatWasNotChanged) {
    for (const auto status : {TaskStatus::kNothing, TaskStatus::kWaiting, TaskStatus::kDryRun})
        EXPECT_FALSE(notification_of(report_with(status)));
}

TEST(TaskWords, TellAFailureOnceForTheSameReason) {
    auto failed = report_with(TaskStatus::kFailed);
    failed.error = Error{.kind = ErrorKind::kAccessDenied, .message = "schedule night/report: no"};
    const auto told = notification_of(failed);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->type, NotificationType::kError);
    EXPECT_EQ(told->title, "Scheduled task not updated: task:report");
    EXPECT_EQ(told->reason, "schedule night/report: no\nTried because image shop/report:v43 was pushed.");
    EXPECT_THAT(told->facts, SizeIs(1));
}

}  // namespace
}  // namespace ci_lambda::testing
