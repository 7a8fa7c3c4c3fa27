#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "bench/driver/cpu_limit.hpp"

namespace ci_lambda::bench {

using Instant = std::chrono::steady_clock::time_point;

/// A function's process, from its exec to its end, which is SIGKILL, as in Lambda.
class Function {
public:
    struct Setup {
        std::string program;
        std::string runtime_api;  ///< host:port
        std::string ecs_url;
        std::string log;  ///< file for standard output and error, begun anew
        std::optional<CpuShare> share;
    };
    /// Starts it. It has this process's environment, and the addresses of the two servers.
    [[nodiscard]] static Result<std::unique_ptr<Function>> start(const Setup& setup);

    Function(const Function&) = delete;
    Function& operator=(const Function&) = delete;
    ~Function();

    /// Just before its exec.
    [[nodiscard]] Instant started() const { return started_; }
    /// A descriptor that is readable when the process has ended by itself.
    [[nodiscard]] int end_descriptor() const { return end_descriptor_; }
    /// User and system time of all of its threads so far.
    [[nodiscard]] std::chrono::nanoseconds cpu_time() const;
    /// The most memory that it has had so far (VmHWM).
    [[nodiscard]] long peak_kb() const;
    /// How the CPU is limited; empty when it is not.
    [[nodiscard]] std::string_view limit() const { return limit_ ? limit_->name() : std::string_view{}; }

private:
    Function() = default;

    std::unique_ptr<CpuLimit> limit_;
    pid_t pid_ = -1;
    int end_descriptor_ = -1;
    Instant started_;
};

}  // namespace ci_lambda::bench
