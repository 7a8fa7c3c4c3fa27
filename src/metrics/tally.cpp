#include "metrics/tally.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iterator>

namespace ci_lambda {
namespace {

/// Of the embedded metric format.
constexpr std::size_t kValuesAtMost = 100;
/// Of the API's dimensions.
constexpr std::size_t kLongestValue = 1024;
/// A large event deploys hundreds of services: who wants all of them reads the log.
constexpr std::size_t kMentionedAtMost = 20;

void mention(std::vector<std::string>& ids, std::string_view id) {
    if (!id.empty() && ids.size() < kMentionedAtMost && std::ranges::find(ids, id) == ids.end()) ids.emplace_back(id);
}

// JSON by hand: what is written is ASCII by then, and the parts of the JSON library that this would take are bigger
// than all of this room.

void add_text(std::string& line, std::string_view text) {
    line += '"';
    for (const char c : dimension_value(text)) {
        if (c == '"' || c == '\\') line += '\\';
        line += c;
    }
    line += '"';
}

void add_member(std::string& line, std::string_view name, std::string_view text) {
    line += fmt::format(",\"{}\":", name);
    add_text(line, text);
}

void add_list(std::string& line, std::string_view name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    line += fmt::format(",\"{}\":", name);
    char before = '[';
    for (const auto& text : texts) {
        line += before;
        add_text(line, text);
        before = ',';
    }
    line += ']';
}

/// Takes out of `values` as many as one line may have.
void add_values(std::string& line, std::string_view name, std::vector<double>& values) {
    const auto count = std::min(values.size(), kValuesAtMost);
    line += fmt::format(",\"{}\":", name);
    if (values.size() == 1) {
        line += fmt::format("{}", values.front());
    } else {
        for (std::size_t i = 0; i < count; ++i) line += fmt::format("{}{}", i == 0 ? '[' : ',', values[i]);
        line += ']';
    }
    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
}

bool is_empty(const std::array<std::vector<double>, kMetricCount>& values) {
    return std::ranges::all_of(values, [](const auto& one) { return one.empty(); });
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
    if (mode == Mode::kOff) forget();
}

void Tally::forget() {
    counted_.clear();
    services_.clear();
    deployments_.clear();
}

void Tally::add(Metric metric, double value, std::string_view service, std::string_view deployment) {
    const std::scoped_lock lock(mutex_);
    if (mode_ == Mode::kOff || !std::isfinite(value)) return;
    const std::string_view apart = mode_ == Mode::kByService ? service : std::string_view();
    auto found = std::ranges::find(counted_, apart, &Counted::service);
    if (found == counted_.end()) {
        counted_.push_back({.service = std::string(apart), .values = {}});
        found = std::prev(counted_.end());
    }
    auto& values = found->values.at(static_cast<std::size_t>(metric));
    if (info_of(metric).is_measured() || values.empty())
        values.push_back(value);
    else
        values.front() += value;
    mention(services_, service);
    mention(deployments_, deployment);
}

/// One line with what is in `counted`, which is taken out as far as it fits.
std::string Tally::line_of(const MetricIdentity& identity, WallTime now, Counted& counted) const {
    std::string definitions;
    std::string values;
    for (std::size_t i = 0; i < kMetricCount; ++i) {
        auto& numbers = counted.values.at(i);
        if (numbers.empty()) continue;
        const auto& info = info_of(static_cast<Metric>(i));
        definitions +=
            fmt::format("{}{{\"Name\":\"{}\",\"Unit\":\"{}\"}}", definitions.empty() ? "" : ",", info.name, info.unit);
        add_values(values, info.name, numbers);
    }
    const bool apart = !counted.service.empty();
    auto line = fmt::format(R"({{"_aws":{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":"{}",)"
                            R"("Dimensions":[["project","environment"]{}],"Metrics":[{}]}}]}})",
                            std::chrono::duration_cast<Milliseconds>(now.time_since_epoch()).count(), kMetricNamespace,
                            apart ? R"(,["project","environment","service"])" : "", definitions);
    add_member(line, "project", identity.project);
    add_member(line, "environment", identity.environment);
    if (apart) add_member(line, "service", counted.service);
    line += values;
    if (!identity.request_id.empty()) add_member(line, "request_id", identity.request_id);
    add_list(line, "services", services_);
    add_list(line, "deployments", deployments_);
    line += '}';
    return line;
}

std::vector<std::string> Tally::take_lines(const MetricIdentity& identity, WallTime now) {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> lines;
    for (auto& counted : counted_)
        while (!is_empty(counted.values)) lines.push_back(line_of(identity, now, counted));
    forget();
    return lines;
}

}  // namespace ci_lambda
