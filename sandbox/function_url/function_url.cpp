#include "sandbox/function_url/function_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kDomain = "sandbox.lambda-url.us-east-1.on.aws";

std::string encode_base64(std::string_view bytes) {
    constexpr std::size_t kGroup = 4;
    auto text = replace_all(replace_all(encode_base64url(bytes), "-", "+"), "_", "/");
    text.append((kGroup - text.size() % kGroup) % kGroup, '=');
    return text;
}

/// What Lambda hands over as it is. Forms are none of it.
bool is_text(std::string_view content_type) {
    const auto type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
    constexpr std::array<std::string_view, 3> kTexts{"application/json", "application/xml", "application/javascript"};
    return type.empty() || type.starts_with("text/") || std::ranges::find(kTexts, type) != kTexts.end();
}

HttpExchangeAnswer bad_gateway() { return {.status = 502, .body = R"({"message":"Internal Server Error"})"}; }

std::string body_in(const Json& answer) {
    const auto body = find_string(answer, "body").value_or("");
    const Json* encoded = find(answer, "isBase64Encoded");
    return encoded != nullptr && encoded->is_boolean() && encoded->get<bool>() ? decode_base64(body).value_or("")
                                                                               : body;
}

}  // namespace

std::string function_url_event(const HttpExchangeRequest& request, const std::string& path, Ids& ids, WallTime now) {
    const auto question = request.target.find('?');
    const auto raw_path = path.empty() ? std::string("/") : path;
    Json headers = Json::object();
    for (const auto& [name, value] : request.headers) headers[name] = value;
    Json event{{"version", "2.0"},
               {"routeKey", "$default"},
               {"rawPath", raw_path},
               {"rawQueryString", question == std::string::npos ? std::string() : request.target.substr(question + 1)},
               {"headers", std::move(headers)},
               {"requestContext",
                {{"accountId", "anonymous"},
                 {"apiId", "sandbox"},
                 {"domainName", kDomain},
                 {"domainPrefix", "sandbox"},
                 {"http",
                  {{"method", request.method},
                   {"path", raw_path},
                   {"protocol", "HTTP/1.1"},
                   {"sourceIp", "127.0.0.1"},
                   {"userAgent", request.header("user-agent")}}},
                 {"requestId", ids.uuid()},
                 {"routeKey", "$default"},
                 {"stage", "$default"},
                 {"time", format_rfc3339(now)},
                 {"timeEpoch", std::chrono::duration_cast<Milliseconds>(now.time_since_epoch()).count()}}},
               {"isBase64Encoded", false}};
    if (!request.query.empty()) event["queryStringParameters"] = request.query;
    if (request.body.empty()) return dump_json(event);
    const bool text = is_text(request.header("content-type"));
    event["isBase64Encoded"] = !text;
    event["body"] = text ? request.body : encode_base64(request.body);
    return dump_json(event);
}

HttpExchangeAnswer function_url_answer(const InvocationRecord& done) {
    if (done.failure || !done.answer) return bad_gateway();
    const auto json = parse_json(*done.answer);
    const Json* status = json ? find(*json, "statusCode") : nullptr;
    if (status == nullptr) return {.status = 200, .body = *done.answer};
    constexpr int kLeast = 100;
    constexpr int kMost = 599;
    if (!status->is_number_integer() || *status < kLeast || *status > kMost) return bad_gateway();
    HttpExchangeAnswer answer{.status = status->get<int>(), .body = body_in(*json)};
    if (const Json* headers = find(*json, "headers"); headers != nullptr && headers->is_object())
        for (const auto& [name, value] : headers->items()) {
            if (!value.is_string()) continue;
            if (to_lower(name) == "content-type")
                answer.content_type = value.get<std::string>();
            else
                answer.headers[name] = value.get<std::string>();
        }
    return answer;
}

}  // namespace ci_lambda::sandbox
