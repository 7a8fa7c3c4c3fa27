#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/states/api.hpp"

namespace ci_lambda::testing {

/// Step Functions' executions, kept in memory, by its own rules of idempotency. Counts; a test may come between a call
/// and its effect, and ends executions itself (`end`).
class FakeStateMachines final : public StateMachines {
public:
    /// Before each call ("start", "describe", ..): what happens meanwhile, or what it answers instead.
    std::function<Status(const std::string& operation)> before = [](const std::string&) -> Status { return {}; };
    /// After it: the answer that is lost.
    std::function<Status(const std::string& operation)> after = [](const std::string&) -> Status { return {}; };

    Result<Start> start(const std::string& machine, const std::string& name, const std::string& input,
                        Deadline /*deadline*/) override {
        TRY(count("start"));
        auto arn = execution_arn(machine, name);
        if (!arn) return fail(ErrorKind::kConfiguration, "not the ARN of a state machine");
        auto begun = Begun::kRuns;
        {
            const std::scoped_lock lock(mutex_);
            if (const auto* there = find_locked(*arn); there == nullptr) {
                executions_.push_back({.listed = {.arn = *arn, .name = name, .started = tick()},
                                       .input = input,
                                       .output = {},
                                       .error = {},
                                       .cause = {},
                                       .why_not_redrivable = {}});
            } else if (is_over(there->listed.status) || there->input != input) {
                begun = Begun::kNameIsTaken;
            }
        }
        TRY(after("start"));
        return Start{.begun = begun, .execution = *std::move(arn)};
    }
    Result<Execution> describe(const std::string& execution, Deadline /*deadline*/) override {
        TRY(count("describe"));
        const std::scoped_lock lock(mutex_);
        const auto* there = find_locked(execution);
        if (there == nullptr) return no_such();
        return *there;
    }
    Result<std::vector<ListedExecution>> list(const std::string& machine, std::optional<ExecutionStatus> status,
                                              std::size_t most, Deadline /*deadline*/) override {
        TRY(count("list"));
        const auto all = execution_arn(machine, "").value_or("no machine");
        const std::scoped_lock lock(mutex_);
        std::vector<ListedExecution> listed;
        for (const auto& one : executions_)
            if (one.listed.arn.starts_with(all) && (!status || one.listed.status == *status))
                listed.push_back(one.listed);
        std::ranges::sort(listed, std::ranges::greater{},
                          [](const auto& one) { return one.stopped.value_or(one.started); });
        if (listed.size() > most) listed.resize(most);
        return listed;
    }
    Status stop(const std::string& execution, const std::string& error, const std::string& cause,
                Deadline /*deadline*/) override {
        TRY(count("stop"));
        {
            const std::scoped_lock lock(mutex_);
            auto* there = find_locked(execution);
            if (there == nullptr) return no_such();
            if (!is_over(there->listed.status)) end_locked(*there, ExecutionStatus::kAborted, error, cause);
        }
        return after("stop");
    }
    Status redrive(const std::string& execution, const std::string& token, Deadline /*deadline*/) override {
        TRY(count("redrive"));
        {
            const std::scoped_lock lock(mutex_);
            auto* there = find_locked(execution);
            if (there == nullptr) return no_such();
            const bool is_same_call = redriven_.contains({execution, token});
            if (!is_same_call && !there->redrivable)
                return std::unexpected(Error{.kind = ErrorKind::kRejected,
                                             .message = "ExecutionNotRedrivable: the execution cannot be redriven",
                                             .code = "ExecutionNotRedrivable"});
            if (!is_same_call) {
                redriven_.emplace(execution, token);
                there->listed.status = ExecutionStatus::kRunning;
                there->listed.stopped = std::nullopt;
                there->redrivable = false;
                there->error.clear();
                there->cause.clear();
                ++there->redrives;
            }
        }
        return after("redrive");
    }

    /// What a state machine does by itself: it ends.
    void end(const std::string& execution, ExecutionStatus status, const std::string& error = {},
             const std::string& cause = {}) {
        const std::scoped_lock lock(mutex_);
        if (auto* there = find_locked(execution)) end_locked(*there, status, error, cause);
    }
    [[nodiscard]] std::vector<Execution> all() const {
        const std::scoped_lock lock(mutex_);
        return executions_;
    }
    [[nodiscard]] int calls(const std::string& operation) const {
        const std::scoped_lock lock(mutex_);
        const auto found = calls_.find(operation);
        return found == calls_.end() ? 0 : found->second;
    }

private:
    static std::unexpected<Error> no_such() { return fail(ErrorKind::kNotFound, "ExecutionDoesNotExist"); }
    Status count(const std::string& operation) {
        {
            const std::scoped_lock lock(mutex_);
            ++calls_[operation];
        }
        return before(operation);
    }
    Execution* find_locked(const std::string& arn) {
        const auto found = std::ranges::find(executions_, arn, [](const auto& one) { return one.listed.arn; });
        return found == executions_.end() ? nullptr : &*found;
    }
    void end_locked(Execution& one, ExecutionStatus status, const std::string& error, const std::string& cause) {
        one.listed.status = status;
        one.listed.stopped = tick();
        one.redrivable = status != ExecutionStatus::kSucceeded;
        one.error = error;
        one.cause = cause;
    }
    /// No two things happen at the same time, so that "newest first" has one meaning.
    WallTime tick() { return now_ += Milliseconds(1); }

    mutable std::mutex mutex_;
    WallTime now_{std::chrono::seconds{1'767'262'083}};
    std::vector<Execution> executions_;
    std::set<std::pair<std::string, std::string>> redriven_;
    std::map<std::string, int> calls_;
};

}  // namespace ci_lambda::testing
