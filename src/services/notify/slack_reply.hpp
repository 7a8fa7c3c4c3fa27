#pragma once

#include <string_view>

#include "net/http.hpp"
#include "services/notify/approval_replies.hpp"

namespace ci_lambda {

/// Answers to Slack's buttons, by their `response_url` (docs.slack.dev, "Handling user interaction": five uses in half
/// an hour, without a token). Nothing is sent anywhere but to Slack.
class SlackReplies final : public ApprovalReplies {
public:
    /// `local`: this machine may stand in for Slack, as in the sandbox. HTTP client and clock must outlive it.
    SlackReplies(HttpClient& http, const Clock& clock, bool local) : http_(http), clock_(clock), local_(local) {}

    Status replace(const std::string& reply_to, const Announcement& with, Deadline deadline) override;
    Status tell(const std::string& reply_to, const std::string& text, Deadline deadline) override;

private:
    Status post(const std::string& reply_to, std::string body, Deadline deadline);

    HttpClient& http_;
    const Clock& clock_;
    bool local_;
};

/// Whether it is a URL of Slack, by `https://`; with `local` also one of this machine.
[[nodiscard]] bool is_reply_url(std::string_view url, bool local);

}  // namespace ci_lambda
