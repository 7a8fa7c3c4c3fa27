#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/ecs/pace.hpp"
#include "sandbox/stepfunctions/run.hpp"
#include "sandbox/stepfunctions/state.hpp"

namespace ci_lambda::sandbox {

struct StepFunctionsOptions {
    StepFunctionsState state;
    double speed = 1.0;  ///< of what waits, as ECS's
    /// A task calls the function: its answer goes to `answer`, also before this returns. Comes without a lock.
    std::function<void(const TaskCall& call)> on_call = {};
};

/// AWS Step Functions (version 2016-11-23, AWS JSON 1.0): Standard state machines that call a function, and their
/// executions. Of the language it knows what `language.hpp` says, and refuses all else when a machine is made. Request,
/// answer and errors are AWS's. Thread-safe. Ids and clock must outlive it.
class StepFunctions {
public:
    StepFunctions(StepFunctionsOptions options, Ids& ids, const Clock& clock);

    [[nodiscard]] AwsAnswer handle(std::string_view operation, std::string_view body);

    /// Of a call that `on_call` got. One that nobody waits for any more, as its task was too late, is dropped.
    void answer(const std::string& call, const TaskAnswer& answer);

    /// Whatever is due by the clock's time.
    void advance();
    /// When something will be due next; nullopt: nothing.
    [[nodiscard]] std::optional<WallTime> next_due();
    /// Told whenever `next_due()` may have become another one. Set before requests come.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

    /// A JSON list of the executions, newest first: how each stands, and in which state it is.
    [[nodiscard]] std::string page();

    /// What an operation works on.
    struct Context {
        StepFunctionsState& state;
        Ids& ids;
        WallTime now;
        const Pace& pace;
        std::vector<TaskCall>& calls;
    };

private:
    /// Runs `change` under the lock, then makes the calls.
    template <typename Change>
    auto changing(const Change& change);
    void tell_change() const;

    std::function<void(const TaskCall&)> on_call_;
    std::function<void()> changed_;
    std::mutex mutex_;
    StepFunctionsState state_;
    const Pace pace_;
    Ids& ids_;
    const Clock& clock_;
};

/// Adds a state machine; the definition has to be one that the sandbox takes. Returns its ARN.
std::string add_machine(StepFunctionsState& state, const std::string& name, const std::string& definition,
                        WallTime now);

}  // namespace ci_lambda::sandbox
