#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ci_lambda::bench {

/// A request as it came: HTTP/1.1, with a length or in chunks.
struct Request {
    std::string method;
    std::string path;
    std::map<std::string, std::string, std::less<>> headers;  ///< names in lower case
    std::string body;

    /// The value of a header, named in lower case; empty when there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// Takes the first whole request out of the buffer; `nullopt` while more of it has to come.
[[nodiscard]] std::optional<Request> take_request(std::string& buffer);

/// The bytes of an answer. `headers` are whole lines, each with its line end.
[[nodiscard]] std::string answer(int status, std::string_view headers, std::string_view body);

}  // namespace ci_lambda::bench
