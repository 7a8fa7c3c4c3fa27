#include "deployer/rollback_to.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deployer/named_revision.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RollbackToTest : public RolloutFixture {
protected:
    RollbackToTest() {
        ecs_.on_task_definition = [this](const TaskDefinition& name) -> Result<EcsTaskDefinition> {
            const auto number = name.str().substr(name.str().rfind(':') + 1);
            if (number == "77") return fail(ErrorKind::kNotFound, "Unable to describe task definition.");
            const bool copy = name.str().contains("-rollback:");
            return EcsTaskDefinition{.arn = copy ? "arn:td/shop_service_api_dev-rollback:" + number : arn_of(number),
                                     .status = status_,
                                     .images = {},
                                     .tags = {}};
        };
        ecs_.on_register = [this](const EcsServiceRevision& revision, const TaskFamily& family) {
            copied_ = revision;
            return TaskDefinition("td/" + family.str() + ":1");
        };
        ecs_.on_describe = [](const auto&) {
            return DescribedServices{
                .services = {service_with({deployment("ecs-svc/1", "8", RolloutState::kCompleted)})}, .failures = {}};
        };
    }
    Result<RollbackReport> back_to(const std::string& named) {
        return roll_back_to(ecs_, memory_, target("api"), named_revision(named, target("api").family),
                            Deadline::none());
    }

    std::string status_ = "ACTIVE";
    EcsServiceRevision copied_;
};

TEST_F(RollbackToTest, DeploysACopyWithTheImagesThatTheRevisionRanLast) {
    ecs_.history = std::vector{record("2", ServiceDeploymentStatus::kSuccessful, minutes{5}),
                               record("1", ServiceDeploymentStatus::kSuccessful, {}, "7")};
    const EcsServiceRevision ran{.arn = "service-revision/7",
                                 .task_definition = arn_of("7"),
                                 .images = {{.container = "app", .image = "app:v7", .digest = "sha256:77"}}};
    ecs_.revisions = std::vector{ran};
    const auto report = back_to("7");
    ASSERT_THAT(report, IsOk());
    EXPECT_EQ(copied_.images, ran.images);
    ASSERT_EQ(ecs_.updates().size(), 1U);
    EXPECT_EQ(ecs_.updates().front().task_definition.str(), "td/shop_service_api_dev-rollback:1")
        << "a mere older revision would be left at the next event";
    EXPECT_THAT(report->words, HasSubstr("shop_service_api_dev:7 is deployed again, as was asked"));
}

TEST_F(RollbackToTest, CopiesARevisionThatEcsDoesNotRememberAsItIs) {
    ASSERT_THAT(back_to(":7"), IsOk());
    EXPECT_EQ(copied_.task_definition, arn_of("7"));
    EXPECT_THAT(copied_.images, IsEmpty());
}

TEST_F(RollbackToTest, DeploysACopyThatIsNamedAsItIs) {
    ASSERT_THAT(back_to("shop_service_api_dev-rollback:3"), IsOk());
    EXPECT_EQ(ecs_.calls("RegisterTaskDefinition"), 0);
    EXPECT_EQ(ecs_.updates().front().task_definition.str(), "arn:td/shop_service_api_dev-rollback:3");
}

TEST_F(RollbackToTest, RefusesWhatIsNotThereNotActiveOrAnothersAndSendsNothing) {
    EXPECT_THAT(back_to("77"), IsErr(ErrorKind::kNotFound, HasSubstr("there is no revision shop_service_api_dev:77")));
    EXPECT_THAT(back_to("shop_service_worker_dev:7"),
                IsErr(ErrorKind::kRejected, HasSubstr("not of the service's own")));
    EXPECT_THAT(back_to("arn:aws:ecs:x:1:task-definition/other:7"),
                IsErr(ErrorKind::kRejected, HasSubstr("own family")));
    status_ = "INACTIVE";
    EXPECT_THAT(back_to("7"), IsErr(ErrorKind::kRejected, HasSubstr("is INACTIVE")));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    EXPECT_EQ(ecs_.calls("RegisterTaskDefinition"), 0);
}

TEST_F(RollbackToTest, ADryRunGoesTheSameWayAndChangesNothing) {
    ecs_.history = std::vector{record("1", ServiceDeploymentStatus::kInProgress)};
    EXPECT_EQ(*would_roll_back(ecs_, rollout_to_8(), true, std::nullopt, Deadline::none()),
              "would ask ECS to stop what is rolling and to roll it back");
    EXPECT_EQ(*would_roll_back(ecs_, rollout_to_8(), false, TaskDefinition("shop_service_api_dev:7"), Deadline::none()),
              "would deploy shop_service_api_dev:7, as a copy with the very images that it ran");
    EXPECT_THAT(
        would_roll_back(ecs_, rollout_to_8(), false, TaskDefinition("shop_service_api_dev:77"), Deadline::none()),
        IsErr(ErrorKind::kNotFound, HasSubstr("no revision")));
    EXPECT_THAT(would_roll_back(ecs_, rollout_to_8(), false, std::nullopt, Deadline::none()),
                IsErr(ErrorKind::kRejected, HasSubstr("no earlier rollout")));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    EXPECT_EQ(ecs_.calls("RegisterTaskDefinition") + ecs_.calls("StopServiceDeployment"), 0);
}

}  // namespace
}  // namespace ci_lambda::testing
