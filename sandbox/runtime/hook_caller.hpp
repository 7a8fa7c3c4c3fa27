#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "sandbox/ecs/state.hpp"
#include "sandbox/runtime/invocations.hpp"

namespace ci_lambda::sandbox {

/// Asks the function what lifecycle hooks want to know, one after the other, and hands its answers on. The function
/// gets the payload as it is, without an envelope: ECS invokes it, no event does.
class HookCaller {
public:
    using OnAnswer = std::function<void(const std::string& hook_id, const std::optional<std::string>& answer)>;

    /// Invocations must outlive it, and be stopped before it is. `on_answer` comes from a thread of its own, with
    /// nothing where the function failed, or took longer than it may.
    HookCaller(Invocations& invocations, OnAnswer on_answer)
        : invocations_(invocations), on_answer_(std::move(on_answer)) {}
    ~HookCaller();
    HookCaller(const HookCaller&) = delete;
    HookCaller& operator=(const HookCaller&) = delete;

    void call(const HookCall& call);
    /// Ends the thread. Harmless when it does not run.
    void stop();

private:
    struct Asked {
        std::string hook_id;
        std::string request_id;
    };
    void run();

    Invocations& invocations_;
    OnAnswer on_answer_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Asked> asked_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace ci_lambda::sandbox
