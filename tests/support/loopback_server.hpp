#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/text.hpp"

namespace ci_lambda::testing {

struct ServerRequest {
    std::string head;  ///< request line and headers
    std::string body;
    int connection = 0;  ///< 0, 1, .. in the order of their accept
    int nth = 0;         ///< 0 for the first request on its connection

    [[nodiscard]] std::string line() const { return head.substr(0, head.find("\r\n")); }
    /// Value of a header, empty if it is not there.
    [[nodiscard]] std::string header(const std::string& name) const {
        for (const auto& one : split(head, '\n')) {
            const auto colon = one.find(':');
            if (colon != std::string::npos && to_lower(one.substr(0, colon)) == to_lower(name))
                return std::string(trim(one.substr(colon + 1)));
        }
        return {};
    }
};

struct ServerReply {
    std::string bytes;   ///< put on the wire as they are
    bool close = false;  ///< close the connection afterwards
};

[[nodiscard]] inline ServerReply reply(int status, const std::string& body, const std::string& headers = "") {
    return {.bytes = "HTTP/1.1 " + std::to_string(status) +
                     " Status\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body};
}

/// A scripted HTTP/1.1 server on a loopback port of the system's choice. Raw on purpose: it can close, cut and mangle
/// where a proper server would not. Records every request.
class LoopbackServer {
public:
    using Handler = std::function<ServerReply(const ServerRequest&)>;

    explicit LoopbackServer(Handler handler) : handler_(std::move(handler)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* where = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, where, length) != 0 || ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, where, &length) != 0)
            std::abort();  // a machine without a loopback interface tests nothing
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;
    ~LoopbackServer() {
        stopping_ = true;
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        for (auto& connection : connections_) {
            ::shutdown(connection.fd, SHUT_RDWR);
            connection.thread.join();
            ::close(connection.fd);
        }
        ::close(listener_);
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string host_and_port() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::string url(const std::string& path = "") const { return "http://" + host_and_port() + path; }
    [[nodiscard]] std::vector<ServerRequest> requests() const {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }
    [[nodiscard]] int connections() const { return accepted_; }

private:
    struct Connection {
        int fd;
        std::thread thread;
    };

    void accept_all() {
        while (!stopping_) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) return;
            const int number = accepted_++;
            connections_.push_back({fd, {}});
            connections_.back().thread = std::thread([this, fd, number] { serve(fd, number); });
        }
    }

    void serve(int fd, int number) {
        std::string buffer;
        for (int nth = 0;; ++nth) {
            ServerRequest request{.connection = number, .nth = nth};
            if (!read_request(fd, buffer, request)) break;
            {
                const std::scoped_lock lock(mutex_);
                requests_.push_back(request);
            }
            const auto answer = handler_(request);
            if (!answer.bytes.empty()) (void)::send(fd, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL);
            if (answer.close) break;
        }
        ::shutdown(fd, SHUT_RDWR);
    }

    static bool read_more(int fd, std::string& buffer) {
        std::array<char, 8192> chunk{};
        const auto got = ::recv(fd, chunk.data(), chunk.size(), 0);
        if (got <= 0) return false;
        buffer.append(chunk.data(), static_cast<std::size_t>(got));
        return true;
    }

    static bool read_request(int fd, std::string& buffer, ServerRequest& request) {
        std::size_t end = 0;
        while ((end = buffer.find("\r\n\r\n")) == std::string::npos)
            if (!read_more(fd, buffer)) return false;
        request.head = buffer.substr(0, end + 2);
        buffer.erase(0, end + 4);
        const auto length = parse_unsigned(request.header("Content-Length")).value_or(0);
        while (buffer.size() < length)
            if (!read_more(fd, buffer)) return false;
        request.body = buffer.substr(0, length);
        buffer.erase(0, length);
        return true;
    }

    Handler handler_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<int> accepted_{0};
    mutable std::mutex mutex_;
    std::vector<ServerRequest> requests_;
    std::list<Connection> connections_;  // the acceptor's own until it is joined
    std::thread acceptor_;
};

}  // namespace ci_lambda::testing
