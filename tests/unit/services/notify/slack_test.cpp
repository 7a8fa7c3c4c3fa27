#include "services/notify/slack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
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

Announcement alone(const Notification& notification) {
    return {.type = notification.type, .title = notification.title, .parts = {notification}};
}

Json message(const Announcement& announcement) { return *parse_json(slack_message(announcement)); }
Json message(const Notification& notification) { return message(alone(notification)); }

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
    const auto text = slack_message(alone({.title = "t", .environment = "dev", .service = "api", .status = "failed"}));
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
    EXPECT_THAT(parse_json(slack_message(alone(notification))), IsOk());
}

TEST(SlackMessage, ShowsTheTextsOfOthersAsTheyAre) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"shop_service_api_dev:42", "shop_service_api_dev:42"},
        {"2 * 3 = 6, a~b", "2 * 3 = 6, a~b"},
        {"*bold* and _slanted_", "*\u00ADbold* and _\u00ADslanted_"},
        {"(~struck~)", "(~\u00ADstruck~)"},
        {"`code`", "\u02CBcode\u02CB"},
        {"a\n> quoted", "a\n\u00AD> quoted"}};
    for (const auto& [text, literal] : table) EXPECT_EQ(slack_literal(text), literal);
    auto notification = full();
    notification.title = "Deployment *failed*: api";
    notification.reason = "*x* <!here> https://example.com #general @here";
    const auto json = message(notification);
    EXPECT_EQ(json["blocks"][0]["text"]["text"], ":information_source: *Deployment \u2217failed\u2217: api*");
    EXPECT_EQ(json["blocks"][2]["text"]["text"],
              "*Reason*\n*\u00ADx* &lt;!here&gt; https://example.com #general @here");
    for (const auto& block : json["blocks"]) {
        auto texts = block.value("fields", block.value("elements", Json::array()));
        if (block.contains("text")) texts.push_back(block["text"]);
        for (const auto& text : texts) EXPECT_EQ(text["verbatim"], true) << "no links and no mentions: " << text;
    }
}

TEST(SlackMessage, NamesEcsOwnEvent) {
    auto notification = full();
    notification.ecs_event = "SERVICE_TASK_START_IMPAIRED";
    EXPECT_THAT(slack_message(alone(notification)), HasSubstr(R"(*ECS event*\nSERVICE_TASK_START_IMPAIRED)"));
}

TEST(SlackMessage, SaysHowManyBeforeItWereLost) {
    auto announcement = alone(full());
    EXPECT_THAT(message(announcement)["blocks"][3]["elements"], SizeIs(1));
    announcement.lost_before = 1;
    EXPECT_EQ(message(announcement)["blocks"][3]["elements"][1]["text"],
              "a message before this one may not have arrived; the log has it");
    announcement.lost_before = 3;
    EXPECT_EQ(message(announcement)["blocks"][3]["elements"][1]["text"],
              "3 messages before this one may not have arrived; the log has them");
}

/// So many errors, with a reason of so many characters, and so many that started.
Announcement of_many(int errors, std::size_t error_length, int started) {
    Announcement announcement{.type = NotificationType::kError, .title = "Deployments"};
    const auto add = [&](NotificationType type, const std::string& text) {
        announcement.parts.push_back(full());
        announcement.lines.push_back({.type = type, .text = text});
    };
    for (int i = 0; i < errors; ++i)
        add(NotificationType::kError, "bad" + std::to_string(i) + ": " + std::string(error_length, 'x'));
    for (int i = 0; i < started; ++i)
        add(NotificationType::kInfo, "s" + std::to_string(i) +
                                         ": started, ecs-svc/1234567890123456789, shop_service_s" + std::to_string(i) +
                                         "_dev:42");
    announcement.reason = "a file changed";
    return announcement;
}

/// The lines, once what Slack would refuse is checked.
std::vector<std::string> lines_of(const Announcement& announcement) {
    const auto json = message(announcement);
    std::size_t total = 0;
    std::vector<std::string> lines;
    EXPECT_LE(json["blocks"].size(), 50U);
    for (const auto& block : json["blocks"]) {
        if (!block.contains("text")) continue;
        const std::string text = block["text"]["text"];
        EXPECT_LE(code_points(text), 3000U);
        total += code_points(text);
        for (auto& line : split(text, '\n')) lines.push_back(std::move(line));
    }
    EXPECT_LE(total, 12'000U) << "msg_blocks_too_long";
    return lines;
}

TEST(SlackMessage, GivesEachOfSeveralServicesALineWithTheErrorsInFull) {
    const auto lines = lines_of(of_many(2, 400, 28));
    ASSERT_THAT(lines, SizeIs(1 + 30 + 2)) << "the title, the services, why";
    EXPECT_EQ(lines[1], ":x: bad0: " + std::string(400, 'x'));
    EXPECT_EQ(lines[3], ":information_source: s0: started, ecs-svc/1234567890123456789, shop_service_s0_dev:42");
    EXPECT_THAT(lines.back(), "a file changed");
    EXPECT_EQ(message(of_many(2, 3, 1))["text"].get<std::string>().substr(0, 50),
              ":x: Deployments [dev]: bad0: xxx; bad1: xxx; s0: s");
}

TEST(SlackMessage, KeepsEveryErrorThatFitsAndCountsTheRest) {
    const auto has = [](const std::vector<std::string>& lines, const std::string& begin) {
        return std::ranges::count_if(lines, [&](const std::string& line) { return line.starts_with(begin); });
    };
    const auto shorter = lines_of(of_many(40, 2000, 100));
    EXPECT_EQ(has(shorter, ":x: bad"), 40) << "shorter, but all of them";
    EXPECT_EQ(has(shorter, "and "), 1);
    const auto started = has(shorter, ":information_source: s");
    EXPECT_EQ(has(shorter, "and " + std::to_string(100 - started) + " more"), 1);
    const auto too_many = lines_of(of_many(200, 2000, 100));
    const auto errors = has(too_many, ":x: bad");
    EXPECT_GT(errors, 50);
    EXPECT_EQ(has(too_many,
                  "and " + std::to_string(300 - errors) + " more, " + std::to_string(200 - errors) + " of them errors"),
              1);
}

Notification that_failed(std::vector<std::string> lines) {
    auto notification = full();
    notification.type = NotificationType::kError;
    notification.excerpt = {.title = "last words of the container app (exit code 1)", .lines = std::move(lines)};
    return notification;
}

/// The text of the code blocks.
std::vector<std::string> code_blocks(const Json& json) {
    std::vector<std::string> blocks;
    for (const auto& block : json["blocks"])
        if (block.contains("text") && block["text"]["text"].get<std::string>().contains("```"))
            blocks.push_back(block["text"]["text"]);
    return blocks;
}

TEST(SlackMessage, ShowsTheLastWordsOfAContainerBelowTheReason) {
    const auto json = message(that_failed({"listening on :8080", "fatal: *no* `db` <!channel> @here & co"}));
    EXPECT_EQ(json["blocks"][2]["text"]["text"], "*Reason*\nimage shop_service_api:v7 was pushed");
    EXPECT_EQ(json["blocks"][3]["text"]["text"],
              "*Last words of the container app (exit code 1)*\n```\nlistening on :8080\n"
              "fatal: *no* \u02CBdb\u02CB &lt;!channel&gt; @here &amp; co\n```");
    EXPECT_EQ(json["blocks"][3]["text"]["verbatim"], true);
    EXPECT_THAT(code_blocks(message(that_failed({}))), IsEmpty());
    EXPECT_THAT(code_blocks(message(full())), IsEmpty());
}

TEST(SlackMessage, CutsLastWordsToTheLastLinesThatFit) {
    std::vector<std::string> lines;
    for (int i = 0; i < 100; ++i) lines.push_back(std::to_string(i) + ": " + std::string(90, '<'));
    auto notification = that_failed(lines);
    notification.reason = std::string(4000, 'r');
    const auto json = message(notification);
    std::size_t total = 0;
    for (const auto& block : json["blocks"]) {
        if (!block.contains("text")) continue;
        const std::string text = block["text"]["text"];
        EXPECT_LE(code_points(text), 3000U);
        total += code_points(text);
    }
    EXPECT_LE(total, 12'500U);
    const auto blocks = code_blocks(json);
    ASSERT_THAT(blocks, SizeIs(1));
    EXPECT_THAT(blocks[0], ::testing::AllOf(HasSubstr("\n99: &lt;"), ::testing::EndsWith("&lt;\n```")));
    EXPECT_THAT(blocks[0], Not(HasSubstr("\n10: ")));
}

TEST(SlackMessage, ShowsTheLastWordsOfSeveralServicesWhereThereIsRoom) {
    auto announcement = of_many(3, 100, 0);
    for (auto& part : announcement.parts) {
        part.excerpt = that_failed({std::string(80, 'x'), "the end"}).excerpt;
    }
    EXPECT_THAT(code_blocks(message(announcement)), SizeIs(3));
    EXPECT_THAT(code_blocks(message(announcement))[0],
                ::testing::StartsWith("*api: last words of the container app (exit code 1)*\n```\n"));
    auto many = of_many(60, 2000, 100);
    for (auto& part : many.parts) part.excerpt = that_failed({std::string(380, 'x'), "the end"}).excerpt;
    std::size_t total = 0;
    const auto json = message(many);
    EXPECT_LE(json["blocks"].size(), 50U);
    for (const auto& block : json["blocks"])
        if (block.contains("text")) total += code_points(block["text"]["text"].get<std::string>());
    EXPECT_LE(total, 13'000U) << "msg_blocks_too_long";
}

Notification asking(std::string token = "ca1.abc.def") {
    auto notification = full();
    notification.title = "Approval wanted: api";
    notification.approval = ApprovalPrompt{.id = "0123abcd",
                                           .token = std::move(token),
                                           .page = "https://x.example/approve?t=ca1.abc.def",
                                           .code = "7K3QX-9WMPT"};
    return notification;
}

Json asked(const Notification& notification, bool with_buttons = true) {
    return *parse_json(slack_message(alone(notification), {.buttons = with_buttons}));
}

Json block_of_type(const Json& message_json, const std::string& type) {
    for (const auto& block : message_json["blocks"])
        if (block["type"] == type) return block;
    return {};
}

TEST(SlackApproval, HasAButtonForEitherAnswer) {
    const auto json = asked(asking());
    const auto actions = block_of_type(json, "actions");
    EXPECT_EQ(actions["block_id"], "approval:0123abcd");
    ASSERT_EQ(actions["elements"].size(), 2U);
    const auto& approve = actions["elements"][0];
    EXPECT_EQ(approve["type"], "button");
    EXPECT_EQ(approve["action_id"], "approve");
    EXPECT_EQ(approve["style"], "primary");
    EXPECT_EQ(approve["value"], "ca1.abc.def");
    EXPECT_EQ(approve["text"], (Json{{"type", "plain_text"}, {"text", "Approve"}}));
    EXPECT_FALSE(approve.contains("confirm"));
    const auto& reject = actions["elements"][1];
    EXPECT_EQ(reject["action_id"], "reject");
    EXPECT_EQ(reject["style"], "danger");
    EXPECT_EQ(reject["value"], "ca1.abc.def");
    EXPECT_EQ(reject["confirm"]["confirm"]["text"], "Reject");
    EXPECT_EQ(json["unfurl_links"], false) << "Slack need not open the page";
    EXPECT_EQ(json["unfurl_media"], false);
    EXPECT_THAT(dump_json(json), HasSubstr("<https://x.example/approve?t=ca1.abc.def|Show the request>, where its code "
                                           "is *7K3QX-9WMPT*"));
    EXPECT_FALSE(message(full()).contains("unfurl_links")) << "what asks nothing is as it was";
}

TEST(SlackApproval, SaysHowToAnswerWhereThereAreNoButtons) {
    for (const auto& [token, with_buttons, words] :
         {std::tuple(std::string("ca1.abc.def"), false, "To approve it: `ci_lambda approve ca1.abc.def`"),
          std::tuple(std::string(2000, 'a'), true, ""),
          std::tuple(std::string(2001, 'a'), true, "To approve it: `ci_lambda approve aaaa"),
          std::tuple(std::string(2901, 'a'), true, "`ci_lambda approvals` has it as `0123abcd`")}) {
        const auto json = asked(asking(token), with_buttons);
        EXPECT_EQ(block_of_type(json, "actions").is_null(), words[0] != '\0') << token.size();
        EXPECT_THAT(dump_json(json), HasSubstr(words));
        for (const auto& block : json["blocks"])
            if (block["type"] == "section" && block.contains("text")) {
                EXPECT_LE(code_points(block["text"]["text"].get<std::string>()), 3000U);
            }
    }
}

TEST(SlackApproval, HasNoLinkWhereThereIsNoPageOrItIsNone) {
    for (const auto* page : {"", "https://x.example/a|b", "https://x.example/>", "https://x.example/ x"}) {
        auto notification = asking();
        notification.approval->page = page;
        EXPECT_THAT(dump_json(asked(notification)), Not(HasSubstr("Show the request"))) << page;
    }
    auto notification = asking();
    notification.approval->page = "https://x.example/" + std::string(2000, 'a');
    EXPECT_THAT(dump_json(asked(notification)), Not(HasSubstr("Show the request")));
    notification = asking();
    notification.approval->code.clear();
    EXPECT_THAT(dump_json(asked(notification)), Not(HasSubstr("code")));
}

TEST(SlackApproval, SaysWhoHasDecidedInThePlaceOfTheButtons) {
    auto notification = asking();
    notification.approval->decided = "approved by <!channel> (Slack) at 14:32 UTC";
    const auto json = *parse_json(slack_replacement(alone(notification)));
    EXPECT_EQ(json["replace_original"], true);
    EXPECT_TRUE(block_of_type(json, "actions").is_null());
    EXPECT_THAT(dump_json(json), HasSubstr("approved by &lt;!channel&gt; (Slack) at 14:32 UTC"));
    EXPECT_THAT(dump_json(json), Not(HasSubstr("ca1.abc.def"))) << "nothing is left to answer with";
    EXPECT_THAT(dump_json(json), HasSubstr("shop_service_api_dev:42")) << "what was asked stays to be read";
}

TEST(SlackApproval, AsksForAFewServicesInOneMessage) {
    Announcement several{.type = NotificationType::kInfo, .title = "Approvals wanted", .parts = {}};
    for (int i = 0; i < 5; ++i) {
        several.parts.push_back(asking());
        several.lines.push_back({.type = NotificationType::kInfo, .text = "api: waits"});
    }
    const auto json = *parse_json(slack_message(several, {.buttons = true}));
    EXPECT_EQ(std::ranges::count_if(json["blocks"], [](const Json& block) { return block["type"] == "actions"; }), 3);
    EXPECT_THAT(dump_json(json), HasSubstr("`ci_lambda approvals` has those that do not fit"));
    EXPECT_LE(json["blocks"].size(), 50U);
}

class SlackChannelTest : public ::testing::Test {
protected:
    Result<NotificationChannel::Answer> deliver(Milliseconds budget = Milliseconds{4000}) {
        return channel_.deliver(alone(full()), Deadline::after(clock_, budget));
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
    EXPECT_EQ(sent.body, slack_message(alone(full())));
    EXPECT_FALSE(sent.idempotent);
    EXPECT_FALSE(sent.signing);
}

TEST_F(SlackChannelTest, HandsOnWhenSlackWantsToBeAskedAgain) {
    const std::vector<std::pair<std::string, Milliseconds>> table{{"2", Milliseconds{2000}},
                                                                  {"0", Milliseconds{100}},
                                                                  {"soon", Milliseconds{1000}},
                                                                  {"99999999999999999999", Milliseconds{1000}},
                                                                  {"18446744073709551615", Milliseconds{3'600'000}}};
    for (const auto& [header, pause] : table) {
        FakeHttp http;
        http.then(429, "", {{"Retry-After", header}});
        SlackChannel channel(Secret("https://x/y"), http, clock_, sleeper_);
        const auto answer = channel.deliver(alone(full()), Deadline::after(clock_, Milliseconds{900}));
        ASSERT_THAT(answer, IsOk());
        EXPECT_EQ(answer->come_again_after, pause) << header;
        EXPECT_THAT(http.requests(), SizeIs(1));
    }
    EXPECT_THAT(sleeper_.slept(), IsEmpty());
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
    http_.then_fail({.kind = ErrorKind::kTimeout, .message = "no answer", .outcome_unknown = true});
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
