#pragma once

#include <string>
#include <string_view>

namespace ci_lambda {

/// The parts of a URL, as libcurl understands it and sends it. All are empty when it is no URL.
struct UrlParts {
    std::string host;  ///< IPv6 addresses in brackets
    std::string port;  ///< in digits; empty when it is the scheme's own
    std::string path;  ///< `/` when the URL has none; dots in it are resolved, escapes stay
    std::string query;

    /// As in a Host header: `localhost:8080`.
    [[nodiscard]] std::string host_and_port() const { return port.empty() ? host : host + ':' + port; }
};

[[nodiscard]] UrlParts split_url(const std::string& url);

/// A path for a URL: all bytes but slashes and the unreserved characters of RFC 3986 as `%XX`.
[[nodiscard]] std::string escape_path(std::string_view path);

/// A name or a value of a URL's query, or one segment of its path: the same, and slashes, too.
[[nodiscard]] std::string escape_component(std::string_view text);

/// True for a dotted address of 127.0.0.0/8; false for a name that only begins like one.
[[nodiscard]] bool is_loopback_v4(const std::string& host);

}  // namespace ci_lambda
