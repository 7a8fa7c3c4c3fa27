#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/event.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

/// What Lambda hands over for a call of a function URL, with these members put in.
std::string called(const std::string& more = {}, const std::string& stage = "$default",
                   const std::string& raw_path = "/slack") {
    return R"({"version":"2.0","routeKey":"$default","rawPath":")" + raw_path +
           R"(","rawQueryString":"t=a%2Fb","cookies":["a=b"],"headers":{"Content-Type":"text/plain","x-other":"1",)"
           R"("x-slack-signature":"v0=1","origin":"https://a.example"},"requestContext":{"accountId":"anonymous",)"
           R"("apiId":"abc","domainName":"abc.lambda-url.us-east-1.on.aws","http":{"method":"POST","path":"/slack",)"
           R"("protocol":"HTTP/1.1","sourceIp":"192.0.2.1","userAgent":"x"},"requestId":"1","stage":")" +
           stage + R"(","time":"21/Sep/2026:18:13:20 +0000","timeEpoch":1}, "isBase64Encoded":false)" + more + "}";
}

HttpCall call_in(const std::string& bytes) {
    const auto event = decode_event(bytes);
    EXPECT_THAT(event, IsOk());
    const auto* call = event ? std::get_if<HttpCall>(&event->body) : nullptr;
    EXPECT_NE(call, nullptr) << bytes;
    return call == nullptr ? HttpCall{} : *call;
}

TEST(HttpCalls, KeepWhatIsLookedAt) {
    const auto call = call_in(called(R"(,"body":"a=b")"));
    EXPECT_EQ(call.method, "POST");
    EXPECT_EQ(call.path, "/slack");
    EXPECT_EQ(call.query, "t=a%2Fb");
    EXPECT_EQ(call.body, "a=b");
    EXPECT_EQ(call.source_ip, "192.0.2.1");
    EXPECT_THAT(call.headers, ElementsAre(Pair("content-type", "text/plain"), Pair("origin", "https://a.example"),
                                          Pair("x-slack-signature", "v0=1")));
    EXPECT_EQ(call.header("origin"), "https://a.example");
    EXPECT_EQ(call.header("host"), "");
    EXPECT_EQ(describe(decode_event(called()).value()), "POST /slack by HTTP");
}

TEST(HttpCalls, ReadABodyInBase64) {
    const auto encoded = [](const std::string& body) {
        return call_in(called(R"(,"isBase64Encoded":true,"body":")" + body + "\""));
    };
    EXPECT_EQ(encoded("YT1iJmM9ZA==").body, "a=b&c=d");
    EXPECT_FALSE(encoded("YT1iJmM9ZA==").is_unreadable);
    for (const auto* bad : {"YT1iJmM9ZA", "a=b", "YT1i\\nJmM9"}) {
        EXPECT_EQ(encoded(bad).body, "");
        EXPECT_TRUE(encoded(bad).is_unreadable) << bad;
    }
}

TEST(HttpCalls, DoNotKeepABodyThatIsTooLarge) {
    const auto text = [](std::size_t size, bool encoded) {
        return call_in(
            called((encoded ? R"(,"isBase64Encoded":true,"body":")" : R"(,"body":")") + std::string(size, 'A') + "\""));
    };
    EXPECT_EQ(text(HttpCall::kLongestBody, false).body.size(), HttpCall::kLongestBody);
    EXPECT_TRUE(text(HttpCall::kLongestBody + 1, false).is_too_large);
    EXPECT_EQ(text(HttpCall::kLongestBody + 1, false).body, "");
    EXPECT_TRUE(text(HttpCall::kLongestBody / 3 * 4 + 8, true).is_too_large);
    EXPECT_FALSE(text(HttpCall::kLongestBody / 3 * 4, true).is_too_large);
    EXPECT_TRUE(text(5'000'000, true).is_too_large);
}

TEST(HttpCalls, HaveThePathWithoutTheStageOfAnApi) {
    EXPECT_EQ(call_in(called("", "prod", "/prod/slack")).path, "/slack");
    EXPECT_EQ(call_in(called("", "prod", "/prod")).path, "/");
    EXPECT_EQ(call_in(called("", "prod", "/product/slack")).path, "/product/slack");
    EXPECT_EQ(call_in(called("", "$default", "/$default/slack")).path, "/slack");
    EXPECT_EQ(call_in(called("", "", "/slack")).path, "/slack");
}

TEST(HttpCalls, AreCallsWhateverElseTheyHoldOrMiss) {
    for (const auto* bytes :
         {R"({"requestContext":{"http":{}}})",
          R"({"requestContext":{"http":{"method":1,"path":[]}},"headers":[],"body":{}})",
          R"({"requestContext":{"http":{}},"action":"sweep"})", R"({"requestContext":{"http":{}},"service":"api"})",
          R"({"requestContext":{"http":{},"stage":7},"rawPath":null,"isBase64Encoded":"yes","body":"x"})"})
        EXPECT_EQ(call_in(bytes).method, "") << "it must never be taken for a request";
    EXPECT_THAT(decode_event(R"({"requestContext":{"http":"x"}})"), IsOk());
    EXPECT_TRUE(std::holds_alternative<OtherEvent>(decode_event(R"({"requestContext":{"http":"x"}})")->body));
    EXPECT_TRUE(std::holds_alternative<OtherEvent>(
        decode_event(R"({"source":"aws.x","detail-type":"y","requestContext":{"http":{}}})")->body));
}

}  // namespace
}  // namespace ci_lambda::testing
