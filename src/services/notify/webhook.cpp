#include "services/notify/webhook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "net/hmac.hpp"
#include "net/sha256.hpp"
#include "services/notify/message_text.hpp"

namespace ci_lambda {
namespace {

/// Of the body in bytes, as Standard Webhooks advises.
constexpr std::size_t kBodyLimit = 20'000;
/// Of what is around the deployments.
constexpr std::size_t kAround = 700;
constexpr std::size_t kName = 300;
constexpr std::size_t kTitle = 600;
constexpr std::size_t kReason = 3000;
constexpr std::size_t kReasonOfSeveral = 400;
constexpr std::size_t kExcerpt = 5000;
constexpr std::size_t kToken = 3000;
constexpr std::size_t kMostLinks = 5;
constexpr std::size_t kId = 18;
constexpr std::size_t kShortestKey = 24;
constexpr std::size_t kLongestKey = 64;
constexpr std::string_view kKeyPrefix = "whsec_";

std::string clean_for_webhook(std::string_view text) { return for_terminal(text); }

std::string text_in_webhook(std::string_view text, std::size_t limit) {
    return escaped_to_fit(trim(text), limit, clean_for_webhook, json_bytes);
}

void put(Json& object, std::string_view key, std::string_view text, std::size_t limit) {
    put_text(object, key, text_in_webhook(text, limit));
}

/// "could not start" -> "deployment.could_not_start"
std::string type_of(std::string_view status) {
    std::string type = "deployment.";
    bool gap = false;
    for (const char c : to_lower(status)) {
        const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_word && gap && !type.ends_with('.')) type += '_';
        if (is_word) type += c;
        gap = !is_word;
        if (type.size() > 64) break;
    }
    return type.ends_with('.') ? type + "told" : type;
}

Json links_in(const Announcement& alone) {
    Json links = Json::array();
    for (const auto& link : links_of(alone, kMostLinks)) {
        Json one = Json::object();
        one["title"] = link.title;
        one["url"] = link.url;
        links.push_back(std::move(one));
    }
    return links;
}

Json approval_of(const ApprovalPrompt& prompt) {
    Json approval = Json::object();
    put(approval, "id", prompt.id, kName);
    if (prompt.decided.empty() && prompt.token.size() <= kToken) put(approval, "token", prompt.token, kToken);
    put(approval, "code", prompt.code, kName);
    put(approval, "decided", prompt.decided, kName);
    return approval;
}

/// `all`: there is one alone, and room for all of it.
Json deployment_of(const Notification& part, bool all) {
    Json json = Json::object();
    json["type"] = type_of(part.status);
    json["severity"] = word_of(part.type);
    put(json, "service", part.service, kName);
    put(json, "status", part.status, kName);
    put(json, "deployment_id", part.deployment_id.value_or(""), kName);
    put(json, "task_definition", part.task_definition.value_or(""), kName);
    put(json, "image", part.image, kName);
    put(json, "ecs_event", part.ecs_event.value_or(""), kName);
    put(json, "started_because", part.started_because.value_or(""), kName);
    put(json, "took", part.took.value_or(""), kName);
    put(json, "reason", part.reason.value_or(""), all ? kReason : kReasonOfSeveral);
    if (part.approval) json["approval"] = approval_of(*part.approval);
    if (!all) return json;
    if (part.excerpt) {
        auto& excerpt = json["excerpt"];
        excerpt["title"] = text_in_webhook(part.excerpt->title, kName);
        auto& lines = excerpt["lines"] = Json::array();
        const auto last = last_lines(*part.excerpt, kExcerpt, clean_for_webhook, json_bytes);
        // Quotation marks and a comma come to each.
        auto first = last.end();
        for (auto left = kExcerpt; first != last.begin(); --first) {
            const auto size = json_bytes(*std::prev(first)) + 3;
            if (size > left) break;
            left -= size;
        }
        for (; first != last.end(); ++first) lines.push_back(first->substr(0, first->size() - 1));
    }
    Announcement alone{.type = part.type, .title = part.title, .parts = {part}, .lines = {}, .reason = {}};
    json["links"] = links_in(alone);
    return json;
}

Json data_of(const Announcement& announcement) {
    const auto& first = announcement.parts.front();
    const bool several = announcement.parts.size() > 1;
    Json data = Json::object();
    data["version"] = 1;
    data["severity"] = word_of(announcement.type);
    data["title"] = text_in_webhook(announcement.title, kTitle);
    data["project"] = text_in_webhook(first.project, kName);
    data["environment"] = text_in_webhook(first.environment, kName);
    data["lost_before"] = announcement.lost_before;
    put(data, "reason", announcement.reason.value_or(""), kReason);
    Json deployments = Json::array();
    auto left = kBodyLimit - kAround - dump_json(data).size();
    for (const auto& part : announcement.parts) {
        auto one = deployment_of(part, !several);
        const auto size = dump_json(one).size() + 1;
        if (size > left) break;
        left -= size;
        deployments.push_back(std::move(one));
    }
    const auto rest = announcement.parts.size() - deployments.size();
    auto& left_out = data["left_out"];
    left_out["deployments"] = rest;
    left_out["errors"] =
        std::count_if(announcement.parts.end() - static_cast<std::ptrdiff_t>(rest), announcement.parts.end(),
                      [](const Notification& part) { return part.type == NotificationType::kError; });
    data["deployments"] = std::move(deployments);
    return data;
}

}  // namespace

Result<Secret> webhook_key_of(const Secret& key) {
    std::string_view text = key.reveal();
    if (text.starts_with(kKeyPrefix)) {
        text.remove_prefix(kKeyPrefix.size());
        if (auto bytes_of_key = decode_base64(text);
            bytes_of_key && bytes_of_key->size() >= kShortestKey && bytes_of_key->size() <= kLongestKey)
            return Secret(*std::move(bytes_of_key));
    }
    return fail(ErrorKind::kConfiguration,
                "the key of a webhook must be whsec_ and 24 to 64 random bytes in base 64 (make one: echo "
                "whsec_$(openssl rand -base64 32))");
}

Result<std::string> webhook_signature(const Secret& key, std::string_view id, std::string_view timestamp,
                                      std::string_view body) {
    const auto code = hmac_sha256(key.reveal(), fmt::format("{}.{}.{}", id, timestamp, body));
    if (!code) return fail(ErrorKind::kInternal, "OpenSSL offers no HMAC-SHA-256");
    return "v1," + encode_base64({reinterpret_cast<const char*>(code->data()), code->size()});
}

std::string event_type_of(const Announcement& announcement) {
    auto type = type_of(announcement.parts.front().status);
    const bool alike =
        std::ranges::all_of(announcement.parts, [&](const Notification& part) { return type_of(part.status) == type; });
    return alike ? type : "deployment.several";
}

std::string webhook_body(const Announcement& announcement, WallTime at) {
    Json body = Json::object();
    body["type"] = event_type_of(announcement);
    body["timestamp"] = format_rfc3339(at);
    body["data"] = data_of(announcement);
    return dump_json(body);
}

WebhookChannel::WebhookChannel(std::string name, Secret url, Secret key, ChannelTools tools)
    : name_(std::move(name)), url_(std::move(url)), key_(std::move(key)), tools_(tools) {}

Result<NotificationChannel::Answer> WebhookChannel::deliver(const Announcement& announcement, Deadline deadline) {
    if (gone_) return std::unexpected(*gone_);
    TRY_ASSIGN(const auto key, webhook_key_of(key_));
    const auto now = tools_.clock.now();
    const auto which = std::hash<std::string>{}(webhook_body(announcement, {}));
    if (which != std::exchange(underway_, which)) since_ = now;
    const auto body = webhook_body(announcement, since_);
    const std::string_view whole = body;
    const auto hash = sha256({&whole, 1});
    if (!hash) return fail(ErrorKind::kInternal, "OpenSSL offers no SHA-256");
    const auto id = "msg_" + encode_base64url({reinterpret_cast<const char*>(hash->data()), kId});
    TRY(webhook_signature(key, id, "", body));
    const auto headers = [&]() -> std::vector<HttpHeader> {
        const auto seconds =
            fmt::format("{}", std::chrono::floor<std::chrono::seconds>(tools_.clock.now()).time_since_epoch().count());
        return {{.name = "webhook-id", .value = id},
                {.name = "webhook-timestamp", .value = seconds},
                {.name = "webhook-signature", .value = webhook_signature(key, id, seconds, body).value_or("")}};
    };
    auto answer = post({.to = "the webhook",
                        .log_name = "webhook",
                        .url = url_,
                        .body = body,
                        .secrets = {key_},
                        .has_key = true,
                        .way_out = fmt::format("does its receiver still exist, and has it the same key? Otherwise "
                                               "change the secrets of the channel {}",
                                               name_),
                        .headers = headers},
                       tools_, deadline);
    if (answer && answer->come_again_after) return answer;
    underway_ = 0;
    if (!answer && answer.error().http_status == 410) gone_ = answer.error();
    return answer;
}

}  // namespace ci_lambda
