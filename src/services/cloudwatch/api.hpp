#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

/// How an alarm of CloudWatch stands.
struct AlarmState {
    enum class Value { kOk, kAlarm, kInsufficientData };
    std::string name;
    Value value = Value::kOk;
    std::string reason = {};             ///< in CloudWatch's words; may be empty
    std::optional<WallTime> since = {};  ///< when `value` last became another one
};

/// Alarms of CloudWatch (API version 2010-08-01).
class Alarms {
public:
    Alarms() = default;
    Alarms(const Alarms&) = delete;
    Alarms& operator=(const Alarms&) = delete;
    virtual ~Alarms() = default;

    /// Those of these names that there are, metric alarms and composite ones, in any order; at most 100. kAccessDenied
    /// names the permission. Nothing is retried.
    virtual Result<std::vector<AlarmState>> describe(const std::vector<std::string>& names, Deadline deadline) = 0;
};

}  // namespace ci_lambda
