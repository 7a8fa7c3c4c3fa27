#include "deployer/start/express.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/references.hpp"
#include "unit/deployer/start/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Record = ServiceDeploymentStatus;

constexpr const char* kRegistry = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_web";
constexpr const char* kServiceArn = "arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/web";

/// An Express service whose task definition ECS writes: each update makes one more of a family that nobody knows.
class ExpressTest : public DeployerTest {
protected:
    ExpressTest() {
        write(std::string(kRegistry) + ":v1");
        primary_ = deployment("ecs-svc/1", "0", RolloutState::kCompleted);
        primary_.task_definition = td(1);
        primary_.created_at = start() - std::chrono::hours{1};
        ecs_.on_active = [](const TaskFamily&) -> Result<std::vector<TaskDefinition>> {
            return fail(ErrorKind::kNotFound, "no task definitions found");
        };
        ecs_.on_describe = [this](const auto&) -> Result<DescribedServices> {
            auto service = service_with({primary_});
            service.arn = kServiceArn;
            service.express = true;
            return DescribedServices{.services = {service}, .failures = {}};
        };
        ecs_.on_describe_express = [this](const std::string& arn) -> Result<EcsExpressService> {
            EXPECT_EQ(arn, kServiceArn);
            return EcsExpressService{.status = "ACTIVE",
                                     .status_reason = {},
                                     .configurations = {{.revision = "sr/web/" + number_of(primary_.id),
                                                         .task_definition = primary_.task_definition,
                                                         .primary_container = container_,
                                                         .image = "",
                                                         .created_at = primary_.created_at}}};
        };
        ecs_.on_task_definition = [this](const TaskDefinition& revision) -> Result<EcsTaskDefinition> {
            const auto found = written_.find(revision.str());
            if (found == written_.end()) return fail(ErrorKind::kNotFound, "no such revision");
            auto described = found->second;
            const auto tags = ecs_.tags();
            if (const auto more = tags.find(revision.str()); more != tags.end())
                described.tags.insert(more->second.begin(), more->second.end());
            return described;
        };
        ecs_.on_update_express = [this](const UpdateExpressRequest& request) -> Result<AcceptedDeployment> {
            return carry_out(request);
        };
    }

    static std::string td(std::size_t number) {
        return fmt::format("arn:aws:ecs:us-east-1:123456789012:task-definition/written-by-ecs:{}", number);
    }
    static std::string number_of(const std::string& id) { return id.substr(id.find('/') + 1); }
    void write(const std::string& image) {
        const auto arn = td(written_.size() + 1);
        written_[arn] = {.arn = arn,
                         .status = "ACTIVE",
                         .images = {{.container = "Main", .image = image}},
                         .tags = {},
                         .is_primary_container = true};
    }
    AcceptedDeployment carry_out(const UpdateExpressRequest& request) {
        write(request.image.empty() ? written_.at(primary_.task_definition).images[0].image : request.image);
        primary_ = deployment(fmt::format("ecs-svc/{}", written_.size()), "0", RolloutState::kInProgress);
        primary_.task_definition = td(written_.size());
        primary_.created_at = clock_.now();
        return {.deployment_id = primary_.id,
                .task_definition = primary_.task_definition,
                .created_at = primary_.created_at};
    }
    DeploymentRequest request_of(const std::string& tag, char digit, seconds after,
                                 ImageMode mode = ImageMode::kRevision) const {
        return request_of_push("shop_web", tag, digit, after, mode);
    }
    DeploymentReport deploy(DeploymentRequest request, const Deployer::Options& options = {}) {
        clock_.advance(seconds{30});
        auto report = run({.requests = {std::move(request)}, .skipped = {}}, options).at(0);
        EXPECT_THAT(ecs_.updates(), IsEmpty()) << "UpdateService is not for it";
        EXPECT_EQ(ecs_.calls("RegisterTaskDefinition"), 0);
        return report;
    }
    DeploymentReport push(const std::string& tag, char digit, seconds after, ImageMode mode = ImageMode::kRevision) {
        return deploy(request_of(tag, digit, after, mode));
    }

    std::string container_ = R"({"image":"shop_web:v1","later":"than this"})";
    std::map<std::string, EcsTaskDefinition> written_;
    EcsDeployment primary_;
};

TEST_F(ExpressTest, APushReplacesTheImageAndNothingElse) {
    const auto report = push("v2", 'a', seconds{20});
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed) << (report.error ? report.error->message : "");
    ASSERT_THAT(ecs_.express_updates(), SizeIs(1));
    const auto sent = ecs_.express_updates()[0];
    EXPECT_EQ(sent.service, kServiceArn);
    EXPECT_EQ(sent.primary_container, container_);
    EXPECT_EQ(sent.image, std::string(kRegistry) + ":v2@" + digest('a'));
    EXPECT_TRUE(sent.task_definition.empty());
    EXPECT_EQ(report.task_definition, td(2));
    EXPECT_EQ(report.deployment_id, "ecs-svc/2");
    ASSERT_TRUE(report.registration);
    EXPECT_EQ(report.registration->revision, TaskDefinition(td(2)));
    EXPECT_EQ(report.registration->base, TaskDefinition(td(1)));
    ASSERT_THAT(report.images, SizeIs(1));
    EXPECT_EQ(report.images[0].image, sent.image);
    EXPECT_EQ(report.not_brought, "");
}

TEST_F(ExpressTest, TheSameDigestAgainDeploysNothing) {
    push("v2", 'a', seconds{20});
    const auto again = push("v2", 'a', seconds{20});
    EXPECT_EQ(again.status, DeploymentStatus::kAlreadyRolling);
    const auto retagged = push("stable", 'a', seconds{40});
    EXPECT_EQ(retagged.status, DeploymentStatus::kAlreadyRolling) << "another tag of the same image";
    EXPECT_THAT(ecs_.express_updates(), SizeIs(1));
}

TEST_F(ExpressTest, OfTwoPushesTheNewerOneWinsInEitherOrder) {
    push("v3", 'b', seconds{40});
    const auto late = push("v2", 'a', seconds{20});
    EXPECT_EQ(late.status, DeploymentStatus::kAlreadyRolling);
    EXPECT_THAT(late.outcome, HasSubstr("was pushed before"));
    ASSERT_THAT(ecs_.express_updates(), SizeIs(1));
    EXPECT_EQ(push("v4", 'c', seconds{60}).status, DeploymentStatus::kDeployed);
}

TEST_F(ExpressTest, WhatEcsWroteSaysInItsTagsWhatWasPushed) {
    written_.at(td(1)).tags = {{"team", "shop"}};
    push("v2", 'a', seconds{20});
    const auto tags = ecs_.tags().at(td(2));
    EXPECT_EQ(tags.at("ci_lambda:pushed-at/Main"), format_rfc3339(start() + seconds{20}));
    EXPECT_THAT(tags.at("ci_lambda:image"), HasSubstr(digest('a')));
    EXPECT_FALSE(tags.contains("team")) << "what is not ours is ECS's business";
}

TEST_F(ExpressTest, ADryRunSendsNothingAndSaysWhatWouldBe) {
    const auto report = deploy(request_of("v2", 'a', seconds{20}), {.dry_run = true});
    EXPECT_EQ(report.status, DeploymentStatus::kDryRun);
    EXPECT_THAT(ecs_.express_updates(), IsEmpty());
    ASSERT_TRUE(report.registration);
    EXPECT_EQ(report.registration->changes.at(0).to, std::string(kRegistry) + ":v2@" + digest('a'));
    EXPECT_FALSE(report.registration->revision);
}

TEST_F(ExpressTest, ARedeploymentIsTheSameConfigurationOnceMore) {
    const auto report = push("v2", 'a', seconds{20}, ImageMode::kRedeploy);
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    ASSERT_THAT(ecs_.express_updates(), SizeIs(1));
    EXPECT_EQ(ecs_.express_updates()[0].primary_container, container_);
    EXPECT_EQ(ecs_.express_updates()[0].image, "");
    EXPECT_THAT(report.not_brought, HasSubstr("not shop_web:v2, which was pushed"));
    EXPECT_THAT(ecs_.tags(), IsEmpty());
}

TEST_F(ExpressTest, AChangedParameterIsARedeploymentThatIsNotSentTwice) {
    auto request = deploy_of({"api"}).requests[0];
    request.changed_at = start() + seconds{20};
    EXPECT_EQ(deploy(request).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(deploy(request).status, DeploymentStatus::kAlreadyRolling);
    EXPECT_THAT(ecs_.express_updates(), SizeIs(1));
}

TEST_F(ExpressTest, MatchIgnoresAPushOfWhatItDoesNotName) {
    EXPECT_THAT(push("v2", 'a', seconds{20}, ImageMode::kMatch).outcome, HasSubstr("not shop_web:v2"));
    EXPECT_THAT(ecs_.express_updates(), IsEmpty());
    EXPECT_EQ(push("v1", 'a', seconds{20}, ImageMode::kMatch).status, DeploymentStatus::kDeployed);
}

TEST_F(ExpressTest, WhereEcsBeginsNoDeploymentTheErrorSaysTheWayOut) {
    ecs_.on_update_express = [this](const auto&) -> Result<AcceptedDeployment> {
        return AcceptedDeployment{.deployment_id = primary_.id, .task_definition = primary_.task_definition};
    };
    const auto report = push("v1", 'a', seconds{20}, ImageMode::kRedeploy);
    EXPECT_EQ(report.status, DeploymentStatus::kFailed);
    ASSERT_TRUE(report.error);
    EXPECT_THAT(report.error->message,
                AllOf(HasSubstr("ECS began no deployment"), HasSubstr("ECR_DEPLOY_MODE=revision")));
    EXPECT_EQ(report.attempts, 1);
}

TEST_F(ExpressTest, ALostAnswerIsLookedUpAndNotSentAgain) {
    ecs_.on_update_express = [this](const UpdateExpressRequest& request) -> Result<AcceptedDeployment> {
        carry_out(request);
        return std::unexpected(Error{.kind = ErrorKind::kTimeout, .message = "timed out", .outcome_unknown = true});
    };
    for (const auto mode : {ImageMode::kRevision, ImageMode::kRedeploy}) {
        const auto before = ecs_.express_updates().size();
        const auto report =
            deploy(request_of("v2", 'a', std::chrono::duration_cast<seconds>(clock_.now() - start()), mode),
                   {.max_retries = 2});
        EXPECT_EQ(report.status, DeploymentStatus::kDeployed) << to_string(mode);
        EXPECT_THAT(ecs_.express_updates(), SizeIs(before + 1)) << to_string(mode);
        EXPECT_EQ(report.deployment_id, primary_.id);
    }
    EXPECT_TRUE(ecs_.tags().contains(td(2))) << "what it was for is written down all the same";
}

TEST_F(ExpressTest, SomebodyElsesUpdateDuringALostAnswerIsNotTakenForOurs) {
    int calls = 0;
    ecs_.on_update_express = [&](const UpdateExpressRequest& request) -> Result<AcceptedDeployment> {
        if (++calls > 1) return carry_out(request);
        carry_out(
            {.service = kServiceArn, .primary_container = container_, .image = std::string(kRegistry) + ":other"});
        return std::unexpected(Error{.kind = ErrorKind::kTimeout, .message = "timed out", .outcome_unknown = true});
    };
    const auto report = deploy(request_of("v2", 'a', seconds{20}), {.max_retries = 2});
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed);
    EXPECT_EQ(calls, 2);
    EXPECT_THAT(written_.at(primary_.task_definition).images[0].image, HasSubstr(digest('a')));
}

TEST_F(ExpressTest, ADigestThatWasRolledBackDoesNotComeAgain) {
    ecs_.history = std::vector{record("bad", Record::kRollbackSuccessful, -std::chrono::minutes{5}, "bad"),
                               record("good", Record::kSuccessful, -std::chrono::minutes{60}, "good")};
    ecs_.revisions = std::vector<EcsServiceRevision>{
        {.arn = "service-revision/bad", .task_definition = td(9), .images = {{"Main", "shop_web:v2", digest('a')}}},
        {.arn = "service-revision/good", .task_definition = td(1), .images = {{"Main", "shop_web:v1", digest('0')}}}};
    for (const auto* tag : {"v2", "stable"}) {
        const auto report = push(tag, 'a', seconds{20});
        EXPECT_EQ(report.status, DeploymentStatus::kAlreadyRolling);
        EXPECT_THAT(report.outcome, AllOf(HasSubstr("was rolled back"), HasSubstr("push a newer image")));
    }
    EXPECT_THAT(ecs_.express_updates(), IsEmpty());
    EXPECT_EQ(push("v3", 'b', seconds{40}).status, DeploymentStatus::kDeployed) << "a newer one does";
}

TEST_F(ExpressTest, WhatHasRunWellSinceItWasRolledBackMayCome) {
    const PushedImage pushed{.repository = "shop_web", .tag = "v2", .digest = digest('a')};
    const std::vector<EcsServiceRevision> revisions{
        {.arn = "service-revision/2", .task_definition = td(2), .images = {{"Main", "shop_web:v2", digest('a')}}},
        {.arn = "service-revision/3", .task_definition = td(3), .images = {{"Main", "shop_web@" + digest('a'), ""}}}};
    const auto bad = record("bad", Record::kRollbackSuccessful, -std::chrono::minutes{5}, "2");
    const auto well = record("well", Record::kSuccessful, -std::chrono::minutes{1}, "3");
    EXPECT_THAT(why_taken_back({pushed}, {.records = {bad}}, revisions), HasSubstr("shop_web:v2"));
    EXPECT_EQ(why_taken_back({pushed}, {.records = {well, bad}}, revisions), "");
    EXPECT_EQ(why_taken_back({pushed}, {.records = {bad}}, {}), "") << "ECS has forgotten it";
    EXPECT_EQ(why_taken_back({{.repository = "shop_web", .tag = "v2"}}, {.records = {bad}}, revisions), "");
}

TEST_F(ExpressTest, NothingIsRedeployedWhileEcsGoesBack) {
    ecs_.history = std::vector{record("bad", Record::kRollbackInProgress, seconds{1}, "bad")};
    const auto report = push("v1", 'a', seconds{20}, ImageMode::kRedeploy);
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->kind, ErrorKind::kBusy);
    EXPECT_THAT(report.error->message, HasSubstr("rolling the Express service back"));
    EXPECT_THAT(ecs_.express_updates(), IsEmpty());
}

TEST_F(ExpressTest, ARevisionCannotBeNamed) {
    auto request = deploy_of({"api"}).requests[0];
    request.task_definition = TaskDefinition("written-by-ecs:1");
    const auto report = deploy(request);
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->kind, ErrorKind::kRejected);
    EXPECT_THAT(report.error->message, AllOf(HasSubstr("Express service"), HasSubstr("name the image")));
}

TEST_F(ExpressTest, ErrorsNameTheServiceAndSayEcssWords) {
    ecs_.on_update_express = [](const auto&) -> Result<AcceptedDeployment> {
        return fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:UpdateExpressGatewayService");
    };
    const auto refused = push("v2", 'a', seconds{20});
    ASSERT_TRUE(refused.error);
    EXPECT_THAT(refused.error->message, AllOf(HasSubstr("shop_service_api_dev"), HasSubstr("not authorized")));
    ecs_.on_describe_express = [](const auto&) -> Result<EcsExpressService> {
        return fail(ErrorKind::kAccessDenied, "not authorized to perform: ecs:DescribeExpressGatewayService");
    };
    const auto unread = push("v2", 'a', seconds{20});
    ASSERT_TRUE(unread.error);
    EXPECT_THAT(unread.error->message,
                AllOf(HasSubstr("is an Express service"), HasSubstr("ecs:DescribeExpressGatewayService")));
}

/// A task definition with a sidecar, that somebody has brought.
class ExpressWithOwnRevisionTest : public ExpressTest {
protected:
    ExpressWithOwnRevisionTest() {
        written_.at(td(1)).images.push_back({.container = "log", .image = "fluent-bit"});
        written_.at(td(1)).is_primary_container = false;
        ecs_.on_active = [](const TaskFamily&) { return std::vector{TaskDefinition(td(1))}; };
        ecs_.on_register_with_images = [this](const TaskDefinition&, const auto& images, const EcsTags&) {
            write(images.at("Main"));
            written_.at(td(written_.size())).is_primary_container = false;
            return TaskDefinition(td(written_.size()));
        };
    }
};

TEST_F(ExpressWithOwnRevisionTest, APushIsACopyOfItAsForAnyOtherService) {
    clock_.advance(seconds{30});
    const auto report = run({.requests = {request_of("v2", 'a', seconds{20})}, .skipped = {}}).at(0);
    EXPECT_EQ(report.status, DeploymentStatus::kDeployed) << (report.error ? report.error->message : "");
    EXPECT_THAT(ecs_.updates(), IsEmpty());
    ASSERT_THAT(ecs_.express_updates(), SizeIs(1));
    EXPECT_EQ(ecs_.express_updates()[0].task_definition, TaskDefinition(td(2)));
    EXPECT_EQ(ecs_.express_updates()[0].primary_container, "") << "which would lose the sidecar";
    EXPECT_EQ(ecs_.calls("RegisterTaskDefinition"), 1);
}

}  // namespace
}  // namespace ci_lambda::testing
