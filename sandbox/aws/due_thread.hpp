#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/time.hpp"

namespace ci_lambda::sandbox {

/// Lets a service of the sandbox go on by itself: a thread that wakes up whenever something is due in it.
class DueThread {
public:
    struct Work {
        std::function<void()> do_what_is_due;
        /// When something will be due next if nobody calls; `nullopt` when all is at rest.
        std::function<std::optional<WallTime>()> next_due;
    };

    /// The clock, and what the work refers to, must outlive it.
    DueThread(const Clock& clock, Work work) : clock_(clock), work_(std::move(work)) {}
    ~DueThread() { stop(); }
    DueThread(const DueThread&) = delete;
    DueThread& operator=(const DueThread&) = delete;

    void start();
    /// Somebody has called the service: what is due next may have changed.
    void wake();
    /// Ends the thread. Harmless when it does not run.
    void stop();

private:
    void run();

    const Clock& clock_;
    Work work_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace ci_lambda::sandbox
