#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/ecs/pace.hpp"
#include "sandbox/stepfunctions/language.hpp"
#include "sandbox/stepfunctions/state.hpp"

namespace ci_lambda::sandbox {

/// A call that a task makes.
struct TaskCall {
    std::string id;
    std::string function;  ///< name or ARN
    std::string payload;
};

/// What became of it: the function's answer (JSON), or the error.
struct TaskAnswer {
    std::optional<std::string> payload = {};
    StateError error = {};
};

/// One execution, which it moves on as far as it goes by itself. Waits and pauses are as fast as ECS is; what the
/// function takes is not, so that a task's timeout is not either.
class Run {
public:
    /// `calls`: gets what is to be called. All must outlive it.
    Run(StoredExecution& execution, WallTime now, Ids& ids, const Pace& pace, std::vector<TaskCall>& calls);

    void begin();
    /// Whatever is due goes on.
    void go_on();
    /// Of the call that is under way.
    void answer(const TaskAnswer& answer);
    void abort(const std::string& error, const std::string& cause);
    void redrive();

private:
    void enter(const std::string& state, const nlohmann::json& data);
    void act();
    void call_task(const nlohmann::json& state);
    void leave(const nlohmann::json& state, const nlohmann::json& output);
    /// In a task: tries again after a pause, catches, or fails.
    void fail_task(const nlohmann::json& state, const StateError& error);
    [[nodiscard]] bool tries_again(const nlohmann::json& state, const StateError& error);
    void fail(const StateError& error);
    void end(std::string_view status, std::string_view event, const nlohmann::json& details);
    void note(std::string type, std::string_view member, const nlohmann::json& details);
    [[nodiscard]] const nlohmann::json& state() const;
    [[nodiscard]] nlohmann::json context() const;

    StoredExecution& execution_;
    const WallTime now_;
    Ids& ids_;
    const Pace& pace_;
    std::vector<TaskCall>& calls_;
    nlohmann::json states_;  // of the definition
};

}  // namespace ci_lambda::sandbox
