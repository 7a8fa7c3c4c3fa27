#include "deployer/observe/observer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RolloutObserverTest : public RolloutFixture {};

TEST_F(RolloutObserverTest, CallsAThrottleNoMissingPermission) {
    ecs_.history = fail(ErrorKind::kThrottled, "ThrottlingException: Rate exceeded");
    EXPECT_TRUE(observer_.history(target("api"), Deadline::none()).unknown);
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("rollout seen in part only: ECS did not answer a question"),
                                        HasSubstr("Rate exceeded"), Not(HasSubstr("\"needs\""))));
}

TEST_F(RolloutObserverTest, NamesAMissingPermissionOnce) {
    ecs_.history = fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:ListServiceDeployments");
    for (int i = 0; i < 2; ++i) {
        const auto history = observer_.history(target("api"), Deadline::none());
        EXPECT_FALSE(history.unknown) << "it will never be known";
        EXPECT_THAT(history.records, IsEmpty());
    }
    ASSERT_THAT(log_.sink.lines(), ::testing::SizeIs(1));
    EXPECT_THAT(log_.sink.text(), AllOf(HasSubstr("rollout seen in part only: this may not be read"),
                                        HasSubstr("\"needs\":\"ecs:ListServiceDeployments\"")));
}

TEST_F(RolloutObserverTest, SaysWhatEcsSaysOfAnExpressServiceWhoseRolloutWentWrong) {
    ecs_.on_describe_express = [](const std::string&) {
        return EcsExpressService{
            .status = "ACTIVE", .status_reason = "the load balancer could not be made", .configurations = {}};
    };
    auto service = service_with({deployment("ecs-svc/1", "8", RolloutState::kFailed)});
    service.express = true;
    auto rollout = rollout_to_8();
    clock_.advance(std::chrono::minutes{5});
    const auto failed = observer_.observe(rollout, &service, std::chrono::minutes{10}, Deadline::none());
    EXPECT_EQ(failed.judgement.verdict, Verdict::kFailed);
    EXPECT_THAT(failed.judgement.reason,
                HasSubstr("of the Express service ECS says: the load balancer could not be made"));
    service = service_with({deployment("ecs-svc/1", "8", RolloutState::kCompleted)});
    service.express = true;
    const auto completed = observer_.observe(rollout, &service, std::chrono::minutes{10}, Deadline::none());
    EXPECT_EQ(completed.judgement.verdict, Verdict::kCompleted);
    EXPECT_THAT(completed.judgement.reason, Not(HasSubstr("Express")));
    EXPECT_EQ(ecs_.calls("DescribeExpressGatewayService"), 1) << "only where something went wrong";
}

TEST_F(RolloutObserverTest, DoesWithoutWhatMayNotBeReadOfAnExpressService) {
    ecs_.on_describe_express = [](const std::string&) -> Result<EcsExpressService> {
        return fail(ErrorKind::kAccessDenied, "no");
    };
    auto service = service_with({deployment("ecs-svc/1", "8", RolloutState::kFailed)});
    service.express = true;
    auto rollout = rollout_to_8();
    clock_.advance(std::chrono::minutes{5});
    const auto seen = observer_.observe(rollout, &service, std::chrono::minutes{10}, Deadline::none());
    EXPECT_EQ(seen.judgement.verdict, Verdict::kFailed);
    EXPECT_THAT(log_.sink.text(), HasSubstr("ecs:DescribeExpressGatewayService"));
}

}  // namespace
}  // namespace ci_lambda::testing
