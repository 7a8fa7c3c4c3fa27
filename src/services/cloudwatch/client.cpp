#include "services/cloudwatch/client.hpp"

#include <utility>

#include "base/json.hpp"
#include "services/aws/decode.hpp"

namespace ci_lambda {
namespace {

/// A state that nobody here knows is no alarm.
AlarmState::Value state_of(std::string_view text) {
    if (text == "ALARM") return AlarmState::Value::kAlarm;
    return text == "OK" ? AlarmState::Value::kOk : AlarmState::Value::kInsufficientData;
}

/// Of two times the one at which the value changed; the other one also moves when only the words do.
std::optional<WallTime> changed_at(const Json& alarm) {
    const auto changed = find_epoch_seconds(alarm, "StateTransitionedTimestamp");
    return changed ? changed : find_epoch_seconds(alarm, "StateUpdatedTimestamp");
}

}  // namespace

constinit const AwsService kCloudWatchService{.name = "cloudwatch",
                                              .title = "CloudWatch",
                                              .host = "monitoring",
                                              .signing_name = "monitoring",
                                              .endpoint_variable = "AWS_ENDPOINT_URL_CLOUDWATCH",
                                              .target_prefix = "GraniteServiceVersion20100801.",
                                              .content_type = "application/x-amz-json-1.0",
                                              .always_fips_in_govcloud = true,
                                              .dualstack_always_fips_in_govcloud = true};

CloudWatchClient::CloudWatchClient(AwsEndpointOptions options, HttpClient& http, CredentialsProvider& credentials,
                                   const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : client_(kCloudWatchService, std::move(options), http, credentials, clock, sleeper, logger) {}

Result<std::vector<AlarmState>> CloudWatchClient::describe(const std::vector<std::string>& names, Deadline deadline) {
    // Without the types it would be metric alarms alone.
    auto answer = client_.read(
        "DescribeAlarms",
        {{"AlarmNames", names}, {"AlarmTypes", {"MetricAlarm", "CompositeAlarm"}}, {"MaxRecords", 100}}, deadline);
    if (!answer) {
        auto error = std::move(answer).error();
        // A permission for some alarms only would not show the composite ones (API reference, DescribeAlarms).
        if (error.kind == ErrorKind::kAccessDenied) error.message += " (needs cloudwatch:DescribeAlarms on *)";
        return std::unexpected(std::move(error));
    }
    std::vector<AlarmState> alarms;
    for (const auto* member : {"MetricAlarms", "CompositeAlarms"}) {
        const auto* list = find(*answer, member);
        if (list == nullptr) continue;  // an answer without any
        if (!list->is_array())
            return fail(ErrorKind::kProtocol, "CloudWatch's answer to DescribeAlarms has what is no list of alarms");
        for (const auto& alarm : *list) {
            auto name = find_string(alarm, "AlarmName");
            if (!name) continue;
            alarms.push_back({.name = *std::move(name),
                              .value = state_of(find_string(alarm, "StateValue").value_or("")),
                              .reason = find_string(alarm, "StateReason").value_or(""),
                              .since = changed_at(alarm)});
        }
    }
    return alarms;
}

}  // namespace ci_lambda
