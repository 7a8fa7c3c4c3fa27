#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "logging/logger.hpp"

namespace ci_lambda {

// What both looks (`DiscoveryIndex`, `TaskIndex`) do about what cannot be read.

/// What may go better with the next try.
[[nodiscard]] bool may_heal(const Error& error);

/// Adds "WHAT could not be read: .." to the warnings of a look, and keeps as `unread` the first that may heal.
void add_unread(const std::string& what, const Error& error, std::vector<std::string>& warnings, std::string& unread);

/// Logs the warnings of each look, without those that the look before had as well. Not thread-safe.
class WarningLog {
public:
    /// `logger` must outlive it. `subject`: what stands in front of each, such as "discovery".
    WarningLog(const Logger& logger, std::string subject) : logger_(logger), subject_(std::move(subject)) {}

    void tell(const std::vector<std::string>& warnings);

private:
    const Logger& logger_;
    std::string subject_;
    std::set<std::string> told_;
};

}  // namespace ci_lambda
