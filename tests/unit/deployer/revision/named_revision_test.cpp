#include "deployer/revision/named_revision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

class NamedRevisionTest : public RolloutFixture {
protected:
    Result<EcsTaskDefinition> found(const std::string& named) {
        return find_named_revision(ecs_, target("api"), named_revision(named, target("api").family), Deadline::none());
    }
};

TEST_F(NamedRevisionTest, IsANumberOfTheServicesFamilyOrANameInItOrInItsCopies) {
    for (const std::string named : {"7", ":7", "shop_service_api_dev:7", "shop_service_api_dev"})
        EXPECT_THAT(found(named), IsOk()) << named;
    EXPECT_EQ(found("7")->arn, "shop_service_api_dev:7");
    EXPECT_THAT(found("shop_service_api_dev-rollback:3"), IsOk());
    EXPECT_THAT(found(arn_of("7")), IsOk());
}

TEST_F(NamedRevisionTest, IsRefusedWhenItIsAnothersAndThenNobodyAsksEcs) {
    EXPECT_THAT(found("shop_service_worker_dev:7"), IsErr(ErrorKind::kRejected, HasSubstr("own family")));
    EXPECT_THAT(found("arn:aws:ecs:x:1:task-definition/other:7"), IsErr(ErrorKind::kRejected, HasSubstr("own family")));
    EXPECT_EQ(ecs_.calls("DescribeTaskDefinition"), 0);
}

TEST_F(NamedRevisionTest, IsRefusedWhenItIsNotThereOrNotActive) {
    ecs_.on_task_definition = [](const TaskDefinition&) { return fail(ErrorKind::kNotFound, "Unable to describe."); };
    EXPECT_THAT(found("77"), IsErr(ErrorKind::kNotFound, HasSubstr("there is no revision shop_service_api_dev:77")));
    ecs_.on_task_definition = [](const TaskDefinition& name) {
        return EcsTaskDefinition{.arn = name.str(), .status = "INACTIVE", .images = {}, .tags = {}};
    };
    EXPECT_THAT(found("7"), IsErr(ErrorKind::kRejected, HasSubstr("is INACTIVE")));
}

}  // namespace
}  // namespace ci_lambda::testing
