#pragma once

#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "metrics/metric.hpp"

namespace ci_lambda {

/// What stands in every line of one process.
struct MetricIdentity {
    std::string project;
    std::string environment;
    std::string request_id = {};  ///< of the invocation; a member, no dimension. Empty: none
};

/// Gathers what happens during one event, and makes lines of it in CloudWatch's embedded metric format (CloudWatch user
/// guide, "Specification: Embedded metric format"). Counts nothing until it is switched on. Thread-safe.
class Tally {
public:
    enum class Mode {
        kOff,
        kOn,
        kByService  ///< what happens to a service is counted for that as well, in a line of its own
    };
    void set_mode(Mode mode);

    /// Whom it concerns, a service and a deployment of ECS, is empty where none. Some of both stand in the lines, so
    /// that people find what they are about.
    void add(Metric metric, double value = 1, std::string_view service = {}, std::string_view deployment = {});

    /// The lines, and nothing is left. None where nothing was added. Each is one JSON object without a newline, of
    /// ASCII characters, for a whole log event.
    [[nodiscard]] std::vector<std::string> take_lines(const MetricIdentity& identity, WallTime now);

private:
    struct Counted {
        std::string service;  // empty for what concerns none, and where they are not told apart
        std::array<std::vector<double>, kMetricCount> values = {};
    };
    [[nodiscard]] std::string line_of(const MetricIdentity& identity, WallTime now, Counted& counted) const;
    void forget();

    std::mutex mutex_;
    Mode mode_ = Mode::kOff;
    std::vector<Counted> counted_;
    std::vector<std::string> services_;
    std::vector<std::string> deployments_;
};

/// As it may stand in a dimension: printable ASCII, not empty, not too long (CloudWatch API, Dimension).
[[nodiscard]] std::string dimension_value(std::string_view text);

}  // namespace ci_lambda
