#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.hpp"

namespace ci_lambda::sandbox {

struct LocalResponse {
    int status = 0;
    std::string body;
    std::map<std::string, std::string> headers;  ///< names in lower case
};

/// Calls on 127.0.0.1, as any client of the sandbox makes them. A call that gets no answer in a minute fails
/// (kTimeout).
[[nodiscard]] Result<LocalResponse> http_get(std::uint16_t port, const std::string& path);
[[nodiscard]] Result<LocalResponse> http_post(std::uint16_t port, const std::string& path, const std::string& body,
                                              const std::map<std::string, std::string>& headers = {});

}  // namespace ci_lambda::sandbox
