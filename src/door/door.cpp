#include "door/door.hpp"

#include <fmt/format.h>

#include <array>

#include "base/json.hpp"
#include "base/text.hpp"
#include "door/parts.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kLongestWord = 80;

/// The path behind what FUNCTION_URL itself has: an API may have a stage, or a path of its own.
std::string_view route_of(std::string_view path, std::string_view url) {
    const auto host = url.find("://");
    const auto slash = host == std::string_view::npos ? host : url.find('/', host + 3);
    const auto own = slash == std::string_view::npos ? std::string_view() : url.substr(slash);
    if (!own.empty() && path.starts_with(own) && (path.size() == own.size() || path[own.size()] == '/'))
        path.remove_prefix(own.size());
    while (path.ends_with('/')) path.remove_suffix(1);
    return path;
}

bool is_form(const HttpCall& call) {
    const auto type = call.header("content-type");
    return to_lower(trim(type.substr(0, type.find(';')))) == "application/x-www-form-urlencoded";
}

DoorStep refused(int status, std::string words) {
    return {.answer = plain_answer(status, words), .words = std::move(words)};
}

DoorStep wrong_method(const HttpCall& call, std::string_view route, const std::string& allowed) {
    // What the caller has sent is for the log alone.
    auto step = refused(405, fmt::format("only {} is for {}", allowed, route));
    step.words = fmt::format("{} is not for {}", one_line(call.method, kLongestWord), route);
    step.answer.headers["allow"] = allowed;
    return step;
}

/// Why the body cannot be read as a form.
std::optional<DoorStep> wrong_body(const HttpCall& call) {
    if (call.is_too_large) return refused(413, fmt::format("the body has more than {} bytes", HttpCall::kLongestBody));
    if (!is_form(call)) return refused(415, "the body must be a form (application/x-www-form-urlencoded)");
    if (call.is_unreadable) return refused(400, "the body is not the base 64 that it is said to be");
    return std::nullopt;
}

DoorStep routed(const HttpCall& call, const DoorSettings& settings, WallTime now) {
    const auto route = route_of(call.path, settings.url);
    const bool open = !settings.url.empty() && settings.keys && !settings.keys->current.empty();
    if (open && route == "/approve") {
        if (call.method == "GET" || call.method == "HEAD") return show_request(call, settings, now);
        if (call.method != "POST") return wrong_method(call, route, "GET, HEAD, POST");
        if (auto wrong = wrong_body(call)) return *std::move(wrong);
        return take_form(call, settings, now);
    }
    if (open && route == "/slack" && settings.slack_signing_secret) {
        if (call.method != "POST") return wrong_method(call, route, "POST");
        if (auto wrong = wrong_body(call)) return *std::move(wrong);
        return answer_slack(call, settings, now);
    }
    return refused(404, "there is nothing here");
}

}  // namespace

DoorStep answer_call(const HttpCall& call, const DoorSettings& settings, WallTime now) {
    auto step = routed(call, settings, now);
    if (call.method == "HEAD") step.answer.body.clear();
    return step;
}

std::string to_json(const HttpAnswer& answer) {
    return dump_json({{"statusCode", answer.status}, {"headers", answer.headers}, {"body", answer.body}});
}

std::string approval_link(std::string_view url, std::string_view token) {
    return fmt::format("{}/approve?t={}", url, token);
}

std::string field_of(std::string_view form, std::string_view name) {
    while (!form.empty()) {
        const auto end = form.find('&');
        const auto field = form.substr(0, end);
        const auto equals = field.find('=');
        if (equals != std::string_view::npos && decode_form(field.substr(0, equals)) == name)
            return decode_form(field.substr(equals + 1));
        if (end == std::string_view::npos) break;
        form.remove_prefix(end + 1);
    }
    return {};
}

HttpAnswer plain_answer(int status, std::string_view text) {
    return {.status = status,
            .headers = {{"cache-control", "no-store"},
                        {"content-type", "text/plain; charset=utf-8"},
                        {"x-content-type-options", "nosniff"},
                        {"x-robots-tag", "noindex, nofollow"}},
            .body = text.empty() ? std::string() : fmt::format("{}\n", sanitize_utf8(text))};
}

Result<HandOver> hand_over(const ApprovalAnswer& answer, const ApprovalKeys& keys) {
    TRY_ASSIGN(const auto text, sign(answer, keys));
    return HandOver{.event = dump_json({{"approval_answer", text}}),
                    .reply_to = answer.reply_to,
                    .if_lost =
                        "The answer could not be handed on, so nothing happens. Please try again, or use `ci_lambda "
                        "approve`.",
                    .lost_answer = {}};
}

}  // namespace ci_lambda
