#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

/// Where one container writes to.
struct LogStream {
    std::string region;
    std::string group;
    std::string name;
};

/// The events of log streams (CloudWatch Logs, API version 2014-03-28).
class LogEvents {
public:
    LogEvents() = default;
    LogEvents(const LogEvents&) = delete;
    LogEvents& operator=(const LogEvents&) = delete;
    virtual ~LogEvents() = default;

    /// The texts of the latest events, oldest first; at most `most`, and of all together about a megabyte. Each may
    /// have several lines, and whatever somebody wrote into them. kNotFound: there is no such group or stream;
    /// kAccessDenied names the permission. Two calls at most; nothing is retried. Thread-safe.
    virtual Result<std::vector<std::string>> latest(const LogStream& stream, std::size_t most, Deadline deadline) = 0;
};

}  // namespace ci_lambda
