#include "sandbox/stepfunctions/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

/// "Quotas related to state machine executions" in the developer guide.
constexpr std::size_t kMostEvents = 25'000;

constexpr int kUsualTimeoutSeconds = 99'999'999;

Json parsed(const std::string& text) { return parse_json(text).value_or(Json()); }

/// `retrier` has been used `attempts` times.
std::chrono::seconds pause_before(const Json& retrier, int attempts) {
    constexpr double kUsualRate = 2.0;
    const auto first = retrier.value("IntervalSeconds", 1.0);
    const auto rate = retrier.value("BackoffRate", kUsualRate);
    const auto longest = retrier.value("MaxDelaySeconds", 31'622'400.0);
    return std::chrono::seconds{std::llround(std::min(first * std::pow(rate, attempts), longest))};
}

}  // namespace

Run::Run(StoredExecution& execution, WallTime now, Ids& ids, const Pace& pace, std::vector<TaskCall>& calls)
    : execution_(execution),
      now_(now),
      ids_(ids),
      pace_(pace),
      calls_(calls),
      states_(parsed(execution.definition).value("States", Json::object())) {}

const Json& Run::state() const { return states_.at(execution_.state); }

Json Run::context() const {
    return {{"Execution",
             {{"Id", execution_.arn},
              {"Name", execution_.name},
              {"Input", parsed(execution_.input)},
              {"RoleArn", execution_.role},
              {"StartTime", format_rfc3339(execution_.started)},
              {"RedriveCount", execution_.redrives}}},
            {"StateMachine", {{"Id", execution_.machine}}},
            {"State", {{"Name", execution_.state}, {"EnteredTime", format_rfc3339(execution_.entered)}}}};
}

void Run::note(std::string type, std::string_view member, const Json& details) {
    execution_.history.push_back(
        {.at = now_, .type = std::move(type), .details = dump_json({{std::string(member), details}})});
}

void Run::begin() {
    note("ExecutionStarted", "executionStartedEventDetails",
         {{"input", execution_.input}, {"roleArn", execution_.role}});
    enter(parsed(execution_.definition).at("StartAt").get<std::string>(), parsed(execution_.input));
    act();
}

void Run::enter(const std::string& name, const Json& data) {
    execution_.state = name;
    execution_.data = dump_json(data);
    execution_.entered = now_;
    execution_.until = std::nullopt;
    execution_.attempts.clear();
    note(fmt::format("{}StateEntered", state().at("Type").get<std::string>()), "stateEnteredEventDetails",
         {{"name", name}, {"input", execution_.data}});
}

void Run::leave(const Json& state, const Json& output) {
    note(fmt::format("{}StateExited", state.at("Type").get<std::string>()), "stateExitedEventDetails",
         {{"name", execution_.state}, {"output", dump_json(output)}});
}

/// From state to state until something takes time.
void Run::act() {
    while (execution_.status == "RUNNING") {
        if (execution_.history.size() >= kMostEvents)
            return fail({.error = "States.Runtime",
                         .cause = fmt::format("The execution reached the maximum number of history events ({}).",
                                              kMostEvents)});
        const auto& now = state();
        const auto type = now.at("Type").get<std::string>();
        const auto input = parsed(execution_.data);
        const auto around = context();
        const StateData data{.input = input, .context = around};
        StateResult<Json> output = input;
        std::string next = find_string(now, "Next").value_or("");
        if (type == "Task") return call_task(now);
        if (type == "Wait") {
            const auto seconds = seconds_to_wait(now, data);
            if (!seconds) return fail(seconds.error());
            execution_.until = pace_.after(now_, std::chrono::seconds{*seconds});
            return;
        }
        if (type == "Fail") {
            const auto failure = failure_of(now, data);
            return fail(failure ? *failure : failure.error());
        }
        if (type == "Choice") {
            const auto way = chosen(now, data);
            if (!way) return fail(way.error());
            next = *way;
        }
        if (type == "Pass") {
            output = now.contains("Result") ? StateResult<Json>(now.at("Result")) : StateResult<Json>(input);
            if (const auto* parameters = find(now, "Parameters")) output = filled(*parameters, data);
            if (output) output = output_of(now, *std::move(output), data);
            if (!output) return fail(output.error());
        }
        leave(now, *output);
        if (next.empty()) {
            execution_.output = dump_json(*output);
            return end("SUCCEEDED", "ExecutionSucceeded", {{"output", execution_.output}});
        }
        enter(next, *std::move(output));
    }
}

void Run::call_task(const Json& state) {
    const auto input = parsed(execution_.data);
    const auto around = context();
    auto parameters = filled(state.at("Parameters"), {.input = input, .context = around});
    if (!parameters) return fail(parameters.error());
    execution_.call = ids_.uuid();
    const int seconds =
        whole_number_in(state.value("TimeoutSeconds", Json()), 1, kUsualTimeoutSeconds).value_or(kUsualTimeoutSeconds);
    execution_.until = now_ + std::chrono::seconds{seconds};
    note("TaskScheduled", "taskScheduledEventDetails",
         {{"resourceType", "lambda"},
          {"resource", "invoke"},
          {"region", ""},
          {"parameters", dump_json(*parameters)},
          {"timeoutInSeconds", seconds}});
    note("TaskStarted", "taskStartedEventDetails", {{"resourceType", "lambda"}, {"resource", "invoke"}});
    calls_.push_back({.id = execution_.call,
                      .function = find_string(*parameters, "FunctionName").value_or(""),
                      .payload = dump_json(parameters->value("Payload", Json::object()))});
}

void Run::answer(const TaskAnswer& answer) {
    const auto& now = state();
    execution_.call.clear();
    execution_.until = std::nullopt;
    if (!answer.payload) return fail_task(now, answer.error);
    const auto payload = parse_json(*answer.payload);
    const Json result{
        {"ExecutedVersion", "$LATEST"}, {"Payload", payload ? *payload : Json(*answer.payload)}, {"StatusCode", 200}};
    note("TaskSucceeded", "taskSucceededEventDetails",
         {{"resourceType", "lambda"}, {"resource", "invoke"}, {"output", dump_json(result)}});
    const auto input = parsed(execution_.data);
    const auto around = context();
    auto output = output_of(now, result, {.input = input, .context = around});
    if (!output) return fail_task(now, output.error());
    leave(now, *output);
    const auto next = find_string(now, "Next");
    if (!next) {
        execution_.output = dump_json(*output);
        return end("SUCCEEDED", "ExecutionSucceeded", {{"output", execution_.output}});
    }
    enter(*next, *std::move(output));
    act();
}

bool Run::tries_again(const Json& state, const StateError& error) {
    constexpr int kUsualAttempts = 3;
    const auto retriers = state.value("Retry", Json::array());
    execution_.attempts.resize(retriers.size());
    for (std::size_t i = 0; i < retriers.size(); ++i) {
        if (!means(retriers[i].at("ErrorEquals"), error.error)) continue;
        auto& attempts = execution_.attempts[i];
        if (attempts >= retriers[i].value("MaxAttempts", kUsualAttempts)) return false;
        execution_.until = pace_.after(now_, pause_before(retriers[i], attempts));
        ++attempts;
        return true;
    }
    return false;
}

void Run::fail_task(const Json& state, const StateError& error) {
    const bool is_late = error.error == "States.Timeout";
    note(is_late ? "TaskTimedOut" : "TaskFailed", is_late ? "taskTimedOutEventDetails" : "taskFailedEventDetails",
         {{"resourceType", "lambda"}, {"resource", "invoke"}, {"error", error.error}, {"cause", error.cause}});
    if (tries_again(state, error)) return;
    for (const auto& catcher : state.value("Catch", Json::array())) {
        if (!means(catcher.at("ErrorEquals"), error.error)) continue;
        const auto input = parsed(execution_.data);
        const auto around = context();
        // A catcher has no selector.
        auto output =
            output_of(catcher, {{"Error", error.error}, {"Cause", error.cause}}, {.input = input, .context = around});
        if (!output) return fail(output.error());
        leave(state, *output);
        enter(catcher.at("Next").get<std::string>(), *std::move(output));
        return act();
    }
    fail(error);
}

void Run::go_on() {
    if (execution_.status != "RUNNING" || !execution_.until || *execution_.until > now_) return;
    const auto& now = state();
    execution_.until = std::nullopt;
    if (now.at("Type") == "Wait") {
        const auto data = parsed(execution_.data);
        leave(now, data);
        const auto next = find_string(now, "Next");
        if (!next) {
            execution_.output = execution_.data;
            return end("SUCCEEDED", "ExecutionSucceeded", {{"output", execution_.output}});
        }
        enter(*next, data);
    } else if (!execution_.call.empty()) {
        execution_.call.clear();
        return fail_task(now, {.error = "States.Timeout", .cause = "The task took longer than its TimeoutSeconds."});
    }
    act();
}

void Run::fail(const StateError& error) {
    execution_.error = error.error;
    execution_.cause = error.cause;
    end("FAILED", "ExecutionFailed", {{"error", error.error}, {"cause", error.cause}});
}

void Run::abort(const std::string& error, const std::string& cause) {
    execution_.error = error;
    execution_.cause = cause;
    end("ABORTED", "ExecutionAborted", {{"error", error}, {"cause", cause}});
}

void Run::end(std::string_view status, std::string_view event, const Json& details) {
    execution_.status = status;
    execution_.stopped = now_;
    execution_.until = std::nullopt;
    execution_.call.clear();
    auto member = fmt::format("{}EventDetails", event);
    member.front() = 'e';
    note(std::string(event), member, details);
}

void Run::redrive() {
    execution_.status = "RUNNING";
    execution_.stopped = std::nullopt;
    execution_.error.clear();
    execution_.cause.clear();
    execution_.redriven = now_;
    execution_.attempts.clear();
    ++execution_.redrives;
    note("ExecutionRedriven", "executionRedrivenEventDetails", {{"redriveCount", execution_.redrives}});
    act();
}

}  // namespace ci_lambda::sandbox
