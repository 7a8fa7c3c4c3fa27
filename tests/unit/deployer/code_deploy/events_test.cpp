#include "deployer/code_deploy/events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fakes.hpp"
#include "support/matchers.hpp"
#include "unit/deployer/code_deploy/support.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

class CodeDeployEventsTest : public ::testing::Test {
protected:
    CodeDeployEventsTest() { api_.add({.id = "d-1", .status = CodeDeployStatus::kInProgress, .creator = "user"}); }
    std::optional<EcsServiceEvent> said(const std::string& state, const std::string& group = "Group") {
        auto event = as_service_event({.application = "App", .group = group, .deployment_id = "d-1", .state = state},
                                      groups_, api_, Deadline::none());
        EXPECT_THAT(event, IsOk());
        return event ? *event : std::nullopt;
    }
    CodeDeployDeployment& deployment() { return api_.known["d-1"]; }

    FakeClock clock_;
    FakeCodeDeploy api_;
    CodeDeployGroups groups_{api_, clock_, [](const auto&) { return std::nullopt; }};
};

TEST_F(CodeDeployEventsTest, TheGroupSaysWhichServiceItIsAndIsAskedOnce) {
    const auto event = said("SUCCESS");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->event_name, "SERVICE_DEPLOYMENT_COMPLETED");
    EXPECT_EQ(event->service, "api");
    EXPECT_EQ(event->cluster, "shop");
    EXPECT_EQ(event->deployment_id, "d-1");
    said("SUCCESS");
    EXPECT_EQ(api_.calls["GetDeploymentGroup"], 1);
}

TEST_F(CodeDeployEventsTest, AFailureSaysWhy) {
    deployment().error_code = "HOOK_EXECUTION_FAILURE";
    deployment().error_message = "the function said no";
    const auto event = said("FAILURE");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->event_name, "SERVICE_DEPLOYMENT_FAILED");
    EXPECT_EQ(event->reason, "HOOK_EXECUTION_FAILURE: the function said no");
}

TEST_F(CodeDeployEventsTest, AStopSaysWhoAndWhetherItIsRolledBack) {
    deployment().error_code = "MANUAL_STOP";
    EXPECT_THAT(*said("STOP")->reason, HasSubstr("stopped by a person"));
    EXPECT_THAT(*said("STOP")->reason, ::testing::Not(HasSubstr("rolls it back")));
    deployment().rollback_id = "d-2";
    EXPECT_THAT(*said("STOP")->reason, HasSubstr("rolls it back (d-2)"));
}

TEST_F(CodeDeployEventsTest, ARollbacksStartIsNoNewDeployment) {
    deployment().creator = "codeDeployRollback";
    deployment().rolls_back = "d-0";
    EXPECT_THAT(*said("START")->reason, HasSubstr("rolling back d-0"));
}

TEST_F(CodeDeployEventsTest, WhatIsNoNewsIsNothing) {
    EXPECT_FALSE(said("QUEUED"));
    EXPECT_FALSE(said("READY")) << "it does not wait for anybody";
    EXPECT_FALSE(said("SOMETHING_NEW"));
    EXPECT_FALSE(said("SUCCESS", "OfLambda")) << "a group that is not there";
    deployment().waits_for_yes = std::chrono::minutes{60};
    EXPECT_THAT(*said("READY")->reason, HasSubstr("ContinueDeployment d-1"));
}

TEST_F(CodeDeployEventsTest, AReadThatCanHealComesAgain) {
    api_.reads = fail(ErrorKind::kThrottled, "slow down");
    EXPECT_THAT(as_service_event({.application = "App", .group = "Group", .deployment_id = "d-1", .state = "STOP"},
                                 groups_, api_, Deadline::none()),
                IsErr(ErrorKind::kThrottled, ::testing::_));
}

}  // namespace
}  // namespace ci_lambda::testing
