#include "sandbox/http/http_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <future>
#include <optional>
#include <regex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sandbox/http/browser_guard.hpp"
#include "sandbox/http/connection_threads.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr const char* kHost = "127.0.0.1";
/// How long an idle connection is kept.
constexpr time_t kKeepAliveSeconds = 2;
/// httplib closes a connection after five requests unless told otherwise.
constexpr std::size_t kRequestsPerConnection = 1'000'000;
/// Every path, also one with line breaks in it, which `.` does not match.
constexpr const char* kEverything = R"([\s\S]*)";
/// How long a client that goes on sending is listened to when the server ends.
constexpr std::chrono::seconds kLastWords{2};

HttpExchangeRequest to_request(const httplib::Request& from) {
    HttpExchangeRequest request{.path = from.path, .captures = {}, .headers = {}, .body = {}};
    request.method = from.method;
    request.target = from.target;
    for (const auto& [name, value] : from.headers) request.headers.emplace(to_lower(name), value);
    for (const auto& [name, value] : from.params) request.query.emplace(name, value);
    return request;
}

/// The client whose request this is gets no answer; what httplib writes then goes nowhere, and it closes its side.
void hang_up(const httplib::Request& from);

void write_answer(const httplib::Request& from, const HttpExchangeAnswer& answer, httplib::Response& to) {
    if (answer.hang_up) {
        hang_up(from);
        return;
    }
    to.status = answer.status;
    for (const auto& [name, value] : answer.headers) to.set_header(name, value);
    to.set_content(answer.body, answer.content_type);
}

HttpExchangeAnswer problem(int status, std::string_view message) {
    return {.status = status, .body = dump_json({{"message", message}}) + '\n'};
}

bool has_body(const httplib::Request& request) {
    // Without either header httplib would wait for the body until the client hangs up.
    return request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
}

enum class BodyEnd { kComplete, kTooLarge, kBroken };

/// Reads to the body's end, however large it is, and keeps what fits: what is left unread would be taken for the next
/// request on this connection, and nobody would have looked who sends that.
BodyEnd read_body(const httplib::ContentReader& read, std::string& body) {
    bool too_large = false;
    const bool complete = read([&](const char* data, std::size_t size) {
        too_large = too_large || body.size() + size > HttpServer::kMaxBody;
        if (!too_large) body.append(data, size);
        return true;
    });
    if (!complete) return BodyEnd::kBroken;
    return too_large ? BodyEnd::kTooLarge : BodyEnd::kComplete;
}

/// The file descriptor whose number is this name of /proc/self/fd.
std::optional<int> descriptor(const std::string& name) {
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
    return number;
}

using NameOfSocket = int (*)(int socket, sockaddr* address, socklen_t* size);

/// `name`: `getsockname` for its own port, `getpeername` for the other side's.
bool is_at_port(int socket, std::uint16_t port, NameOfSocket name) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API has it so
    if (name(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
    return address.sin_family == AF_INET && ntohs(address.sin_port) == port;
}

int own_name(int socket, sockaddr* address, socklen_t* size) { return ::getsockname(socket, address, size); }
int peer_name(int socket, sockaddr* address, socklen_t* size) { return ::getpeername(socket, address, size); }

/// httplib keeps its sockets to itself, so they are found among all that this process has open.
template <typename Act>
void for_each_socket_at(std::uint16_t port, const Act& act) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
        const auto socket = descriptor(entry.path().filename().string());
        if (socket && is_at_port(*socket, port, &own_name)) act(*socket);
    }
}

void hang_up(const httplib::Request& from) {
    for_each_socket_at(static_cast<std::uint16_t>(from.local_port), [&](int socket) {
        if (is_at_port(socket, static_cast<std::uint16_t>(from.remote_port), &peer_name))
            (void)::shutdown(socket, SHUT_RDWR);
    });
}

/// httplib waits for each of its connections when it ends, however long they take.
void end_connections(std::uint16_t port, int how) {
    for_each_socket_at(port, [&](int socket) { (void)::shutdown(socket, how); });
}

/// httplib lets five connections wait to be accepted; the sixth of a burst is a second late.
void let_bursts_wait(std::uint16_t port) {
    for_each_socket_at(port, [](int socket) { (void)::listen(socket, SOMAXCONN); });
}

struct Route {
    std::string method;
    std::regex pattern;
    HttpServer::Handler handler;
};

}  // namespace

std::string HttpExchangeRequest::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string{} : found->second;
}

class HttpServer::Impl {
public:
    Impl();

    void add(const char* method, const std::string& pattern, Handler handler) {
        routes_.push_back({.method = method, .pattern = std::regex(pattern), .handler = std::move(handler)});
    }
    void let_pages_call(std::string below) { for_pages_ = std::move(below); }
    [[nodiscard]] Result<std::uint16_t> start(std::uint16_t port);
    void stop();

private:
    [[nodiscard]] HttpExchangeAnswer answer(const std::string& method, HttpExchangeRequest request) const;

    httplib::Server server_;
    std::vector<Route> routes_;
    std::string for_pages_;
    std::uint16_t port_ = 0;
    std::promise<void> ended_;
    std::thread thread_;
};

HttpServer::Impl::Impl() {
    server_.set_payload_max_length(kMaxBody);
    server_.set_keep_alive_timeout(kKeepAliveSeconds);
    server_.set_keep_alive_max_count(kRequestsPerConnection);
    server_.set_tcp_nodelay(true);
    // httplib's own choice is SO_REUSEPORT, with which two sandboxes would share one port without a word.
    server_.set_socket_options([](auto socket) {
        const int on = 1;
        ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    });
    server_.Get(kEverything, [this](const httplib::Request& from, httplib::Response& to) {
        write_answer(from, answer("GET", to_request(from)), to);
    });
    // Every method that has a body, also those that no route has: httplib itself would read all of it, of any length.
    // It would also refuse more than 8 KB from `curl -d`, which calls any body a form.
    const auto with_body = [this](const httplib::Request& from, httplib::Response& to,
                                  const httplib::ContentReader& read) {
        auto request = to_request(from);
        const auto end = has_body(from) ? read_body(read, request.body) : BodyEnd::kComplete;
        if (end == BodyEnd::kBroken) return;  // httplib has set the status: 400, or 413 for an announced length
        write_answer(from,
                     end == BodyEnd::kTooLarge ? problem(413, fmt::format("the body is larger than {} bytes", kMaxBody))
                                               : answer(from.method, request),
                     to);
    };
    server_.Post(kEverything, with_body);
    server_.Put(kEverything, with_body);
    server_.Patch(kEverything, with_body);
    server_.Delete(kEverything, with_body);
}

HttpExchangeAnswer HttpServer::Impl::answer(const std::string& method, HttpExchangeRequest request) const {
    const bool for_pages = !for_pages_.empty() && request.path.starts_with(for_pages_);
    if (const auto refused =
            why_refused({.host = request.header("host"),
                         .origin = for_pages ? std::string() : request.header("origin"),
                         .sec_fetch_site = for_pages ? std::string() : request.header("sec-fetch-site")}))
        return problem(403, *refused);
    bool known = false;
    for (const auto& route : routes_) {
        std::smatch match;
        if (!std::regex_match(request.path, match, route.pattern)) continue;
        known = true;
        if (route.method != method) continue;
        std::vector<std::string> captures;
        for (std::size_t i = 1; i < match.size(); ++i) captures.push_back(match[i].str());
        request.captures = std::move(captures);
        return route.handler(request);
    }
    return known ? problem(405, "there is something at this address, but not for this method; see GET /")
                 : problem(404, "there is nothing at this address; see GET /");
}

Result<std::uint16_t> HttpServer::Impl::start(std::uint16_t port) {
    int bound = port;
    if (port == 0)
        bound = server_.bind_to_any_port(kHost);
    else if (!server_.bind_to_port(kHost, port))
        bound = -1;
    if (bound <= 0)
        return fail(ErrorKind::kConnection,
                    port == 0
                        ? std::string("cannot listen on 127.0.0.1")
                        : fmt::format("cannot listen on 127.0.0.1:{0}: is another sandbox, or another program, using "
                                      "port {0}? `--port N` takes another one, `--port 0` any that is free",
                                      port));
    port_ = static_cast<std::uint16_t>(bound);
    let_bursts_wait(port_);
    // The queue is made when the server has begun to listen: only from then on does stop() stop it.
    std::promise<void> listening;
    server_.new_task_queue = [&listening]() -> httplib::TaskQueue* {
        auto* queue = new ConnectionThreads;  // NOLINT(cppcoreguidelines-owning-memory): httplib owns it
        listening.set_value();
        return queue;
    };
    thread_ = std::thread([this] {
        server_.listen_after_bind();
        ended_.set_value();
    });
    listening.get_future().wait();
    return port_;
}

void HttpServer::Impl::stop() {
    if (!thread_.joinable()) return;
    server_.stop();
    end_connections(port_, SHUT_RD);
    const auto ended = ended_.get_future();
    for (auto wait = kLastWords; ended.wait_for(wait) != std::future_status::ready; wait = std::chrono::seconds{1})
        end_connections(port_, SHUT_RDWR);
    thread_.join();
}

HttpServer::HttpServer() : impl_(std::make_unique<Impl>()) {}

HttpServer::~HttpServer() { stop(); }

void HttpServer::get(const std::string& pattern, Handler handler) { impl_->add("GET", pattern, std::move(handler)); }

void HttpServer::post(const std::string& pattern, Handler handler) { impl_->add("POST", pattern, std::move(handler)); }

void HttpServer::put(const std::string& pattern, Handler handler) { impl_->add("PUT", pattern, std::move(handler)); }
void HttpServer::remove(const std::string& pattern, Handler handler) {
    impl_->add("DELETE", pattern, std::move(handler));
}

void HttpServer::let_pages_call(std::string below) { impl_->let_pages_call(std::move(below)); }

Result<std::uint16_t> HttpServer::start(std::uint16_t port) { return impl_->start(port); }

void HttpServer::stop() { impl_->stop(); }

}  // namespace ci_lambda::sandbox
