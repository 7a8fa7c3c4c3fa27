#include "services/slack.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

// Slack's limits in characters (docs.slack.dev, block reference). The fallback text may be longer, but is for a
// notification's single line.
constexpr std::size_t kSectionLimit = 3000;
constexpr std::size_t kFieldLimit = 2000;
constexpr std::size_t kFallbackLimit = 1000;

constexpr Milliseconds kPostTimeout{2500};
constexpr Milliseconds kFirstServerErrorWait{300};
constexpr int kMaxServerErrorRetries = 2;
constexpr std::chrono::seconds kDefaultRetryAfter{1};

std::string_view emoji(NotificationType type) {
    switch (type) {
        case NotificationType::kSuccess: return ":white_check_mark:";
        case NotificationType::kError: return ":x:";
        case NotificationType::kInfo: return ":information_source:";
        case NotificationType::kWarning: return ":warning:";
    }
    return ":information_source:";
}

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// The text cut so that it fits into `limit` characters once escaped, then escaped: never cut inside an entity.
std::string escaped_to_fit(std::string_view text, std::size_t limit) {
    std::size_t keep = std::min(limit, text.size());
    for (;;) {
        auto escaped = slack_escape(truncate_utf8(text, keep));
        const auto length = characters(escaped);
        if (length <= limit || keep == 0) return escaped;
        // An entity has five characters at most: this step is never too long.
        keep -= std::max<std::size_t>(1, (length - limit) / 5);
    }
}

Json section(std::string_view prefix, std::string_view text, std::string_view suffix) {
    const auto room = kSectionLimit - prefix.size() - suffix.size();
    return {
        {"type", "section"},
        {"text", {{"type", "mrkdwn"}, {"text", fmt::format("{}{}{}", prefix, escaped_to_fit(text, room), suffix)}}}};
}

void add_field(Json& fields, std::string_view label, std::string_view value) {
    if (value.empty()) return;  // Slack refuses an empty text
    const auto prefix = fmt::format("*{}*\n", label);
    fields.push_back({{"type", "mrkdwn"}, {"text", prefix + escaped_to_fit(value, kFieldLimit - prefix.size())}});
}

Error slack_error(const HttpResponse& response) {
    const auto words = truncate_utf8(trim(response.body), 100);
    Error error{.message = fmt::format("Slack answered {} {}", response.status, words), .http_status = response.status};
    if (response.status == 429)
        error.kind = ErrorKind::kThrottled;
    else if (response.status >= 500)
        error.kind = ErrorKind::kServer;
    else
        error.kind = ErrorKind::kRejected;
    if (response.status == 403 || response.status == 404 || response.status == 410)
        error.message += " (does the webhook in SLACK_WEBHOOK_URL still exist?)";
    return error;
}

std::chrono::seconds retry_after(const HttpResponse& response) {
    const auto* header = response.header("Retry-After");
    const auto seconds = header != nullptr ? parse_unsigned(*header) : std::nullopt;
    if (!seconds) return kDefaultRetryAfter;
    // More than an hour is as good as never, and cannot overflow.
    return std::chrono::seconds{static_cast<std::int64_t>(std::min<unsigned long long>(*seconds, 3600))};
}

}  // namespace

std::string slack_escape(std::string_view text) {
    auto escaped = replace_all(std::string(text), "&", "&amp;");
    escaped = replace_all(std::move(escaped), "<", "&lt;");
    return replace_all(std::move(escaped), ">", "&gt;");
}

std::string slack_message(const Notification& notification) {
    Json fields = Json::array();
    add_field(fields, "Environment", notification.environment);
    add_field(fields, "Service", notification.service);
    add_field(fields, "Status", notification.status);
    add_field(fields, "Deployment", notification.deployment_id.value_or(""));
    add_field(fields, "Task definition", last_segment(notification.task_definition.value_or("")));

    add_field(fields, "Started because", notification.started_because.value_or(""));
    add_field(fields, "Took", notification.took.value_or(""));

    Json blocks = Json::array();
    blocks.push_back(section(fmt::format("{} *", emoji(notification.type)), notification.title, "*"));
    if (!fields.empty()) blocks.push_back({{"type", "section"}, {"fields", std::move(fields)}});
    if (notification.reason && !notification.reason->empty())
        blocks.push_back(section("*Reason*\n", *notification.reason, ""));
    blocks.push_back(
        {{"type", "context"},
         {"elements",
          {{{"type", "mrkdwn"},
            {"text", escaped_to_fit(fmt::format("{} · ci_lambda", notification.project), kFieldLimit)}}}}});

    std::string fallback = fmt::format("{} [{}]", notification.title, notification.environment);
    if (notification.reason) fallback += ": " + *notification.reason;
    return dump_json(
        {{"text", fmt::format("{} {}", emoji(notification.type), escaped_to_fit(fallback, kFallbackLimit))},
         {"blocks", std::move(blocks)}});
}

SlackChannel::SlackChannel(Secret webhook_url, HttpClient& http, const Clock& clock, Sleeper& sleeper)
    : webhook_url_(std::move(webhook_url)), http_(http), clock_(clock), sleeper_(sleeper) {}

Status SlackChannel::wait_for_turn(Deadline deadline) {
    WallTime turn;
    {
        const std::scoped_lock lock(mutex_);
        turn = not_before_;
    }
    return wait(std::chrono::ceil<Milliseconds>(turn - clock_.now()), deadline, "Slack asks for a pause of");
}

Status SlackChannel::wait(Milliseconds duration, Deadline deadline, std::string_view why) {
    if (duration <= Milliseconds{0}) return {};
    if (const auto left = deadline.remaining(clock_); left && duration >= *left)
        return fail(ErrorKind::kDeadline,
                    fmt::format("{} {} ms, and only {} ms are left for it", why, duration.count(), left->count()));
    sleeper_.sleep_for(duration);
    return {};
}

Status SlackChannel::deliver(const Notification& notification, Deadline deadline) {
    const std::string body = slack_message(notification);
    Milliseconds server_error_wait = kFirstServerErrorWait;
    for (int server_errors = 0;;) {
        TRY(wait_for_turn(deadline));
        const auto response = http_.send({.method = "POST",
                                          .url = webhook_url_,
                                          .log_name = "slack webhook",
                                          .headers = {{"Content-Type", "application/json; charset=utf-8"}},
                                          .body = body,
                                          .timeout = deadline.clamp(clock_, kPostTimeout),
                                          .connect_timeout = kPostTimeout,
                                          .idempotent = false});
        if (response && response->status == 200) return {};
        const Error error = response ? slack_error(*response) : response.error();
        if (response && response->status == 429) {
            const std::scoped_lock lock(mutex_);
            not_before_ = std::max(not_before_, clock_.now() + retry_after(*response));
            continue;
        }
        // What Slack may have posted already is not posted again.
        const bool may_retry = error.retryable() && !error.maybe_done;
        if (!may_retry || server_errors++ == kMaxServerErrorRetries) return std::unexpected(error);
        if (!wait(server_error_wait, deadline, "the next try comes after")) return std::unexpected(error);
        server_error_wait *= 2;
    }
}

}  // namespace ci_lambda
