#include "sandbox/pages/state_pages.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string_view>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "sandbox/host/function_environment.hpp"
#include "sandbox/pages/client_environment.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {
namespace {

/// JSON inside a string is shown as JSON; anything else as the text that it is.
Json embedded(const std::string& text) {
    auto parsed = parse_json(text);
    return parsed ? *std::move(parsed) : Json(text);
}

std::string_view status_name(InvocationStatus status) {
    switch (status) {
        case InvocationStatus::kQueued: return "queued";
        case InvocationStatus::kRunning: return "running";
        case InvocationStatus::kDone: return "done";
    }
    return "queued";
}

std::string_view origin_name(EventOrigin origin) {
    switch (origin) {
        case EventOrigin::kOutside: return "outside";
        case EventOrigin::kEcs: return "ecs";
        case EventOrigin::kEcr: return "ecr";
        case EventOrigin::kSecretsManager: return "secretsmanager";
        case EventOrigin::kSsm: return "ssm";
        case EventOrigin::kS3: return "s3";
        case EventOrigin::kScheduler: return "scheduler";
        case EventOrigin::kStepFunctions: return "stepfunctions";
    }
    return "outside";
}

/// What tells a command of a port that is not the usual one.
std::string chosen_port(std::uint16_t port) {
    return port == kDefaultPort ? std::string() : fmt::format(" --port {}", port);
}

Json names_of(const std::vector<std::pair<std::string, Scenario>>& services) {
    Json names = Json::object();
    for (const auto& [service, scenario] : services) names[service] = name_of(scenario);
    return names;
}

Json known_scenarios() {
    Json known = Json::object();
    for (const auto& scenario : scenarios()) known[std::string(scenario.name)] = scenario.meaning;
    return known;
}

Json invocation_json(const InvocationRecord& invocation) {
    Json json{{"request_id", invocation.request_id},
              {"status", status_name(invocation.status)},
              {"from", origin_name(invocation.origin)},
              {"queued_at", format_rfc3339(invocation.queued_at)},
              {"event", embedded(invocation.event)}};
    if (invocation.answer) json["answer"] = embedded(*invocation.answer);
    if (invocation.failure) {
        json["error_type"] = invocation.failure->type;
        json["error"] = embedded(invocation.failure->body);
    }
    if (invocation.answer || invocation.failure)
        json["milliseconds"] =
            std::chrono::duration_cast<Milliseconds>(invocation.answered_at - invocation.started_at).count();
    return json;
}

}  // namespace

std::string calls_page(const std::vector<EcsCall>& calls) {
    Json list = Json::array();
    for (const auto& call : calls) {
        list.push_back({{"time", format_rfc3339(call.at)},
                        {"operation", call.operation},
                        {"caller", call.caller},
                        {"invocation", call.invocation},
                        {"request", embedded(call.request)},
                        {"status", call.status},
                        {"response", embedded(call.response)}});
        if (!call.target.empty()) list.back()["target"] = call.target;
    }
    return dump_json_pretty(list) + '\n';
}

std::string messages_page(const std::vector<SlackMessage>& messages) {
    Json list = Json::array();
    for (const auto& message : messages) {
        list.push_back({{"number", message.number},
                        {"time", format_rfc3339(message.at)},
                        {"invocation", message.invocation},
                        {"status", message.status},
                        {"answer", message.answer},
                        {"message", embedded(message.replaced_by.value_or(message.payload))}});
        if (message.replaced_by) list.back()["before"] = embedded(message.payload);
        for (const auto& text : message.to_one) list.back()["to_one"].push_back(embedded(text));
    }
    return dump_json_pretty(list) + '\n';
}

std::string invocations_page(const std::vector<InvocationRecord>& invocations) {
    Json list = Json::array();
    for (const auto& invocation : invocations) list.push_back(invocation_json(invocation));
    return dump_json_pretty(list) + '\n';
}

std::string scenarios_page(const std::vector<std::pair<std::string, Scenario>>& services) {
    return dump_json_pretty({{"services", names_of(services)}, {"scenarios", known_scenarios()}}) + '\n';
}

std::string scenarios_page(const std::vector<ScenariosOfTarget>& targets) {
    Json now = Json::object();
    for (const auto& target : targets)
        now[target.target] = {{"scenario", name_of(target.trouble)}, {"services", names_of(target.services)}};
    Json of_targets = Json::object();
    for (const auto& trouble : troubles()) of_targets[std::string(trouble.name)] = trouble.meaning;
    return dump_json_pretty({{"targets", std::move(now)},
                             {"scenarios", known_scenarios()},
                             {"scenarios_of_targets", std::move(of_targets)}}) +
           '\n';
}

std::string targets_page(const std::vector<TargetNow>& targets, ReplicationDelay replication) {
    Json list = Json::array();
    for (const auto& [target, trouble] : targets) {
        Json json{{"name", target.name},
                  {"region", target.site.region},
                  {"account", target.site.account},
                  {"scenario", name_of(trouble)}};
        if (target.by_role) {
            json["role_arn"] = role_arn_of(target);
            json["external_id"] = kExternalId;
        }
        list.push_back(std::move(json));
    }
    Json page{{"targets", std::move(list)}, {"home", targets.front().target.name}};
    if (replication)
        page["replication_seconds"] = replication->count();
    else
        page["replication_seconds"] = nullptr;
    return dump_json_pretty(page) + '\n';
}

std::string targets_in_words(const std::vector<Target>& targets) {
    std::vector<std::string> words;
    for (const auto& target : targets) words.push_back(describe(target));
    return targets.size() < 2 ? std::string()
                              : fmt::format(
                                    "Targets: {}. The function runs in {}, and images that are pushed there "
                                    "are replicated into all others.",
                                    join(words, ", "), targets.front().name);
}

std::string env_command(std::uint16_t port, std::string_view program) {
    return fmt::format("eval \"$({} sandbox --env{})\"", program, chosen_port(port));
}

std::vector<ExampleCommand> example_commands(std::uint16_t port, std::string_view program) {
    return {
        {.what = "from now on this shell speaks to the sandbox", .command = env_command(port, program)},
        {.what = "deploy, and see how it ends", .command = fmt::format("{} deploy api --wait", program)},
        {.what = "what runs now", .command = fmt::format("{} status", program)},
        {.what = "a parameter changes, and the api rolls",
         .command =
             fmt::format("{} sandbox set-parameter{} \\\n  /dev/shop/api/LOG_LEVEL debug", program, chosen_port(port))},
        {.what = "the same with the AWS CLI",
         .command = fmt::format("aws events put-events --entries \\\n"
                                R"(  'Source=action.deploy,DetailType=DEPLOY,Detail="{{\"service\":\"api\"}}"')"
                                "\naws ecs describe-services --cluster {} \\\n  --services {}",
                                shop::kCluster, shop::kApi)},
        {.what = "from now on the api's deployments crash",
         .command = "curl $AWS_ENDPOINT_URL/sandbox/scenario -d api=crash-on-start"},
        {.what = "an event of your own, as AWS would send it",
         .command = "curl $AWS_ENDPOINT_URL/sandbox/events -d @event.json"},
        {.what = "the function, and its answer",
         .command = R"(curl $AWS_ENDPOINT_URL/2015-03-31/functions/ci_lambda/invocations \
  -d '{"service":"worker"}')"},
    };
}

std::string front_page(std::uint16_t port, const std::vector<Target>& targets) {
    const std::string url = fmt::format("http://127.0.0.1:{}", port);
    std::string page = fmt::format(
        R"(ci_lambda sandbox: a local AWS with a small shop in it. Nothing leaves this machine.
Programs of this machine may use it; pages in a browser may not.

  POST {url}/                    ECS, ECR, EventBridge, SSM and Secrets Manager (AWS JSON 1.1):
                                 --endpoint-url {url}
  POST {url}/sandbox/events      any EventBridge event, delivered to the function as it is
  POST {url}/2015-03-31/functions/ci_lambda/invocations
                                 Lambda's Invoke: the event in, the function's answer out
  GET  {url}/sandbox/invocations what the function was asked, and what it answered
  GET  {url}/sandbox/ecs/calls   every call of the ECS API
  POST {url}/sandbox/scenario    how deployments go: NAME or SERVICE=NAME; GET shows what there is
  POST {url}/sandbox/push        an image is pushed, as `ci_lambda sandbox push api:v1.43` does
  POST {url}/sandbox/file        an env file is put, as `ci_lambda sandbox edit-file api/.env` does
  GET  {url}/sandbox/slack       what went to Slack ({slack})
  GET  {url}/sandbox/executions  executions of state machines, and in which state each is
  GET  {url}/sandbox/settings    the function's settings: what `ci_lambda sandbox --env` asks for

Cluster {cluster}; services {backend}, {api}, {worker}, {web}.
{targets}
Try:
)",
        fmt::arg("url", url), fmt::arg("slack", kSlackPath), fmt::arg("cluster", shop::kCluster),
        fmt::arg("backend", shop::kBackend), fmt::arg("api", shop::kApi), fmt::arg("worker", shop::kWorker),
        fmt::arg("web", shop::kWeb),
        fmt::arg("targets", targets.size() < 2 ? std::string()
                                               : fmt::format("{}\nGET {}/sandbox/targets shows each.\n",
                                                             targets_in_words(targets), url)));
    for (const auto& example : example_commands(port, "ci_lambda"))
        page += fmt::format("\n# {}\n{}\n", example.what, example.command);
    return page;
}

}  // namespace ci_lambda::sandbox
