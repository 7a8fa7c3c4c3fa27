#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "approvals/token.hpp"
#include "base/json.hpp"
#include "door/door.hpp"
#include "net/hmac.hpp"
#include "net/url.hpp"
#include "unit/app/support.hpp"

namespace ci_lambda::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kFunction = "arn:aws:lambda:us-east-1:123456789012:function:ci:live";

/// The server is Lambda, too, and Slack's `response_url`.
class FrontDoorTest : public AppTest {
protected:
    FrontDoorTest() {
        environment_.set("AWS_REGION", "us-east-1");
        environment_.set("FUNCTION_URL", "http://127.0.0.1:1");
        environment_.set("SLACK_SIGNING_SECRET", signing_);
        environment_.set("APPROVAL_KEY", key_);
        environment_.set("AWS_ENDPOINT_URL_LAMBDA", lambda_.url());
    }

    [[nodiscard]] ApprovalKeys keys() const { return {.current = Secret(key_)}; }
    [[nodiscard]] std::string token() const {
        const auto now = std::chrono::floor<seconds>(clock_.now());
        return sign(Approval{.environment = "shop/dev",
                             .service = ServiceId("api"),
                             .issued = now,
                             .expires = now + hours{1}},
                    keys())
            .value();
    }
    static std::string call(const std::string& method, const std::string& path, const std::string& query,
                            const Json& headers, const std::string& body) {
        return dump_json({{"version", "2.0"},
                          {"rawPath", path},
                          {"rawQueryString", query},
                          {"headers", headers},
                          {"requestContext", {{"http", {{"method", method}, {"sourceIp", "192.0.2.1"}}}}},
                          {"body", body},
                          {"isBase64Encoded", false}});
    }
    [[nodiscard]] std::string press() const {
        const Json payload{{"type", "block_actions"},
                           {"user", {{"id", "U1"}, {"name", "alice"}}},
                           {"response_url", lambda_.url("/reply")},
                           {"actions", {{{"action_id", "approve"}, {"value", token()}}}}};
        const auto body = "payload=" + escape_component(dump_json(payload));
        const auto stamp =
            fmt::format("{}", std::chrono::duration_cast<seconds>(clock_.now().time_since_epoch()).count());
        std::string signature = "v0=";
        const auto code = hmac_sha256(signing_, fmt::format("v0:{}:{}", stamp, body)).value();
        for (const auto byte : code) signature += fmt::format("{:02x}", byte);
        return call("POST", "/slack", "",
                    {{"content-type", "application/x-www-form-urlencoded"},
                     {"x-slack-request-timestamp", stamp},
                     {"x-slack-signature", signature}},
                    body);
    }
    Json called(const std::string& event, const std::string& function = kFunction) {
        const auto running = app();
        running->set_home(Home::of_function(function));
        auto handled = running->handle(event, Deadline::none());
        EXPECT_FALSE(handled.error) << "whoever calls would get a 502";
        return parse_json(to_json(handled.answer)).value();
    }
    std::vector<ServerRequest> at(const std::string& what) const {
        std::vector<ServerRequest> some;
        for (const auto& request : lambda_.requests())
            if (request.line().contains(what)) some.push_back(request);
        return some;
    }

    std::string signing_ = "8f742231b10e8888abcd99yyyzzz85a5";
    std::string key_ = std::string(40, 'k');
    ServerReply invoke_ = reply(202, "");
    ServerReply reply_ = reply(200, "ok");
    LoopbackServer lambda_{
        [this](const ServerRequest& request) { return request.line().contains("/invocations") ? invoke_ : reply_; }};
};

TEST_F(FrontDoorTest, InvokesItselfWithTheSignedAnswerAndAcknowledgesThePress) {
    const auto answer = called(press());
    EXPECT_EQ(answer["statusCode"], 200);
    EXPECT_EQ(answer["body"], "");
    ASSERT_THAT(lambda_.requests(), SizeIs(1));
    const auto request = lambda_.requests().front();
    EXPECT_THAT(request.line(), HasSubstr("POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3A"
                                          "function%3Aci%3Alive/invocations"));
    EXPECT_EQ(request.header("X-Amz-Invocation-Type"), "Event");
    const auto event = parse_json(request.body).value();
    const auto signed_answer = open_answer(find_string(event, "approval_answer").value(), keys(), clock_.now());
    ASSERT_THAT(signed_answer, IsOk());
    EXPECT_EQ(signed_answer->by.id, "U1");
    EXPECT_TRUE(signed_answer->approved);
    EXPECT_THAT(server_.requests(), IsEmpty()) << "ECS is asked by the invocation that carries it out";
}

TEST_F(FrontDoorTest, TellsWhoeverHasPressedWhereItCannotBeHandedOn) {
    invoke_ = reply(403, R"({"Message":"not authorized to perform: lambda:InvokeFunction"})");
    const auto answer = called(press());
    EXPECT_EQ(answer["statusCode"], 200) << "told already";
    const auto replies = at("/reply");
    ASSERT_THAT(replies, SizeIs(1));
    EXPECT_THAT(replies.front().body, AllOf(HasSubstr("ephemeral"), HasSubstr("could not be handed on")));
    EXPECT_THAT(log_.sink.text(), HasSubstr("not authorized"));
}

TEST_F(FrontDoorTest, SaysToSlackItselfThatNothingWorked) {
    invoke_ = reply(500, "");
    reply_ = reply(500, "");
    EXPECT_EQ(called(press())["statusCode"], 500);
    EXPECT_EQ(called(press(), "")["statusCode"], 500) << "nobody knows which function this is";
}

TEST_F(FrontDoorTest, ShowsThePageWithoutAskingAnybody) {
    const auto answer = called(call("GET", "/approve", "t=" + token(), Json::object(), ""));
    EXPECT_EQ(answer["statusCode"], 200);
    EXPECT_THAT(answer["body"].get<std::string>(), HasSubstr("shop/dev"));
    EXPECT_THAT(server_.requests(), IsEmpty());
    EXPECT_THAT(lambda_.requests(), IsEmpty());
}

TEST_F(FrontDoorTest, ApprovesByPageOnlyWhereThatIsAllowed) {
    const Json headers{{"content-type", "application/x-www-form-urlencoded"}};
    const auto the_token = token();
    const auto body = fmt::format("t={}&code={}&answer=approve", the_token, code_of(the_token, keys()).value());
    EXPECT_EQ(called(call("POST", "/approve", "", headers, body))["statusCode"], 403);
    EXPECT_THAT(lambda_.requests(), IsEmpty());
    environment_.set("APPROVAL_BY_PAGE", "true");
    EXPECT_EQ(called(call("POST", "/approve", "", headers, body))["statusCode"], 202);
    EXPECT_THAT(at("/invocations"), SizeIs(1));
    invoke_ = reply(429, "");
    EXPECT_EQ(called(call("POST", "/approve", "", headers, body))["statusCode"], 503);
}

TEST_F(FrontDoorTest, IsClosedWithoutAUrl) {
    environment_.set("FUNCTION_URL", "");
    EXPECT_EQ(called(press())["statusCode"], 404);
    EXPECT_EQ(called(call("GET", "/approve", "t=" + token(), Json::object(), ""))["statusCode"], 404);
    EXPECT_THAT(lambda_.requests(), IsEmpty());
}

TEST_F(FrontDoorTest, TakesNoCallOutOfAQueueForOne) {
    const Json queue{{"Records", {{{"messageId", "1"}, {"eventSource", "aws:sqs"}, {"body", press()}}}}};
    const auto handled = app()->handle(dump_json(queue), Deadline::none());
    EXPECT_THAT(handled.answer.to_caller, IsEmpty());
    EXPECT_THAT(lambda_.requests(), IsEmpty());
}

TEST_F(FrontDoorTest, KeepsSecretsAndCodesOutOfTheLog) {
    environment_.set("APPROVAL_BY_PAGE", "true");
    const auto the_token = token();
    const auto code = code_of(the_token, keys()).value();
    called(call("POST", "/approve", "", {{"content-type", "application/x-www-form-urlencoded"}},
                fmt::format("t={}&code={}&answer=approve", the_token, code)));
    called(call("GET", "/" + signing_, key_, Json::object(), ""));
    for (const auto& secret : {signing_, key_, code, the_token}) EXPECT_THAT(log_.sink.text(), Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace ci_lambda::testing
