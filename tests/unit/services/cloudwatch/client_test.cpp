#include "services/cloudwatch/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"
#include "support/matchers.hpp"

namespace ci_lambda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CloudWatchClientTest : public ::testing::Test {
protected:
    FakeHttp http_;
    FakeCredentials credentials_;
    RecordingLog log_;
    FakeSleeper sleeper_{log_.clock};
    CloudWatchClient client_{{.region = "eu-west-1"}, http_, credentials_, log_.clock, sleeper_, log_.logger};
};

TEST_F(CloudWatchClientTest, AsksForMetricAndCompositeAlarmsAndReadsBoth) {
    http_.then(200, R"({"MetricAlarms":[
        {"AlarmName":"a","StateValue":"ALARM","StateReason":"Threshold Crossed","StateUpdatedTimestamp":1767262500.5,
         "StateTransitionedTimestamp":1767262083},
        {"AlarmName":"b","StateValue":"INSUFFICIENT_DATA","StateUpdatedTimestamp":1.767262083E9}],
      "CompositeAlarms":[{"AlarmName":"c","StateValue":"OK"},{"AlarmName":"d","StateValue":"NEW"},{}]})");
    const auto alarms = client_.describe({"a", "b", "c"}, Deadline::none());
    ASSERT_THAT(alarms, IsOk());
    ASSERT_EQ(alarms->size(), 4U);
    EXPECT_EQ(alarms->at(0).value, AlarmState::Value::kAlarm);
    EXPECT_EQ(alarms->at(0).since, FakeClock().now()) << "when the value changed, not when the words did";
    EXPECT_EQ(alarms->at(0).reason, "Threshold Crossed");
    EXPECT_EQ(alarms->at(1).value, AlarmState::Value::kInsufficientData);
    EXPECT_EQ(alarms->at(1).since, FakeClock().now());
    EXPECT_EQ(alarms->at(2).value, AlarmState::Value::kOk);
    EXPECT_EQ(alarms->at(2).since, std::nullopt);
    EXPECT_EQ(alarms->at(3).value, AlarmState::Value::kInsufficientData) << "what nobody knows is no alarm";

    const auto sent = http_.requests().at(0);
    EXPECT_EQ(sent.url.reveal(), "https://monitoring.eu-west-1.amazonaws.com/");
    ASSERT_TRUE(sent.signing);
    EXPECT_EQ(sent.signing->service, "monitoring");
    std::string target;
    std::string type;
    for (const auto& header : sent.headers) {
        if (header.name == "X-Amz-Target") target = header.value;
        if (header.name == "Content-Type") type = header.value;
    }
    EXPECT_EQ(target, "GraniteServiceVersion20100801.DescribeAlarms");
    EXPECT_EQ(type, "application/x-amz-json-1.0");
    EXPECT_EQ(*parse_json(sent.body), *parse_json(R"({"AlarmNames":["a","b","c"],"MaxRecords":100,
        "AlarmTypes":["MetricAlarm","CompositeAlarm"]})"));
}

TEST_F(CloudWatchClientTest, NamesThePermissionAndTakesNoListForNone) {
    http_.then(400, R"({"__type":"com.amazonaws.cloudwatch#AccessDenied","message":"no"})")
        .then(200, "{}")
        .then(200, R"({"MetricAlarms":1})");
    const auto refused = client_.describe({"a"}, Deadline::none());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("(needs cloudwatch:DescribeAlarms on *)"));
    const auto none = client_.describe({"a"}, Deadline::none());
    ASSERT_THAT(none, IsOk());
    EXPECT_THAT(*none, IsEmpty());
    const auto broken = client_.describe({"a"}, Deadline::none());
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().kind, ErrorKind::kProtocol);
}

}  // namespace
}  // namespace ci_lambda::testing
