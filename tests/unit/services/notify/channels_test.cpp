#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "services/notify/discord.hpp"
#include "services/notify/message_text.hpp"
#include "services/notify/pager_duty.hpp"
#include "services/notify/posting.hpp"
#include "services/notify/teams.hpp"
#include "services/notify/webhook.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"
#include "unit/services/notify/samples.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kUrl = "https://hooks.example/api/webhooks/1234567890/secret-token?sig=0123456789abcdef";
/// The key of the convention's own test vector.
constexpr const char* kKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

struct ChannelWorld {
    FakeHttp http;
    FakeClock clock;
    FakeSleeper sleeper{clock};
    ChannelTools tools{.http = http, .clock = clock, .sleeper = sleeper};
    [[nodiscard]] Deadline soon() const { return Deadline::after(clock, Milliseconds{4000}); }
};

class PostingTest : public ::testing::Test {
protected:
    Result<NotificationChannel::Answer> send(bool has_key, Milliseconds budget = Milliseconds{4000}) {
        const Secret url(kUrl);
        const std::string body = "{}";
        return post({.to = "Teams",
                     .log_name = "teams webhook",
                     .url = url,
                     .body = body,
                     .secrets = {Secret("routing")},
                     .has_key = has_key,
                     .way_out = "make a new one"},
                    world_.tools, Deadline::after(world_.clock, budget));
    }
    ChannelWorld world_;
};

TEST_F(PostingTest, TakesEverySuccess) {
    for (const int status : {200, 202, 204}) {
        world_.http.then(status, "");
        EXPECT_THAT(send(false), IsOk()) << status;
    }
}

TEST_F(PostingTest, RepeatsWhatMayHaveArrivedOnlyWithAKey) {
    world_.http.then_fail({.kind = ErrorKind::kTimeout, .message = "no answer", .outcome_unknown = true});
    EXPECT_THAT(send(false), IsErr(ErrorKind::kTimeout, "no answer"));
    EXPECT_THAT(world_.http.requests(), SizeIs(1));
    EXPECT_THAT(send(true), IsErr(ErrorKind::kTimeout, "no answer"));
    EXPECT_THAT(world_.http.requests(), SizeIs(4));
    EXPECT_THAT(world_.sleeper.slept(), ElementsAre(Milliseconds{300}, Milliseconds{600}));
}

TEST_F(PostingTest, StopsBeforeTheDeadline) {
    world_.http.then(500, "");
    EXPECT_THAT(send(true, Milliseconds{800}), IsErr(ErrorKind::kServer, HasSubstr("500")));
    EXPECT_THAT(world_.sleeper.slept(), ElementsAre(Milliseconds{300}));
}

TEST_F(PostingTest, HandsOnThePauseThatIsAskedFor) {
    const auto now = std::chrono::floor<std::chrono::seconds>(world_.clock.now());
    ASSERT_EQ(now.time_since_epoch().count(), 1'767'262'083);  // Thu, 01 Jan 2026 10:08:03 GMT
    const struct {
        std::string header;
        std::string body;
        Milliseconds pause;
    } cases[] = {{"2", "", Milliseconds{2000}},
                 {"", R"({"retry_after":0.75})", Milliseconds{750}},
                 {"1", R"({"message":"slow down","retry_after":1.5,"global":false})", Milliseconds{1500}},
                 {"3", R"({"retry_after":1.5})", Milliseconds{3000}},
                 {"Thu, 01 Jan 2026 10:08:13 GMT", "", Milliseconds{10'000}},
                 {"Thu, 01 Jan 2026 10:00:00 GMT", "", Milliseconds{100}},
                 {"", R"({"retry_after":1e300})", Milliseconds{3'600'000}},
                 {"", R"({"retry_after":-5})", Milliseconds{100}},
                 {"soon", "[1", Milliseconds{1000}}};
    for (const auto& [header, body, pause] : cases) {
        ChannelWorld world;
        world.http.then(429, body,
                        header.empty() ? std::vector<HttpHeader>{} : std::vector<HttpHeader>{{"Retry-After", header}});
        const Secret url(kUrl);
        const auto answer = post({.to = "x", .log_name = "x", .url = url, .body = body}, world.tools, world.soon());
        ASSERT_THAT(answer, IsOk());
        EXPECT_EQ(answer->come_again_after, pause) << header << body;
        EXPECT_THAT(world.http.requests(), SizeIs(1));
    }
}

TEST_F(PostingTest, HandsOnThePauseOfABusyReceiverThatKnowsTheMessageAgain) {
    world_.http.then(503, "", {{"Retry-After", "7"}});
    const auto answer = send(true);
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->come_again_after, Milliseconds{7000});
    EXPECT_THAT(send(false), IsErr(ErrorKind::kServer, HasSubstr("503"))) << "without a key as ever";
}

TEST_F(PostingTest, NeverRepeatsTheAddressOrASecretInAnError) {
    world_.http.then(404,
                     std::string("no route /api/webhooks/1234567890/secret-token?sig=0123456789abcdef, key routing"));
    EXPECT_THAT(send(true),
                IsErr(ErrorKind::kRejected, AllOf(HasSubstr("Teams answered 404 no route"), HasSubstr("make a new one"),
                                                  Not(HasSubstr("secret-token")), Not(HasSubstr("0123456789abcdef")),
                                                  Not(HasSubstr("1234567890")), Not(HasSubstr("routing")))));
}

TEST_F(PostingTest, FollowsNoRedirect) {
    world_.http.then(302, "", {{"Location", "https://elsewhere.example/"}});
    EXPECT_THAT(send(true), IsErr(ErrorKind::kRejected, AllOf(HasSubstr("302"), HasSubstr("redirect"))));
    EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

TEST(MarkdownLiteral, EscapesWhatIsSpecialAndWhatBeginsABlock) {
    EXPECT_EQ(markdown_literal("a*b_c", "*_"), R"(a\*b\_c)");
    EXPECT_EQ(markdown_literal("- a - b\n# c\n  + d\n12. e 1. f", ""), "\\- a - b\n\\# c\n  \\+ d\n12\\. e 1. f");
    EXPECT_EQ(markdown_literal("a\x1B[0m\xE2\x80\xAE"
                               "b",
                               ""),
              "a [0m b")
        << "nothing acts on a terminal";
}

// Discord

Json discord(const Announcement& announcement) { return *parse_json(discord_message(announcement)); }

TEST(DiscordMessage, TellsTheWholeStoryAndMentionsNobody) {
    const auto json = discord(only(failed_api()));
    EXPECT_EQ(json["allowed_mentions"]["parse"], Json::array());
    const auto& embed = json["embeds"][0];
    EXPECT_EQ(embed["title"], "\u274C Deployment failed\\: api");
    EXPECT_EQ(embed["color"], 0xE01E5A);
    EXPECT_EQ(embed["fields"][1]["name"], "Service");
    EXPECT_EQ(embed["fields"][1]["value"], "api");
    EXPECT_EQ(embed["footer"]["text"], "shop · ci_lambda");
    EXPECT_EQ(embed["description"],
              "**Reason**\ntasks failed to start\n"
              "**Last words of the container app \\(exit code 1\\)**\n```\nlistening\n  fatal: *no* \u02CBdb\u02CB "
              "<!here>\n```\n"
              "[Service](<https://console.example/api(1)>)");
}

TEST(DiscordMessage, ShowsTheTextsOfOthersAsTheyAre) {
    auto notification = failed_api();
    notification.excerpt.reset();
    notification.links.clear();
    notification.reason = "<@1> @everyone **b** [x](https://e.example) ||s|| :100:\n# h\n> q";
    EXPECT_EQ(discord(only(notification))["embeds"][0]["description"],
              "**Reason**\n\\<\\@1\\> \\@everyone \\*\\*b\\*\\* \\[x\\]\\(https\\://e.example\\) \\|\\|s\\|\\| "
              "\\:100\\:\n\\# h\n\\> q");
}

void expect_within_discords_limits(const Json& json) {
    ASSERT_EQ(json["embeds"].size(), 1U);
    const auto& embed = json["embeds"][0];
    std::size_t total = 0;
    const auto check = [&](const Json& text, std::size_t limit) {
        const auto length = utf16_units(text.get<std::string>());
        EXPECT_GT(length, 0U);
        EXPECT_LE(length, limit);
        total += length;
    };
    check(embed["title"], 256);
    check(embed["footer"]["text"], 2048);
    if (embed.contains("description")) check(embed["description"], 4096);
    const auto fields = embed.value("fields", Json::array());
    EXPECT_LE(fields.size(), 25U);
    for (const auto& field : fields) {
        check(field["name"], 256);
        check(field["value"], 1024);
    }
    EXPECT_LE(total, 6000U);
}

TEST(DiscordMessage, KeepsErrorsAndCountsTheRest) {
    const auto json = discord(many(5, 300, 100));
    expect_within_discords_limits(json);
    const std::string text = json["embeds"][0]["description"];
    for (int i = 0; i < 5; ++i) EXPECT_THAT(text, HasSubstr("bad" + std::to_string(i)));
    EXPECT_THAT(text, ::testing::ContainsRegex("and [0-9]+ more"));
    EXPECT_THAT(discord(many(300, 0, 2000))["embeds"][0]["description"].get<std::string>(),
                ::testing::ContainsRegex("and ([0-9]+) more, ([0-9]+) of them errors"));
}

TEST(DiscordMessage, SaysHowToApprove) {
    const std::string text = discord(only(asking_api()))["embeds"][0]["description"];
    EXPECT_THAT(text, HasSubstr("To approve api\\: `ci_lambda approve ca1.abc.def`"));
    EXPECT_THAT(text, HasSubstr("(<https://x.example/approve?t=ca1.abc.def>)"));
    EXPECT_THAT(discord_message(only(asking_api(std::string(600, 'a')))), HasSubstr("ci_lambda approvals"));
}

TEST(DiscordChannel, WaitsForTheMessageAndAsksADeadWebhookNothingMore) {
    ChannelWorld world;
    DiscordChannel channel("team", Secret("https://discord.com/api/webhooks/1/x"), world.tools);
    world.http.then(200, "{}").then(404, R"({"message":"Unknown Webhook","code":10015})");
    EXPECT_THAT(channel.deliver(only(failed_api()), world.soon()), IsOk());
    EXPECT_EQ(world.http.requests().front().url.reveal(), "https://discord.com/api/webhooks/1/x?wait=true");
    for (int i = 0; i < 2; ++i)
        EXPECT_THAT(channel.deliver(only(failed_api()), world.soon()),
                    IsErr(ErrorKind::kRejected, AllOf(HasSubstr("Unknown Webhook"), HasSubstr("channel team"))));
    EXPECT_THAT(world.http.requests(), SizeIs(2));
}

// Teams

Json card(const Announcement& announcement) {
    const auto json = *parse_json(teams_message(announcement));
    EXPECT_EQ(json["attachments"][0]["contentType"], "application/vnd.microsoft.card.adaptive");
    return json["attachments"][0]["content"];
}

TEST(TeamsMessage, IsACardWithFactsReasonLastWordsAndButtons) {
    const auto json = card(only(failed_api()));
    EXPECT_EQ(json["version"], "1.4");
    EXPECT_EQ(json["body"][0]["text"], "\u274C Deployment failed: api");
    EXPECT_EQ(json["body"][0]["color"], "Attention");
    EXPECT_EQ(json["body"][1]["type"], "FactSet");
    EXPECT_EQ(json["body"][1]["facts"][1]["value"], "api");
    EXPECT_EQ(json["body"][3]["text"], "tasks failed to start");
    EXPECT_EQ(json["body"][4]["items"][2]["inlines"][0]["text"], "\u00A0\u00A0fatal: *no* `db` <!here>");
    EXPECT_EQ(json["body"][5]["text"], "shop · ci\\_lambda");
    EXPECT_EQ(json["actions"][0]["url"], "https://console.example/api(1)");
}

TEST(TeamsMessage, EscapesMarkdown) {
    auto notification = failed_api();
    notification.reason = "*b* _i_ [x](https://e.example) <https://e.example>\n- a";
    EXPECT_EQ(card(only(notification))["body"][3]["text"],
              "\\*b\\* \\_i\\_ \\[x\\](https://e.example) \\<https://e.example>\n\n\\- a");
}

TEST(TeamsMessage, StaysBelowWhatIsShownKeepsErrorsAndCountsTheRest) {
    const auto text = teams_message(many(40, 10'000, 300));
    EXPECT_LE(text.size(), 25'000U);
    for (int i = 0; i < 40; ++i) EXPECT_THAT(text, HasSubstr("bad" + std::to_string(i) + ":"));
    EXPECT_THAT(text, ::testing::ContainsRegex("and [0-9]+ more\""));
}

TEST(TeamsMessage, SaysHowToApprove) {
    const auto text = teams_message(only(asking_api()));
    EXPECT_THAT(text, HasSubstr("ci_lambda approve ca1.abc.def"));
    EXPECT_THAT(text, HasSubstr(R"("url":"https://x.example/approve?t=ca1.abc.def")"));
}

// PagerDuty

TEST(PagerDutyEvents, TriggerFailuresAndResolveSuccessesByTheSameKey) {
    const auto failed = pager_duty_events(only(failed_api()));
    const auto completed = pager_duty_events(only(completed_api()));
    ASSERT_THAT(failed, SizeIs(1));
    ASSERT_THAT(completed, SizeIs(1));
    const auto trigger = *parse_json(failed[0]);
    const auto resolve = *parse_json(completed[0]);
    EXPECT_EQ(trigger["event_action"], "trigger");
    EXPECT_EQ(trigger["payload"]["severity"], "error");
    EXPECT_EQ(trigger["payload"]["summary"], "Deployment failed: api [dev]: tasks failed to start");
    EXPECT_EQ(trigger["payload"]["custom_details"]["Image"], "v7@sha256:0123456789ab");
    EXPECT_EQ(trigger["links"][0]["href"], "https://console.example/api(1)");
    EXPECT_EQ(resolve, (Json{{"event_action", "resolve"}, {"dedup_key", "ci_lambda/shop/dev/api"}}));
    EXPECT_EQ(trigger["dedup_key"], resolve["dedup_key"]);
    EXPECT_THAT(pager_duty_events(only(asking_api())), IsEmpty());
}

TEST(PagerDutyKey, IsShortAndNeverTheSameForTwoServices) {
    EXPECT_EQ(pager_duty_key("shop", "dev", "api"), "ci_lambda/shop/dev/api");
    EXPECT_EQ(pager_duty_key("s", "d", std::string(241, 'a')).size(), 255U);
    EXPECT_EQ(pager_duty_key("s", "d", std::string(242, 'a')).size(), 10U + 64U);
    EXPECT_NE(pager_duty_key("a/b", "c", "d"), pager_duty_key("a", "b/c", "d"));
}

TEST(PagerDutyEvents, MakeOneAlertOfMoreErrorsThanAnybodyIsToBePagedFor) {
    EXPECT_THAT(pager_duty_events(many(10, 0)), SizeIs(10));
    const auto storm = pager_duty_events(many(500, 3));
    ASSERT_THAT(storm, SizeIs(1));
    EXPECT_THAT(storm[0], AllOf(HasSubstr("500 deployments failed [dev]"), HasSubstr("bad499"), HasSubstr("by hand")));
    EXPECT_LE(pager_duty_events(many(10'000, 0, 2000))[0].size(), 512'000U);
}

Announcement successes(std::size_t count) {
    auto announcement = many(0, count);
    for (auto& part : announcement.parts) part.type = NotificationType::kSuccess;
    return announcement;
}

TEST(PagerDutyChannel, ResolvesManyInTurnsAndEachOfThemOnce) {
    ChannelWorld world;
    world.http.then(202, "");
    PagerDutyChannel channel("oncall", Secret("routingkey"), std::string(PagerDutyChannel::kEndpoint), world.tools);
    const auto announcement = successes(45);
    for (const bool last : {false, false, true}) {
        const auto answer = channel.deliver(announcement, world.soon());
        ASSERT_THAT(answer, IsOk());
        EXPECT_EQ(answer->come_again_after.has_value(), !last);
    }
    std::vector<std::string> keys;
    for (const auto& request : world.http.requests()) {
        const auto json = *parse_json(request.body);
        EXPECT_EQ(json["routing_key"], "routingkey");
        keys.push_back(json["dedup_key"]);
    }
    std::vector<std::string> wanted;
    for (int i = 0; i < 45; ++i) wanted.push_back("ci_lambda/shop/dev/good" + std::to_string(i));
    EXPECT_EQ(keys, wanted);
}

TEST(PagerDutyChannel, GoesOnBehindWhatHasArrivedAfterAPause) {
    ChannelWorld world;
    PagerDutyChannel channel("oncall", Secret("routingkey"), "https://x.example", world.tools);
    world.http.then(202, "").then(429, "", {{"Retry-After", "30"}}).then(202, "");
    const auto paused = channel.deliver(successes(3), world.soon());
    ASSERT_THAT(paused, IsOk());
    EXPECT_EQ(paused->come_again_after, Milliseconds{30'000});
    EXPECT_THAT(channel.deliver(successes(3), world.soon()), IsOk());
    EXPECT_THAT(world.http.requests(), SizeIs(4)) << "one, one refused, and two";
}

TEST(PagerDutyChannel, KeepsTheNumberOfTheLostUntilThereIsAnAlertToTellIt) {
    ChannelWorld world;
    PagerDutyChannel channel("oncall", Secret("routingkey"), "https://x.example", world.tools);
    world.http.then(202, "");
    auto quiet = only(asking_api());
    quiet.lost_before = 2;
    EXPECT_THAT(channel.deliver(quiet, world.soon()), IsOk());
    EXPECT_THAT(world.http.requests(), IsEmpty());
    EXPECT_THAT(channel.deliver(only(failed_api()), world.soon()), IsOk());
    EXPECT_THAT(world.http.requests().back().body, HasSubstr("2 messages before this one may not have arrived"));
    EXPECT_THAT(channel.deliver(only(failed_api()), world.soon()), IsOk());
    EXPECT_THAT(world.http.requests().back().body, Not(HasSubstr("may not have arrived")));
}

// Webhook

TEST(WebhookSignature, IsThatOfTheConventionsOwnVector) {
    const auto key = webhook_key_of(Secret(kKey));
    ASSERT_THAT(key, IsOk());
    EXPECT_EQ(*webhook_signature(*key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})"),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookKey, HasAPrefixAndTwentyFourToSixtyFourBytes) {
    const auto of_bytes = [](std::size_t count) { return Secret("whsec_" + std::string(count / 3 * 4, 'A')); };
    EXPECT_THAT(webhook_key_of(of_bytes(24)), IsOk());
    EXPECT_THAT(webhook_key_of(of_bytes(63)), IsOk());
    for (const auto& wrong :
         {of_bytes(21), of_bytes(66), Secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Secret("whsec_hush-hush"), Secret()})
        EXPECT_THAT(webhook_key_of(wrong),
                    IsErr(ErrorKind::kConfiguration, AllOf(HasSubstr("whsec_"), Not(HasSubstr("hush")))));
}

TEST(WebhookBody, NamesItsTypeByTheStatus) {
    auto notification = failed_api();
    for (const auto& [status, type] : std::vector<std::pair<std::string, std::string>>{
             {"completed", "deployment.completed"},
             {"could not start", "deployment.could_not_start"},
             {"completed, and not tested", "deployment.completed_and_not_tested"},
             {"", "deployment.told"}}) {
        notification.status = status;
        EXPECT_EQ(event_type_of(only(notification)), type);
    }
    EXPECT_EQ(event_type_of(many(2, 0)), "deployment.failed");
    EXPECT_EQ(event_type_of(many(2, 1)), "deployment.several");
}

TEST(WebhookBody, KeepsErrorsAndCountsTheRest) {
    const auto text = webhook_body(many(200, 9800, 2000), WallTime{});
    EXPECT_LE(text.size(), 20'000U);
    const auto data = (*parse_json(text))["data"];
    const auto shown = data["deployments"].size();
    EXPECT_GT(shown, 15U);
    EXPECT_EQ(data["left_out"], (Json{{"deployments", 10'000 - shown}, {"errors", 200 - shown}}));
}

TEST(WebhookBody, KeepsTheLastWordsThatFitAndNoneOfThoseThatDoNot) {
    auto part = failed_api();
    for (const auto unit : {"x", "\"", "\xF0\x9F\x9A\x80"}) {
        std::string line;
        while (line.size() < 20'000) line += unit;
        for (const std::size_t count : {1U, 2U, 40U}) {
            part.excerpt = Excerpt{.title = "last words", .lines = std::vector<std::string>(count, line)};
            part.excerpt->lines.emplace_back("the end");
            const auto lines =
                (*parse_json(webhook_body(only(part), WallTime{})))["data"]["deployments"][0]["excerpt"]["lines"];
            ASSERT_FALSE(lines.empty());
            EXPECT_EQ(lines.back(), "the end");
        }
        part.excerpt = Excerpt{.title = "last words", .lines = {line}};
        EXPECT_LE(webhook_body(only(part), WallTime{}).size(), 20'000U);
    }
}

class WebhookChannelTest : public ::testing::Test {
protected:
    [[nodiscard]] std::string header(std::size_t request, const std::string& name) const {
        const auto sent = world_.http.requests();
        for (const auto& one : sent.at(request).headers)
            if (one.name == name) return one.value;
        return {};
    }
    ChannelWorld world_;
    WebhookChannel channel_{"hook", Secret(kUrl), Secret(kKey), world_.tools};
};

TEST_F(WebhookChannelTest, KeepsItsIdAndSignsEachTryAnew) {
    world_.http.then(429, "", {{"Retry-After", "60"}}).then(500, "").then(200, "");
    const auto paused = channel_.deliver(only(failed_api()), world_.soon());
    ASSERT_THAT(paused, IsOk());
    world_.clock.advance(*paused->come_again_after);
    ASSERT_THAT(channel_.deliver(only(failed_api()), world_.soon()), IsOk());
    EXPECT_THAT(header(0, "webhook-id"), ::testing::StartsWith("msg_"));
    EXPECT_EQ(header(0, "webhook-id"), header(2, "webhook-id"));
    EXPECT_EQ(world_.http.requests()[0].body, world_.http.requests()[2].body);
    EXPECT_EQ(header(0, "webhook-timestamp"), "1767262083");
    EXPECT_EQ(header(1, "webhook-timestamp"), "1767262143");
    EXPECT_NE(header(0, "webhook-signature"), header(1, "webhook-signature"));
    EXPECT_EQ(header(1, "webhook-signature"), *webhook_signature(*webhook_key_of(Secret(kKey)), header(1, "webhook-id"),
                                                                 "1767262143", world_.http.requests()[1].body));
    world_.clock.advance(Milliseconds{1000});
    ASSERT_THAT(channel_.deliver(only(failed_api()), world_.soon()), IsOk());
    EXPECT_NE(header(3, "webhook-id"), header(0, "webhook-id")) << "told again, it is another message";
}

TEST_F(WebhookChannelTest, SendsNothingMoreOnceItIsGone) {
    world_.http.then(410, "");
    for (int i = 0; i < 2; ++i)
        EXPECT_THAT(channel_.deliver(only(failed_api()), world_.soon()),
                    IsErr(ErrorKind::kRejected, AllOf(HasSubstr("410"), HasSubstr("channel hook"))));
    EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

// All of them

TEST(EveryChannel, KeepsItsLimitsWhateverIsAnnounced) {
    RandomAnnouncements random(20'261'130);
    for (int i = 0; i < 60; ++i) {
        SCOPED_TRACE(i);
        const auto announcement = random.next();
        const auto embed = parse_json(discord_message(announcement));
        ASSERT_THAT(embed, IsOk());
        expect_within_discords_limits(*embed);
        const auto teams = teams_message(announcement);
        ASSERT_THAT(parse_json(teams), IsOk());
        EXPECT_LE(teams.size(), 25'000U);
        const auto webhook = webhook_body(announcement, WallTime{});
        const auto body = parse_json(webhook);
        ASSERT_THAT(body, IsOk());
        EXPECT_LE(webhook.size(), 20'000U);
        EXPECT_EQ((*body)["data"]["deployments"].size() + (*body)["data"]["left_out"]["deployments"].get<std::size_t>(),
                  announcement.parts.size());
        for (const auto& event : pager_duty_events(announcement)) {
            const auto json = parse_json(event);
            ASSERT_THAT(json, IsOk());
            EXPECT_LE(event.size(), 512'000U);
            EXPECT_LE((*json)["dedup_key"].get<std::string>().size(), 255U);
            if ((*json)["event_action"] == "trigger") {
                EXPECT_LE(characters((*json)["payload"]["summary"].get<std::string>()), 1024U);
            }
        }
        for (const auto& text : {dump_json(*embed), teams, webhook})
            EXPECT_THAT(text, AllOf(Not(HasSubstr("\\u001b")), Not(HasSubstr("\xE2\x80\xAE"))));
    }
}

/// For judges that are not ours (tests/integration/test_webhook_schema.py), into the directory that CI_LAMBDA_SAMPLES
/// names: each request as its headers and its body.
TEST(Samples, OfTheWebhookAreWrittenForOtherJudges) {
    const char* named = std::getenv("CI_LAMBDA_SAMPLES");
    const std::string directory = named != nullptr ? named : ::testing::TempDir();
    RandomAnnouncements random(16);
    std::vector<Announcement> announcements{only(failed_api()), only(completed_api()), only(asking_api()),
                                            many(3, 400, 200)};
    for (int i = 0; i < 40; ++i) announcements.push_back(random.next());
    for (std::size_t i = 0; i < announcements.size(); ++i) {
        ChannelWorld world;
        world.http.then(200, "");
        WebhookChannel channel("hook", Secret(kUrl), Secret(kKey), world.tools);
        ASSERT_THAT(channel.deliver(announcements[i], world.soon()), IsOk());
        const auto request = world.http.requests().at(0);
        Json sample{{"body", request.body}, {"teams", teams_message(announcements[i])}};
        for (const auto& header : request.headers) sample["headers"][header.name] = header.value;
        std::ofstream file(directory + "/channel" + std::to_string(i) + ".json");
        file << dump_json(sample);
        file.close();
        ASSERT_TRUE(file) << directory;
    }
}

}  // namespace
}  // namespace ci_lambda::testing
