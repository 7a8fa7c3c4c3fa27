#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/start/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Revision 8 is the newest and was rolled back to 7, which runs.
class LeftOutTest : public DeployerTest {
protected:
    LeftOutTest() {
        ecs_.on_active = [](const TaskFamily&) {
            return std::vector{TaskDefinition(arn_of("8")), TaskDefinition(arn_of("7"))};
        };
        runs("7");
        ecs_.history = std::vector{record("bad", ServiceDeploymentStatus::kRollbackSuccessful),
                                   record("good", ServiceDeploymentStatus::kSuccessful, -std::chrono::hours{1}, "7")};
        ecs_.revisions = std::vector<EcsServiceRevision>{
            {.arn = "service-revision/8", .task_definition = arn_of("8"), .images = {}},
            {.arn = "service-revision/7", .task_definition = arn_of("7"), .images = {}}};
        ecs_.on_task_definition = [](const TaskDefinition& revision) {
            return EcsTaskDefinition{.arn = revision.str(),
                                     .status = "ACTIVE",
                                     .images = {{.container = "app", .image = "1.dkr.ecr.r.amazonaws.com/shop_api:v8"}},
                                     .tags = {}};
        };
        clock_.advance(std::chrono::minutes{30});
    }
    void runs(const std::string& revision) {
        ecs_.on_describe = [revision](const std::vector<EcsServiceName>&) {
            auto primary = deployment("ecs-svc/0", revision, RolloutState::kCompleted);
            primary.created_at -= std::chrono::hours{2};
            return DescribedServices{.services = {service_with({primary})}, .failures = {}};
        };
    }
    /// Of a push so long after the rollout that failed began.
    DeploymentReport pushed(const std::string& repository, Milliseconds after) {
        auto deploy = deploy_of({"api"});
        deploy.requests[0].images = {{.repository = repository, .tag = "v8"}};
        deploy.requests[0].changed_at = start() + after;
        return run(deploy, {.rollback_on_failure = true}).at(0);
    }
};

TEST_F(LeftOutTest, APushToARepositoryOfTheSameNameElsewhereIsNoReasonToTryItAgain) {
    ecs_.on_task_definition = [](const TaskDefinition& revision) {
        return EcsTaskDefinition{
            .arn = revision.str(),
            .status = "ACTIVE",
            .images = {{.container = "app", .image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_api:v8"}},
            .tags = {}};
    };
    for (const auto& [region, revision] : {std::pair("us-east-1", "8"), std::pair("eu-west-1", "7")}) {
        auto deploy = deploy_of({"api"});
        deploy.requests[0].images = {
            {.repository = "shop_api", .tag = "v8", .account = "123456789012", .region = region}};
        deploy.requests[0].changed_at = start() + std::chrono::minutes{20};
        EXPECT_EQ(run(deploy, {.rollback_on_failure = true}).at(0).task_definition, arn_of(revision)) << region;
    }
}

TEST_F(LeftOutTest, AChangedParameterRedeploysWhatRunsAndSaysWhatItLeftOut) {
    EXPECT_EQ(run_one().task_definition, arn_of("8")) << "only where failures are rolled back";
    const auto report = run_one({.rollback_on_failure = true});
    EXPECT_EQ(report.task_definition, arn_of("7"));
    EXPECT_EQ(report.left_out, arn_of("8"));
    EXPECT_THAT(report.reason, AllOf(HasSubstr("not with shop_service_api_dev:8"), HasSubstr("by its number")));

    auto by_number = deploy_of({"api"});
    by_number.requests[0].task_definition = TaskDefinition(arn_of("8"));
    EXPECT_EQ(run(by_number, {.rollback_on_failure = true}).at(0).task_definition, arn_of("8")) << "a person may";
}

TEST_F(LeftOutTest, ANewerPushOfAnImageOfItTriesItAgain) {
    EXPECT_EQ(pushed("shop_api", std::chrono::minutes{20}).task_definition, arn_of("8"));
    EXPECT_EQ(pushed("shop_api", -std::chrono::minutes{1}).task_definition, arn_of("7")) << "the push that failed";
    EXPECT_EQ(pushed("shop_other", std::chrono::minutes{20}).task_definition, arn_of("7")) << "another image";
}

TEST_F(LeftOutTest, WhatAPersonHasTakenBackNoPushBringsAgain) {
    ecs_.on_task_definition = [](const TaskDefinition& revision) {
        return EcsTaskDefinition{.arn = revision.str(),
                                 .status = "ACTIVE",
                                 .images = {{.container = "app", .image = "shop_api:v8"}},
                                 .tags = taken_back_by_person(start() + seconds{30})};
    };
    const auto report = pushed("shop_api", std::chrono::minutes{20});
    EXPECT_EQ(report.task_definition, arn_of("7"));
}

TEST_F(LeftOutTest, ANewerRevisionEndsIt) {
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("9"))}; };
    const auto report = run_one({.rollback_on_failure = true});
    EXPECT_EQ(report.task_definition, arn_of("9"));
    EXPECT_THAT(report.left_out, IsEmpty());
}

TEST_F(LeftOutTest, WithACopyNothingIsDeployedThatCouldNotBringThePushedImage) {
    const auto copy = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev-rollback:3";
    ecs_.on_describe = [&](const std::vector<EcsServiceName>&) {
        auto primary = deployment("ecs-svc/0", "7", RolloutState::kCompleted);
        primary.task_definition = copy;
        return DescribedServices{.services = {service_with({primary})}, .failures = {}};
    };
    ecs_.history = std::vector<EcsServiceDeployment>{};
    for (const bool by_person : {false, true}) {
        ecs_.on_task_definition = [&](const TaskDefinition& revision) {
            const RollbackCopy stands_for{.stands_for = "shop_service_api_dev:7",
                                          .rollback_of = "shop_service_api_dev:8",
                                          .by_person = by_person,
                                          .reason = {},
                                          .bad_since = start()};
            return EcsTaskDefinition{.arn = revision.str(),
                                     .status = "ACTIVE",
                                     .images = {{.container = "app", .image = "shop_api:v8"}},
                                     .tags = revision.str() == copy ? stands_for.tags() : EcsTags{}};
        };
        EXPECT_EQ(run_one({.rollback_on_failure = true}).task_definition, copy) << "a parameter rolls what runs";
        const auto report = pushed("shop_api", std::chrono::minutes{20});
        if (by_person) {
            EXPECT_EQ(report.status, DeploymentStatus::kAlreadyRolling);
            EXPECT_THAT(report.outcome, HasSubstr("held back"));
        } else {
            EXPECT_EQ(report.task_definition, arn_of("8")) << "a new image is a new reason";
        }
    }
}

TEST_F(LeftOutTest, TheSameRevisionWithTheImagesThatFailedIsNotPulledAgain) {
    // A tag moved to a bad image, the forced deployment failed, and ECS went back to the digest before.
    ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(arn_of("7"))}; };
    const auto with_digest = [](const std::string& arn, const std::string& digest) {
        return EcsServiceRevision{.arn = arn,
                                  .task_definition = arn_of("7"),
                                  .images = {{.container = "app", .image = "shop_api:latest", .digest = digest}}};
    };
    ecs_.revisions =
        std::vector{with_digest("service-revision/8", "sha256:bad"), with_digest("service-revision/7", "sha256:good")};
    EcsServiceRevision copied;
    ecs_.on_register = [&](const EcsServiceRevision& revision, const TaskFamily& family, const EcsTags& tags) {
        copied = revision;
        EXPECT_TRUE(RollbackCopy::read(tags));
        return TaskDefinition("td/" + family.str() + ":1");
    };
    EXPECT_EQ(run_one({.rollback_on_failure = true}).task_definition, "td/shop_service_api_dev-rollback:1");
    EXPECT_EQ(copied.images.at(0).digest, "sha256:good");
    EXPECT_EQ(pushed("shop_api", std::chrono::minutes{20}).task_definition, arn_of("7"));
}

TEST_F(LeftOutTest, NothingOlderThanWhatRunsWellIsDeployedWhenThatWasDeregistered) {
    runs("9");
    ecs_.on_task_definition = [](const TaskDefinition& revision) {
        return EcsTaskDefinition{.arn = revision.str(), .status = "INACTIVE", .images = {}, .tags = {}};
    };
    const auto report = run_one();
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message,
                AllOf(HasSubstr("dev:9"), HasSubstr("deregistered"), HasSubstr("by its number")));
    EXPECT_THAT(ecs_.updates(), IsEmpty());
}

TEST_F(LeftOutTest, ListsThatAreLateDoNotTakeTheServiceBack) {
    runs("9");
    EXPECT_EQ(run_one().task_definition, arn_of("9"));
}

TEST_F(LeftOutTest, WhatSomebodyHasLeftForAnOlderRevisionStaysLeft) {
    ecs_.history = std::vector{record("by hand", ServiceDeploymentStatus::kSuccessful, std::chrono::minutes{10}, "7"),
                               record("newer", ServiceDeploymentStatus::kSuccessful, -std::chrono::minutes{10}, "8")};
    EXPECT_EQ(run_one({.rollback_on_failure = true}).task_definition, arn_of("7"));
    EXPECT_EQ(pushed("shop_api", std::chrono::minutes{20}).task_definition, arn_of("7"));
}

TEST_F(LeftOutTest, WhatSomebodyHasBegunAgainIsNotUndoneThoughTheRecordsAreLate) {
    ecs_.history->front().finished_at = start() + std::chrono::minutes{10};
    ecs_.on_describe = [](const std::vector<EcsServiceName>&) {
        auto primary = deployment("ecs-svc/99", "8", RolloutState::kInProgress);
        primary.created_at = start() + std::chrono::minutes{29};
        return DescribedServices{.services = {service_with({primary})}, .failures = {}};
    };
    EXPECT_EQ(run_one({.rollback_on_failure = true}).task_definition, arn_of("8"));
    // Nor where they show the way back to another revision as if it went on.
    ecs_.history->front().status = ServiceDeploymentStatus::kRollbackInProgress;
    ecs_.history->front().finished_at = std::nullopt;
    EXPECT_EQ(run_one({.rollback_on_failure = true}).task_definition, arn_of("8"));
    // What ECS itself brings back, to the same revision with the images of before, begins before that is over.
    ecs_.history->back().target_revision = "service-revision/8-before";
    ecs_.revisions->push_back({.arn = "service-revision/8-before",
                               .task_definition = arn_of("8"),
                               .images = {{.container = "app", .image = "shop_api:v8", .digest = "sha256:before"}}});
    EXPECT_NE(run_one({.rollback_on_failure = true}).task_definition, arn_of("8"));
}

TEST_F(LeftOutTest, IsSaidAlsoWhereTheAnswerWasLostAndTheNextLookFindsNothingLeftOut) {
    ecs_.on_update = [&](const UpdateServiceRequest&, int) -> Result<AcceptedDeployment> {
        ecs_.history = std::vector<EcsServiceDeployment>{};
        ecs_.on_describe = [at = clock_.now()](const std::vector<EcsServiceName>&) {
            auto primary = deployment("ecs-svc/2", "7", RolloutState::kInProgress);
            primary.created_at = at;
            return DescribedServices{.services = {service_with({primary})}, .failures = {}};
        };
        return std::unexpected(Error{.kind = ErrorKind::kTimeout, .message = "no answer", .outcome_unknown = true});
    };
    const auto report = run_one({.rollback_on_failure = true});
    EXPECT_EQ(report.deployment_id, "ecs-svc/2");
    EXPECT_EQ(report.left_out, arn_of("8"));
    EXPECT_THAT(report.reason, HasSubstr("not with shop_service_api_dev:8"));
}

TEST_F(LeftOutTest, DoesNotGuessWhereEcsDoesNotAnswer) {
    ecs_.history = fail(ErrorKind::kServer, "internal failure");
    const auto report = run_one({.max_retries = 0, .rollback_on_failure = true});
    ASSERT_TRUE(report.error) << "a read that fails must not bring the bad revision back";
    EXPECT_THAT(report.error->message, HasSubstr("not known"));
}

}  // namespace
}  // namespace ci_lambda::testing
