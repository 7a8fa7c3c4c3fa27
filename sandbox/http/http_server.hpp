#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ci_lambda::sandbox {

struct HttpExchangeRequest {
    std::string path;
    std::vector<std::string> captures;           ///< what the groups of the route's pattern matched
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
    std::map<std::string, std::string> query = {};  ///< what stands behind the `?`, read
    std::string method = {};                        ///< GET, POST, ..
    std::string target = {};                        ///< path and query as they were sent

    /// Empty when there is no such header. `name` in lower case.
    [[nodiscard]] std::string header(const std::string& name) const;
};

struct HttpExchangeAnswer {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::map<std::string, std::string> headers = {};
    bool hang_up = false;  ///< none of the above is sent: the connection is closed without an answer
};

/// A small HTTP/1.1 server on 127.0.0.1, for the programs of this machine: what a page in a browser sends is answered
/// with 403 (see browser_guard.hpp), a body that is too large with 413. Handlers run concurrently and may block (the
/// Runtime API's `next` does); connections that are slow or idle keep nobody waiting.
class HttpServer {
public:
    using Handler = std::function<HttpExchangeAnswer(const HttpExchangeRequest&)>;

    /// The largest body that is taken, whether its length is announced or not.
    static constexpr std::size_t kMaxBody = std::size_t{8} * 1024 * 1024;

    HttpServer();
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Patterns are regular expressions over the whole path. Routes are set before `start()`.
    void get(const std::string& pattern, Handler handler);
    void post(const std::string& pattern, Handler handler);
    void put(const std::string& pattern, Handler handler);
    /// DELETE, which is a word of the language.
    void remove(const std::string& pattern, Handler handler);

    /// What is below this path is for pages in browsers, too, of whatever site: it must take care of itself.
    void let_pages_call(std::string below);

    /// Listens; 0 means any free port. Fails (kConnection) when the port is taken. Returns the port.
    [[nodiscard]] Result<std::uint16_t> start(std::uint16_t port);
    /// Waits for the handlers that still run: release those that block first. Nobody else is waited for: connections
    /// that idle, or whose request is not complete, are closed. Harmless when not running.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ci_lambda::sandbox
