#include "sandbox/http_server.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <cstddef>
#include <future>
#include <thread>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr const char* kHost = "127.0.0.1";
/// Each open connection holds a thread, also while it idles: the function's few, the ones that wait in `next` or in a
/// synchronous invocation, and those of several AWS clients.
constexpr std::size_t kThreads = 64;
constexpr std::size_t kMaxBody = std::size_t{8} * 1024 * 1024;
/// How long an idle connection is kept. Stopping may take as long as this, when a client keeps one open.
constexpr time_t kKeepAliveSeconds = 2;
/// httplib closes a connection after five requests unless told otherwise.
constexpr std::size_t kRequestsPerConnection = 1'000'000;

HttpExchangeRequest to_request(const httplib::Request& from) {
    HttpExchangeRequest request{.path = from.path, .captures = {}, .headers = {}, .body = {}};
    for (std::size_t i = 1; i < from.matches.size(); ++i) request.captures.push_back(from.matches[i].str());
    for (const auto& [name, value] : from.headers) request.headers.emplace(to_lower(name), value);
    return request;
}

void write_answer(const HttpExchangeAnswer& answer, httplib::Response& to) {
    to.status = answer.status;
    for (const auto& [name, value] : answer.headers) to.set_header(name, value);
    to.set_content(answer.body, answer.content_type);
}

bool has_body(const httplib::Request& request) {
    // Without either header httplib would wait for the body until the client hangs up.
    return request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
}

}  // namespace

std::string HttpExchangeRequest::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string{} : found->second;
}

class HttpServer::Impl {
public:
    httplib::Server server;
    std::thread thread;
};

HttpServer::HttpServer() : impl_(std::make_unique<Impl>()) {
    auto& server = impl_->server;
    server.set_payload_max_length(kMaxBody);
    server.set_keep_alive_timeout(kKeepAliveSeconds);
    server.set_keep_alive_max_count(kRequestsPerConnection);
    server.set_tcp_nodelay(true);
    // httplib's own choice is SO_REUSEPORT, with which two sandboxes would share one port without a word.
    server.set_socket_options([](auto socket) {
        const int on = 1;
        ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    });
}

HttpServer::~HttpServer() { stop(); }

void HttpServer::get(const std::string& pattern, Handler handler) {
    impl_->server.Get(pattern, [handler = std::move(handler)](const httplib::Request& from, httplib::Response& to) {
        write_answer(handler(to_request(from)), to);
    });
}

void HttpServer::post(const std::string& pattern, Handler handler) {
    // The body is read here because httplib refuses more than 8 KB from `curl -d`, which calls any body a form.
    impl_->server.Post(pattern, [handler = std::move(handler)](const httplib::Request& from, httplib::Response& to,
                                                               const httplib::ContentReader& read) {
        HttpExchangeRequest request = to_request(from);
        if (has_body(from)) {
            const bool complete = read([&](const char* data, std::size_t size) {
                request.body.append(data, size);
                return true;
            });
            if (!complete) return;  // httplib has set the status: 400, or 413 for a body that is too large
        }
        write_answer(handler(request), to);
    });
}

Result<std::uint16_t> HttpServer::start(std::uint16_t port) {
    auto& server = impl_->server;
    int bound = port;
    if (port == 0)
        bound = server.bind_to_any_port(kHost);
    else if (!server.bind_to_port(kHost, port))
        bound = -1;
    if (bound <= 0)
        return fail(ErrorKind::kConnection,
                    port == 0
                        ? std::string("cannot listen on 127.0.0.1")
                        : fmt::format("cannot listen on 127.0.0.1:{0}: is another program using port {0}? Without "
                                      "--port a free one is taken",
                                      port));
    // The queue is made when the server has begun to listen: only from then on does stop() stop it.
    std::promise<void> listening;
    server.new_task_queue = [&listening]() -> httplib::TaskQueue* {
        auto* queue = new httplib::ThreadPool(kThreads);  // NOLINT(cppcoreguidelines-owning-memory): httplib owns it
        listening.set_value();
        return queue;
    };
    impl_->thread = std::thread([&server] { server.listen_after_bind(); });
    listening.get_future().wait();
    return static_cast<std::uint16_t>(bound);
}

void HttpServer::stop() {
    impl_->server.stop();
    if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace ci_lambda::sandbox
