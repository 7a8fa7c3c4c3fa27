#include "sandbox/demo/demo_steps.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fakes.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EcsCall update(std::string revision, int status = 200) {
    return {.at = {},
            .caller = {},
            .invocation = {},
            .operation = "UpdateService",
            .request = R"({"service":"shop_service_api_dev","taskDefinition":"arn:aws:ecs:r:1:task-definition/f:)" +
                       std::move(revision) + R"("})",
            .status = status,
            .response = "{}"};
}

Story deployed(std::vector<EcsCall> calls) {
    Story story;
    story.calls = std::move(calls);
    story.messages.resize(1);
    story.ending.status = "deployed";
    return story;
}

const Expectation kExpected{.status = "deployed", .rollouts = {"shop_service_api_dev -> :42"}, .messages = 1};

TEST(DemoSteps, AreContentWithWhatTheyExpect) {
    EXPECT_THAT(surprises(deployed({update("42")}), kExpected), IsEmpty());
}

TEST(DemoSteps, NoticeAWrongRevision) {
    EXPECT_THAT(surprises(deployed({update("9")}), kExpected), ElementsAre(HasSubstr("shop_service_api_dev -> :9")));
}

TEST(DemoSteps, DoNotCountARefusedCall) {
    EXPECT_THAT(surprises(deployed({update("42", 400)}), kExpected), ElementsAre(HasSubstr("rolled: []")));
}

TEST(DemoSteps, NoticeADeploymentTooMany) {
    EXPECT_THAT(surprises(deployed({update("42"), update("42")}), kExpected), Not(IsEmpty()));
}

TEST(DemoSteps, NoticeACallWhereThereMustBeNone) {
    auto story = deployed({update("42", 400)});
    story.ending.status = "ignored";
    story.messages.clear();
    EXPECT_THAT(surprises(story, {.status = "ignored", .rollouts = {}, .messages = 0}),
                ElementsAre(HasSubstr("1 calls of ECS")));
}

TEST(DemoSteps, NoticeAMissingOrRefusedMessage) {
    auto story = deployed({update("42")});
    story.messages[0] = {.at = {}, .invocation = {}, .payload = {}, .status = 400, .answer = "no_text"};
    EXPECT_THAT(surprises(story, kExpected), ElementsAre(HasSubstr("no_text")));
    story.messages.clear();
    EXPECT_THAT(surprises(story, kExpected), ElementsAre(HasSubstr("0 Slack messages")));
}

TEST(DemoSteps, NoticeAnotherEnding) {
    auto story = deployed({update("42")});
    story.ending.status = "failed";
    EXPECT_THAT(surprises(story, kExpected), Contains(HasSubstr("ended with failed")));
}

}  // namespace
}  // namespace ci_lambda::sandbox
