#include "app/targets/joint_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ci_lambda {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

DeploymentReport of(const std::string& target, DeploymentStatus status) {
    return {.target = {.id = ServiceId{"api"}, .deployment_target = target}, .status = status};
}

Handled deployed(const std::string& target, DeploymentStatus status = DeploymentStatus::kDeployed) {
    auto handled = answer_of({of(target, status)}, {});
    handled.deploys = true;
    return handled;
}

Handled failed(const std::string& target, const std::string& why) {
    auto report = of(target, DeploymentStatus::kFailed);
    report.error = Error{.kind = ErrorKind::kConnection, .message = why};
    auto handled = answer_of({std::move(report)}, {});
    handled.deploys = true;
    return handled;
}

Handled ignored(const std::string& why) { return {.answer = {.status = "ignored", .detail = why}}; }

Handled invalid(const std::string& why) {
    return {.answer = {.status = "failed", .detail = why},
            .error = HandlingError{.type = "Function.InvalidEvent", .message = why}};
}

TEST(JointAnswer, NamesEachTarget) {
    const auto joint =
        joint_answer({{.target = "eu", .handled = deployed("eu")}, {.target = "us", .handled = deployed("us")}});
    EXPECT_EQ(joint.answer.status, "deployed");
    EXPECT_EQ(joint.answer.detail, "eu: ECS accepted the deployment of api. us: ECS accepted the deployment of api");
    EXPECT_THAT(joint.answer.deployments, SizeIs(2));
    EXPECT_FALSE(joint.error.has_value());
}

TEST(JointAnswer, FailsWhereOneFailsAndTellsOfTheOthersToo) {
    const auto joint = joint_answer(
        {{.target = "eu", .handled = deployed("eu")}, {.target = "us", .handled = failed("us", "no connection")}});
    EXPECT_EQ(joint.answer.status, "failed");
    ASSERT_TRUE(joint.error.has_value());
    EXPECT_EQ(joint.error->type, "Function.DeploymentFailed");
    EXPECT_EQ(joint.error->message, "us: deployment failed for api: no connection");
    EXPECT_EQ(joint.answer.detail,
              "eu: ECS accepted the deployment of api. us: deployment failed for api: no connection");
}

TEST(JointAnswer, SaysNothingOfTargetsThatHadNothingToDo) {
    const auto joint =
        joint_answer({{.target = "eu", .handled = ignored("it is for us, and this is eu")},
                      {.target = "us", .handled = {.answer = {.status = "notified", .detail = "told"}}}});
    EXPECT_EQ(joint.answer.status, "notified");
    EXPECT_EQ(joint.answer.detail, "us: told");
}

TEST(JointAnswer, LetsOnlyThoseSpeakForWhomTheEventIs) {
    auto other = ignored("it is for us, and this is eu");
    other.meant_here = false;
    EXPECT_EQ(joint_answer({{.target = "eu", .handled = other}, {.target = "us", .handled = ignored("no news")}})
                  .answer.detail,
              "us: no news");
    EXPECT_EQ(joint_answer({{.target = "eu", .handled = other}}).answer.detail, "eu: it is for us, and this is eu")
        << "where it is for none of them";
}

TEST(JointAnswer, SaysOnceWhatAllSay) {
    const auto joint = joint_answer({{.target = "eu", .handled = ignored("pushes are off")},
                                     {.target = "us", .handled = ignored("pushes are off")}});
    EXPECT_EQ(joint.answer.status, "ignored");
    EXPECT_EQ(joint.answer.detail, "pushes are off");
    const auto broken = joint_answer(
        {{.target = "eu", .handled = invalid("no JSON")}, {.target = "us", .handled = invalid("no JSON")}});
    ASSERT_TRUE(broken.error.has_value());
    EXPECT_EQ(broken.error->message, "no JSON");
    EXPECT_EQ(broken.answer.detail, "no JSON");
}

TEST(JointAnswer, IsNoFailureWhereOnlySomeTargetsHaveTheService) {
    const auto joint = joint_answer({{.target = "eu", .handled = deployed("eu")},
                                     {.target = "us", .handled = invalid("there is no service \"api\"")}});
    EXPECT_EQ(joint.answer.status, "deployed");
    EXPECT_FALSE(joint.error.has_value());
}

TEST(JointAnswer, ReturnsTheMessagesThatFailedAnywhere) {
    auto eu = deployed("eu");
    eu.answer.failed_messages = {"b"};
    auto us = deployed("us");
    us.answer.failed_messages = {"a", "b"};
    const auto joint = joint_answer({{.target = "eu", .handled = eu}, {.target = "us", .handled = us}});
    ASSERT_TRUE(joint.answer.failed_messages.has_value());
    EXPECT_THAT(*joint.answer.failed_messages, ElementsAre("b", "a"));
}

TEST(JointAnswer, AnswersAHookByTheTargetWhoseRolloutItIs) {
    Handled hook{.answer = {.status = "hook", .detail = "goes on", .to_hook = R"({"hookStatus":"SUCCEEDED"})"}};
    const auto joint = joint_answer(
        {{.target = "eu", .handled = ignored("it is for us, and this is eu")}, {.target = "us", .handled = hook}});
    EXPECT_EQ(to_json(joint.answer), R"({"hookStatus":"SUCCEEDED"})");
}

TEST(JointAnswer, NamesTheTargetOfEachDeploymentInJson) {
    auto report = of("us", DeploymentStatus::kDeployed);
    report.target.region = "us-east-1";
    report.target.account = "111122223333";
    const auto json = to_json({.status = "deployed", .detail = "x", .deployments = {report}});
    EXPECT_THAT(json,
                ::testing::HasSubstr(R"("service":"api","target":"us","region":"us-east-1","account":"111122223333")"));
    EXPECT_THAT(to_json({.status = "deployed", .detail = "x", .deployments = {of("", DeploymentStatus::kDeployed)}}),
                ::testing::Not(::testing::HasSubstr("target")))
        << "as before where there is one";
}

TEST(Standing, LetsTheNextTargetFollowWhereAllIsWell) {
    EXPECT_EQ(standing_of(deployed("eu", DeploymentStatus::kCompleted)).why, "");
    EXPECT_EQ(standing_of(ignored("nothing to do")).why, "");
    EXPECT_EQ(standing_of(deployed("eu", DeploymentStatus::kAlreadyRolling)).why, "");
    EXPECT_EQ(standing_of(deployed("eu", DeploymentStatus::kDryRun)).why, "");
}

TEST(Standing, HoldsTheNextTargetBackOtherwise) {
    for (const auto status : {DeploymentStatus::kFailed, DeploymentStatus::kRolledBack, DeploymentStatus::kTimedOut,
                              DeploymentStatus::kAnotherImage}) {
        const auto standing = standing_of(deployed("eu", status));
        EXPECT_NE(standing.why, "");
        EXPECT_FALSE(standing.going);
        EXPECT_THAT(standing.unhealthy, ElementsAre(ServiceId{"api"}));
    }
    const auto going = standing_of(deployed("eu", DeploymentStatus::kInProgress));
    EXPECT_EQ(going.why, "api is under way");
    EXPECT_TRUE(going.going);
    EXPECT_THAT(going.unhealthy, IsEmpty());
    const auto other = standing_of(deployed("eu", DeploymentStatus::kSuperseded));
    EXPECT_EQ(other.why, "somebody else deploys api");
    EXPECT_FALSE(other.going);
    EXPECT_THAT(other.unhealthy, IsEmpty()) << "it is somebody else's wish that counts now";
}

TEST(Standing, DoesNotTakeARegionThatIsDownForABadDeployment) {
    auto down = failed("us", "no connection");
    const auto standing = standing_of(down);
    EXPECT_EQ(standing.why, "api could not start");
    EXPECT_TRUE(standing.going) << "the event comes again";
    EXPECT_THAT(standing.unhealthy, IsEmpty());
    down.answer.deployments.front().error->kind = ErrorKind::kAccessDenied;
    EXPECT_THAT(standing_of(down).unhealthy, ElementsAre(ServiceId{"api"})) << "that does not heal by itself";
}

TEST(Standing, HoldsTheNextTargetBackWhereWhatIsNewWasRolledBackBefore) {
    auto handled = deployed("eu", DeploymentStatus::kCompleted);
    handled.answer.deployments.front().left_out = "arn:aws:ecs:eu-west-1:123456789012:task-definition/api:42";
    const auto standing = standing_of(handled);
    EXPECT_EQ(standing.why, "api:42 of api was rolled back before");
    EXPECT_THAT(standing.unhealthy, IsEmpty());
}

TEST(Standing, IsOnlyOfWhatWasDeployed) {
    auto swept = deployed("eu", DeploymentStatus::kTimedOut);
    swept.deploys = false;
    EXPECT_EQ(standing_of(swept).why, "") << "a sweep goes through all targets, whatever it finds";
}

}  // namespace
}  // namespace ci_lambda
