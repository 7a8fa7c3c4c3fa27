#include "deployer/approve/approval_gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "handlers/request_json.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/start/family.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The deployer with the gate in front: what is asked, and what an answer begins.
class ApprovalGateTest : public FamilyTest {
protected:
    ApprovalGateTest() {
        settings_.all = {.required = true, .from = {"@alice", "oncall"}, .expires = minutes{240}};
        settings_.key = Secret(std::string(32, 'k'));
        ecs_.on_definition_json = [this](const TaskDefinition& revision) -> Result<std::string> {
            const auto& known = revisions_.at(number_of(revision.str()));
            std::string containers;
            for (const auto& container : known.images)
                containers +=
                    fmt::format(R"({}{{"name":"{}","image":"{}","environment":[{}]}})", containers.empty() ? "" : ",",
                                container.container, container.image, environment_[number_of(revision.str())]);
            return fmt::format(R"({{"taskDefinitionArn":"{}","revision":{},"containerDefinitions":[{}]}})", known.arn,
                               number_of(revision.str()), containers);
        };
        ecr_.add("shop_api", digest('1'), {"v1"});
        ecr_.add("shop_api", digest('a'), {"v2"}).manifest.annotations = {
            {"org.opencontainers.image.revision", "8f3a1b2c4d5e6f70"}};
        gate_.answer = [this](const auto& request, const auto& planned) {
            return approvals_.barrier(request, planned, Deadline::none());
        };
    }

    DeploymentReport deploy(DeploymentRequest request, const Deployer::Options& options = {}) {
        return run({.requests = {std::move(request)}, .skipped = {}}, options).at(0);
    }
    DeploymentRequest push(ImageMode mode = ImageMode::kRevision, const std::string& tag = "v2", char id = 'a') {
        return request_of_push("shop_api", tag, id, seconds{20}, mode);
    }
    /// What the report asks for, approved by somebody.
    DeploymentRequest approved(const DeploymentReport& report, DeploymentRequest request) {
        const auto asked = open_token(report.barrier->token, keys_of(settings_).value(), "shop/dev", clock_.now());
        EXPECT_THAT(asked, IsOk());
        request.approval = GivenApproval{.by = "alice (Slack)", .running = asked->running, .content = asked->content};
        return request;
    }
    [[nodiscard]] bool nothing_began() const { return primary_.id == "ecs-svc/1"; }

    ApprovalSettings settings_;
    std::map<int, std::string> environment_;
    ApprovalGate approvals_{{.environment = "shop/dev", .target = {}}, settings_, ecs_, ecr_, clock_};
};

TEST_F(ApprovalGateTest, SaysWhatWouldRunAndWhatRunsNow) {
    const auto report = deploy(push());
    EXPECT_EQ(report.status, DeploymentStatus::kAwaitingApproval);
    EXPECT_TRUE(nothing_began());
    EXPECT_THAT(revisions_, SizeIs(1)) << "nothing is registered before";
    EXPECT_THAT(report.outcome, HasSubstr("waits to be approved by @alice or oncall until "));
    EXPECT_THAT(report.barrier->details,
                AllOf(Contains(HasSubstr("runs now: shop_service_api_dev:42 (ecs-svc/1)")),
                      Contains(HasSubstr("would run: a copy of shop_service_api_dev:42")),
                      Contains(AllOf(HasSubstr("image of app: shop_api v2@sha256:aaaaaaaaaaaa"),
                                     HasSubstr("commit 8f3a1b2c4d5"))),
                      Contains(HasSubstr("image of log: "))));
    const auto asked = open_token(report.barrier->token, keys_of(settings_).value(), "shop/dev", clock_.now()).value();
    EXPECT_EQ(asked.service.str(), "api");
    EXPECT_EQ(asked.running, "ecs-svc/1");
    EXPECT_EQ(asked.expires, asked.issued + minutes{240});
    EXPECT_THAT(asked.request, HasSubstr("image shop_api:v2 was pushed"));
}

TEST_F(ApprovalGateTest, OpensForWhatWasSeenAlsoAfterItsRevisionWasRegistered) {
    for (const auto mode : {ImageMode::kRevision, ImageMode::kRedeploy}) {
        if (mode == ImageMode::kRedeploy) add("43", std::string(kRepository) + ":v2");
        primary_.id = "ecs-svc/1";
        primary_.task_definition = arn_of("42");
        const auto asked = deploy(push(mode));
        ASSERT_EQ(asked.status, DeploymentStatus::kAwaitingApproval);
        const auto begun = deploy(approved(asked, push(mode)));
        EXPECT_EQ(begun.status, DeploymentStatus::kDeployed) << begun.outcome;
        EXPECT_EQ(primary_.task_definition, arn_of("43"));
        revisions_.erase(43);
    }
}

/// The first try has registered it, and could not deploy it: the second one finds a newer revision that says the same.
TEST_F(ApprovalGateTest, OpensForACopyOfWhatWasSeen) {
    const auto asked = deploy(push());
    const auto update = ecs_.on_update;
    ecs_.on_update = [](const UpdateServiceRequest&, int) -> Result<AcceptedDeployment> {
        return std::unexpected(throttled());
    };
    EXPECT_TRUE(deploy(approved(asked, push()), {.max_retries = 0}).error);
    EXPECT_THAT(revisions_, SizeIs(2));
    ecs_.on_update = update;
    EXPECT_EQ(deploy(approved(asked, push())).status, DeploymentStatus::kDeployed);
    EXPECT_THAT(revisions_, SizeIs(2));
}

TEST_F(ApprovalGateTest, StaysClosedForWhateverHasChangedSince) {
    struct Case {
        std::string_view what;
        std::function<void()> happens;
        std::string_view words;
    };
    const std::vector<Case> cases{
        {"somebody has deployed",
         [this] {
             primary_.id = "ecs-svc/9";
             primary_.task_definition = arn_of("41");
             primary_.created_at = start() - std::chrono::hours{2};
         },
         "it has moved on since this was asked: it runs ecs-svc/9"},
        {"a revision was registered that says something else",
         [this] {
             add("43", std::string(kRepository) + ":v1");
             environment_[43] = R"({"name":"LEVEL","value":"debug"})";
         },
         "is another one by now"},
        {"the sidecar's tag stands for something else",
         [this] { revisions_.at(42).images[1].image = std::string(kRepository) + "-log:v1"; }, "is another one by now"},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.what);
        revisions_.clear();
        environment_.clear();
        add("42", std::string(kRepository) + ":v1");
        primary_.id = "ecs-svc/1";
        primary_.task_definition = arn_of("42");
        primary_.created_at = start() - std::chrono::hours{1};
        const auto request = approved(deploy(push()), push());
        one.happens();
        const auto revisions_before = revisions_.size();
        const auto deployments_before = deployments_;
        const auto report = deploy(request);
        EXPECT_EQ(report.status, DeploymentStatus::kOutdated);
        EXPECT_FALSE(report.error) << "nothing is to come again for it";
        EXPECT_THAT(report.outcome, HasSubstr(one.words));
        EXPECT_EQ(deployments_, deployments_before);
        EXPECT_EQ(revisions_.size(), revisions_before);
    }
}

/// The tag is what the revision names; what it stands for is what would run.
TEST_F(ApprovalGateTest, StaysClosedWhereATagStandsForAnotherImageByNow) {
    add("43", std::string(kRepository) + ":v2");
    const auto request = approved(deploy(push(ImageMode::kRedeploy)), push(ImageMode::kRedeploy));
    ecr_.repositories["shop_api"].back().image.tags = {};
    ecr_.add("shop_api", digest('b'), {"v2"});
    EXPECT_EQ(deploy(request).status, DeploymentStatus::kOutdated);
    EXPECT_TRUE(nothing_began());
}

TEST_F(ApprovalGateTest, HasOneIdForAllEventsThatWantTheSame) {
    auto other = push();
    other.reason = "another event";
    other.changed_at = start() + seconds{25};
    const auto id = deploy(push()).barrier->id;
    EXPECT_EQ(deploy(other).barrier->id, id);
    EXPECT_NE(deploy(push(ImageMode::kRevision, "v1", '1')).barrier->id, id);
}

TEST_F(ApprovalGateTest, AsksForNothingThatIsExcepted) {
    settings_.by_service[ServiceId("api")] = {.required = true, .from = {}, .expires = {}, .except_manual = true};
    auto request = push();
    EXPECT_EQ(deploy(request).status, DeploymentStatus::kAwaitingApproval);
    request.asked_for = true;
    EXPECT_EQ(deploy(request).status, DeploymentStatus::kDeployed);
    settings_.by_service[ServiceId("api")] = {.required = false, .from = {}, .expires = {}, .except_manual = {}};
    primary_.id = "ecs-svc/1";
    gate_.answer = [this](const auto& one, const auto& planned) {
        ecs_.on_definition_json = [](const auto&) -> Result<std::string> { throw std::logic_error("asked"); };
        return approvals_.barrier(one, planned, Deadline::none());
    };
    EXPECT_EQ(deploy(push(ImageMode::kRevision, "v1", '1')).status, DeploymentStatus::kDeployed)
        << "what is off costs no call";
}

TEST_F(ApprovalGateTest, BeginsNothingWhereItCannotBeReadWhatWouldRun) {
    const auto definition = ecs_.on_definition_json;
    ecs_.on_definition_json = [](const auto&) -> Result<std::string> {
        return fail(ErrorKind::kAccessDenied, "not authorized");
    };
    const auto denied = deploy(push());
    ASSERT_TRUE(denied.error);
    EXPECT_THAT(denied.error->message, HasSubstr("allow ecs:DescribeTaskDefinition"));
    ecs_.on_definition_json = definition;
    ecr_.describe_error = throttled();
    const auto throttled_read = deploy(push(ImageMode::kRedeploy), {.max_retries = 0});
    ASSERT_TRUE(throttled_read.error);
    EXPECT_EQ(throttled_read.error->kind, ErrorKind::kThrottled) << "the event comes again";
    EXPECT_TRUE(nothing_began());
}

TEST_F(ApprovalGateTest, SaysWhatElseChangesAndNoSecret) {
    environment_[42] = R"({"name":"KEY","value":"s3cr3t-1"})";
    environment_[43] = R"({"name":"KEY","value":"s3cr3t-2"})";
    add("43", std::string(kRepository) + ":v1");
    const auto report = deploy(push());
    EXPECT_THAT(report.barrier->details, Contains("environment KEY of app changes"));
    EXPECT_THAT(report.barrier->details, ::testing::Each(::testing::Not(HasSubstr("s3cr3t"))));
}

}  // namespace
}  // namespace ci_lambda::testing
