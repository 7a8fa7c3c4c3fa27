#include "deployer/scheduled/after_services.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ci_lambda::testing {
namespace {

using ::testing::Optional;

class AfterServicesTest : public ::testing::Test {
protected:
    AfterServicesTest() {
        task_.images = {{.repository = "shop/api", .tag = "v2"}};
        decision_.requests = {{.target = api_, .task_definition = {}, .reason = "x", .images = task_.images}};
    }
    [[nodiscard]] std::optional<std::string> why(DeploymentStatus status, bool waited = true) const {
        DeploymentReport report{.target = api_,
                                .status = status,
                                .reason = "x",
                                .task_definition = {},
                                .deployment_id = {},
                                .outcome = {},
                                .took = {}};
        if (waited) report.took = Milliseconds{1000};
        return why_left_alone(task_, decision_, {report});
    }

    EcsTarget api_{.id = ServiceId("api"), .cluster = {}, .service = EcsServiceName("api"), .family = {}};
    TaskRequest task_;
    Deploy decision_;
};

TEST_F(AfterServicesTest, ATaskIsLeftWhereAServiceOfItsImageHasNotCompleted) {
    EXPECT_EQ(why(DeploymentStatus::kCompleted), std::nullopt);
    EXPECT_THAT(why(DeploymentStatus::kRolledBack),
                Optional(std::string("is left where it is: api has the same image and is rolled back")));
    for (const auto status : {DeploymentStatus::kFailed, DeploymentStatus::kTimedOut, DeploymentStatus::kInProgress,
                              DeploymentStatus::kSuperseded})
        EXPECT_TRUE(why(status));
}

TEST_F(AfterServicesTest, NothingIsKnownWhereNobodyWaited) {
    EXPECT_EQ(why(DeploymentStatus::kDeployed, false), std::nullopt);
    EXPECT_EQ(why(DeploymentStatus::kAlreadyRolling, false), std::nullopt);
}

TEST_F(AfterServicesTest, AServiceOfAnotherImageSaysNothingOfIt) {
    decision_.requests.front().images.front().repository = "shop/web";
    EXPECT_EQ(why(DeploymentStatus::kFailed), std::nullopt);
}

TEST_F(AfterServicesTest, WhereEcsSaysWhenTheyHaveCompletedThatCounts) {
    task_.after = {api_};
    EXPECT_EQ(why(DeploymentStatus::kFailed), std::nullopt) << "the task looks at the service itself";
}

}  // namespace
}  // namespace ci_lambda::testing
