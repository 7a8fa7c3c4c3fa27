#include "services/codedeploy/app_spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kOld = "arn:aws:ecs:us-east-1:123456789012:task-definition/api:9";
constexpr const char* kNew = "arn:aws:ecs:us-east-1:123456789012:task-definition/api:42";

TEST(AppSpec, OfJsonIsTheSameForAnotherTaskDefinitionHooksIncluded) {
    const std::string text =
        R"({"version":0.0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{"TaskDefinition":")" +
        std::string(kOld) +
        R"(","LoadBalancerInfo":{"ContainerName":"app","ContainerPort":80}}}}],"Hooks":[{"AfterInstall":"test"}]})";
    EXPECT_EQ(task_definition_in(text), kOld);
    const auto changed = with_task_definition(text, kNew);
    ASSERT_THAT(changed, IsOk());
    EXPECT_EQ(task_definition_in(*changed), kNew);
    auto before = *parse_json(text);
    before["Resources"][0]["TargetService"]["Properties"]["TaskDefinition"] = kNew;
    EXPECT_EQ(*parse_json(*changed), before);
    EXPECT_THAT(*changed, HasSubstr(R"("version":0.0)")) << "no other version is taken";
}

TEST(AppSpec, KeysAreReadInAnyCase) {
    EXPECT_EQ(task_definition_in(R"({"resources":[{"targetService":{"properties":{"taskDefinition":"td/1"}}}]})"),
              "td/1");
}

TEST(AppSpec, OfYamlChangesInItsOneLine) {
    const std::string text =
        "version: 0.0\n"
        "Resources:\n"
        "  - TargetService:\n"
        "      Type: AWS::ECS::Service\n"
        "      Properties:\n"
        "        TaskDefinition: \"" +
        std::string(kOld) +
        "\" # the present one\r\n"
        "        LoadBalancerInfo:\n"
        "          ContainerName: app\n"
        "          ContainerPort: 80\n"
        "Hooks:\n"
        "  - AfterAllowTestTraffic: \"smoke\"\n";
    EXPECT_EQ(task_definition_in(text), kOld);
    const auto changed = with_task_definition(text, kNew);
    ASSERT_THAT(changed, IsOk());
    EXPECT_EQ(task_definition_in(*changed), kNew);
    EXPECT_THAT(*changed, HasSubstr("  - AfterAllowTestTraffic: \"smoke\"\n"));
    EXPECT_THAT(*changed, HasSubstr("          ContainerPort: 80\n"));
}

TEST(AppSpec, ThatNamesNoneOrTwoIsRefusedRatherThanGuessed) {
    EXPECT_THAT(with_task_definition("version: 0.0\n", kNew), IsErr(ErrorKind::kRejected, HasSubstr("0 places")));
    EXPECT_THAT(with_task_definition(R"({"a":{"TaskDefinition":"1"},"b":{"TaskDefinition":"2"}})", kNew),
                IsErr(ErrorKind::kRejected, HasSubstr("2 places")));
    EXPECT_EQ(task_definition_in("no: thing"), "");
}

TEST(AppSpec, ANewOneHasWhatCodeDeployRequires) {
    const auto spec = *parse_json(new_app_spec(kNew, "app", 8080));
    const auto& properties = spec.at("Resources").at(0).at("TargetService").at("Properties");
    EXPECT_EQ(properties.at("TaskDefinition"), kNew);
    EXPECT_EQ(properties.at("LoadBalancerInfo"), (Json{{"ContainerName", "app"}, {"ContainerPort", 8080}}));
    EXPECT_EQ(spec.at("version"), 0.0);
}

}  // namespace
}  // namespace ci_lambda::testing
