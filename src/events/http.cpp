#include <array>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "events/decoders.hpp"

namespace ci_lambda {
namespace {

/// A link has a token in its query, and that is the longest thing which anybody has to say.
constexpr std::size_t kLongestQuery = 20'000;
constexpr std::size_t kLongestText = 2000;

constexpr std::array<std::string_view, 6> kHeaders{
    "content-type", "host", "origin", "sec-fetch-site", "x-slack-request-timestamp", "x-slack-signature"};

const Json* http_of(const Json& event) {
    const Json* context = find(event, "requestContext");
    const Json* http = context == nullptr ? nullptr : find(*context, "http");
    return http != nullptr && http->is_object() ? http : nullptr;
}

std::string text_in(const Json& json, std::string_view key, std::size_t longest = kLongestText) {
    auto text = find_string(json, key).value_or("");
    return text.size() > longest ? std::string() : text;
}

/// An HTTP API puts the name of its stage in front of the path, but of `$default`.
std::string path_of(const Json& event, const Json& http) {
    auto path = text_in(event, "rawPath");
    if (path.empty()) path = text_in(http, "path");
    const auto stage = "/" + text_in(*find(event, "requestContext"), "stage");
    if (stage.size() > 1 && path.starts_with(stage) && (path.size() == stage.size() || path[stage.size()] == '/'))
        path.erase(0, stage.size());
    return path.empty() ? "/" : path;
}

void read_body(const Json& event, HttpCall& call) {
    constexpr std::size_t kInBase64 = HttpCall::kLongestBody / 3 * 4 + 4;
    const Json* body = find(event, "body");
    if (body == nullptr || !body->is_string()) return;
    const auto& text = body->get_ref<const std::string&>();
    const bool encoded = is_true(event, "isBase64Encoded");
    call.is_too_large = text.size() > (encoded ? kInBase64 : HttpCall::kLongestBody);
    if (call.is_too_large) return;
    auto bytes = encoded ? decode_base64(text) : text;
    call.is_unreadable = !bytes.has_value();
    call.is_too_large = bytes && bytes->size() > HttpCall::kLongestBody;
    if (bytes && !call.is_too_large) call.body = *std::move(bytes);
}

}  // namespace

bool is_http_call(const Json& event) { return http_of(event) != nullptr; }

HttpCall decode_http_call(const Json& event) {
    const Json& http = *http_of(event);
    HttpCall call{.method = text_in(http, "method"),
                  .path = path_of(event, http),
                  .query = text_in(event, "rawQueryString", kLongestQuery),
                  .source_ip = text_in(http, "sourceIp")};
    if (const Json* headers = find(event, "headers"); headers != nullptr && headers->is_object())
        for (const auto& [name, value] : headers->items())
            for (const auto known : kHeaders)
                if (value.is_string() && to_lower(name) == known &&
                    value.get_ref<const std::string&>().size() <= kLongestText)
                    call.headers[std::string(known)] = value.get<std::string>();
    read_body(event, call);
    return call;
}

}  // namespace ci_lambda
