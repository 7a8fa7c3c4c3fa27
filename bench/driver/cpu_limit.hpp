#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string_view>

#include "base/result.hpp"

namespace ci_lambda::bench {

/// How much of one CPU a process may use: `quota` in each `period`.
struct CpuShare {
    std::chrono::microseconds quota;
    std::chrono::microseconds period;
};

/// Holds one process to a share of a CPU while it lives. Each process gets one of its own, so that none starts with the
/// debt of the one before.
class CpuLimit {
public:
    CpuLimit() = default;
    CpuLimit(const CpuLimit&) = delete;
    CpuLimit& operator=(const CpuLimit&) = delete;
    virtual ~CpuLimit() = default;

    /// The process waits before its exec. The limit must outlive the process.
    virtual Status hold(pid_t process) = 0;
    /// For the report.
    [[nodiscard]] virtual std::string_view name() const = 0;
};

/// A control group of version 2 or 1, whichever this machine lets us make; where neither, the process is stopped and
/// let go on by signals.
[[nodiscard]] std::unique_ptr<CpuLimit> cpu_limit(CpuShare share);

}  // namespace ci_lambda::bench
