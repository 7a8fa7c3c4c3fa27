#include "sandbox/terminal/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::size_t kShownOfEvent = 160;

/// `arn:aws:ecs:..:task-definition/api:42` -> `:42`.
std::string revision_of(std::string_view arn) {
    const std::string name(last_segment(arn));
    const auto colon = name.rfind(':');
    return colon == std::string::npos ? name : name.substr(colon);
}

std::string text(const Json& object, std::string_view key) { return find_string(object, key).value_or(""); }

std::vector<std::string> texts(const Json& object, std::string_view key) {
    std::vector<std::string> found;
    const Json* list = find(object, key);
    if (list == nullptr || !list->is_array()) return found;
    for (const auto& item : *list)
        if (item.is_string()) found.push_back(item.get<std::string>());
    return found;
}

void describe_update(const Json& request, const Json& response, CallText& call) {
    call.arguments = last_segment(text(request, "service"));
    if (const auto revision = find_string(request, "taskDefinition")) call.arguments += " -> " + revision_of(*revision);
    const Json* service = find(response, "service");
    const Json* deployments = service == nullptr ? nullptr : find(*service, "deployments");
    if (deployments != nullptr && deployments->is_array() && !deployments->empty())
        call.answer = text(deployments->front(), "id");
}

/// What the container holds is nobody's business here.
void describe_express_update(const Json& request, const Json& response, CallText& call) {
    call.arguments = last_segment(text(request, "serviceArn"));
    const Json* container = find(request, "primaryContainer");
    const auto wanted = container == nullptr ? text(request, "taskDefinitionArn") : text(*container, "image");
    if (!wanted.empty()) call.arguments += fmt::format(" -> {}", last_segment(wanted));
    const Json* service = find(response, "service");
    const Json* target = service == nullptr ? nullptr : find(*service, "targetConfiguration");
    if (target == nullptr) return;
    call.answer = fmt::format("{} as ecs-svc/{}", revision_of(text(*target, "taskDefinitionArn")),
                              last_segment(text(*target, "serviceRevisionArn")));
}

/// "ACTIVE :42" is what everybody expects, so only another status is named.
std::string service_state(const Json& service) {
    const auto status = text(service, "status");
    auto revision = revision_of(text(service, "taskDefinition"));
    // Of an Express service only its deployments have one.
    if (const Json* deployments = find(service, "deployments");
        find(service, "taskDefinition") == nullptr && deployments != nullptr && !deployments->empty())
        revision = revision_of(text(deployments->front(), "taskDefinition"));
    return status == "ACTIVE" ? revision : fmt::format("{} {}", status, revision);
}

void describe_services(const Json& request, const Json& response, CallText& call) {
    std::vector<std::string> names;
    for (const auto& name : texts(request, "services")) names.emplace_back(last_segment(name));
    call.arguments = names.size() <= 2 ? join(names, ", ") : fmt::format("{} services", names.size());
    std::vector<std::string> running;
    if (const Json* services = find(response, "services"); services != nullptr && services->is_array())
        for (const auto& service : *services) running.push_back(service_state(service));
    std::vector<std::string> found;
    if (!running.empty()) found.push_back("runs " + join(running, ", "));
    if (const Json* failures = find(response, "failures"); failures != nullptr && failures->is_array())
        for (const auto& failure : *failures)
            found.push_back(fmt::format("{} is {}", last_segment(text(failure, "arn")), text(failure, "reason")));
    call.answer = join(found, ", ");
}

void describe_list(const Json& request, const Json& response, CallText& call) {
    call.arguments = text(request, "familyPrefix");
    std::vector<std::string> revisions;
    for (const auto& arn : texts(response, "taskDefinitionArns")) revisions.push_back(revision_of(arn));
    call.answer = revisions.empty() ? std::string("none") : join(revisions, ", ");
}

/// "2 x SUCCESSFUL": this member of each of the listed things.
std::string tally(const Json& list, std::string_view member) {
    std::map<std::string, int> counts;
    for (const auto& item : list) ++counts[text(item, member)];
    std::vector<std::string> parts;
    for (const auto& [value, count] : counts)
        parts.push_back(count == 1 ? value : fmt::format("{} x {}", count, value));
    return join(parts, ", ");
}

/// Operations of which a member of the request says what it is about, and one of the answer's list what came of it.
struct PlainCall {
    std::string_view operation;
    std::string_view about;
    std::string_view list;
    std::string_view member;  ///< empty: how many there are
};

constexpr std::array kPlainCalls{
    PlainCall{"DescribeTaskDefinition", "taskDefinition", "", ""},
    PlainCall{"DescribeExpressGatewayService", "serviceArn", "", ""},
    PlainCall{"ListServiceDeployments", "service", "serviceDeployments", "status"},
    PlainCall{"DescribeServiceDeployments", "", "serviceDeployments", "status"},
    PlainCall{"DescribeServiceRevisions", "", "serviceRevisions", ""},
    PlainCall{"ListTasks", "serviceName", "taskArns", ""},
    PlainCall{"DescribeTasks", "", "tasks", "lastStatus"},
    PlainCall{"TagResource", "resourceArn", "", ""},
    PlainCall{"StopServiceDeployment", "stopType", "", ""},
};

void describe_plain(const PlainCall& plain, const Json& request, const Json& response, CallText& call) {
    call.arguments = last_segment(text(request, plain.about));
    const Json* list = find(response, plain.list);
    if (list == nullptr || !list->is_array()) return;
    call.answer = plain.member.empty() ? fmt::format("{} found", list->size()) : tally(*list, plain.member);
    if (list->empty()) call.answer = "none";
}

void describe_registration(const Json& request, const Json& response, CallText& call) {
    call.arguments = text(request, "family");
    if (const Json* made = find(response, "taskDefinition"); made != nullptr)
        call.answer = revision_of(text(*made, "taskDefinitionArn"));
}

/// What a task's environment holds is nobody's business here.
void describe_task(const Json& request, const Json& response, CallText& call) {
    call.arguments = last_segment(text(request, "taskDefinition"));
    const Json* overrides = find(request, "overrides");
    const Json* containers = overrides == nullptr ? nullptr : find(*overrides, "containerOverrides");
    if (containers != nullptr && containers->is_array() && !containers->empty())
        if (const auto command = texts(containers->front(), "command"); !command.empty())
            call.arguments += fmt::format(" [{}]", join(command, " "));
    if (const Json* tasks = find(response, "tasks"); tasks != nullptr && tasks->is_array() && !tasks->empty())
        call.answer = fmt::format("task {}", last_segment(text(tasks->front(), "taskArn")).substr(0, 8));
}

/// With discovery only the function knows which services there are: what it answered says what it decided.
void take_from_answer(const InvocationRecord& invocation, Explanation& explanation) {
    const Json answer = parse_json(invocation.answer.value_or("")).value_or(Json::object());
    const Json* deployments = find(answer, "deployments");
    if (deployments != nullptr && deployments->is_array() && !deployments->empty()) {
        std::vector<std::string> services;
        explanation.reasons.clear();
        for (const auto& deployment : *deployments) {
            const auto target = text(deployment, "target");
            services.push_back(text(deployment, "service") + (target.empty() ? "" : " in " + target));
            if (const auto why = "because " + text(deployment, "reason");
                std::ranges::find(explanation.reasons, why) == explanation.reasons.end())
                explanation.reasons.push_back(why);
        }
        explanation.verdict = DecisionView::Kind::kDeploy;
        explanation.headline = "deploy " + join(services, ", ");
    } else if (text(answer, "status") == "ignored") {
        explanation.verdict = DecisionView::Kind::kIgnore;
        explanation.headline = "nothing to do";
        explanation.reasons = {"because " + text(answer, "detail")};
    }
}

/// Of an event that says where it is from.
void add_region(std::string_view event, Explanation& explanation) {
    const Json json = parse_json(event).value_or(Json::object());
    const auto region = json.is_object() ? text(json, "region") : std::string();
    if (region.empty()) return;
    const auto account = text(json, "account");
    const bool elsewhere = !account.empty() && account != shop::kAccount;
    explanation.facts.push_back(
        {.label = "region", .value = elsewhere ? fmt::format("{} of {}", region, account) : region});
}

}  // namespace

CallText describe_call(const EcsCall& call) {
    CallText described{
        .operation = call.operation, .arguments = {}, .answer = {}, .ok = call.status == 200, .target = call.target};
    const Json request = parse_json(call.request).value_or(Json::object());
    const Json response = parse_json(call.response).value_or(Json::object());
    if (call.operation == "UpdateService")
        describe_update(request, response, described);
    else if (call.operation == "UpdateExpressGatewayService")
        describe_express_update(request, response, described);
    else if (call.operation == "DescribeServices")
        describe_services(request, response, described);
    else if (call.operation == "ListTaskDefinitions")
        describe_list(request, response, described);
    else if (call.operation == "RegisterTaskDefinition")
        describe_registration(request, response, described);
    else if (call.operation == "RunTask")
        describe_task(request, response, described);
    else if (const auto* const plain = std::ranges::find(kPlainCalls, call.operation, &PlainCall::operation);
             plain != kPlainCalls.end())
        describe_plain(*plain, request, response, described);
    else
        described.arguments = call.request;
    if (described.answer.empty()) described.answer = "ok";
    if (call.status == 0)
        described.answer = "no answer: the connection was closed";
    else if (!described.ok)
        described.answer = fmt::format("{}: {}", text(response, "__type"), text(response, "message"));
    return described;
}

Ending ending_of(const InvocationRecord& invocation) {
    Ending ending;
    ending.took = std::chrono::duration_cast<Milliseconds>(invocation.answered_at - invocation.started_at);
    if (invocation.failure) {
        ending.ok = false;
        ending.status = invocation.failure->type;
        ending.detail = failure_message(*invocation.failure);
        return ending;
    }
    const Json answer = parse_json(invocation.answer.value_or("")).value_or(Json::object());
    ending.status = text(answer, "status");
    ending.detail = text(answer, "detail");
    const Json* of_http = find(answer, "statusCode");
    if (ending.status.empty())
        ending.status = of_http != nullptr ? fmt::format("answered {}", dump_json(*of_http)) : "answered";
    return ending;
}

Story make_story(std::size_t number, std::string title, const InvocationRecord& invocation, const Journal& journal,
                 const Config& config, bool several_targets) {
    auto explanation = explain(invocation.event, config);
    if (several_targets) add_region(invocation.event, explanation);
    if (config.discovery || several_targets) take_from_answer(invocation, explanation);
    return {.number = number,
            .title = std::move(title),
            .event = truncate_utf8(std::string_view(invocation.event).substr(0, 4 * kShownOfEvent), kShownOfEvent),
            .explanation = std::move(explanation),
            .calls = journal.calls_of(invocation.request_id),
            .messages = journal.messages_of(invocation.request_id),
            .ending = ending_of(invocation)};
}

}  // namespace ci_lambda::sandbox
