#include "sandbox/slack/press.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <ranges>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

/// `ca1.PAYLOAD.CODE`, whose payload is JSON: what it is about, for who only looks.
std::string service_in(const std::string& token) {
    const auto parts = split(token, '.');
    const auto bytes = parts.size() == 3 ? decode_base64url(parts[1]) : std::nullopt;
    const auto json = bytes ? parse_json(*bytes) : Result<Json>(Json::object());
    return json ? find_string(*json, "s").value_or("") : "";
}

const Json& list_in(const Json& json, std::string_view key) {
    static const Json none = Json::array();
    const Json* list = find(json, key);
    return list != nullptr && list->is_array() ? *list : none;
}

std::string hmac_in_hex(std::string_view key, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
    unsigned size = 0;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
    ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), code.data(), &size);
    std::string digits;
    for (unsigned i = 0; i < size; ++i) digits += fmt::format("{:02x}", code.at(i));
    return digits;
}

std::string form_escaped(std::string_view text) {
    std::string escaped;
    for (const char c : text)
        escaped += std::isalnum(static_cast<unsigned char>(c)) != 0
                       ? std::string(1, c)
                       : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    return escaped;
}

}  // namespace

std::vector<SlackButton> buttons_of(const std::vector<SlackMessage>& messages) {
    std::vector<SlackButton> buttons;
    for (const auto& message : messages | std::views::reverse) {
        const auto json = parse_json(message.replaced_by.value_or(message.payload));
        if (!json || message.status != 200) continue;
        for (const auto& block : list_in(*json, "blocks"))
            for (const auto& element : list_in(block, "elements")) {
                auto value = find_string(element, "value").value_or("");
                if (find_string(element, "type") != "button" || value.empty()) continue;
                auto service = service_in(value);
                buttons.push_back({.message = message.number,
                                   .action = find_string(element, "action_id").value_or(""),
                                   .value = std::move(value),
                                   .block = find_string(block, "block_id").value_or(""),
                                   .service = std::move(service)});
            }
    }
    return buttons;
}

std::string slack_user_id(std::string_view name) {
    constexpr std::size_t kLength = 10;
    std::string id = "U0";
    for (const char c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            id += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (id.size() < kLength) id.append(kLength - id.size(), '0');
    return id;
}

SlackRequest press_of(const SlackButton& button, std::string_view user, std::string_view reply_url,
                      std::string_view signing_secret, WallTime now) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const Json payload{{"type", "block_actions"},
                       {"user", {{"id", slack_user_id(user)}, {"username", user}, {"name", user}, {"team_id", "T000"}}},
                       {"team", {{"id", "T000"}, {"domain", "sandbox"}}},
                       {"channel", {{"id", "C000"}, {"name", "deployments"}}},
                       {"response_url", reply_url},
                       {"actions",
                        {{{"type", "button"},
                          {"action_id", button.action},
                          {"block_id", button.block},
                          {"value", button.value},
                          {"action_ts", fmt::format("{}.000000", seconds)}}}}};
    SlackRequest request{.body = "payload=" + form_escaped(dump_json(payload)), .headers = {}};
    const auto stamp = fmt::format("{}", seconds);
    request.headers = {
        {"content-type", "application/x-www-form-urlencoded"},
        {"user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)"},
        {"x-slack-request-timestamp", stamp},
        {"x-slack-signature", "v0=" + hmac_in_hex(signing_secret, fmt::format("v0:{}:{}", stamp, request.body))}};
    return request;
}

}  // namespace ci_lambda::sandbox
