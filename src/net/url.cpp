#include "net/url.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>

#include "base/text.hpp"
#include "net/owned.hpp"

namespace ci_lambda {
namespace {

/// Empty when the URL has no such part.
std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
    const Owned<char, &curl_free> owned(text);
    return text;
}

}  // namespace

UrlParts split_url(const std::string& url) {
    const Owned<CURLU, &curl_url_cleanup> parsed(curl_url());
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
    return {.host = part_of(parsed.get(), CURLUPART_HOST),
            .port = part_of(parsed.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT),
            .path = part_of(parsed.get(), CURLUPART_PATH),
            .query = part_of(parsed.get(), CURLUPART_QUERY)};
}

std::string escape_path(std::string_view path) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    const auto is_kept = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("-._~/").contains(c);
    };
    std::string text;
    text.reserve(path.size());
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_kept(c))
            text += c;
        else
            text.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
    }
    return text;
}

std::string escape_component(std::string_view text) { return replace_all(escape_path(text), "/", "%2F"); }

bool is_loopback_v4(const std::string& host) {
    in_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24U) == 127;
}

}  // namespace ci_lambda
