#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.hpp"
#include "events/event.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Source = Delivery::Source;

constexpr const char* kPush = R"({"id":"e1","source":"aws.ecr","detail-type":"ECR Image Action",
    "time":"2026-03-01T10:00:00Z","detail":{"result":"SUCCESS","repository-name":"shop_backend","image-tag":"v1",
    "action-type":"PUSH"}})";
constexpr const char* kS3 = R"({"Records":[{"eventSource":"aws:s3","eventTime":"2026-03-01T10:00:00.123Z",
    "eventName":"ObjectCreated:Put","awsRegion":"us-east-1",
    "s3":{"bucket":{"name":"shop-env"},"object":{"key":"a+b%2Fc%C3%A9.env"}}}]})";

std::string sqs(const std::vector<std::string>& bodies, const std::string& queue = "arn:aws:sqs:us-east-1:1:events") {
    Json records = Json::array();
    for (const auto& body : bodies)
        records.push_back({{"messageId", fmt::format("m{}", records.size())},
                           {"body", body},
                           {"attributes", {{"SentTimestamp", "1772359200000"}, {"MessageGroupId", "g"}}},
                           {"eventSource", "aws:sqs"},
                           {"eventSourceARN", queue}});
    return dump_json({{"Records", records}});
}

std::string sns_envelope(const std::string& message) {
    return dump_json({{"Type", "Notification"},
                      {"TopicArn", "arn:aws:sns:us-east-1:1:t"},
                      {"MessageId", "n1"},
                      {"Timestamp", "2026-03-01T10:00:01.000Z"},
                      {"Message", message}});
}

std::string failed_invocation(const std::string& event) {
    return dump_json({{"requestContext", {{"condition", "RetriesExhausted"}}}, {"requestPayload", *parse_json(event)}});
}

/// The only event of the delivery's only message.
Event only_event(const Delivery& delivery) {
    EXPECT_THAT(delivery.messages, SizeIs(1));
    EXPECT_THAT(delivery.messages.at(0).events, IsOk());
    EXPECT_THAT(*delivery.messages.at(0).events, SizeIs(1));
    return delivery.messages.at(0).events->at(0);
}

TEST(Delivery, IsOneEventWhereTheFunctionIsEventBridgesTarget) {
    const auto delivery = decode_delivery(kPush);
    EXPECT_EQ(delivery.source, Source::kEvent);
    EXPECT_EQ(only_event(delivery), *decode_event(kPush));
}

TEST(Delivery, UnwrapsEveryKindOfMessage) {
    struct Case {
        std::string bytes;
        Source source;
        std::string source_of_event;
    };
    const std::vector<Case> cases{
        {sqs({kPush}), Source::kQueue, "aws.ecr"},
        {sqs({kPush}, "arn:aws:sqs:us-east-1:1:events.fifo"), Source::kFifoQueue, "aws.ecr"},
        {sqs({sns_envelope(kPush)}), Source::kQueue, "aws.ecr"},
        {sqs({kS3}), Source::kQueue, "aws.s3"},
        {sqs({sns_envelope(kS3)}), Source::kQueue, "aws.s3"},
        {sqs({failed_invocation(kPush)}), Source::kQueue, "aws.ecr"},
        {dump_json({{"Records", {{{"EventSource", "aws:sns"}, {"Sns", {{"Message", kPush}, {"MessageId", "n"}}}}}}}),
         Source::kBatch, "aws.ecr"},
        {kS3, Source::kBatch, "aws.s3"},
        {R"({"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"})", Source::kBatch, "aws.s3"},
    };
    for (const auto& [bytes, source, of_event] : cases) {
        const auto delivery = decode_delivery(bytes);
        EXPECT_EQ(delivery.source, source) << bytes;
        EXPECT_EQ(only_event(delivery).envelope.source, of_event) << bytes;
    }
}

TEST(Delivery, ReadsANotificationOfS3WithItsFormEncodedKey) {
    const auto event = only_event(decode_delivery(kS3));
    const auto* change = std::get_if<S3ObjectChange>(&event.body);
    ASSERT_NE(change, nullptr);
    EXPECT_EQ(change->bucket, "shop-env");
    EXPECT_EQ(change->key, "a b/c\xC3\xA9.env");
    EXPECT_EQ(change->operation, "ObjectCreated:Put");
    EXPECT_EQ(event.envelope.time, "2026-03-01T10:00:00.123Z");
}

TEST(Delivery, TellsTheDeletionOfAVersionFromThatOfTheFileInNotificationsOfS3) {
    const auto deletes_version = [](const std::string& operation, const std::string& version) {
        const auto event =
            only_event(decode_delivery(R"({"Records":[{"eventSource":"aws:s3","eventName":")" + operation +
                                       R"(","s3":{"bucket":{"name":"b"},"object":{"key":"k")" + version + "}}}]}"));
        return std::get<S3ObjectChange>(event.body).deletes_version;
    };
    const std::string version = R"(,"versionId":"v1")";
    EXPECT_TRUE(deletes_version("ObjectRemoved:Delete", version));
    EXPECT_TRUE(deletes_version("LifecycleExpiration:Delete", version));
    EXPECT_FALSE(deletes_version("ObjectRemoved:Delete", ""));
    EXPECT_FALSE(deletes_version("ObjectRemoved:DeleteMarkerCreated", version));
    EXPECT_FALSE(deletes_version("ObjectCreated:Put", version));
}

TEST(Delivery, KeepsTheIdsAndTheGoodMessagesBesideOnesThatCannotBeRead) {
    const auto delivery = decode_delivery(sqs({kPush, "Test message.", "{}", kPush}));
    ASSERT_THAT(delivery.messages, SizeIs(4));
    EXPECT_EQ(delivery.messages[1].id, "m1");
    EXPECT_THAT(delivery.messages[1].events, IsErr(ErrorKind::kInvalidEvent, ::testing::_));
    EXPECT_THAT(delivery.messages[2].events, IsOk()) << "not ours, which is no error";
    EXPECT_EQ(delivery.messages[3].id, "m3");
    EXPECT_EQ(delivery.messages[3].group, "g");
}

TEST(Delivery, GivesAnEventWithoutIdAndTimeThoseOfItsMessage) {
    const auto event = only_event(decode_delivery(sqs({R"({"service":"api"})"})));
    EXPECT_EQ(event.envelope.id, "m0");
    EXPECT_EQ(event.envelope.time, "2026-03-01T10:00:00.000Z");
    EXPECT_EQ(only_event(decode_delivery(sqs({kPush}))).envelope.id, "e1");
    EXPECT_EQ(only_event(decode_delivery(sqs({sns_envelope(R"({"service":"api"})")}))).envelope.id, "n1");
}

TEST(Delivery, NeverTriesItsOwnFailureAgainUnlessAQueueBringsIt) {
    for (const auto& bytes :
         {failed_invocation(kPush),
          dump_json({{"Records", {{{"EventSource", "aws:sns"}, {"Sns", {{"Message", failed_invocation(kPush)}}}}}}})}) {
        const auto event = only_event(decode_delivery(bytes));
        ASSERT_TRUE(std::holds_alternative<OtherEvent>(event.body)) << bytes;
        EXPECT_THAT(std::get<OtherEvent>(event.body).reason, HasSubstr("ci_lambda replay"));
    }
}

TEST(Delivery, EndsAtEnvelopesWithinEnvelopes) {
    std::string message = kPush;
    for (int i = 0; i < 10; ++i) message = sns_envelope(message);
    EXPECT_THAT(decode_delivery(sqs({message})).messages.at(0).events, IsErr(ErrorKind::kInvalidEvent, ::testing::_));
}

TEST(Dump, ReadsWhatPeopleKeepOfAQueue) {
    const auto received = dump_json(
        {{"Messages", {{{"MessageId", "m7"}, {"Body", kPush}, {"Attributes", {{"SentTimestamp", "1772359200000"}}}}}}});
    const auto line = dump_json(*parse_json(kPush));
    for (const auto& [bytes, messages] :
         std::vector<std::pair<std::string, std::size_t>>{{received, 1},
                                                          {received + "\n" + received + "\n", 2},
                                                          {sqs({kPush, kPush, kPush}), 3},
                                                          {fmt::format("[{},{}]", line, failed_invocation(kPush)), 2},
                                                          {line + "\n\n" + line + "\n", 2},
                                                          {kPush, 1}}) {
        const auto dump = decode_dump(bytes);
        EXPECT_EQ(dump.size(), messages) << bytes;
        for (const auto& message : dump) EXPECT_THAT(message.events, IsOk()) << bytes;
    }
    EXPECT_EQ(decode_dump(received).at(0).id, "m7");
    EXPECT_THAT(decode_dump("no json").at(0).events, IsErr(ErrorKind::kInvalidEvent, ::testing::_));
    EXPECT_THAT(decode_dump(line + "\nno json").at(1).events.error().message, HasSubstr("line 2"));
    EXPECT_TRUE(decode_dump("").empty());
}

}  // namespace
}  // namespace ci_lambda::testing
