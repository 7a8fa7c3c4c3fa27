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

}  // namespace
}  // namespace ci_lambda::testing
