#include "services/sns/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"
#include "unit/services/notify/samples.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kTopic = "arn:aws:sns:eu-west-1:123456789012:deployments";
constexpr const char* kPublished =
    "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";

std::string attribute(const SnsMessage& message, const std::string& name) {
    const auto found = std::ranges::find(message.attributes, name, &SnsAttribute::name);
    return found == message.attributes.end() ? "" : found->value;
}

TEST(SnsMessage, IsTextWithASubjectAndAttributesToFilterBy) {
    const auto message = sns_message(only(failed_api()), kTopic, false);
    EXPECT_EQ(message.subject, "[shop dev] Deployment failed: api");
    EXPECT_THAT(
        message.message,
        AllOf(::testing::StartsWith("Deployment failed: api\n\nEnvironment: dev\nService: api\n"),
              HasSubstr("\nReason: tasks failed to start\nLast words of the container app (exit code 1)\nlistening\n"),
              HasSubstr("Service: https://console.example/api(1)")));
    EXPECT_EQ(attribute(message, "type"), "deployment.failed");
    EXPECT_EQ(attribute(message, "severity"), "error");
    EXPECT_EQ(attribute(message, "service"), "api");
    EXPECT_EQ(attribute(message, "environment"), "dev");
    EXPECT_EQ(attribute(message, "project"), "shop");
    EXPECT_EQ(message.group, "");
    const auto several = sns_message(many(1, 1), kTopic, false);
    EXPECT_EQ(attribute(several, "service"), R"(["bad0","good1"])");
}

TEST(SnsMessage, HasASubjectOfLessThanAHundredPrintableCharacters) {
    auto announcement = only(failed_api());
    for (const auto& [title, subject] : std::vector<std::pair<std::string, std::string>>{
             {"a\nb\x1B\xC3\xA9\xF0\x9F\x9A\x80", "[shop dev] a b ??"},
             {std::string(88, 'x'), "[shop dev] " + std::string(88, 'x')},
             {std::string(89, 'x'), "[shop dev] " + std::string(85, 'x') + "..."}}) {
        announcement.title = title;
        EXPECT_EQ(sns_message(announcement, kTopic, false).subject, subject);
    }
}

TEST(SnsMessage, IsBelow256KiBWithItsAttributesAndKeepsErrors) {
    const auto message = sns_message(many(400, 9600, 2000), kTopic, false);
    auto size = message.message.size() + message.subject.size();
    for (const auto& one : message.attributes) size += one.name.size() + one.value.size() + 12;
    EXPECT_LE(size, 256U * 1024U);
    for (int i = 0; i < 400; ++i) EXPECT_THAT(message.message, HasSubstr("bad" + std::to_string(i) + ":"));
    EXPECT_THAT(message.message, ::testing::ContainsRegex("and [0-9]+ more\n"));
}

TEST(SnsMessage, IsInTheFormThatChatsShow) {
    auto notification = failed_api();
    notification.reason = "<!channel> *b* _i_ shop_api [x](y) `c`";
    const auto json = parse_json(sns_message(only(notification), kTopic, true).message);
    ASSERT_THAT(json, IsOk());
    EXPECT_EQ((*json)["version"], "1.0");
    EXPECT_EQ((*json)["source"], "custom");
    EXPECT_EQ((*json)["content"]["textType"], "client-markdown");
    EXPECT_THAT((*json)["content"]["description"].get<std::string>(),
                HasSubstr("\u2039!channel\u203A \u2217b\u2217 _\u00ADi_ shop_api \uFF3Bx\uFF3D(y) \u02CBc\u02CB"));
}

TEST(SnsMessage, KeepsItsLimitsWhateverIsAnnounced) {
    RandomAnnouncements random(30);
    for (int i = 0; i < 100; ++i) {
        SCOPED_TRACE(i);
        const auto announcement = random.next();
        for (const bool chat : {false, true}) {
            const auto message = sns_message(announcement, kTopic, chat);
            EXPECT_LT(message.subject.size(), 100U);
            EXPECT_TRUE(std::ranges::all_of(message.subject, [](char c) { return c >= ' ' && c <= '~'; }));
            auto size = message.message.size();
            for (const auto& one : message.attributes) {
                EXPECT_NE(one.value, "");
                size += one.name.size() + one.value.size() + 12;
            }
            EXPECT_LE(size, 256U * 1024U);
            EXPECT_EQ(message.message, sanitize_utf8(message.message));
            EXPECT_THAT(message.message, Not(HasSubstr("\x1B")));
            if (chat) {
                EXPECT_THAT(parse_json(message.message), IsOk());
            }
        }
    }
}

class SnsChannelTest : public ::testing::Test {
protected:
    Result<NotificationChannel::Answer> deliver(const std::string& topic = kTopic) {
        SnsChannel channel("mail", topic, false, sns_, log_.clock, sleeper_);
        return channel.deliver(only(failed_api()), Deadline::after(log_.clock, Milliseconds{4000}));
    }
    RecordingLog log_;
    FakeHttp http_;
    FakeCredentials credentials_;
    FakeSleeper sleeper_{log_.clock};
    SnsClient sns_{{.region = "eu-west-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
};

TEST_F(SnsChannelTest, PublishesInTheQueryProtocol) {
    http_.then(200, kPublished);
    EXPECT_THAT(deliver(), IsOk());
    const auto request = http_.requests().at(0);
    EXPECT_EQ(request.url.reveal(), "https://sns.eu-west-1.amazonaws.com/");
    EXPECT_EQ(request.signing->service, "sns");
    EXPECT_THAT(request.body,
                ::testing::StartsWith("Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A"
                                      "123456789012%3Adeployments&Subject=%5Bshop%20dev%5D%20Deployment%20failed"));
    EXPECT_THAT(request.body, HasSubstr("&MessageAttributes.entry.1.Name=type&MessageAttributes.entry.1.Value.DataType="
                                        "String&MessageAttributes.entry.1.Value.StringValue=deployment.failed"));
    EXPECT_FALSE(request.idempotent);
}

TEST_F(SnsChannelTest, RepeatsWhatMayHaveArrivedToAFifoTopicAlone) {
    http_.then_fail({.kind = ErrorKind::kTimeout, .message = "no answer", .outcome_unknown = true});
    EXPECT_FALSE(deliver());
    EXPECT_THAT(http_.requests(), SizeIs(1));
    EXPECT_FALSE(deliver("arn:aws:sns:eu-west-1:123456789012:x.fifo"));
    const auto requests = http_.requests();
    ASSERT_THAT(requests, SizeIs(4));
    EXPECT_EQ(requests[1].body, requests[3].body);
    EXPECT_THAT(requests[1].body, AllOf(HasSubstr("&MessageGroupId=shop%2Fdev&MessageDeduplicationId=")));
    EXPECT_THAT(sleeper_.slept(), ElementsAre(Milliseconds{300}, Milliseconds{600}));
}

TEST_F(SnsChannelTest, NamesTheWayOut) {
    const auto refused = [](const std::string& code) {
        return "<ErrorResponse><Error><Type>Sender</Type><Code>" + code +
               "</Code><Message>said so</Message></Error></ErrorResponse>";
    };
    http_.then(403, refused("AuthorizationError")).then(404, refused("NotFound"));
    EXPECT_THAT(deliver(), IsErr(ErrorKind::kAccessDenied, HasSubstr("needs sns:Publish on arn:aws:sns:")));
    EXPECT_THAT(deliver(), IsErr(ErrorKind::kNotFound, HasSubstr("change that of the channel mail")));
}

TEST_F(SnsChannelTest, ComesAgainWhenThrottled) {
    http_.then(400,
               "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>");
    const auto answer = deliver();
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->come_again_after, Milliseconds{1000});
}

}  // namespace
}  // namespace ci_lambda::testing
