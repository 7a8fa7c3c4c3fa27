#include "deployer/gate/gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/deployer/start/family.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class GateTest : public FamilyTest {
protected:
    void close(Barrier::Kind kind) {
        gate_.answer = [kind](const auto&, const auto&) {
            return Barrier{.kind = kind, .words = "held by alice: the database moves"};
        };
    }
    DeploymentReport push(ImageMode mode, const Deployer::Options& options = {}) {
        clock_.advance(seconds{30});
        return run({.requests = {request_of_push("shop_api", "v2", 'a', seconds{20}, mode)}, .skipped = {}}, options)
            .at(0);
    }
};

TEST_F(GateTest, SendsAndRegistersNothingWhileItIsClosed) {
    for (const auto mode : {ImageMode::kRedeploy, ImageMode::kRevision}) {
        close(Barrier::Kind::kHeld);
        const auto report = push(mode);
        EXPECT_EQ(report.status, DeploymentStatus::kHeld);
        EXPECT_FALSE(report.error);
        ASSERT_TRUE(report.barrier);
        EXPECT_EQ(report.outcome, "held by alice: the database moves");
        EXPECT_EQ(primary_.id, "ecs-svc/1");
        EXPECT_THAT(revisions_, SizeIs(1));
    }
    close(Barrier::Kind::kApproval);
    EXPECT_EQ(push(ImageMode::kRedeploy).status, DeploymentStatus::kAwaitingApproval);
}

TEST_F(GateTest, IsNotAskedWhereThereIsNothingToSend) {
    EXPECT_EQ(push(ImageMode::kRevision).status, DeploymentStatus::kDeployed);
    gate_.asked.clear();
    close(Barrier::Kind::kHeld);
    EXPECT_EQ(push(ImageMode::kRevision).status, DeploymentStatus::kAlreadyRolling);
    EXPECT_THAT(gate_.asked, IsEmpty());
}

TEST_F(GateTest, SeesWhatWouldBeRegistered) {
    push(ImageMode::kRevision);
    ASSERT_FALSE(gate_.asked.empty());
    const auto& first = gate_.asked.front();
    EXPECT_EQ(first.revision.str(), arn_of("42"));
    ASSERT_THAT(first.changes, SizeIs(1));
    EXPECT_THAT(first.changes[0].to, HasSubstr(":v2@" + digest('a')));
    ASSERT_THAT(first.pushed, SizeIs(1));
    // And once more before it is sent.
    EXPECT_EQ(gate_.asked.back().revision.str(), arn_of("43"));
    EXPECT_THAT(gate_.asked.back().changes, IsEmpty());
}

TEST_F(GateTest, SaysInADryRunWhatWouldWait) {
    close(Barrier::Kind::kHeld);
    const auto report = push(ImageMode::kRevision, {.dry_run = true});
    EXPECT_EQ(report.status, DeploymentStatus::kDryRun);
    EXPECT_EQ(report.outcome, "would wait: held by alice: the database moves");
}

TEST_F(GateTest, BeginsNothingWhereItCannotBeAsked) {
    int asked = 0;
    gate_.answer = [&](const auto&, const auto&) -> Result<std::optional<Barrier>> {
        if (++asked == 1) return std::unexpected(throttled());
        return std::nullopt;
    };
    EXPECT_EQ(push(ImageMode::kRedeploy, {.max_retries = 0}).error->kind, ErrorKind::kThrottled);
    EXPECT_EQ(primary_.id, "ecs-svc/1");
    // What can heal is tried again.
    asked = 0;
    EXPECT_EQ(push(ImageMode::kRedeploy, {.max_retries = 1}).status, DeploymentStatus::kDeployed);
    EXPECT_EQ(asked, 2);
}

TEST_F(GateTest, IsAskedAnewAfterEachWait) {
    int asked = 0;
    gate_.answer = [&](const auto&, const auto&) -> Result<std::optional<Barrier>> {
        if (++asked == 1) return std::nullopt;
        return Barrier{.words = "held meanwhile"};
    };
    const auto update = ecs_.on_update;
    ecs_.on_update = [&](const UpdateServiceRequest& request, int call) -> Result<AcceptedDeployment> {
        if (call == 1) return std::unexpected(throttled());
        return update(request, call);
    };
    EXPECT_EQ(push(ImageMode::kRedeploy, {.max_retries = 1}).status, DeploymentStatus::kHeld);
}

}  // namespace
}  // namespace ci_lambda::testing
