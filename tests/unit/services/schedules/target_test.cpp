#include "services/schedules/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::FieldsAre;
using ::testing::HasSubstr;

constexpr const char* kRunTask = "arn:aws:scheduler:::aws-sdk:ecs:runTask";

Json universal(const std::string& input) { return {{"Arn", kRunTask}, {"RoleArn", "role"}, {"Input", input}}; }

TEST(TaskTargetTest, IsReadOfParametersAndOfTheInputOfACallOfRunTask) {
    const Json plain{{"Id", "one"}, {"Arn", "cluster-arn"}, {"EcsParameters", {{"TaskDefinitionArn", "report:42"}}}};
    EXPECT_THAT(read_task_target(plain), FieldsAre("one", "cluster-arn", "report:42", ""));
    EXPECT_THAT(read_task_target(universal(R"({"TaskDefinition":"report:42","Cluster":"shop"})")),
                FieldsAre("", "shop", "report:42", ""));
    EXPECT_THAT(read_task_target(universal(R"({"TaskDefinition":"report"})")), FieldsAre("", "default", "report", ""));
}

TEST(TaskTargetTest, StartsNoTaskWhereItIsSomethingElse) {
    for (const auto& odd : {Json{{"Arn", "arn:aws:lambda:eu-west-1:1:function:x"}}, Json(7), Json::array(),
                            Json{{"EcsParameters", 7}}, Json{{"EcsParameters", {{"TaskDefinitionArn", 7}}}},
                            universal("{"), universal("[]"), universal(R"({"TaskDefinition":7})")}) {
        auto changed = odd;
        EXPECT_EQ(read_task_target(odd).task_definition, "") << odd;
        EXPECT_THAT(put_task_definition(changed, "report:43"), IsErr(ErrorKind::kRejected, HasSubstr("")));
        EXPECT_EQ(changed, odd) << "nothing half done";
    }
}

TEST(TaskTargetTest, ChangesTheTaskDefinitionAndNothingElse) {
    const Json before{{"Arn", "cluster-arn"},
                      {"EcsParameters", {{"TaskDefinitionArn", "report:42"}, {"TaskCount", 3}, {"NewMember", {1, 2}}}},
                      {"Input", R"({"containerOverrides":[]})"},
                      {"AnotherMember", nullptr}};
    auto expected = before;
    expected["EcsParameters"]["TaskDefinitionArn"] = "report:43";
    auto after = before;
    ASSERT_THAT(put_task_definition(after, "report:43"), IsOk());
    EXPECT_EQ(after, expected);
}

TEST(TaskTargetTest, LeavesTheRestOfAnInputAsItIsWritten) {
    auto target =
        universal(R"({ "Count": 1.0, "TaskDefinition": "report:42", "StartedBy":"<aws.scheduler.attempt-number>" })");
    ASSERT_THAT(put_task_definition(target, "report:43"), IsOk());
    EXPECT_EQ(target["Input"],
              R"({ "Count": 1.0, "TaskDefinition": "report:43", "StartedBy":"<aws.scheduler.attempt-number>" })");
}

TEST(TaskTargetTest, RefusesAnInputInWhichItCannotTellTheTaskDefinition) {
    auto twice = universal(R"({"TaskDefinition":"report:42","Group":"report:42"})");
    EXPECT_THAT(put_task_definition(twice, "report:43"), IsErr(ErrorKind::kRejected, HasSubstr("change it there")));
    auto escaped = universal(R"({"TaskDefinition":"re\u0070ort:42"})");
    EXPECT_THAT(put_task_definition(escaped, "report:43"), IsErr(ErrorKind::kRejected, HasSubstr("change it there")));
}

}  // namespace
}  // namespace ci_lambda::testing
