#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/time.hpp"
#include "sandbox/scheduler/scheduler.hpp"

namespace ci_lambda::sandbox {

/// Lets one-time schedules fire by themselves, a thread that wakes up whenever one is due: at the clock's time, as
/// whoever makes them reckons with it.
class ScheduleDriver {
public:
    using Invoke = std::function<void(std::string input)>;

    /// Both must outlive it.
    ScheduleDriver(Scheduler& scheduler, const Clock& clock, Invoke invoke);
    ~ScheduleDriver();
    ScheduleDriver(const ScheduleDriver&) = delete;
    ScheduleDriver& operator=(const ScheduleDriver&) = delete;

    void start();
    /// Ends the thread. Harmless when it does not run.
    void stop();

private:
    void wake();
    void run();

    Scheduler& scheduler_;
    const Clock& clock_;
    Invoke invoke_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace ci_lambda::sandbox
