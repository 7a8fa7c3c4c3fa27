#include "deployer/revision/named_revision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "support/matchers.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

/// Task definitions that all exist, unless a test says otherwise.
class FakeRevisions final : public EcsRevisions {
public:
    std::function<Result<EcsTaskDefinition>(const TaskDefinition&)> on_task_definition =
        [](const TaskDefinition& revision) {
            return EcsTaskDefinition{.arn = revision.str(), .status = "ACTIVE", .images = {}, .tags = {}};
        };
    int describes = 0;

    Result<std::vector<TaskDefinition>> active_task_definitions(const TaskFamily&, Deadline) override {
        return fail(ErrorKind::kInternal, "nobody needs these");
    }
    Result<EcsTaskDefinition> describe_task_definition(const TaskDefinition& revision, Deadline) override {
        ++describes;
        return on_task_definition(revision);
    }
};

class NamedRevisionTest : public ::testing::Test {
protected:
    Result<EcsTaskDefinition> found(const std::string& named) {
        return find_named_revision(ecs_, target("api"), named_revision(named, target("api").family), Deadline::none());
    }

    FakeRevisions ecs_;
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
    EXPECT_EQ(ecs_.describes, 0);
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
