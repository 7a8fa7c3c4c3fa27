#include "services/notify/posting.hpp"

#include <fmt/format.h>

#include <time.h>  // strptime and timegm are POSIX's

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr Milliseconds kPostTimeout{2500};
constexpr Milliseconds kFirstServerErrorWait{300};
constexpr int kMaxServerErrorRetries = 2;
constexpr Milliseconds kDefaultRetryAfter{1000};
/// Whoever says "at once" means it, but not a thousand times a second.
constexpr Milliseconds kShortestPause{100};
/// More is as good as never, and cannot overflow.
constexpr Milliseconds kLongestPause = std::chrono::hours{1};

/// Of an answer's words.
constexpr std::size_t kShownWords = 100;
/// What is read for them. What is a secret in it must not be cut before it is known for one.
constexpr std::size_t kReadWords = 10'000;
/// Pieces of a URL that are shorter are words: "api", "v10", "webhooks".
constexpr std::size_t kShortestSecret = 9;

/// A date of HTTP (RFC 9110, section 5.6.7), in its preferred form.
std::optional<WallTime> http_date(const std::string& text) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

Milliseconds bounded(double milliseconds) {
    const auto most = static_cast<double>(kLongestPause.count());
    return Milliseconds{static_cast<std::int64_t>(std::clamp(milliseconds, 0.0, most))};
}

/// What the answer asks for, if it does.
std::optional<Milliseconds> asked_pause(const HttpResponse& response, WallTime now) {
    std::optional<Milliseconds> pause;
    if (const auto* header = response.header("Retry-After")) {
        if (const auto seconds = parse_unsigned(*header))
            pause = bounded(static_cast<double>(*seconds) * 1000);
        else if (const auto at = http_date(*header))
            pause = std::clamp(std::chrono::ceil<Milliseconds>(*at - now), Milliseconds{0}, kLongestPause);
    }
    // Discord's is exact to milliseconds.
    if (const auto json = parse_json(response.body))
        if (const auto* seconds = find(*json, "retry_after"); seconds != nullptr && seconds->is_number())
            pause = std::max(pause.value_or(Milliseconds{0}), bounded(seconds->get<double>() * 1000));
    return pause;
}

bool asks_to_wait(const Posting& posting, const HttpResponse& response) {
    if (response.status == 429) return true;
    return posting.has_key && response.status >= 502 && response.status <= 504 &&
           response.header("Retry-After") != nullptr;
}

/// All of a URL that may be what lets somebody in: what follows its host, in pieces.
std::vector<std::string> secrets_in(const std::string& url) {
    const auto scheme = url.find("://");
    const auto path = url.find_first_of("/?#", scheme == std::string::npos ? 0 : scheme + 3);
    if (path == std::string::npos) return {};
    std::vector<std::string> pieces;
    std::string piece;
    for (const char c : url.substr(path) + '/') {
        if (!std::string_view("/?#&=;").contains(c)) {
            piece += c;
            continue;
        }
        if (piece.size() >= kShortestSecret) pieces.push_back(piece);
        piece.clear();
    }
    return pieces;
}

/// The beginning of what was answered.
std::string words_of(const HttpResponse& response, const Posting& posting) {
    auto words = response.body.substr(0, kReadWords);
    for (const auto& secret : posting.secrets)
        if (!secret.empty()) words = replace_all(std::move(words), secret.reveal(), "***");
    for (const auto& piece : secrets_in(posting.url.reveal())) words = replace_all(std::move(words), piece, "***");
    return one_line(trim(body_in_words(words, kReadWords)), kShownWords);
}

bool is_gone(int status) { return status == 401 || status == 403 || status == 404 || status == 410; }

Error error_of(const HttpResponse& response, const Posting& posting) {
    Error error{.kind = response.status >= 500 ? ErrorKind::kServer : ErrorKind::kRejected,
                .message = fmt::format("{} answered {} {}", posting.to, response.status, words_of(response, posting)),
                .http_status = response.status};
    if (response.status >= 300 && response.status < 400)
        error.message += " (messages do not follow a redirect: the channel needs the address itself)";
    else if (is_gone(response.status) && !posting.way_out.empty())
        error.message += fmt::format(" ({})", posting.way_out);
    return error;
}

HttpRequest request_for(const Posting& posting, Milliseconds timeout) {
    HttpRequest request{.method = "POST",
                        .url = posting.url,
                        .log_name = std::string(posting.log_name),
                        .headers = {{"Content-Type", "application/json; charset=utf-8"}},
                        .body = posting.body,
                        .timeout = timeout,
                        .connect_timeout = kPostTimeout,
                        .idempotent = false};
    if (posting.headers)
        for (auto& header : posting.headers()) request.headers.push_back(std::move(header));
    return request;
}

bool wait(Milliseconds duration, ChannelTools tools, Deadline deadline) {
    if (const auto left = deadline.remaining(tools.clock); left && duration >= *left) return false;
    tools.sleeper.sleep_for(duration);
    return true;
}

}  // namespace

Result<NotificationChannel::Answer> post(const Posting& posting, ChannelTools tools, Deadline deadline) {
    Milliseconds server_error_wait = kFirstServerErrorWait;
    for (int failures = 0;;) {
        const auto response = tools.http.send(request_for(posting, deadline.clamp(tools.clock, kPostTimeout)));
        if (response) {
            const bool success =
                posting.any_success ? response->status >= 200 && response->status < 300 : response->status == 200;
            if (success) return NotificationChannel::Answer{};
            if (asks_to_wait(posting, *response))
                return NotificationChannel::Answer{
                    .come_again_after = std::max(asked_pause(*response, tools.clock.now()).value_or(kDefaultRetryAfter),
                                                 kShortestPause)};
        }
        auto error = response ? error_of(*response, posting) : response.error();
        // What may have been posted already is not posted again.
        const bool may_retry = error.retryable() && (posting.has_key || !error.outcome_unknown);
        if (!may_retry || failures++ == kMaxServerErrorRetries) return std::unexpected(std::move(error));
        if (!wait(server_error_wait, tools, deadline)) return std::unexpected(std::move(error));
        server_error_wait *= 2;
    }
}

}  // namespace ci_lambda
