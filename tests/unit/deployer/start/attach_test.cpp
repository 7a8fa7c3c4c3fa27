#include "deployer/start/attach.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

class AttachTest : public RolloutFixture {
protected:
    AttachTest() {
        shows(deployment("ecs-svc/1", "42", RolloutState::kInProgress));
        ecs_.history = std::vector{record("1", ServiceDeploymentStatus::kInProgress, {}, "42")};
    }
    void shows(const EcsDeployment& primary) {
        ecs_.on_describe = [primary](const auto&) {
            return DescribedServices{.services = {service_with({primary})}, .failures = {}};
        };
    }
    bool attaches(std::optional<TaskDefinition> named = std::nullopt) {
        const auto found = rolling_already(
            ecs_, observer_, {.target = target("api"), .task_definition = std::move(named), .reason = "a test"},
            Deadline::none());
        return found && found->id == "ecs-svc/1";
    }
};

TEST_F(AttachTest, FindsTheNewestRevisionRolling) { EXPECT_TRUE(attaches()); }

TEST_F(AttachTest, FindsTheRevisionThatWasNamedHoweverItWasWritten) {
    EXPECT_TRUE(attaches(TaskDefinition("shop_service_api_dev:42")));
    EXPECT_TRUE(attaches(TaskDefinition(arn_of("42"))));
    EXPECT_TRUE(attaches(TaskDefinition("shop_service_api_dev"))) << "a family means its newest revision";
    EXPECT_FALSE(attaches(TaskDefinition("shop_service_api_dev:41")));
}

TEST_F(AttachTest, PassesOverWhatIsOverAndWhatIsOlder) {
    shows(deployment("ecs-svc/1", "42", RolloutState::kCompleted));
    EXPECT_FALSE(attaches());
    shows(deployment("ecs-svc/1", "42", RolloutState::kFailed));
    EXPECT_FALSE(attaches());
    shows(deployment("ecs-svc/1", "41", RolloutState::kInProgress));
    EXPECT_FALSE(attaches());
}

TEST_F(AttachTest, PassesOverARollbackThatBringsTheSameRevisionBack) {
    ecs_.history = std::vector{record("1", ServiceDeploymentStatus::kRollbackInProgress, {}, "42")};
    EXPECT_FALSE(attaches());
    ecs_.history = fail(ErrorKind::kThrottled, "Rate exceeded");
    EXPECT_FALSE(attaches()) << "rather a rollout too many than one that is missed";
    ecs_.history = fail(ErrorKind::kAccessDenied, "no");
    EXPECT_TRUE(attaches()) << "where nobody may look, ECS's words on the deployment have to do";
    auto back = deployment("ecs-svc/1", "42", RolloutState::kInProgress);
    back.rollout_reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
    shows(back);
    EXPECT_FALSE(attaches());
}

TEST_F(AttachTest, BeginsOneWhereNothingCanBeKnown) {
    ecs_.on_describe = [](const auto&) { return fail(ErrorKind::kThrottled, "Rate exceeded"); };
    EXPECT_FALSE(attaches());
}

}  // namespace
}  // namespace ci_lambda::testing
