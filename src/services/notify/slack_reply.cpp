#include "services/notify/slack_reply.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "net/url.hpp"
#include "services/notify/slack.hpp"

namespace ci_lambda {
namespace {

/// Whoever has pressed a button sees a clock until then.
constexpr Milliseconds kReplyTimeout{2000};
constexpr std::size_t kLongestReply = 2000;

bool is_host_of_slack(std::string_view host) {
    return host == "slack.com" || host.ends_with(".slack.com") || host == "slack-gov.com" ||
           host.ends_with(".slack-gov.com");
}

}  // namespace

bool is_reply_url(std::string_view url, bool local) {
    if (url.find_first_of("@\\ ") != std::string_view::npos) return false;
    const auto host = to_lower(split_url(std::string(url)).host);
    if (to_lower(url.substr(0, 8)) == "https://") return is_host_of_slack(host);
    return local && to_lower(url.substr(0, 7)) == "http://" && is_loopback_v4(host);
}

Status SlackReplies::replace(const std::string& reply_to, const Announcement& with, Deadline deadline) {
    if (reply_to.empty()) return {};
    return post(reply_to, slack_replacement(with), deadline);
}

Status SlackReplies::tell(const std::string& reply_to, const std::string& text, Deadline deadline) {
    if (reply_to.empty()) return {};
    const auto shown = slack_escape(slack_literal(truncate_utf8(text, kLongestReply)));
    return post(reply_to, dump_json({{"response_type", "ephemeral"}, {"replace_original", false}, {"text", shown}}),
                deadline);
}

Status SlackReplies::post(const std::string& reply_to, std::string body, Deadline deadline) {
    if (!is_reply_url(reply_to, local_))
        return fail(ErrorKind::kInvalidEvent, "the answer is to go to what is no address of Slack: it is not sent");
    const auto response = http_.send({.method = "POST",
                                      .url = Secret(reply_to),
                                      .log_name = "slack reply",
                                      .headers = {{"Content-Type", "application/json; charset=utf-8"}},
                                      .body = std::move(body),
                                      .timeout = deadline.clamp(clock_, kReplyTimeout),
                                      .connect_timeout = kReplyTimeout,
                                      .idempotent = false});
    if (!response) return std::unexpected(response.error());
    if (response->status == 200) return {};
    return std::unexpected(Error{.kind = response->status >= 500 ? ErrorKind::kServer : ErrorKind::kRejected,
                                 .message = fmt::format("Slack answered {} {} to the reply", response->status,
                                                        one_line(trim(response->body), 100)),
                                 .http_status = response->status});
}

}  // namespace ci_lambda
