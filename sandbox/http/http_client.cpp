#include "sandbox/http/http_client.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr time_t kTimeoutSeconds = 60;

httplib::Client client_for(std::uint16_t port) {
    httplib::Client client("127.0.0.1", port);
    client.set_read_timeout(kTimeoutSeconds);
    client.set_tcp_nodelay(true);
    return client;
}

Result<LocalResponse> to_response(const httplib::Result& result, const std::string& path) {
    if (!result)
        return fail(ErrorKind::kTimeout,
                    fmt::format("no answer from the sandbox's own {}: {}", path, httplib::to_string(result.error())));
    LocalResponse response{.status = result->status, .body = result->body, .headers = {}};
    for (const auto& [name, value] : result->headers) response.headers.emplace(to_lower(name), value);
    return response;
}

}  // namespace

Result<LocalResponse> http_get(std::uint16_t port, const std::string& path) {
    return to_response(client_for(port).Get(path), path);
}

Result<LocalResponse> http_post(std::uint16_t port, const std::string& path, const std::string& body,
                                const std::map<std::string, std::string>& headers) {
    const httplib::Headers sent(headers.begin(), headers.end());
    const auto type = headers.find("Content-Type");
    return to_response(
        client_for(port).Post(path, sent, body, type == headers.end() ? std::string("application/json") : type->second),
        path);
}

}  // namespace ci_lambda::sandbox
