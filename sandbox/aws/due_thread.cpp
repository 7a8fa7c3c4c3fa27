#include "sandbox/aws/due_thread.hpp"

#include <algorithm>
#include <chrono>

namespace ci_lambda::sandbox {

void DueThread::start() {
    thread_ = std::thread([this] { run(); });
}

void DueThread::wake() {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
    changed_.notify_all();
}

void DueThread::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void DueThread::run() {
    // A wait of its own length, not until a time: the clock may be another one than the machine's. Never none at all.
    constexpr Milliseconds kShortest{1};
    const auto has_news = [this] { return woken_ || stopping_; };
    for (;;) {
        work_.do_what_is_due();
        const auto next = work_.next_due();
        std::unique_lock lock(mutex_);
        if (next) {
            const auto left = std::chrono::ceil<Milliseconds>(*next - clock_.now());
            changed_.wait_for(lock, std::max(kShortest, left), has_news);
        } else {
            changed_.wait(lock, has_news);
        }
        if (stopping_) return;
        woken_ = false;
    }
}

}  // namespace ci_lambda::sandbox
