#pragma once

#include <atomic>

namespace ci_lambda::testing {

/// Counts threads that have ended, of those that called `watch_this_thread`. For one test at a time.
class EndedThreads {
public:
    EndedThreads() { count_ = 0; }
    static void watch_this_thread() { thread_local const Witness witness; }
    [[nodiscard]] int count() const { return count_; }

private:
    struct Witness {
        Witness() = default;
        Witness(const Witness&) = delete;
        Witness& operator=(const Witness&) = delete;
        ~Witness() { ++count_; }
    };
    static inline std::atomic<int> count_{0};
};

}  // namespace ci_lambda::testing
