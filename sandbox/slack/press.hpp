#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/record/journal.hpp"

namespace ci_lambda::sandbox {

/// A button of a message that can be pressed.
struct SlackButton {
    std::size_t message = 0;  ///< its number in the journal
    std::string action;       ///< `approve`, `reject`
    std::string value;        ///< a token
    std::string block;        ///< block_id
    std::string service;      ///< that the token is about; empty where it says none
};

/// All buttons that are there to be pressed, the latest message first. What has been replaced has those of what has
/// taken its place.
[[nodiscard]] std::vector<SlackButton> buttons_of(const std::vector<SlackMessage>& messages);

/// A request as Slack sends it when somebody presses a button: a form, with Slack's signature of version 0.
struct SlackRequest {
    std::string body;
    std::map<std::string, std::string> headers;  ///< names in lower case
};

/// `user`: their name in Slack, of which the id is made. `reply_url`: where the answer to the press may be sent.
[[nodiscard]] SlackRequest press_of(const SlackButton& button, std::string_view user, std::string_view reply_url,
                                    std::string_view signing_secret, WallTime now);

/// The id that the user of this name has: `U0ALICE000`.
[[nodiscard]] std::string slack_user_id(std::string_view name);

}  // namespace ci_lambda::sandbox
