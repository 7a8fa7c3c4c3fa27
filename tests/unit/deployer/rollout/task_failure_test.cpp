#include "deployer/rollout/task_failure.hpp"

#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

TEST(WhyTaskStopped, SaysItInWordsThatADeveloperUnderstands) {
    const std::string essential = "Essential container in task exited";
    const struct {
        EcsStoppedTask task;
        std::string why;
    } cases[] = {
        {stopped_task("TaskFailedToStart", "CannotPullContainerError: pull image manifest has been retried: not found"),
         "CannotPullContainerError: pull image manifest has been retried: not found"},
        {stopped_task("EssentialContainerExited", essential, {{.name = "app", .exit_code = 1}}),
         "container app ended with exit code 1"},
        {stopped_task(
             "EssentialContainerExited", essential,
             {{.name = "app", .exit_code = 137, .reason = "OutOfMemoryError: Container killed due to memory usage"}}),
         "container app: exit 137, out of memory"},
        {stopped_task("EssentialContainerExited", essential, {{.name = "app", .exit_code = 137}}),
         "container app ended with exit code 137 (killed, often because it used too much memory)"},
        {stopped_task("EssentialContainerExited", essential, {{.name = "app", .exit_code = 0}}),
         "container app ended with exit code 0"},
        {stopped_task("EssentialContainerExited", essential,
                      {{.name = "sidecar", .exit_code = 0}, {.name = "app", .exit_code = 139}}),
         "container app ended with exit code 139 (segmentation fault)"},
        {stopped_task("EssentialContainerExited", essential,
                      {{.name = "proxy", .exit_code = 143}, {.name = "app", .exit_code = 1}}),
         "container app ended with exit code 1"},
        {stopped_task("EssentialContainerExited", essential,
                      {{.name = "proxy", .exit_code = 1},
                       {.name = "app", .exit_code = 137, .reason = "OutOfMemoryError: Container killed"}}),
         "container proxy ended with exit code 1"},
        {stopped_task("EssentialContainerExited", essential,
                      {{.name = "app", .reason = "CannotStartContainerError: exec: not found"}}),
         "container app did not run (CannotStartContainerError: exec: not found)"},
        {stopped_task("", essential, {{.name = "app", .exit_code = 2}}), "container app ended with exit code 2"},
        {stopped_task("EssentialContainerExited", essential), essential},
        {stopped_task("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:aws:x)"),
         "failed ELB health checks"},
        {stopped_task("ServiceSchedulerInitiated", "Task failed container health checks"),
         "failed its container's health checks"},
        {stopped_task("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)"), ""},
        {stopped_task("UserInitiated", "Task stopped by user"), "stopped by somebody: Task stopped by user"},
        {stopped_task("SpotInterruption", ""), "SpotInterruption"},
        {stopped_task("", ""), ""},
    };
    for (const auto& [task, why] : cases) EXPECT_EQ(why_task_stopped(task), why) << task.stopped_reason;
}

}  // namespace
}  // namespace ci_lambda::testing
