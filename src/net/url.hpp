#pragma once

#include <string>
#include <string_view>

namespace ci_lambda {

/// The host of a URL as libcurl understands it (IPv6 addresses in brackets); empty when it is no URL.
[[nodiscard]] std::string host_of_url(const std::string& url);

/// True for a dotted address of 127.0.0.0/8; false for a name that only begins like one.
[[nodiscard]] bool is_loopback_v4(const std::string& host);

}  // namespace ci_lambda
