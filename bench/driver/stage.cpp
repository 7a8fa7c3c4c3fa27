#include "bench/driver/stage.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ci_lambda::bench {
namespace {

/// Only a broken program is silent for so long.
constexpr std::chrono::milliseconds kPatience{60000};

constexpr std::string_view kEvent = R"({"service":"api"})";

constexpr std::string_view kNewest = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:42";

// As ECS answers, oldest revision first: a program that takes the first one is found out.
constexpr std::string_view kListTaskDefinitions =
    R"({"taskDefinitionArns":[)"
    R"("arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:9",)"
    R"("arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:10",)"
    R"("arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:42"]})";

constexpr std::string_view kDescribeServices =
    R"({"services":[{"serviceName":"shop_service_api_dev",)"
    R"("serviceArn":"arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_api_dev",)"
    R"("clusterArn":"arn:aws:ecs:us-east-1:123456789012:cluster/shop_cluster_dev","status":"ACTIVE",)"
    R"("desiredCount":1,"runningCount":1,"pendingCount":0,"launchType":"FARGATE","schedulingStrategy":"REPLICA",)"
    R"("taskDefinition":"arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:42",)"
    R"("deployments":[{"id":"ecs-svc/1234567890123456788","status":"PRIMARY","rolloutState":"COMPLETED",)"
    R"("desiredCount":1,"runningCount":1,"pendingCount":0,"failedTasks":0,"createdAt":1.7e9,"updatedAt":1.7e9,)"
    R"("taskDefinition":"arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:42"}]}],"failures":[]})";

constexpr std::string_view kUpdateService =
    R"({"service":{"serviceName":"shop_service_api_dev",)"
    R"("serviceArn":"arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/shop_service_api_dev",)"
    R"("clusterArn":"arn:aws:ecs:us-east-1:123456789012:cluster/shop_cluster_dev","status":"ACTIVE",)"
    R"("desiredCount":1,"runningCount":1,"pendingCount":0,"launchType":"FARGATE","schedulingStrategy":"REPLICA",)"
    R"("taskDefinition":"arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:42",)"
    R"("deployments":[{"id":"ecs-svc/1234567890123456789","status":"PRIMARY","rolloutState":"IN_PROGRESS",)"
    R"("desiredCount":1,"runningCount":0,"pendingCount":0,"failedTasks":0,"createdAt":1.7e9,"updatedAt":1.7e9,)"
    R"("taskDefinition":"arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:42"}]}})";

Result<int> listen_on_loopback() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, SOMAXCONN) != 0)
        return fail(ErrorKind::kInternal, "no port could be opened on loopback");
    return fd;
}

std::string address_of(int listener) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    return fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
}

Status send_to(int descriptor, const std::string& bytes) {
    if (::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
        return fail(ErrorKind::kInternal, "the function did not take an answer");
    return {};
}

Status wrong(std::string_view what, const Request& request) {
    return fail(ErrorKind::kProtocol, fmt::format("{}: {} {} {}", what, request.method, request.path, request.body));
}

}  // namespace

Result<std::unique_ptr<Stage>> Stage::open() {
    std::unique_ptr<Stage> stage(new Stage);
    TRY_ASSIGN(stage->runtime_listener_, listen_on_loopback());
    TRY_ASSIGN(stage->ecs_listener_, listen_on_loopback());
    return stage;
}

Stage::~Stage() {
    clear();
    for (const int listener : {runtime_listener_, ecs_listener_})
        if (listener >= 0) ::close(listener);
}

std::string Stage::runtime_api() const { return address_of(runtime_listener_); }

std::string Stage::ecs_url() const { return "http://" + address_of(ecs_listener_); }

void Stage::clear() {
    for (const auto& connection : connections_) ::close(connection.descriptor);
    connections_.clear();
    // What it has opened at its end is still in the queue, and would be taken for the next function's.
    for (const int listener : {runtime_listener_, ecs_listener_})
        for (int fd = 0; (fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) ::close(fd);
    waiting_ = -1;
}

Result<Instant> Stage::until_next(const Function& function) {
    while (waiting_ < 0) TRY(serve_once(function));
    return waiting_since_;
}

Result<std::chrono::nanoseconds> Stage::run_event(const Function& function, int deployments) {
    TRY(until_next(function));
    deployments_ = 0;
    answered_ = false;
    const auto deadline = std::chrono::duration_cast<std::chrono::milliseconds>(
        (std::chrono::system_clock::now() + kPatience).time_since_epoch());
    const auto headers = fmt::format(
        "Content-Type: application/json\r\n"
        "Lambda-Runtime-Aws-Request-Id: {:08x}-0000-4000-8000-000000000000\r\n"
        "Lambda-Runtime-Deadline-Ms: {}\r\n"
        "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:ci_lambda\r\n"
        "Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0\r\n",
        ++event_, deadline.count());
    const auto event = answer(200, headers, kEvent);
    const int descriptor = std::exchange(waiting_, -1);
    const auto handed_out = std::chrono::steady_clock::now();
    TRY(send_to(descriptor, event));
    while (!answered_) TRY(serve_once(function));
    if (deployments_ != deployments)
        return fail(ErrorKind::kProtocol,
                    fmt::format("UpdateService came {} times for one event, and not {}", deployments_, deployments));
    return answered_at_ - handed_out;
}

Status Stage::serve_once(const Function& function) {
    std::vector<pollfd> watched{
        {runtime_listener_, POLLIN, 0}, {ecs_listener_, POLLIN, 0}, {function.end_descriptor(), POLLIN, 0}};
    for (const auto& connection : connections_) watched.push_back({connection.descriptor, POLLIN, 0});
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(kPatience.count()));
    if (ready <= 0) return fail(ErrorKind::kTimeout, "the function gives no sign of life");

    // From the back, for those that are closed are taken out.
    for (auto i = connections_.size(); i-- > 0;) {
        if (watched[i + 3].revents == 0) continue;
        TRY_ASSIGN(const bool open, read_from(connections_[i]));
        if (open) continue;
        ::close(connections_[i].descriptor);
        connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (const auto listener : {0U, 1U}) {
        if (watched[listener].revents == 0) continue;
        const int fd = ::accept4(watched[listener].fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections_.push_back({.descriptor = fd, .received = {}});
    }
    if (watched[2].revents != 0) return fail(ErrorKind::kInternal, "the function has ended by itself");
    return {};
}

Result<bool> Stage::read_from(Connection& connection) {
    std::array<char, 16384> buffer{};
    const auto got = ::recv(connection.descriptor, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    connection.received.append(buffer.data(), static_cast<std::size_t>(got));
    while (const auto request = take_request(connection.received)) TRY(handle(connection, *request));
    return true;
}

Status Stage::handle(Connection& connection, const Request& request) {
    if (request.path.starts_with("/2018-06-01/runtime/")) return handle_runtime(connection, request);
    return handle_ecs(connection, request);
}

Status Stage::handle_runtime(Connection& connection, const Request& request) {
    const auto now = std::chrono::steady_clock::now();
    if (request.method == "GET" && request.path.ends_with("/invocation/next")) {
        waiting_ = connection.descriptor;
        waiting_since_ = now;
        return {};
    }
    if (!request.path.ends_with(fmt::format("/invocation/{:08x}-0000-4000-8000-000000000000/response", event_)))
        return wrong("the function failed", request);
    answered_ = true;
    answered_at_ = now;
    return send_to(connection.descriptor, answer(202, "Content-Type: application/json\r\n", R"({"status":"OK"})"));
}

Status Stage::handle_ecs(Connection& connection, const Request& request) {
    const auto target = request.header("x-amz-target");
    const auto operation = target.substr(target.rfind('.') + 1);
    if (!request.header("authorization").starts_with("AWS4-HMAC-SHA256 ")) return wrong("not signed", request);
    std::string_view body;
    if (operation == "ListTaskDefinitions") body = kListTaskDefinitions;
    if (operation == "DescribeServices") body = kDescribeServices;
    if (operation == "UpdateService") {
        body = kUpdateService;
        ++deployments_;
        const auto has = [&](std::string_view text) { return request.body.contains(text); };
        if (!has(kService) || !has(kNewest)) return wrong("another deployment than the event means", request);
    }
    if (body.empty()) return wrong("not expected", request);
    return send_to(connection.descriptor, answer(200, "Content-Type: application/x-amz-json-1.1\r\n", body));
}

}  // namespace ci_lambda::bench
