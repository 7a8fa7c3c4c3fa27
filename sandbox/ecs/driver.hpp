#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/time.hpp"
#include "sandbox/ecs/ecs.hpp"

namespace ci_lambda::sandbox {

/// Lets an Ecs go on by itself: a thread that wakes up whenever something is due in it.
class EcsDriver {
public:
    /// Both must outlive it.
    EcsDriver(Ecs& ecs, const Clock& clock) : ecs_(ecs), clock_(clock) {}
    ~EcsDriver();
    EcsDriver(const EcsDriver&) = delete;
    EcsDriver& operator=(const EcsDriver&) = delete;

    void start();
    /// Somebody has called the Ecs: what is due next may have changed.
    void wake();
    /// Ends the thread. Harmless when it does not run.
    void stop();

private:
    void run();

    Ecs& ecs_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace ci_lambda::sandbox
