#include "services/slack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Notification full() {
    return {.type = NotificationType::kInfo,
            .title = "Deployment started: api",
            .project = "shop",
            .environment = "dev",
            .service = "api",
            .status = "started",
            .deployment_id = "ecs-svc/123",
            .task_definition = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:42",
            .reason = "image shop_service_api:v7 was pushed"};
}

Json message(const Notification& notification) { return *parse_json(slack_message(notification)); }

std::size_t code_points(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

TEST(SlackMessage, TellsTheWholeStory) {
    const auto json = message(full());
    EXPECT_EQ(json["text"], ":information_source: Deployment started: api [dev]: image shop_service_api:v7 was pushed");
    const auto& blocks = json["blocks"];
    ASSERT_TRUE(blocks.is_array());
    EXPECT_EQ(blocks[0]["text"]["text"], ":information_source: *Deployment started: api*");
    std::vector<std::string> fields;
    for (const auto& field : blocks[1]["fields"]) fields.push_back(field["text"]);
    EXPECT_THAT(fields, ElementsAre("*Environment*\ndev", "*Service*\napi", "*Status*\nstarted",
                                    "*Deployment*\necs-svc/123", "*Task definition*\nshop_service_api_dev:42"));
    EXPECT_EQ(blocks[2]["text"]["text"], "*Reason*\nimage shop_service_api:v7 was pushed");
    ASSERT_TRUE(blocks[3]["elements"].is_array());
    EXPECT_EQ(blocks[3]["elements"][0]["text"], "shop · ci_lambda");
}

TEST(SlackMessage, SaysWhoTriggeredADeploymentAndHowLongItTook) {
    auto notification = full();
    notification.started_because = "image <b> was pushed";
    notification.took = "3 min 20 s";
    const auto json = message(notification);
    std::vector<std::string> fields;
    for (const auto& field : json["blocks"][1]["fields"]) fields.push_back(field["text"]);
    EXPECT_THAT(fields,
                ::testing::IsSupersetOf({"*Started because*\nimage &lt;b&gt; was pushed", "*Took*\n3 min 20 s"}));
}

TEST(SlackMessage, ShowsEachTypeWithItsEmoji) {
    const std::vector<std::pair<NotificationType, std::string>> table{
        {NotificationType::kSuccess, ":white_check_mark:"},
        {NotificationType::kError, ":x:"},
        {NotificationType::kInfo, ":information_source:"},
        {NotificationType::kWarning, ":warning:"}};
    for (const auto& [type, emoji] : table) {
        auto notification = full();
        notification.type = type;
        EXPECT_THAT(message(notification)["text"].get<std::string>(), ::testing::StartsWith(emoji + " "));
    }
}

TEST(SlackMessage, LeavesOutWhatIsNotKnown) {
    const auto text = slack_message({.title = "t", .environment = "dev", .service = "api", .status = "failed"});
    EXPECT_THAT(text, Not(HasSubstr("Deployment*")));
    EXPECT_THAT(text, Not(HasSubstr("Reason")));
}

TEST(SlackMessage, EscapesEventTextSoThatItCannotMentionAnybody) {
    auto notification = full();
    notification.reason = "<!channel> a & b > c";
    const auto json = message(notification);
    EXPECT_EQ(json["blocks"][2]["text"]["text"], "*Reason*\n&lt;!channel&gt; a &amp; b &gt; c");
    EXPECT_THAT(json["text"].get<std::string>(), Not(HasSubstr("<!channel>")));
}

TEST(SlackMessage, KeepsEveryTextWithinSlacksLimitsAndNeverCutsAnEntity) {
    auto notification = full();
    for (const std::string unit : {"&", "<", "x", "\xC3\xA9", "\xF0\x9F\x9A\x80&"}) {
        std::string huge;
        while (huge.size() < 20000) huge += unit;
        notification.title = notification.reason.emplace(huge);
        notification.environment = notification.service = notification.status = huge;
        notification.deployment_id = huge;
        const auto json = message(notification);
        for (const auto& block : json["blocks"]) {
            if (block.contains("text")) {
                const std::string text = block["text"]["text"];
                EXPECT_LE(code_points(text), 3000U);
                EXPECT_GT(code_points(text), 2900U);
                // What ends in an unfinished entity has an ampersand with no semicolon after it.
                const auto last = text.rfind('&');
                EXPECT_TRUE(last == std::string::npos || text.find(';', last) != std::string::npos);
            }
            for (const auto& field : block.value("fields", Json::array()))
                EXPECT_LE(code_points(field["text"].get<std::string>()), 2000U);
        }
    }
}

TEST(SlackMessage, SurvivesTextThatIsNotUtf8) {
    auto notification = full();
    notification.reason = "bad \xFF\xC3 bytes";
    EXPECT_THAT(parse_json(slack_message(notification)), IsOk());
}

class SlackChannelTest : public ::testing::Test {
protected:
    Status deliver(Milliseconds budget = Milliseconds{4000}) {
        return channel_.deliver(full(), Deadline::after(clock_, budget));
    }

    FakeHttp http_;
    FakeClock clock_;
    FakeSleeper sleeper_{clock_};
    SlackChannel channel_{Secret("https://hooks.slack.com/services/T/B/secret"), http_, clock_, sleeper_};
};

TEST_F(SlackChannelTest, PostsJsonToTheWebhook) {
    http_.then(200, "ok");
    EXPECT_THAT(deliver(), IsOk());
    const auto sent = http_.requests().front();
    EXPECT_EQ(sent.method, "POST");
    EXPECT_EQ(sent.url.reveal(), "https://hooks.slack.com/services/T/B/secret");
    EXPECT_EQ(sent.body, slack_message(full()));
    EXPECT_FALSE(sent.idempotent);
    EXPECT_FALSE(sent.signing);
}

TEST_F(SlackChannelTest, ObeysRetryAfter) {
    http_.then(429, "", {{"Retry-After", "2"}}).then(200, "ok");
    EXPECT_THAT(deliver(), IsOk());
    EXPECT_THAT(sleeper_.slept(), ElementsAre(Milliseconds{2000}));
}

TEST_F(SlackChannelTest, GivesUpWhenSlackAsksForMoreTimeThanThereIs) {
    for (const std::string pause : {"30", "99999999999999999999", "18446744073709551615"}) {
        FakeHttp http;
        http.then(429, "", {{"Retry-After", pause}});
        SlackChannel channel(Secret("https://x/y"), http, clock_, sleeper_);
        const auto status = channel.deliver(full(), Deadline::after(clock_, Milliseconds{900}));
        EXPECT_THAT(status, IsErr(ErrorKind::kDeadline, HasSubstr("pause"))) << pause;
        EXPECT_THAT(http.requests(), SizeIs(1));
    }
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
}

TEST_F(SlackChannelTest, LetsTheNextMessageWaitForAPauseToo) {
    http_.then(429, "", {{"Retry-After", "1"}}).then(200, "ok");
    (void)deliver(Milliseconds{500});
    EXPECT_THAT(deliver(), IsOk());
    EXPECT_THAT(sleeper_.slept(), ElementsAre(Milliseconds{1000}));
}

TEST_F(SlackChannelTest, TriesServerErrorsAgainBriefly) {
    http_.then(500, "rollup_error").then(503, "").then(200, "ok");
    EXPECT_THAT(deliver(), IsOk());
    EXPECT_THAT(sleeper_.slept(), ElementsAre(Milliseconds{300}, Milliseconds{600}));
}

TEST_F(SlackChannelTest, StopsAfterAFewServerErrors) {
    http_.then(500, "rollup_error");
    EXPECT_THAT(deliver(), IsErr(ErrorKind::kServer, HasSubstr("rollup_error")));
    EXPECT_THAT(http_.requests(), SizeIs(3));
}

TEST_F(SlackChannelTest, DoesNotRepeatWhatSlackMayHavePosted) {
    http_.then_fail({.kind = ErrorKind::kTimeout, .message = "no answer", .maybe_done = true});
    EXPECT_THAT(deliver(), IsErr(ErrorKind::kTimeout, HasSubstr("no answer")));
    EXPECT_THAT(http_.requests(), SizeIs(1));
}

TEST_F(SlackChannelTest, TriesAgainWhatNeverReachedSlack) {
    http_.then_fail({.kind = ErrorKind::kConnection, .message = "refused"}).then(200, "ok");
    EXPECT_THAT(deliver(), IsOk());
}

TEST_F(SlackChannelTest, SaysWhatSlackSaidAndHintsAtADeadWebhook) {
    http_.then(404, "no_service");
    EXPECT_THAT(deliver(), IsErr(ErrorKind::kRejected,
                                 ::testing::AllOf(HasSubstr("404 no_service"), HasSubstr("SLACK_WEBHOOK_URL"))));
    EXPECT_THAT(http_.requests(), SizeIs(1));
}

}  // namespace
}  // namespace ci_lambda::testing
