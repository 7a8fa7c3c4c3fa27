#include "sandbox/terminal/printer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
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
                        .verdict = DecisionView::Kind::kDeploy,
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
    Printer printer(out, {.color = color});
    printer.ready(1234);
    printer.welcome(1234, "build/ci_lambda");
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

std::size_t columns(const std::string& line) {
    return static_cast<std::size_t>(
        std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// A story in which everything is too long for a line, made of letters that occur nowhere else.
Story long_story() {
    auto story = rich_story();
    story.title = "An env file that two services use, as S3 itself tells it, and a little more than that";
    story.explanation.facts = {{"image", std::string(230, 'Q')}};
    story.explanation.reasons = {std::string(300, 'K'), "short words " + std::string(200, ' ') + "and more"};
    story.calls.push_back(story.calls.front());
    story.calls.back().operation = "ListServiceDeployments";
    story.calls.push_back(story.calls.front());
    story.calls.back().operation = "CreateService";
    story.calls.back().request = std::string(500, 'Z');
    story.messages.front().payload = R"({"text":")" + std::string(400, 'J') + R"("})";
    story.ending.detail = std::string(250, 'V');
    return story;
}

class PrinterOfWidth : public ::testing::TestWithParam<std::size_t> {};

TEST_P(PrinterOfWidth, KeepsLinesWithinTheWidthAndCutsNothing) {
    const auto width = GetParam();
    std::ostringstream out;
    Printer printer(out, {.color = false, .width = width});
    printer.demo_title();
    printer.story(long_story());
    printer.problems({std::string(200, 'p')});
    printer.totals({.events = 10, .deployments = 7, .messages = 9, .surprises = 0, .took = Milliseconds{166}});
    const std::string text = out.str();
    for (const auto& line : split(text, '\n')) EXPECT_LE(columns(line), width) << line;
    for (const auto& [letter, times] : std::map<char, int>{{'Q', 230}, {'K', 300}, {'Z', 500}, {'J', 400}, {'V', 250}})
        EXPECT_EQ(std::ranges::count(text, letter), times) << letter;
    EXPECT_THAT(text, HasSubstr("ListServiceDeployments"));
    EXPECT_THAT(text, HasSubstr("ECR Image Action (aws.ecr)"));
    EXPECT_THAT(text, Not(HasSubstr("…")));
}

INSTANTIATE_TEST_SUITE_P(Printer, PrinterOfWidth, ::testing::Values(60U, 80U, 100U));

TEST(Printer, PutsWhatACallBroughtBelowItWhereThereIsNoRoomBesideIt) {
    std::ostringstream wide;
    Printer(wide, {.color = false, .width = 100}).story(rich_story());
    EXPECT_THAT(wide.str(), HasSubstr("UpdateService  shop_service_api_dev → :42   ecs-svc/1\n"));
    auto story = rich_story();
    story.calls.front().response = R"({"service":{"deployments":[{"id":"ecs-svc/8308034302554989192"}]}})";
    std::ostringstream narrow;
    Printer(narrow, {.color = false, .width = 60}).story(story);
    EXPECT_THAT(narrow.str(), HasSubstr("UpdateService  shop_service_api_dev → :42\n"));
    EXPECT_THAT(narrow.str(), HasSubstr("    ecs-svc/8308034302554989192\n"));
}

TEST(Printer, TellsTheCallsOfEachTargetTogether) {
    auto story = rich_story();
    auto call = story.calls.front();
    story.calls.clear();
    for (const auto* const target : {"us", "eu-west-1", "us"}) {
        call.target = target;
        call.status = call.target == "eu-west-1" ? 0 : 200;
        story.calls.push_back(call);
    }
    std::ostringstream out;
    Printer(out, {.color = false, .width = 100}).story(story);
    const auto text = out.str();
    const auto eu = text.find("in eu-west-1\n");
    const auto us = text.find("in us\n");
    ASSERT_NE(eu, std::string::npos) << text;
    EXPECT_LT(text.find("no answer: the connection was closed"), us);
    EXPECT_LT(eu, us);
    EXPECT_EQ(text.find("in us\n", us + 1), std::string::npos) << "once";
    EXPECT_EQ(printed(false).find("    in "), std::string::npos) << "nothing of it where there is one target";
}

TEST(Printer, TakesWhatIsNoTerminalForWidePaper) { EXPECT_EQ(paper_of(-1, false).width, 100U); }

}  // namespace
}  // namespace ci_lambda::sandbox
