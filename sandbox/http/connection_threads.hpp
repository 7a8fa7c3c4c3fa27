#pragma once

#include <httplib.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace ci_lambda::sandbox {

/// The threads of the HTTP server. A connection holds one for as long as it is open, also while it idles or is slow, so
/// there is one more whenever a connection comes and none is free: those that do nothing never keep the others waiting.
class ConnectionThreads final : public httplib::TaskQueue {
public:
    /// Beyond it connections wait for their turn: about what a process may have open.
    static constexpr std::size_t kMost = 900;

    void enqueue(std::function<void()> connection) override;
    /// Waits until all connections have been served.
    void shutdown() override;

private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::list<std::function<void()>> waiting_;
    std::size_t idle_ = 0;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace ci_lambda::sandbox
