#include "sandbox/stepfunctions/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "sandbox/stepfunctions/language.hpp"

namespace ci_lambda::sandbox {
namespace {

using Context = StepFunctions::Context;

constexpr std::chrono::hours kRedrivable{14 * 24};
constexpr std::chrono::minutes kTokenIsKnown{15};
constexpr std::size_t kLongestName = 80;
constexpr int kLargestPage = 1000;
constexpr int kUsualPage = 100;

/// `resource`: `stateMachine:`
AwsResult<std::string> required_arn(const Json& request, std::string_view member, std::string_view resource) {
    TRY_ASSIGN(const auto arn, Parameters(request).text(member));
    if (!arn) return aws_fail("ValidationException", fmt::format("{} is required", member));
    if (!arn->starts_with("arn:") || !arn->contains(fmt::format(":states:")) ||
        !arn->contains(fmt::format(":{}", resource)))
        return aws_fail("InvalidArn", fmt::format("Invalid Arn: 'Invalid ARN prefix: {}'", *arn));
    return *arn;
}

AwsResult<StoredMachine*> machine_of(Context& context, const Json& request) {
    TRY_ASSIGN(const auto arn, required_arn(request, "stateMachineArn", "stateMachine:"));
    const auto found = context.state.machines.find(arn);
    if (found == context.state.machines.end())
        return aws_fail("StateMachineDoesNotExist", fmt::format("State Machine Does Not Exist: '{}'", arn));
    return &found->second;
}

AwsResult<StoredExecution*> execution_of(Context& context, const Json& request) {
    TRY_ASSIGN(const auto arn, required_arn(request, "executionArn", "execution:"));
    auto& all = context.state.executions;
    const auto found = std::ranges::find(all, arn, &StoredExecution::arn);
    if (found == all.end())
        return aws_fail("ExecutionDoesNotExist", fmt::format("Execution Does Not Exist: '{}'", arn));
    return &*found;
}

/// Empty: nothing is wrong with it.
std::string wrong_with_name(std::string_view name) {
    constexpr std::string_view kForbidden = R"(<>{}[]?*"#%\^|~`$&,;:/)";
    if (name.empty() || name.size() > kLongestName) return "it has 1 to 80 characters";
    for (const char c : name)
        if (kForbidden.contains(c) || static_cast<unsigned char>(c) <= ' ' || c == '\x7f')
            return "it has a character that names may not have";
    return {};
}

AwsResult<Json> create_state_machine(Context& context, const Json& request) {
    TRY_ASSIGN(const auto name, Parameters(request).text("name"));
    TRY_ASSIGN(const auto text, Parameters(request).text("definition"));
    TRY_ASSIGN(const auto role, Parameters(request).text("roleArn"));
    TRY_ASSIGN(const auto type, Parameters(request).text("type"));
    if (!name || !text || !role) return aws_fail("ValidationException", "name, definition and roleArn are required");
    if (const auto wrong = wrong_with_name(*name); !wrong.empty())
        return aws_fail("InvalidName", fmt::format("Invalid Name: '{}': {}", *name, wrong));
    if (type.value_or("STANDARD") != "STANDARD")
        return aws_fail("StateMachineTypeNotSupported", "The sandbox knows state machines of the type STANDARD only");
    const auto definition = parse_json(*text);
    const auto why = definition ? why_not_taken(*definition) : "it is no JSON: " + definition.error().message;
    if (!why.empty())
        return aws_fail("InvalidDefinition",
                        fmt::format("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {}'", why));
    const auto arn =
        fmt::format("arn:aws:states:{}:{}:stateMachine:{}", context.state.region, context.state.account, *name);
    const auto found = context.state.machines.find(arn);
    if (found == context.state.machines.end()) {
        add_machine(context.state, *name, *text, context.now);
        context.state.machines.at(arn).role = *role;
    } else if (found->second.definition != *text || found->second.role != *role) {
        return aws_fail("StateMachineAlreadyExists", fmt::format("State Machine Already Exists: '{}'", arn));
    }
    return Json{{"stateMachineArn", arn}, {"creationDate", epoch_seconds(context.state.machines.at(arn).created)}};
}

AwsResult<Json> describe_state_machine(Context& context, const Json& request) {
    TRY_ASSIGN(const auto* machine, machine_of(context, request));
    return Json{{"stateMachineArn", machine->arn},
                {"name", machine->name},
                {"status", "ACTIVE"},
                {"definition", machine->definition},
                {"roleArn", machine->role},
                {"type", "STANDARD"},
                {"creationDate", epoch_seconds(machine->created)}};
}

AwsResult<Json> list_state_machines(Context& context, const Json& /*request*/) {
    Json list = Json::array();
    for (const auto& [arn, machine] : context.state.machines)
        list.push_back({{"stateMachineArn", arn},
                        {"name", machine.name},
                        {"type", "STANDARD"},
                        {"creationDate", epoch_seconds(machine.created)}});
    return Json{{"stateMachines", std::move(list)}};
}

AwsResult<Json> start_execution(Context& context, const Json& request) {
    TRY_ASSIGN(const auto* machine, machine_of(context, request));
    TRY_ASSIGN(const auto given, Parameters(request).text("name"));
    TRY_ASSIGN(const auto told, Parameters(request).text("input"));
    const auto name = given.value_or(context.ids.uuid());
    const auto input = told.value_or("{}");
    if (const auto wrong = wrong_with_name(name); !wrong.empty())
        return aws_fail("InvalidName", fmt::format("Invalid Name: '{}': {}", name, wrong));
    if (input.size() > kMostStateData || !parse_json(input))
        return aws_fail("InvalidExecutionInput", "Invalid State Machine Execution Input: it is no JSON of 256 KiB");
    const auto arn = fmt::format("arn:aws:states:{}:{}:execution:{}:{}", context.state.region, context.state.account,
                                 machine->name, name);
    auto& all = context.state.executions;
    if (const auto found = std::ranges::find(all, arn, &StoredExecution::arn); found != all.end()) {
        // As long as it runs, whoever says the same again hears the same again.
        if (found->status == "RUNNING" && found->input == input)
            return Json{{"executionArn", arn}, {"startDate", epoch_seconds(found->started)}};
        return aws_fail("ExecutionAlreadyExists", fmt::format("Execution Already Exists: '{}'", arn));
    }
    all.push_back({.arn = arn,
                   .name = name,
                   .machine = machine->arn,
                   .definition = machine->definition,
                   .role = machine->role,
                   .input = input,
                   .status = "RUNNING",
                   .started = context.now});
    Run(all.back(), context.now, context.ids, context.pace, context.calls).begin();
    return Json{{"executionArn", arn}, {"startDate", epoch_seconds(context.now)}};
}

/// Empty: it may be redriven.
std::string why_not_redrivable(const StoredExecution& execution, WallTime now) {
    if (!execution.stopped || execution.status == "SUCCEEDED")
        return fmt::format("Execution is {} and cannot be redriven", execution.status);
    if (now - *execution.stopped > kRedrivable) return "Execution has exceeded the redrivable period of 14 days";
    return {};
}

Json listed(const StoredExecution& execution) {
    Json json{{"executionArn", execution.arn},
              {"stateMachineArn", execution.machine},
              {"name", execution.name},
              {"status", execution.status},
              {"startDate", epoch_seconds(execution.started)},
              {"redriveCount", execution.redrives}};
    if (execution.stopped) json["stopDate"] = epoch_seconds(*execution.stopped);
    if (execution.redriven) json["redriveDate"] = epoch_seconds(*execution.redriven);
    return json;
}

AwsResult<Json> describe_execution(Context& context, const Json& request) {
    TRY_ASSIGN(const auto* execution, execution_of(context, request));
    Json json = listed(*execution);
    json["input"] = execution->input;
    json["inputDetails"] = {{"included", true}};
    if (execution->status == "SUCCEEDED") {
        json["output"] = execution->output;
        json["outputDetails"] = {{"included", true}};
    }
    if (!execution->error.empty()) json["error"] = execution->error;
    if (!execution->cause.empty()) json["cause"] = execution->cause;
    const auto why = why_not_redrivable(*execution, context.now);
    json["redriveStatus"] = why.empty() ? "REDRIVABLE" : "NOT_REDRIVABLE";
    if (!why.empty()) json["redriveStatusReason"] = why;
    return json;
}

/// Numbers of the items of a page, and what leads to the next one.
struct Page {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string next_token = {};
};
AwsResult<Page> page_of(const Json& request, std::size_t count) {
    TRY_ASSIGN(const auto most, Parameters(request).number("maxResults"));
    TRY_ASSIGN(const auto token, Parameters(request).text("nextToken"));
    const auto begin = parse_unsigned(token.value_or("0"));
    if (!begin || *begin > count) return aws_fail("InvalidToken", "Invalid Token");
    const int size = most.value_or(0) == 0 ? kUsualPage : *most;
    if (size < 0 || size > kLargestPage) return aws_fail("ValidationException", "maxResults must be 0 to 1000");
    Page page{.begin = static_cast<std::size_t>(*begin)};
    page.end = std::min(count, page.begin + static_cast<std::size_t>(size));
    if (page.end < count) page.next_token = fmt::format("{}", page.end);
    return page;
}

AwsResult<Json> list_executions(Context& context, const Json& request) {
    TRY_ASSIGN(const auto* machine, machine_of(context, request));
    TRY_ASSIGN(const auto status, Parameters(request).text("statusFilter"));
    std::vector<const StoredExecution*> found;
    for (const auto& one : context.state.executions)
        if (one.machine == machine->arn && (!status || one.status == *status)) found.push_back(&one);
    std::ranges::reverse(found);
    const auto latest = [](const auto* one) {
        return one->stopped ? *one->stopped : one->redriven.value_or(one->started);
    };
    std::ranges::stable_sort(found, std::ranges::greater{}, latest);
    TRY_ASSIGN(const auto page, page_of(request, found.size()));
    Json answer{{"executions", Json::array()}};
    for (auto i = page.begin; i < page.end; ++i) answer["executions"].push_back(listed(*found[i]));
    if (!page.next_token.empty()) answer["nextToken"] = page.next_token;
    return answer;
}

AwsResult<Json> stop_execution(Context& context, const Json& request) {
    TRY_ASSIGN(auto* execution, execution_of(context, request));
    TRY_ASSIGN(const auto error, Parameters(request).text("error"));
    TRY_ASSIGN(const auto cause, Parameters(request).text("cause"));
    if (!execution->stopped)
        Run(*execution, context.now, context.ids, context.pace, context.calls)
            .abort(error.value_or(""), cause.value_or(""));
    return Json{{"stopDate", epoch_seconds(*execution->stopped)}};
}

AwsResult<Json> redrive_execution(Context& context, const Json& request) {
    TRY_ASSIGN(auto* execution, execution_of(context, request));
    TRY_ASSIGN(const auto given, Parameters(request).text("clientToken"));
    const auto token = given.value_or(context.ids.uuid());
    const auto known = execution->tokens.find(token);
    if (known != execution->tokens.end() && context.now - known->second <= kTokenIsKnown)
        return Json{{"redriveDate", epoch_seconds(known->second)}};
    if (const auto why = why_not_redrivable(*execution, context.now); !why.empty())
        return aws_fail("ExecutionNotRedrivable", why);
    execution->tokens[token] = context.now;
    Run(*execution, context.now, context.ids, context.pace, context.calls).redrive();
    return Json{{"redriveDate", epoch_seconds(context.now)}};
}

AwsResult<Json> get_execution_history(Context& context, const Json& request) {
    TRY_ASSIGN(const auto* execution, execution_of(context, request));
    const auto* reverse = find(request, "reverseOrder");
    const bool is_reverse = reverse != nullptr && *reverse == true;
    const auto& all = execution->history;
    TRY_ASSIGN(const auto page, page_of(request, all.size()));
    Json events = Json::array();
    for (auto i = page.begin; i < page.end; ++i) {
        const auto index = is_reverse ? all.size() - 1 - i : i;
        Json event = parse_json(all[index].details).value_or(Json::object());
        event["id"] = index + 1;
        event["previousEventId"] = index;
        event["timestamp"] = epoch_seconds(all[index].at);
        event["type"] = all[index].type;
        events.push_back(std::move(event));
    }
    Json answer{{"events", std::move(events)}};
    if (!page.next_token.empty()) answer["nextToken"] = page.next_token;
    return answer;
}

constexpr std::array<StepFunctionsOperation, 9> kOperations{{
    {"CreateStateMachine", &create_state_machine},
    {"DescribeExecution", &describe_execution},
    {"DescribeStateMachine", &describe_state_machine},
    {"GetExecutionHistory", &get_execution_history},
    {"ListExecutions", &list_executions},
    {"ListStateMachines", &list_state_machines},
    {"RedriveExecution", &redrive_execution},
    {"StartExecution", &start_execution},
    {"StopExecution", &stop_execution},
}};

}  // namespace

const StepFunctionsOperation* find_step_functions_operation(std::string_view name) {
    const auto* const found = std::ranges::find(kOperations, name, &StepFunctionsOperation::name);
    return found == kOperations.end() ? nullptr : found;
}

}  // namespace ci_lambda::sandbox
