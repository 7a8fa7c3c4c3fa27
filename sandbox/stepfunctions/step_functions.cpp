#include "sandbox/stepfunctions/step_functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "sandbox/aws/dispatch.hpp"
#include "sandbox/stepfunctions/operations.hpp"

namespace ci_lambda::sandbox {

std::string add_machine(StepFunctionsState& state, const std::string& name, const std::string& definition,
                        WallTime now) {
    auto arn = fmt::format("arn:aws:states:{}:{}:stateMachine:{}", state.region, state.account, name);
    state.machines[arn] = {.name = name,
                           .arn = arn,
                           .definition = definition,
                           .role = fmt::format("arn:aws:iam::{}:role/{}", state.account, name),
                           .created = now};
    return arn;
}

StepFunctions::StepFunctions(StepFunctionsOptions options, Ids& ids, const Clock& clock)
    : on_call_(std::move(options.on_call)),
      state_(std::move(options.state)),
      pace_(options.speed),
      ids_(ids),
      clock_(clock) {}

template <typename Change>
auto StepFunctions::changing(const Change& change) {
    std::vector<TaskCall> calls;
    std::unique_lock lock(mutex_);
    Context context{.state = state_, .ids = ids_, .now = clock_.now(), .pace = pace_, .calls = calls};
    auto result = change(context);
    lock.unlock();
    for (const auto& call : calls)
        if (on_call_) on_call_(call);
    return result;
}

void StepFunctions::tell_change() const {
    if (changed_) changed_();
}

AwsAnswer StepFunctions::handle(std::string_view operation, std::string_view body) {
    auto answer = changing([&](Context& context) {
        return answer_request(find_step_functions_operation(operation), "Step Functions", operation, body,
                              [&](const StepFunctionsOperation& known, const Json& request) {
                                  return to_answer(known.run(context, request));
                              });
    });
    tell_change();
    return answer;
}

void StepFunctions::answer(const std::string& call, const TaskAnswer& answer) {
    changing([&](Context& context) {
        const auto found = std::ranges::find(context.state.executions, call, &StoredExecution::call);
        const bool is_waited_for = !call.empty() && found != context.state.executions.end();
        if (is_waited_for) Run(*found, context.now, context.ids, context.pace, context.calls).answer(answer);
        return is_waited_for;
    });
    tell_change();
}

void StepFunctions::advance() {
    changing([](Context& context) {
        for (auto& execution : context.state.executions)
            Run(execution, context.now, context.ids, context.pace, context.calls).go_on();
        return true;
    });
}

std::optional<WallTime> StepFunctions::next_due() {
    const std::scoped_lock lock(mutex_);
    std::optional<WallTime> next;
    for (const auto& execution : state_.executions)
        if (execution.until && (!next || *execution.until < *next)) next = execution.until;
    return next;
}

std::string StepFunctions::page() {
    const std::scoped_lock lock(mutex_);
    Json list = Json::array();
    for (const auto& execution : state_.executions) {
        Json json{{"name", execution.name},
                  {"state_machine", execution.machine},
                  {"status", execution.status},
                  {"state", execution.state},
                  {"started_at", format_rfc3339(execution.started)},
                  {"data", parse_json(execution.data).value_or(Json())}};
        if (execution.stopped) json["stopped_at"] = format_rfc3339(*execution.stopped);
        if (execution.redrives > 0) json["redrives"] = execution.redrives;
        if (!execution.error.empty()) json["error"] = execution.error;
        if (!execution.cause.empty()) json["cause"] = execution.cause;
        list.insert(list.begin(), std::move(json));
    }
    return dump_json_pretty(list) + '\n';
}

}  // namespace ci_lambda::sandbox
