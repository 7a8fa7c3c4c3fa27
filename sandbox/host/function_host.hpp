#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/time.hpp"
#include "sandbox/host/child_process.hpp"
#include "sandbox/runtime/invocations.hpp"

namespace ci_lambda::sandbox {

/// Keeps the function's process: starts it, starts it again for the next event after it has ended, and ends it when an
/// event takes too long. What Lambda does around a `bootstrap`.
class FunctionHost {
public:
    struct Options {
        std::string program;
        ChildProcess::Environment environment;
    };
    using OnLine = std::function<void(std::string_view)>;

    /// `on_log` gets each line that the function prints, `on_notice` what a person should know about its process. Both
    /// are called from a thread of the host's own. Invocations and clock must outlive it.
    FunctionHost(Options options, Invocations& invocations, const Clock& clock, OnLine on_log, OnLine on_notice);
    ~FunctionHost();
    FunctionHost(const FunctionHost&) = delete;
    FunctionHost& operator=(const FunctionHost&) = delete;

    /// Starts the function at once, so that a wrong setting is seen before the first event.
    void start();
    /// Ends the function and waits for it. `Invocations::stop()` must have been called.
    void stop();

    /// The last lines that the function printed, for whoever looks for a cause.
    [[nodiscard]] std::vector<std::string> recent_log() const;

private:
    void supervise();
    void run_once();
    void end_if_late();
    void remember(std::string_view line);
    [[nodiscard]] FunctionFailure exit_failure(const std::string& how) const;

    Options options_;
    Invocations& invocations_;
    const Clock& clock_;
    OnLine on_log_;
    OnLine on_notice_;
    ChildProcess child_;
    std::atomic<bool> stopping_ = false;
    bool late_ = false;
    int failed_starts_ = 0;
    mutable std::mutex log_mutex_;
    std::deque<std::string> log_;
    std::thread thread_;  // forks the child, which dies with this very thread
};

}  // namespace ci_lambda::sandbox
