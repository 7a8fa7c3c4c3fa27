#include "bench/driver/http.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"

namespace ci_lambda::bench {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kEndOfHeaders = "\r\n\r\n";

std::size_t number(std::string_view text, int base) {
    std::size_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

struct Chunked {
    std::string body;
    std::size_t size;  ///< of the whole, with the trailers
};

std::optional<Chunked> take_chunks(std::string_view rest) {
    Chunked all{.body = {}, .size = 0};
    for (;;) {
        const auto end = rest.find(kLineEnd, all.size);
        if (end == std::string_view::npos) return std::nullopt;
        const auto length = number(rest.substr(all.size, end - all.size), 16);
        if (length == 0) {
            // Trailers may follow; an empty line ends them.
            const auto last = rest.find(kEndOfHeaders, end);
            if (last == std::string_view::npos) return std::nullopt;
            all.size = last + kEndOfHeaders.size();
            return all;
        }
        all.size = end + kLineEnd.size() + length + kLineEnd.size();
        if (rest.size() < all.size) return std::nullopt;
        all.body += rest.substr(end + kLineEnd.size(), length);
    }
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view{} : found->second;
}

std::optional<Request> take_request(std::string& buffer) {
    const auto end = buffer.find(kEndOfHeaders);
    if (end == std::string::npos) return std::nullopt;
    auto lines = split(std::string_view(buffer).substr(0, end), '\n');
    const auto words = split(lines.front(), ' ');
    if (words.size() < 2) return std::nullopt;
    Request request{.method = words[0], .path = words[1], .headers = {}, .body = {}};
    for (const std::string_view line : std::span(lines).subspan(1)) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        request.headers.emplace(to_lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
    }

    const auto begin = end + kEndOfHeaders.size();
    std::size_t size = 0;
    if (request.header("transfer-encoding") == "chunked") {
        auto chunks = take_chunks(std::string_view(buffer).substr(begin));
        if (!chunks) return std::nullopt;
        request.body = std::move(chunks->body);
        size = chunks->size;
    } else {
        size = number(request.header("content-length"), 10);
        if (buffer.size() < begin + size) return std::nullopt;
        request.body = buffer.substr(begin, size);
    }
    buffer.erase(0, begin + size);
    return request;
}

std::string answer(int status, std::string_view headers, std::string_view body) {
    return fmt::format("HTTP/1.1 {} {}\r\n{}Content-Length: {}\r\n\r\n{}", status, status < 300 ? "OK" : "Error",
                       headers, body.size(), body);
}

}  // namespace ci_lambda::bench
