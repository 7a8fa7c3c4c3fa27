#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace ci_lambda::sandbox {

/// What the sandbox's Step Functions keep: plain data. What may be any JSON is its text.
struct StoredMachine {
    std::string name;
    std::string arn;
    std::string definition;
    std::string role;
    WallTime created{};
};

struct HistoryEvent {
    WallTime at{};
    std::string type;     ///< `TaskSucceeded`
    std::string details;  ///< the member of its own that it has, with its name: JSON object
};

struct StoredExecution {
    std::string arn;
    std::string name;
    std::string machine;     ///< ARN
    std::string definition;  ///< of the machine when it began: a redrive goes on with it, too
    std::string role;
    std::string input;
    std::string status;  ///< in AWS's words: `RUNNING`
    WallTime started{};
    std::optional<WallTime> stopped = {};
    std::string output = {};
    std::string error = {};
    std::string cause = {};
    int redrives = 0;
    std::optional<WallTime> redriven = {};
    std::map<std::string, WallTime> tokens = {};  ///< of redrives

    // Where it is.
    std::string state = {};
    std::string data = {};  ///< what the state was given
    WallTime entered{};
    std::optional<WallTime> until = {};  ///< a Wait or the pause before a retry ends then, or a task is too late
    std::string call = {};               ///< the call of the function that is under way; empty: none
    std::vector<int> attempts = {};      ///< by the retriers of the state
    std::vector<HistoryEvent> history = {};
};

struct StepFunctionsState {
    std::string account;
    std::string region;
    std::map<std::string, StoredMachine> machines = {};  ///< by ARN
    std::vector<StoredExecution> executions = {};        ///< in the order of their beginning
};

}  // namespace ci_lambda::sandbox
