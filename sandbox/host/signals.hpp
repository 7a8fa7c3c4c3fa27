#pragma once

#include <functional>
#include <thread>

namespace ci_lambda::sandbox {

/// Calls `on_signal`, once, when SIGINT or SIGTERM comes, in a thread where it may do anything. Make it before any
/// other thread: those inherit that the two signals are held back for it.
class SignalWatcher {
public:
    explicit SignalWatcher(std::function<void()> on_signal);
    ~SignalWatcher();
    SignalWatcher(const SignalWatcher&) = delete;
    SignalWatcher& operator=(const SignalWatcher&) = delete;

private:
    void watch();

    std::function<void()> on_signal_;
    int signals_ = -1;  // readable when a signal is pending
    int end_ = -1;      // readable when the watch is over
    std::thread thread_;
};

}  // namespace ci_lambda::sandbox
