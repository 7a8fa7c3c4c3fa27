#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/slack/slack_inbox.hpp"
#include "sandbox/slack/slack_text.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::ElementsAre;

TEST(SlackInbox, JudgesPayloadsAsSlackDoes) {
    struct Payload {
        std::string payload;
        std::string answer;
    };
    const std::string long_text(3001, 'x');
    const std::vector<Payload> cases{
        {R"({"text":"hello"})", "ok"},
        {R"({"blocks":[{"type":"divider"}]})", "ok"},
        {R"({"blocks":[{"type":"section","text":{"type":"mrkdwn","text":"hi"}}]})", "ok"},
        {R"({"blocks":[{"type":"section","fields":[{"type":"mrkdwn","text":"hi"}]}]})", "ok"},
        {R"({"blocks":[{"type":"context","elements":[{"type":"mrkdwn","text":"hi"}]}]})", "ok"},
        {"", "invalid_payload"},
        {"text=hello", "invalid_payload"},
        {R"(["text"])", "invalid_payload"},
        {"{}", "no_text"},
        {R"({"text":""})", "no_text"},
        {R"({"text":7})", "no_text"},
        {R"({"blocks":[]})", "no_text"},
        {R"({"blocks":["x"]})", "invalid_blocks"},
        {R"({"blocks":[{"type":"section"}]})", "invalid_blocks"},
        {R"({"blocks":[{"type":"section","text":"bare"}]})", "invalid_blocks"},
        {R"({"blocks":[{"type":"section","text":{"type":"mrkdwn","text":""}}]})", "invalid_blocks"},
        {R"({"blocks":[{"type":"header","text":{"type":"mrkdwn","text":"hi"}}]})", "invalid_blocks"},
        {R"({"blocks":[{"type":"section","text":{"type":"mrkdwn","text":")" + long_text + R"("}}]})", "invalid_blocks"},
    };
    for (const auto& test : cases) {
        const auto answer = check_slack_payload(test.payload);
        EXPECT_EQ(answer.text, test.answer) << test.payload.substr(0, 100);
        EXPECT_EQ(answer.status, test.answer == "ok" ? 200 : 400);
    }
}

TEST(SlackText, RendersWhatAPersonReads) {
    const auto lines = render_slack(R"({"text":"fallback","blocks":[
        {"type":"section","text":{"type":"mrkdwn","text":":white_check_mark: *Deployment completed: api*"}},
        {"type":"section","fields":[{"type":"mrkdwn","text":"*Service*\napi"},{"type":"mrkdwn","text":"*Status*\ndone"}]},
        {"type":"section","text":{"type":"mrkdwn","text":"*Reason*\na &lt;b&gt; &amp; c"}},
        {"type":"context","elements":[{"type":"mrkdwn","text":"shop"}]}]})");
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0].kind, SlackLine::Kind::kTitle);
    EXPECT_THAT(lines[0].parts, ElementsAre("✅ Deployment completed: api"));
    EXPECT_EQ(lines[1].kind, SlackLine::Kind::kFields);
    EXPECT_THAT(lines[1].parts, ElementsAre("Service: api", "Status: done"));
    EXPECT_THAT(lines[2].parts, ElementsAre("Reason: a <b> & c"));
    EXPECT_EQ(lines[3].kind, SlackLine::Kind::kContext);
}

TEST(SlackText, ShowsButtonsAndLinksByTheirWords) {
    const auto lines = render_slack(R"({"blocks":[
        {"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Approve"}},
                                      {"type":"button","text":{"type":"plain_text","text":"Reject"}}]},
        {"type":"context","elements":[
            {"type":"mrkdwn","text":"<https://x.example/?a=1|Show the request>, where its code is *7K3QX* &lt;https://b|c&gt;"}]},
        {"type":"context","elements":[{"type":"mrkdwn","text":"<https://x.example/|"}]}]})");
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_THAT(lines[0].parts, ElementsAre("[Approve]  [Reject]"));
    EXPECT_THAT(lines[1].parts, ElementsAre("Show the request, where its code is *7K3QX* <https://b|c>"));
    EXPECT_THAT(lines[2].parts, ElementsAre("<https://x.example/|"));
}

TEST(SlackText, RendersALineForEachService) {
    const auto lines = render_slack(R"({"blocks":[{"type":"section","text":{"type":"mrkdwn",
        "text":":x: worker: could not start: *\u00ADno*\n:information_source: api: started"}}]})");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].kind, SlackLine::Kind::kText);
    EXPECT_THAT(lines[0].parts, ElementsAre("❌ worker: could not start: *no*\nℹ️  api: started"));
}

TEST(SlackText, FallsBackToTheTextAndThenToThePayload) {
    EXPECT_THAT(render_slack(R"({"text":"hello"})").at(0).parts, ElementsAre("hello"));
    EXPECT_THAT(render_slack("no message").at(0).parts, ElementsAre("no message"));
}

}  // namespace
}  // namespace ci_lambda::sandbox
