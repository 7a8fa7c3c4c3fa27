#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "sandbox/runtime/invocations.hpp"

namespace ci_lambda::sandbox {

/// Has the function do what another service wants done, one after the other, and hands on what came of it. The function
/// gets the payload as it is, without an envelope: it is invoked, no event is sent.
class FunctionCaller {
public:
    /// `id`: of the call. Nothing came of it where the function took longer than it may.
    using OnDone = std::function<void(const std::string& id, const std::optional<InvocationRecord>& done)>;

    /// Invocations must outlive it, and be stopped before it is. `on_done` comes from a thread of its own.
    FunctionCaller(Invocations& invocations, OnDone on_done)
        : invocations_(invocations), on_done_(std::move(on_done)) {}
    ~FunctionCaller();
    FunctionCaller(const FunctionCaller&) = delete;
    FunctionCaller& operator=(const FunctionCaller&) = delete;

    /// False where too much waits already: then `on_done` does not come.
    [[nodiscard]] bool call(const std::string& id, const std::string& payload, EventOrigin origin);
    /// Ends the thread. Harmless when it does not run.
    void stop();

private:
    struct Asked {
        std::string id;
        std::string request_id;
    };
    void run();

    Invocations& invocations_;
    OnDone on_done_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Asked> asked_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace ci_lambda::sandbox
