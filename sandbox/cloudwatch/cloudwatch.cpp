#include "sandbox/cloudwatch/cloudwatch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

Json alarm_json(const Site& site, const std::string& name, bool is_on, WallTime since) {
    return {{"AlarmName", name},
            {"AlarmArn", fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", site.region, site.account, name)},
            {"ActionsEnabled", true},
            {"OKActions", Json::array()},
            {"AlarmActions", Json::array()},
            {"InsufficientDataActions", Json::array()},
            {"StateValue", is_on ? "ALARM" : "OK"},
            {"StateReason", is_on ? "Threshold Crossed: 1 datapoint [12.0] was greater than the threshold (5.0)."
                                  : "Threshold Crossed: 1 datapoint [0.0] was not greater than the threshold (5.0)."},
            {"StateUpdatedTimestamp", epoch_seconds(since)},
            {"StateTransitionedTimestamp", epoch_seconds(since)},
            {"Namespace", "AWS/ApplicationELB"},
            {"MetricName", "HTTPCode_Target_5XX_Count"},
            {"Statistic", "Sum"},
            {"Dimensions", Json::array()},
            {"Period", 60},
            {"EvaluationPeriods", 1},
            {"Threshold", 5.0},
            {"ComparisonOperator", "GreaterThanThreshold"}};
}

}  // namespace

CloudWatch::CloudWatch(const Clock& clock, const std::vector<std::string>& names, Site site)
    : clock_(clock), site_(std::move(site)) {
    for (const auto& name : names) alarms_[name] = {.since = clock.now() - std::chrono::hours{24}};
}

void CloudWatch::put(const std::string& name, bool is_on) {
    const auto found = alarms_.find(name);
    if (found == alarms_.end() || found->second.is_on != is_on) alarms_[name] = {.is_on = is_on, .since = clock_.now()};
}

void CloudWatch::set(const std::string& name, bool is_on) {
    const std::scoped_lock lock(mutex_);
    put(name, is_on);
}

void CloudWatch::follow(const std::vector<std::string>& in_alarm) {
    const std::scoped_lock lock(mutex_);
    for (const auto& name : in_alarm) put(name, true);
    for (const auto& [name, alarm] : alarms_)
        if (std::ranges::find(in_alarm, name) == in_alarm.end()) put(name, false);
}

AwsAnswer CloudWatch::handle(std::string_view operation, std::string_view body) {
    if (operation != "DescribeAlarms")
        return to_answer(AwsError{.type = "UnknownOperationException",
                                  .message = fmt::format("The sandbox's CloudWatch does not know {}.", operation)});
    const auto request = Parameters::parse(body);
    if (!request) return to_answer(request.error());
    const std::scoped_lock lock(mutex_);
    return to_answer(describe(*request));
}

AwsResult<Json> CloudWatch::describe(const Json& request) const {
    constexpr std::size_t kMostNames = 100;
    TRY_ASSIGN(const auto names, Parameters(request).texts("AlarmNames"));
    TRY_ASSIGN(const auto types, Parameters(request).texts("AlarmTypes"));
    if (names.size() > kMostNames) return aws_fail("ValidationError", "AlarmNames: at most 100 members are allowed.");
    Json metric = Json::array();
    const bool of_metrics = types.empty() || std::ranges::find(types, "MetricAlarm") != types.end();
    for (const auto& [name, alarm] : alarms_)
        if (of_metrics && (names.empty() || std::ranges::find(names, name) != names.end()))
            metric.push_back(alarm_json(site_, name, alarm.is_on, alarm.since));
    return Json{{"MetricAlarms", std::move(metric)}, {"CompositeAlarms", Json::array()}};
}

std::string CloudWatch::page() const {
    const std::scoped_lock lock(mutex_);
    Json page = Json::object();
    for (const auto& [name, alarm] : alarms_) page[name] = alarm.is_on ? "ALARM" : "OK";
    return dump_json(page) + '\n';
}

}  // namespace ci_lambda::sandbox
