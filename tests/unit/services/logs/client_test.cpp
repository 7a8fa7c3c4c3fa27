#include "services/logs/client.hpp"

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
using ::testing::SizeIs;

class LogsClientTest : public ::testing::Test {
protected:
    Result<std::vector<std::string>> latest(const std::string& region = "eu-west-1") {
        return client_.latest({.region = region, .group = "/ecs/api", .name = "ecs/api/17"}, 20, Deadline::none());
    }
    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    LogsClient client_{{.region = "us-east-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
};

TEST_F(LogsClientTest, AsksForTheEndOfTheStreamInItsRegion) {
    http_.then(200, R"({"events":[{"timestamp":1,"message":"one"},{"message":"two\nthree"},{"timestamp":3}],
        "nextForwardToken":"f/2","nextBackwardToken":"b/0"})");
    const auto events = latest();
    ASSERT_THAT(events, IsOk());
    EXPECT_THAT(*events, ElementsAre("one", "two\nthree"));
    const auto sent = http_.requests().at(0);
    EXPECT_EQ(sent.url.reveal(), "https://logs.eu-west-1.amazonaws.com/");
    ASSERT_TRUE(sent.signing);
    EXPECT_EQ(sent.signing->service, "logs");
    EXPECT_EQ(sent.signing->region, "eu-west-1");
    std::string operation;
    for (const auto& header : sent.headers)
        if (header.name == "X-Amz-Target") operation = header.value;
    EXPECT_EQ(operation, "Logs_20140328.GetLogEvents");
    EXPECT_EQ(*parse_json(sent.body),
              *parse_json(R"({"logGroupName":"/ecs/api","logStreamName":"ecs/api/17","limit":20})"));
}

TEST_F(LogsClientTest, FollowsTheTokenOfAnEmptyAnswerOnceAndNoFurther) {
    http_.then(200, R"({"events":[],"nextBackwardToken":"b/9"})")
        .then(200, R"({"events":[{"message":"found"}]})")
        .then(200, R"({"events":[],"nextBackwardToken":"b/9"})")
        .then(200, R"({"events":[],"nextBackwardToken":"b/8"})");
    EXPECT_THAT(latest().value(), ElementsAre("found"));
    EXPECT_EQ((*parse_json(http_.requests().at(1).body))["nextToken"], "b/9");
    EXPECT_THAT(latest().value(), IsEmpty());
    EXPECT_THAT(http_.requests(), SizeIs(4));
}

TEST_F(LogsClientTest, NamesThePermissionAndKnowsWhatIsNotThere) {
    http_.then(400, R"({"__type":"AccessDeniedException","message":"no"})")
        .then(400, R"({"__type":"ResourceNotFoundException","message":"The specified log stream does not exist."})")
        .then(200, R"({"events":7})");
    const auto refused = latest();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kAccessDenied);
    EXPECT_THAT(refused.error().message, HasSubstr("(needs logs:GetLogEvents on the log group /ecs/api)"));
    EXPECT_EQ(latest().error().kind, ErrorKind::kNotFound);
    EXPECT_EQ(latest().error().kind, ErrorKind::kProtocol);
}

}  // namespace
}  // namespace ci_lambda::testing
