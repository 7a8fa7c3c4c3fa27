#include "net/header_line.hpp"

#include <string>

#include "base/text.hpp"

namespace ci_lambda {

void read_header_line(std::string_view line, std::vector<HttpHeader>& headers) {
    if (line.starts_with("HTTP/")) {
        headers.clear();
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
        headers.push_back(
            {.name = std::string(trim(line.substr(0, colon))), .value = std::string(trim(line.substr(colon + 1)))});
    }
}

}  // namespace ci_lambda
