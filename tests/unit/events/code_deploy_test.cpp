#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/event.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kStateChange = R"({"account":"123456789012","region":"us-east-1",
 "detail-type":"CodeDeploy Deployment State-change Notification","source":"aws.codedeploy","version":"0",
 "time":"2016-06-30T22:06:31Z","id":"c071bfbf-83c4-49ca-a6ff-3df053957145",
 "resources":["arn:aws:codedeploy:us-east-1:123456789012:application:myApplication",
  "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:myApplication/myDeploymentGroup"],
 "detail":{"instanceGroupId":"9fd2fbef-2157-40d8-91e7-6845af69e2d2","region":"us-east-1","application":"myApplication",
  "deploymentId":"d-123456789","state":"SUCCESS","deploymentGroup":"myDeploymentGroup"}})";

TEST(CodeDeployEvent, OfADeploymentNamesItsGroup) {
    const auto event = decode_event(kStateChange);
    ASSERT_THAT(event, IsOk());
    EXPECT_EQ(std::get<CodeDeployChange>(event->body), (CodeDeployChange{.application = "myApplication",
                                                                         .group = "myDeploymentGroup",
                                                                         .deployment_id = "d-123456789",
                                                                         .state = "SUCCESS"}));
}

TEST(CodeDeployEvent, OfAnInstanceIsNoneOfOurBusiness) {
    const auto event = decode_event(
        R"({"source":"aws.codedeploy","detail-type":"CodeDeploy Instance State-change Notification","detail":{}})");
    ASSERT_THAT(event, IsOk());
    EXPECT_TRUE(std::holds_alternative<OtherEvent>(event->body));
}

TEST(CodeDeployEvent, WithoutItsGroupCannotBeActedUpon) {
    EXPECT_THAT(decode_event(R"({"source":"aws.codedeploy",
        "detail-type":"CodeDeploy Deployment State-change Notification",
        "detail":{"application":"a","deploymentId":"d-1","state":"STOP"}})"),
                IsErr(ErrorKind::kInvalidEvent, HasSubstr("detail.deploymentGroup")));
}

}  // namespace
}  // namespace ci_lambda::testing
