#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ci_lambda {

/// What is counted and measured. docs/metrics.md says of each when.
enum class Metric : std::uint8_t {
    kStarted,
    kCouldNotStart,
    kCompleted,
    kFailed,
    kRolledBack,
    kTimedOut,
    kSuperseded,
    kAwaitingApproval,
    kHeld,
    kIgnoredRepeated,
    kIgnoredElsewhere,
    kIgnoredKind,
    kIgnoredUnmatched,
    kIgnoredSwitchedOff,
    kIgnoredRolling,
    kRetries,
    kThrottles,
    kPacingWaits,
    kEventToAccepted,
    kRolloutDuration,
    kLeadTime,
    kTimeToRestore,
    kApprovalsWaited,
    kNotificationsLost,
    kColdStarts,
    kMemoryUsed
};

inline constexpr std::size_t kMetricCount = static_cast<std::size_t>(Metric::kMemoryUsed) + 1;

/// One row of the table of all metrics, from which docs, dashboards and alarms are checked.
struct MetricInfo {
    std::string_view name;
    std::string_view unit;  ///< of CloudWatch's StandardUnit: Count, Seconds, ..
    std::string_view what;  ///< for the docs
    /// The values stay apart, for averages and percentiles; else they are added up.
    [[nodiscard]] bool is_measured() const { return unit != "Count"; }
};

/// In the order of `Metric`.
[[nodiscard]] std::span<const MetricInfo> metrics();
[[nodiscard]] const MetricInfo& info_of(Metric metric);

inline constexpr std::string_view kMetricNamespace = "ci_lambda";

}  // namespace ci_lambda
