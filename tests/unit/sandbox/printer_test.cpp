#include "sandbox/printer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kEscape = '\033';

Story rich_story() {
    return {
        .number = 1,
        .title = "A title",
        .event = "{}",
        .explanation = {.kind = "ECR Image Action (aws.ecr)",
                        .facts = {{"image", "shop_service_api:\033[31mred\u009b31m"}},
                        .verdict = Verdict::kDeploy,
                        .headline = "deploy api",
                        .reasons = {"because \033]0;title\a an image was pushed"}},
        .calls = {EcsCall{.at = {},
                          .caller = "AKIA",
                          .invocation = "i",
                          .operation = "UpdateService",
                          .request = R"({"service":"shop_service_api_dev","taskDefinition":"a/shop:42"})",
                          .status = 200,
                          .response = R"({"service":{"deployments":[{"id":"ecs-svc/1"}]}})"}},
        .messages = {SlackMessage{
            .at = {}, .invocation = "i", .payload = R"({"text":":x: \u001b[1mbold"})", .status = 200, .answer = "ok"}},
        .ending = {.ok = false, .status = "Function.X", .detail = "bad \033[0m", .took = Milliseconds{7}}};
}

std::string printed(bool color) {
    std::ostringstream out;
    Printer printer(out, color);
    printer.ready(1234);
    printer.welcome(1234);
    printer.demo_title();
    printer.story(rich_story());
    printer.problems({"\033[31mproblem"});
    printer.notice("a\nb\033[31m");
    printer.log("{\033[31m}");
    printer.totals({.events = 1, .deployments = 1, .messages = 1, .surprises = 0, .took = Milliseconds{5}});
    return out.str();
}

TEST(Printer, WritesNoEscapeCodeWithoutColour) {
    const std::string text = printed(false);
    EXPECT_EQ(text.find(kEscape), std::string::npos) << text;
    EXPECT_EQ(text.find("\u009b"), std::string::npos) << "the one-character form of an escape code";
}

TEST(Printer, WithColourTheOnlyEscapeCodesAreItsOwn) {
    const std::string text = printed(true);
    EXPECT_THAT(text, HasSubstr("\033["));
    EXPECT_THAT(text, Not(HasSubstr("\033]0;")));
    EXPECT_THAT(text, Not(HasSubstr("api:\033[31m")));
}

TEST(Printer, TellsAllFourPartsOfAStory) {
    const std::string text = printed(false);
    for (const auto* const part :
         {"A title", "ECR Image Action", "shop_service_api:", "deploy api", "an image was pushed", "UpdateService",
          "→ :42", "ecs-svc/1", "❌", "✗ Function.X in 7 ms"})
        EXPECT_THAT(text, HasSubstr(part));
}

TEST(Printer, SaysReadyFirst) { EXPECT_TRUE(printed(false).starts_with("sandbox: ready at http://127.0.0.1:1234\n")); }

TEST(Printer, KeepsLinesWithinAboutAHundredColumns) {
    auto story = rich_story();
    story.explanation.reasons = {std::string(300, 'w'), "short words " + std::string(200, ' ') + "and more"};
    story.calls.push_back(story.calls.front());
    story.calls.back().operation = "CreateService";
    story.calls.back().request = std::string(500, 'r');
    std::ostringstream out;
    Printer(out, false).story(story);
    for (const auto& line : split(out.str(), '\n')) EXPECT_EQ(truncate_utf8(line, 102), line);
}

}  // namespace
}  // namespace ci_lambda::sandbox
