#pragma once

#include <string>
#include <string_view>

namespace ci_lambda::sandbox {

/// What an incoming webhook of Slack answers: a status and a plain word.
struct SlackAnswer {
    int status = 200;
    std::string text = "ok";
};

/// Looks at a message as Slack does: JSON, something to show, and blocks within the limits of Block Kit
/// (docs.slack.dev, "Sending messages using incoming webhooks" and the block reference).
[[nodiscard]] SlackAnswer check_slack_payload(std::string_view payload);

}  // namespace ci_lambda::sandbox
