#include "sandbox/demo/demo_steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <ranges>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr const char* kRawEvents = "/sandbox/events";
constexpr const char* kInvoke = "/2015-03-31/functions/ci_lambda/invocations";
/// Signed by nobody: the sandbox wants a header, as AWS does, and does not check it.
constexpr const char* kAuthorization =
    "AWS4-HMAC-SHA256 Credential=AKIASANDBOXDEMOUSER0/20260101/us-east-1/events/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0";

/// Makes the events of one demo.
class Events {
public:
    Events(Ids& ids, const Clock& clock) : ids_(ids), clock_(clock) {}

    [[nodiscard]] Delivery event(std::string_view source, std::string_view detail_type, Json detail,
                                 Json resources = Json::array()) const {
        const Json envelope{{"version", "0"},
                            {"id", ids_.uuid()},
                            {"detail-type", detail_type},
                            {"source", source},
                            {"account", shop::kAccount},
                            {"time", format_rfc3339(clock_.now()).substr(0, 19) + "Z"},
                            {"region", shop::kRegion},
                            {"resources", std::move(resources)},
                            {"detail", std::move(detail)}};
        return {.path = kRawEvents, .body = dump_json(envelope)};
    }

    [[nodiscard]] Delivery push(const std::string& repository, const std::string& tag) const {
        const auto registry = shop_registry(clock_.now());
        const auto found = registry.repositories.find(repository);
        const auto* manifest = found == registry.repositories.end() ? nullptr : found->second.with_tag(tag);
        return event("aws.ecr", "ECR Image Action",
                     {{"action-type", "PUSH"},
                      {"result", "SUCCESS"},
                      {"repository-name", repository},
                      {"image-digest", manifest == nullptr ? "sha256:" + ids_.hex(64) : manifest->digest},
                      {"image-tag", tag}});
    }

    [[nodiscard]] Delivery parameter_update(std::string_view name) const {
        return event("aws.ssm", "Parameter Store Change",
                     {{"operation", "Update"}, {"name", name}, {"type", "SecureString"}},
                     {fmt::format("arn:aws:ssm:{}:{}:parameter{}", shop::kRegion, shop::kAccount, name)});
    }

    [[nodiscard]] Delivery put_object_in_cloudtrail(std::string_view key) const {
        return event("aws.s3", "AWS API Call via CloudTrail",
                     {{"eventSource", "s3.amazonaws.com"},
                      {"eventName", "PutObject"},
                      {"eventCategory", "Data"},
                      {"eventType", "AwsApiCall"},
                      {"managementEvent", false},
                      {"readOnly", false},
                      {"awsRegion", shop::kRegion},
                      {"requestParameters", {{"bucketName", shop::kBucket}, {"key", key}}},
                      {"responseElements", nullptr}});
    }

    [[nodiscard]] Delivery object_created(std::string_view key) const {
        return event("aws.s3", "Object Created",
                     {{"version", "0"},
                      {"bucket", {{"name", shop::kBucket}}},
                      {"object", {{"key", key}, {"size", 512}, {"etag", ids_.hex(32)}, {"sequencer", ids_.hex(16)}}},
                      {"requester", shop::kAccount},
                      {"reason", "PutObject"}},
                     {fmt::format("arn:aws:s3:::{}", shop::kBucket)});
    }

private:
    Ids& ids_;
    const Clock& clock_;
};

Delivery put_events(const Json& detail) {
    const Json request{
        {"Entries", {{{"Source", "action.deploy"}, {"DetailType", "DEPLOY"}, {"Detail", dump_json(detail)}}}}};
    return {.path = "/",
            .body = dump_json(request),
            .headers = {{"Authorization", kAuthorization},
                        {"Content-Type", "application/x-amz-json-1.1"},
                        {"X-Amz-Target", "AWSEvents.PutEvents"}}};
}

/// The id that the last UpdateService of this service was answered with.
std::string latest_deployment_of(std::string_view service, const Journal& journal) {
    const auto calls = journal.calls();
    for (const auto& call : std::views::reverse(calls)) {
        const auto described = describe_call(call);
        if (described.ok && described.operation == "UpdateService" && described.arguments.starts_with(service))
            return described.answer;
    }
    return {};
}

/// An event of the sandbox's ECS, delivered now.
Result<Delivery> ecs_event(const DemoSources& sources, std::string_view name,
                           const std::function<bool(const Json& event)>& wanted) {
    TRY_ASSIGN(auto event, sources.ecs_event([&](const Json& candidate) {
        return find_string(candidate["detail"], "eventName") == name && wanted(candidate);
    }));
    return Delivery{.path = kRawEvents, .body = std::move(event)};
}

Result<Delivery> api_completed(const DemoSources& sources) {
    const std::string deployment = latest_deployment_of(shop::kApi, sources.journal);
    return ecs_event(sources, "SERVICE_DEPLOYMENT_COMPLETED",
                     [&](const Json& event) { return find_string(event["detail"], "deploymentId") == deployment; });
}

Result<Delivery> worker_impaired(const DemoSources& sources) {
    return ecs_event(sources, "SERVICE_TASK_START_IMPAIRED", [&](const Json& event) {
        const Json resources = event.value("resources", Json::array());
        return !resources.empty() && resources.front().get<std::string>().ends_with(shop::kWorker);
    });
}

std::string rollout(std::string_view service, int revision) { return fmt::format("{} -> :{}", service, revision); }

}  // namespace

std::vector<std::string> demo_scenarios() { return {"worker=crash-on-start"}; }

std::vector<DemoStep> demo_steps(Ids& ids, const Clock& clock) {
    const Events events(ids, clock);
    const std::string api = rollout(shop::kApi, 42);
    const std::string worker = rollout(shop::kWorker, 42);
    return {
        {.title = "A new image of the api is pushed",
         .delivery = [=](const DemoSources&) { return events.push("shop_service_api", "v1.42"); },
         .expectation = {.status = "deployed", .rollouts = {api}, .messages = 1}},
        {.title = "Another project pushes an image",
         .delivery = [=](const DemoSources&) { return events.push("other_service_api", "v7"); },
         .expectation = {.status = "ignored", .rollouts = {}, .messages = 0}},
        {.title = "A parameter of the worker changes",
         .delivery = [=](const DemoSources&) { return events.parameter_update("/dev/shop/worker/QUEUE_URL"); },
         .expectation = {.status = "deployed", .rollouts = {worker}, .messages = 1}},
        {.title = "An env file is uploaded, as CloudTrail tells it",
         .delivery = [=](const DemoSources&) { return events.put_object_in_cloudtrail("worker/.env"); },
         .expectation = {.status = "deployed", .rollouts = {worker}, .messages = 1}},
        {.title = "An env file that two services use, as S3 itself tells it",
         .delivery = [=](const DemoSources&) { return events.object_created("api/.env"); },
         .expectation = {.status = "deployed", .rollouts = {api, worker}, .messages = 1}},
        {.title = "Somebody puts the backend back to :10, with PutEvents",
         .delivery =
             [](const DemoSources&) {
                 return put_events({{"service", "backend"},
                                    {"task_definition", "shop_service_dev:10"},
                                    {"reason", "orders fail since :42 <!channel>"}});
             },
         .expectation = {.status = "deployed", .rollouts = {rollout(shop::kBackend, 10)}, .messages = 1}},
        {.title = "A bare request, sent straight to the function",
         .delivery = [](const DemoSources&) { return Delivery{.path = kInvoke, .body = R"({"service":"api"})"}; },
         .expectation = {.status = "deployed", .rollouts = {api}, .messages = 1}},
        {.title = "ECS has finished the api's deployment",
         .delivery = api_completed,
         .expectation = {.status = "notified", .rollouts = {}, .messages = 1, .looks = true}},
        {.title = "ECS cannot start the worker's tasks",
         .delivery = worker_impaired,
         .expectation = {.status = "notified", .rollouts = {}, .messages = 1, .looks = true}},
        {.title = "A manual request that forgets the service",
         .delivery = [](const DemoSources&) { return put_events({{"reason", "please"}}); },
         .expectation = {.status = "Function.InvalidEvent", .rollouts = {}, .messages = 0}},
    };
}

std::vector<std::string> rollouts_of(const Story& story) {
    std::vector<std::string> rollouts;
    for (const auto& call : story.calls) {
        const auto described = describe_call(call);
        if (described.ok && described.operation == "UpdateService") rollouts.push_back(described.arguments);
    }
    std::ranges::sort(rollouts);
    return rollouts;
}

std::vector<std::string> surprises(const Story& story, const Expectation& expectation) {
    std::vector<std::string> found;
    if (story.ending.status != expectation.status)
        found.push_back(
            fmt::format("it ended with {} ({}), not {}", story.ending.status, story.ending.detail, expectation.status));
    if (const auto rollouts = rollouts_of(story); rollouts != expectation.rollouts)
        found.push_back(
            fmt::format("rolled: [{}], expected: [{}]", join(rollouts, ", "), join(expectation.rollouts, ", ")));
    if (expectation.rollouts.empty() && !expectation.looks && !story.calls.empty())
        found.push_back(fmt::format("{} calls of ECS, expected: none", story.calls.size()));
    if (story.messages.size() != expectation.messages)
        found.push_back(fmt::format("{} Slack messages, expected: {}", story.messages.size(), expectation.messages));
    for (const auto& message : story.messages)
        if (message.status != 200) found.push_back(fmt::format("Slack refused a message: {}", message.answer));
    return found;
}

}  // namespace ci_lambda::sandbox
