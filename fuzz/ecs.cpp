// What ECS answers. The first byte chooses the call, the second one the HTTP status; each line after the first is the
// body of one answer.

#include <array>
#include <functional>

#include "base/json.hpp"
#include "fuzz/support.hpp"
#include "services/ecs/client.hpp"
#include "services/ecs/decode.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::fuzzing {
namespace {

const Deadline kNever = Deadline::none();
const ClusterName kCluster{"shop_cluster_dev"};
const EcsServiceName kService{"shop_service_api_dev"};
const TaskFamily kFamily{"shop_service_api_dev"};
const std::string kArn = "arn:aws:ecs:us-east-1:123456789012:service-deployment/shop_cluster_dev/api/1";

void check_error(const Error& error) {
    require(!error.message.empty(), "an error says something");
    require(is_utf8(error.message), "an error is valid UTF-8", error.message);
}

Status check_services(EcsApi& ecs) {
    TRY_ASSIGN(const auto described, ecs.describe_services(kCluster, {kService}, kNever));
    for (const auto& service : described.services) {
        require(described.find(service.name) != nullptr, "each service is found by its name");
        (void)can_be_updated(service);
        if (const auto* primary = service.primary())
            require(service.deployment(primary->id) != nullptr, "each deployment is found by its id");
        if (const auto configuration = configuration_with_rollback(service))
            require(parse_json(*configuration).has_value(), "the configuration is JSON", *configuration);
    }
    return {};
}

Status check_task_definitions(EcsApi& ecs) {
    TRY_ASSIGN(const auto found, ecs.active_task_definitions(kFamily, kNever));
    require(!found.empty(), "success means that there is a revision");
    for (const auto& one : found)
        require(last_segment(one.str()).starts_with(kFamily.str() + ":"), "all are of the family", one.str());
    return {};
}

Status check_update(EcsApi& ecs) {
    const UpdateServiceRequest request{
        .cluster = kCluster, .service = kService, .task_definition = TaskDefinition{"api:7"}};
    TRY_ASSIGN(const auto accepted, ecs.update_service(request, kNever));
    require(!accepted.task_definition.empty(), "it is known which revision rolls");
    require(accepted.created_at != WallTime{}, "it is known since when");
    return {};
}

Status check_history(EcsApi& ecs) {
    TRY_ASSIGN(const auto found, ecs.service_deployments(kCluster, kService, kNever));
    require(std::ranges::is_sorted(found, std::ranges::greater{}, &EcsServiceDeployment::created_at), "newest first");
    return {};
}

Status check_pinned_copy(EcsApi& ecs) {
    const EcsServiceRevision revision{
        .arn = kArn,
        .task_definition = "api:7",
        .images = {{.container = "app", .image = "registry:5000/api:v1", .digest = "sha256:1"}}};
    TRY_ASSIGN(const auto copy, ecs.register_pinned_copy(revision, kFamily, {{"key", "value"}}, kNever));
    (void)copy;
    return {};
}

template <typename T>
Status status_of(const Result<T>& result) {
    if (!result) return std::unexpected(result.error());
    return {};
}

using Call = std::function<Status(EcsApi&)>;

const std::array kCalls{
    Call(check_services),
    Call(check_task_definitions),
    Call(check_update),
    Call(check_history),
    Call(check_pinned_copy),
    Call([](EcsApi& ecs) { return status_of(ecs.describe_cluster(kCluster, kNever)); }),
    Call([](EcsApi& ecs) { return status_of(ecs.list_services(kCluster, kNever)); }),
    Call([](EcsApi& ecs) { return status_of(ecs.service_deployment(kArn, kNever)); }),
    Call([](EcsApi& ecs) { return status_of(ecs.service_revisions({kArn}, kNever)); }),
    Call([](EcsApi& ecs) { return status_of(ecs.stopped_tasks(kCluster, kService, kNever)); }),
    Call([](EcsApi& ecs) { return ecs.roll_back_service_deployment(kArn, kNever); }),
    Call([](EcsApi& ecs) { return status_of(ecs.describe_task_definition(TaskDefinition(kArn), kNever)); }),
    Call([](EcsApi& ecs) { return ecs.tag_task_definition(kArn, {{"key", "value"}}, kNever); }),
};

constexpr std::array kStatuses{200, 200, 400, 403, 404, 413, 429, 500, 503, 302};

/// The last answer is that the connection is gone: a list whose pages never end comes to an end here.
void script(testing::FakeHttp& http, int status, std::string_view bodies) {
    constexpr std::size_t kMaxAnswers = 16;
    auto lines = split(bodies, '\n');
    lines.resize(std::min(lines.size(), kMaxAnswers));
    for (const auto& body : lines) http.then(status, body, {{.name = "x-amzn-errortype", .value = body}});
    http.then_fail({.kind = ErrorKind::kConnection, .message = "no further answer"});
}

}  // namespace
}  // namespace ci_lambda::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ci_lambda;
    const auto input = fuzzing::text_of(data, size);
    const auto line_end = input.find('\n');
    if (size < 2 || line_end == std::string_view::npos) return 0;
    const auto& call = fuzzing::kCalls[data[0] % fuzzing::kCalls.size()];
    const int status = fuzzing::kStatuses[data[1] % fuzzing::kStatuses.size()];

    testing::FakeHttp http;
    fuzzing::script(http, status, input.substr(line_end + 1));
    testing::FakeCredentials credentials;
    testing::RecordingLog log;
    testing::FakeSleeper sleeper(log.clock);
    EcsClient ecs({.region = "us-east-1", .endpoint = std::nullopt}, http, credentials, log.clock, sleeper, log.logger);
    if (const auto done = call(ecs); !done) fuzzing::check_error(done.error());
    return 0;
}
