#include "sandbox/host/function_host.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <utility>

namespace ci_lambda::sandbox {
namespace {

/// How often in a row the function may die before it asks for an event, until the event that waits is given up.
constexpr int kMaxFailedStarts = 3;
constexpr std::size_t kKeptLogLines = 400;

}  // namespace

FunctionHost::FunctionHost(Options options, Invocations& invocations, const Clock& clock, OnLine on_log,
                           OnLine on_notice)
    : options_(std::move(options)),
      invocations_(invocations),
      clock_(clock),
      on_log_(std::move(on_log)),
      on_notice_(std::move(on_notice)) {}

FunctionHost::~FunctionHost() {
    if (!thread_.joinable()) return;
    invocations_.stop();
    stop();
}

void FunctionHost::start() {
    thread_ = std::thread([this] { supervise(); });
}

void FunctionHost::stop() {
    stopping_ = true;
    child_.kill();
    if (thread_.joinable()) thread_.join();
}

std::vector<std::string> FunctionHost::recent_log() const {
    const std::scoped_lock lock(log_mutex_);
    return {log_.begin(), log_.end()};
}

void FunctionHost::remember(std::string_view line) {
    {
        const std::scoped_lock lock(log_mutex_);
        log_.emplace_back(line);
        if (log_.size() > kKeptLogLines) log_.pop_front();
    }
    on_log_(line);
}

void FunctionHost::supervise() {
    do {
        run_once();
    } while (!stopping_ && invocations_.wait_for_event());
}

void FunctionHost::run_once() {
    late_ = false;
    invocations_.runtime_starts();
    std::string how;
    if (const auto started = child_.start(options_.program, options_.environment); !started) {
        how = started.error().message;
    } else {
        const auto end = child_.wait([this](std::string_view line) { remember(line); }, [this] { end_if_late(); });
        how = to_string(end);
    }
    const auto end = invocations_.runtime_ended(exit_failure(how));
    // It may end by itself as soon as nobody has an event for it any more.
    if (stopping_ || invocations_.stopped()) return;
    if (end.init_error)
        on_notice_(fmt::format("the function could not start: {}", failure_message(*end.init_error)));
    else if (late_)
        on_notice_("the function took too long and was ended; the next event starts it again");
    else
        on_notice_(fmt::format("the function has ended ({}); the next event starts it again", how));

    failed_starts_ = end.was_ready ? 0 : failed_starts_ + 1;
    if (failed_starts_ < kMaxFailedStarts) return;
    failed_starts_ = 0;
    invocations_.fail_waiting(end.init_error.value_or(exit_failure(how)));
}

/// Lambda's words for a process that is gone or that was ended.
FunctionFailure FunctionHost::exit_failure(const std::string& how) const {
    if (late_)
        return make_failure(
            "Sandbox.Timedout",
            fmt::format("Task timed out after {} seconds",
                        std::chrono::duration_cast<std::chrono::seconds>(Invocations::kTimeout).count()));
    return make_failure("Runtime.ExitError", fmt::format("Runtime exited with error: {}", how));
}

void FunctionHost::end_if_late() {
    // stop() may have come when there was no process yet to end.
    if (stopping_) child_.kill();
    const auto deadline = invocations_.deadline();
    if (!deadline || clock_.now() < *deadline) return;
    late_ = true;
    child_.kill();
}

}  // namespace ci_lambda::sandbox
