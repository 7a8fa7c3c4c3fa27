#include "metrics/tally.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// Of the embedded metric format.
constexpr std::size_t kValuesAtMost = 100;
/// Of the API's dimensions.
constexpr std::size_t kLongestValue = 1024;
/// A large event deploys hundreds of services: who wants all of them reads the log.
constexpr std::size_t kMentionedAtMost = 20;

using OrderedJson = nlohmann::ordered_json;

/// Whole numbers as such: `1`, not `1.0`.
OrderedJson number(double value) {
    const auto whole = static_cast<std::int64_t>(value);
    return static_cast<double>(whole) == value ? OrderedJson(whole) : OrderedJson(value);
}

void mention(std::vector<std::string>& ids, std::string_view id) {
    if (!id.empty() && ids.size() < kMentionedAtMost && std::ranges::find(ids, id) == ids.end()) ids.emplace_back(id);
}

/// Takes out of `values` as many as one line may have.
OrderedJson taken(std::vector<double>& values) {
    if (values.size() == 1) return number(std::exchange(values, {}).front());
    auto list = OrderedJson::array();
    const auto end = values.begin() + static_cast<std::ptrdiff_t>(std::min(values.size(), kValuesAtMost));
    for (auto one = values.begin(); one != end; ++one) list.push_back(number(*one));
    values.erase(values.begin(), end);
    return list;
}

/// One line with what is in `values`, which is taken out as far as it fits.
OrderedJson line_of(const MetricIdentity& identity, const std::string& service, WallTime now,
                    std::map<Metric, std::vector<double>>& values) {
    auto dimensions = OrderedJson::array({OrderedJson::array({"project", "environment"})});
    if (!service.empty()) dimensions.push_back({"project", "environment", "service"});
    auto definitions = OrderedJson::array();
    for (const auto& [metric, numbers] : values)
        definitions.push_back({{"Name", info_of(metric).name}, {"Unit", info_of(metric).unit}});
    OrderedJson directive{{"Namespace", kMetricNamespace}};
    directive["Dimensions"] = std::move(dimensions);
    directive["Metrics"] = std::move(definitions);
    OrderedJson line;
    line["_aws"]["Timestamp"] = std::chrono::duration_cast<Milliseconds>(now.time_since_epoch()).count();
    line["_aws"]["CloudWatchMetrics"] = OrderedJson::array({std::move(directive)});
    line["project"] = dimension_value(identity.project);
    line["environment"] = dimension_value(identity.environment);
    if (!service.empty()) line["service"] = dimension_value(service);
    for (auto one = values.begin(); one != values.end();) {
        line[std::string(info_of(one->first).name)] = taken(one->second);
        one = one->second.empty() ? values.erase(one) : std::next(one);
    }
    if (!identity.request_id.empty()) line["request_id"] = identity.request_id;
    return line;
}

}  // namespace

std::string dimension_value(std::string_view text) {
    std::string value;
    for (const char c : text.substr(0, kLongestValue)) value += c >= ' ' && c <= '~' ? c : '?';
    return value.find_first_not_of(' ') == std::string::npos ? "-" : value;
}

void Tally::set_mode(Mode mode) {
    const std::scoped_lock lock(mutex_);
    mode_ = mode;
    if (mode == Mode::kOff) of_services_.clear();
}

void Tally::add(Metric metric, double value, std::string_view service, std::string_view deployment) {
    const std::scoped_lock lock(mutex_);
    if (mode_ == Mode::kOff) return;
    auto& values = of_services_[mode_ == Mode::kByService ? std::string(service) : std::string()][metric];
    if (info_of(metric).is_measured() || values.empty())
        values.push_back(value);
    else
        values.front() += value;
    mention(services_, service);
    mention(deployments_, deployment);
}

std::vector<std::string> Tally::take_lines(const MetricIdentity& identity, WallTime now) {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> lines;
    for (auto& [service, values] : of_services_)
        while (!values.empty()) {
            auto line = line_of(identity, service, now, values);
            if (!services_.empty()) line["services"] = services_;
            if (!deployments_.empty()) line["deployments"] = deployments_;
            lines.push_back(line.dump(-1, ' ', true, OrderedJson::error_handler_t::replace));
        }
    of_services_.clear();
    services_.clear();
    deployments_.clear();
    return lines;
}

}  // namespace ci_lambda
