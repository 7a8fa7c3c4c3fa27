#include "sandbox/function_url/function_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "sandbox/http/http_client.hpp"
#include "sandbox/local_aws.hpp"
#include "sandbox/slack/press.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/matchers.hpp"

namespace ci_lambda::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::IsErr;
using testing::IsOk;
using ::testing::SizeIs;

InvocationRecord answered(const std::string& answer) {
    InvocationRecord done;
    done.answer = answer;
    return done;
}

TEST(FunctionUrl, HandsACallOverAsAwsDoes) {
    Ids ids(1);
    const testing::FakeClock clock;
    const HttpExchangeRequest request{.path = "/function-url/slack",
                                      .captures = {},
                                      .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                                      .body = "a=b&c",
                                      .query = {{"t", "a b"}},
                                      .method = "POST",
                                      .target = "/function-url/slack?t=a%20b"};
    const auto event = *parse_json(function_url_event(request, "/slack", ids, clock.now()));
    EXPECT_EQ(event["version"], "2.0");
    EXPECT_EQ(event["rawPath"], "/slack");
    EXPECT_EQ(event["rawQueryString"], "t=a%20b");
    EXPECT_EQ(event["requestContext"]["http"]["method"], "POST");
    EXPECT_EQ(event["requestContext"]["stage"], "$default");
    EXPECT_EQ(event["isBase64Encoded"], true) << "a form is no text";
    EXPECT_EQ(decode_base64(event["body"].get<std::string>()), "a=b&c");
    auto json = request;
    json.headers["content-type"] = "application/json; charset=utf-8";
    EXPECT_EQ((*parse_json(function_url_event(json, "", ids, clock.now())))["body"], "a=b&c");
    EXPECT_EQ((*parse_json(function_url_event(json, "", ids, clock.now())))["rawPath"], "/");
}

TEST(FunctionUrl, AnswersWhatTheFunctionSays) {
    const auto said = function_url_answer(
        answered(R"({"statusCode":405,"headers":{"Content-Type":"text/plain","allow":"POST"},"body":"no"})"));
    EXPECT_EQ(said.status, 405);
    EXPECT_EQ(said.content_type, "text/plain");
    EXPECT_EQ(said.headers.at("allow"), "POST");
    EXPECT_EQ(said.body, "no");
    EXPECT_EQ(function_url_answer(answered(R"({"statusCode":200,"body":"aGk=","isBase64Encoded":true})")).body, "hi");
    EXPECT_EQ(function_url_answer(answered(R"({"status":"ignored"})")).status, 200);
    EXPECT_EQ(function_url_answer(answered(R"({"status":"ignored"})")).body, R"({"status":"ignored"})");
    for (const auto* bad : {R"({"statusCode":99})", R"({"statusCode":600})", R"({"statusCode":"200"})"})
        EXPECT_EQ(function_url_answer(answered(bad)).status, 502) << bad;
    InvocationRecord failed;
    failed.failure = make_failure("Function.X", "x");
    EXPECT_EQ(function_url_answer(failed).status, 502);
}

std::string with_button(const std::string& action, const std::string& service) {
    const auto token = "ca1." + encode_base64url(dump_json({{"s", service}})) + ".x";
    return dump_json({{"blocks",
                       {{{"type", "actions"},
                         {"block_id", "b"},
                         {"elements", {{{"type", "button"}, {"action_id", action}, {"value", token}}}}}}}});
}

TEST(SlackButtons, AreThoseOfTheLatestMessagesThatWereTaken) {
    Journal journal;
    journal.add(SlackMessage{.payload = with_button("approve", "api")});
    journal.add(SlackMessage{.payload = with_button("approve", "worker"), .status = 400});
    journal.add(SlackMessage{.payload = "nonsense"});
    journal.add(SlackMessage{.payload = with_button("reject", "web")});
    EXPECT_THAT(buttons_of(journal.messages()),
                ElementsAre(Field(&SlackButton::service, "web"), Field(&SlackButton::service, "api")));
    EXPECT_TRUE(journal.answer_message(3, R"({"text":"done"})", true));
    EXPECT_TRUE(journal.answer_message(0, R"({"text":"not you"})", false));
    EXPECT_FALSE(journal.answer_message(4, "{}", true));
    EXPECT_THAT(buttons_of(journal.messages()), ElementsAre(Field(&SlackButton::message, 0U)));
    EXPECT_THAT(journal.messages()[0].to_one, ElementsAre(R"({"text":"not you"})"));
}

TEST(SlackButtons, KnowWhichMessageIsMeantAlsoOnceOldOnesAreForgotten) {
    Journal journal(RecordBounds{.entries = 2});
    for (int i = 0; i < 5; ++i) journal.add(SlackMessage{.payload = with_button("approve", "api")});
    EXPECT_EQ(buttons_of(journal.messages()).front().message, 4U);
    EXPECT_FALSE(journal.answer_message(2, "{}", true));
    EXPECT_TRUE(journal.answer_message(3, R"({"text":"done"})", true));
    EXPECT_THAT(buttons_of(journal.messages()), SizeIs(1));
}

// docs.slack.dev, "Verifying requests from Slack", has no example of a button: its rule is checked by slack_sdk in
// tests/integration/test_function_url.py.
TEST(SlackButtons, ArePressedBySomebodyWithAnId) {
    EXPECT_EQ(slack_user_id("alice"), "U0ALICE000");
    EXPECT_EQ(slack_user_id("a.b-c"), "U0ABC00000");
    const auto request = press_of({.action = "approve", .value = "ca1.a.b"}, "bob", "http://127.0.0.1:1/slack/reply/0",
                                  "secret", WallTime{std::chrono::seconds{1'790'000'000}});
    EXPECT_EQ(request.headers.at("x-slack-request-timestamp"), "1790000000");
    EXPECT_EQ(request.headers.at("x-slack-signature").size(), 67U);
    EXPECT_THAT(request.body, HasSubstr("payload=%7B"));
}

TEST(SlackButtons, AreNotThereWhereNobodyHasAsked) {
    const testing::FakeClock clock;
    Ids ids(1);
    LocalAws aws(ids, clock);
    ASSERT_THAT(aws.start(0), IsOk());
    EXPECT_THAT(aws.press_button("approve"), IsErr(ErrorKind::kConfiguration, HasSubstr("no message has a button")));
    EXPECT_THAT(aws.press_button("approve", "api"), IsErr(ErrorKind::kConfiguration, HasSubstr("for \"api\"")));
    EXPECT_THAT(aws.signing_secret(), SizeIs(32));
    aws.stop();
}

TEST(FunctionUrl, IsForPagesOfOtherSitesToo) {
    const testing::FakeClock clock;
    Ids ids(1);
    LocalAws aws(ids, clock);
    const auto port = aws.start(0);
    ASSERT_THAT(port, IsOk());
    const std::map<std::string, std::string> elsewhere{{"Origin", "https://evil.example"},
                                                       {"Sec-Fetch-Site", "cross-site"}};
    const auto refused = http_post(*port, "/sandbox/click", "approve", elsewhere);
    ASSERT_THAT(refused, IsOk());
    EXPECT_EQ(refused->status, 403) << "all else is not";
    aws.invocations().stop();
    const auto taken = http_post(*port, "/function-url/approve", "", elsewhere);
    ASSERT_THAT(taken, IsOk());
    EXPECT_NE(taken->status, 403);
    aws.stop();
}

}  // namespace
}  // namespace ci_lambda::sandbox
