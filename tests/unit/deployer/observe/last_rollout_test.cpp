#include "deployer/observe/last_rollout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;

class LastRolloutTest : public RolloutFixture {
protected:
    LastRollout last(const EcsService& service) {
        return look_at_last_rollout(observer_, target("api"), service, minutes{10}, Deadline::none());
    }
};

TEST_F(LastRolloutTest, IsThePrimaryOne) {
    ecs_.history = std::vector{record("1", ServiceDeploymentStatus::kInProgress)};
    const auto found = last(service_with({deployment("ecs-svc/1", "8", RolloutState::kInProgress)}));
    EXPECT_EQ(found.rollout.deployment_id, "ecs-svc/1");
    EXPECT_FALSE(found.judgement.final());
}

TEST_F(LastRolloutTest, IsTheOneThatFailedWhereEcsHasRolledBack) {
    ecs_.history = std::vector{record("2", ServiceDeploymentStatus::kRollbackSuccessful, minutes{5}, "9"),
                               record("1", ServiceDeploymentStatus::kSuccessful)};
    ecs_.revisions =
        std::vector{EcsServiceRevision{.arn = "service-revision/9", .task_definition = arn_of("9"), .images = {}}};
    const auto found = last(service_with({deployment("ecs-svc/8", "8", RolloutState::kCompleted)}));
    EXPECT_EQ(found.rollout.deployment_id, "ecs-svc/9");
    EXPECT_EQ(found.rollout.task_definition, arn_of("9"));
    EXPECT_EQ(found.judgement.verdict, Verdict::kRolledBack) << "not \"completed\", although the PRIMARY is";
    EXPECT_THAT(ended_in_words(found, start() + minutes{125}),
                HasSubstr("shop_service_api_dev:9 began 2 h 0 min ago and was rolled back: ECS rolled it back to "
                          "shop_service_api_dev:8"));
}

TEST_F(LastRolloutTest, IsThePrimaryOneWhereTheRecordsCannotBeRead) {
    ecs_.history = fail(ErrorKind::kAccessDenied, "no");
    const auto found = last(service_with({deployment("ecs-svc/8", "8", RolloutState::kCompleted)}));
    EXPECT_EQ(found.judgement.verdict, Verdict::kCompleted);
    EXPECT_EQ(ended_in_words(found, start() + minutes{1}),
              "nothing is rolling: 2 of 2 tasks run shop_service_api_dev:8 since 1 min 0 s");
}

}  // namespace
}  // namespace ci_lambda::testing
