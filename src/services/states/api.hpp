#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

/// How an execution of a state machine stands (Step Functions API, `ExecutionStatus`).
enum class ExecutionStatus {
    kRunning,
    kSucceeded,
    kFailed,
    kTimedOut,
    kAborted,         ///< stopped by somebody
    kPendingRedrive,  ///< goes on as soon as its map runs may
};

/// AWS's own word: `RUNNING`.
[[nodiscard]] std::string_view to_string(ExecutionStatus status);
[[nodiscard]] std::optional<ExecutionStatus> execution_status_of(std::string_view word);

/// It has come to an end. A redrive begins it again all the same.
[[nodiscard]] bool is_over(ExecutionStatus status);

struct ListedExecution {
    std::string arn;
    std::string name;
    ExecutionStatus status = ExecutionStatus::kRunning;
    WallTime started{};
    std::optional<WallTime> stopped = {};
};

struct Execution {
    ListedExecution listed;
    std::string input;   ///< JSON, as it was given
    std::string output;  ///< JSON; empty unless it has succeeded
    std::string error;   ///< of one that has failed or was stopped
    std::string cause;   ///< the same; whatever somebody wrote into it
    int redrives = 0;
    bool redrivable = false;
    std::string why_not_redrivable;  ///< in AWS's words; empty where it is redrivable or AWS says nothing
};

/// `arn:aws:states:R:A:stateMachine:M` and `N` -> `arn:aws:states:R:A:execution:M:N`; nullopt for what is no ARN of a
/// state machine, or of a version or an alias of one.
[[nodiscard]] std::optional<std::string> execution_arn(std::string_view machine, std::string_view name);

/// Executions of Standard state machines (Step Functions, API version 2016-11-23).
///
/// What describe() and list() say is eventually consistent (API reference of both): a look may be older than what this
/// process has just done. kNotFound: there is no such state machine or execution; kAccessDenied names the permission
/// and the resource. Nothing is retried. Thread-safe.
class StateMachines {
public:
    StateMachines() = default;
    StateMachines(const StateMachines&) = delete;
    StateMachines& operator=(const StateMachines&) = delete;
    virtual ~StateMachines() = default;

    enum class Begun {
        /// It runs, with this input: because of this call or of an equal one before, which Step Functions does not
        /// tell apart.
        kRuns,
        /// The name is taken for 90 days: by one that has ended, or that has another input. Nothing was begun.
        kNameIsTaken,
    };
    struct Start {
        Begun begun = Begun::kRuns;
        std::string execution;  ///< the ARN of whichever has the name
    };
    /// Begins an execution of the state machine (ARN). `name`: 1 to 80 of `0-9A-Za-z-_`; it is what makes the call
    /// idempotent, so it may be made again when nobody heard the answer. `input`: JSON, at most 256 KiB.
    virtual Result<Start> start(const std::string& machine, const std::string& name, const std::string& input,
                                Deadline deadline) = 0;

    virtual Result<Execution> describe(const std::string& execution, Deadline deadline) = 0;

    /// At most `most`, newest first: running ones by when they began, others by when they ended. `status`: only these.
    virtual Result<std::vector<ListedExecution>> list(const std::string& machine, std::optional<ExecutionStatus> status,
                                                      std::size_t most, Deadline deadline) = 0;

    /// Ends a running one as kAborted; what its task is doing at the moment goes on to its own end. `error`: at most
    /// 256 characters, `cause`: at most 32,768; what is longer is cut.
    virtual Status stop(const std::string& execution, const std::string& error, const std::string& cause,
                        Deadline deadline) = 0;

    /// Begins again where it went wrong, with what it knew then, under the same ARN; steps that succeeded stay as they
    /// are. Only within 14 days of its end and unless it has succeeded: else kRejected with AWS's code
    /// `ExecutionNotRedrivable`, also while it runs. `token`: 1 to 64 printable characters; the same one again within
    /// 15 minutes does nothing further.
    virtual Status redrive(const std::string& execution, const std::string& token, Deadline deadline) = 0;
};

}  // namespace ci_lambda
