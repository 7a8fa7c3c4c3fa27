#include "sandbox/http/connection_threads.hpp"

#include <utility>

namespace ci_lambda::sandbox {

void ConnectionThreads::enqueue(std::function<void()> connection) {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(connection));
    if (idle_ < waiting_.size() && threads_.size() < kMost) threads_.emplace_back([this] { work(); });
    changed_.notify_one();
}

void ConnectionThreads::shutdown() {
    {
        const std::scoped_lock lock(mutex_);
        ending_ = true;
        changed_.notify_all();
    }
    for (auto& thread : threads_) thread.join();
}

void ConnectionThreads::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        --idle_;
        if (waiting_.empty()) return;
        const auto connection = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        connection();
        lock.lock();
    }
}

}  // namespace ci_lambda::sandbox
