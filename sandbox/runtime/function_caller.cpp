#include "sandbox/runtime/function_caller.hpp"

#include <utility>

namespace ci_lambda::sandbox {

FunctionCaller::~FunctionCaller() { stop(); }

bool FunctionCaller::call(const std::string& id, const std::string& payload, EventOrigin origin) {
    const auto request_id = invocations_.enqueue(payload, origin);
    if (!request_id) return false;
    const std::scoped_lock lock(mutex_);
    if (stopping_) return true;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    asked_.push_back({.id = id, .request_id = *request_id});
    changed_.notify_all();
    return true;
}

void FunctionCaller::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void FunctionCaller::run() {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !asked_.empty(); });
        if (stopping_) return;
        const auto asked = std::move(asked_.front());
        asked_.pop_front();
        lock.unlock();
        // It may stand behind others, which take their time.
        const auto done = invocations_.wait_done(asked.request_id, 10 * Invocations::kTimeout);
        if (!done && invocations_.stopped()) return;
        on_done_(asked.id, done);
    }
}

}  // namespace ci_lambda::sandbox
