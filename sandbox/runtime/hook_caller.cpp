#include "sandbox/runtime/hook_caller.hpp"

#include <utility>

namespace ci_lambda::sandbox {

HookCaller::~HookCaller() { stop(); }

void HookCaller::call(const HookCall& call) {
    const auto id = invocations_.enqueue(call.payload, EventOrigin::kEcs);
    if (!id) {
        on_answer_(call.hook_id, std::nullopt);
        return;
    }
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    asked_.push_back({.hook_id = call.hook_id, .request_id = *id});
    changed_.notify_all();
}

void HookCaller::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void HookCaller::run() {
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
        on_answer_(asked.hook_id, done ? done->answer : std::nullopt);
    }
}

}  // namespace ci_lambda::sandbox
