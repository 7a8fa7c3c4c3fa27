#pragma once

#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "base/time.hpp"
#include "net/http.hpp"
#include "services/notify/notification.hpp"
#include "services/notify/posting.hpp"

namespace ci_lambda {

/// What the app behind a webhook can do.
struct SlackOptions {
    bool buttons = false;  ///< what is pressed reaches us (SLACK_SIGNING_SECRET, FUNCTION_URL)
};

/// A Slack incoming webhook. A pause that it asks for (429, `Retry-After`) is handed on; 5xx is tried again briefly;
/// everything ends before the deadline. Never sent again when Slack may already have posted it.
class SlackChannel final : public NotificationChannel {
public:
    static constexpr std::string_view kName = "Slack";
    /// HTTP client, clock and sleeper must outlive it.
    /// `name`: of a channel that CHANNELS describes.
    SlackChannel(Secret webhook_url, HttpClient& http, const Clock& clock, Sleeper& sleeper, SlackOptions options = {},
                 std::string name = std::string(kName));

    [[nodiscard]] std::string_view name() const override { return name_; }
    Result<Answer> deliver(const Announcement& announcement, Deadline deadline) override;

private:
    Secret webhook_url_;
    ChannelTools tools_;
    SlackOptions options_;
    std::string name_;
};

/// The message as JSON: Block Kit blocks plus the `text` that old clients and notifications show. Values are cut to
/// Slack's limits before they are escaped, so that no entity is cut in two (docs.slack.dev, block reference). Of
/// several services each has a line; where they do not all fit, errors are kept as long as they fit, and the rest is
/// counted. What is to be approved has two buttons where the app has some, and else says how it is answered.
[[nodiscard]] std::string slack_message(const Announcement& announcement, SlackOptions options = {});

/// The same as an answer to a button of that message, in whose place it comes.
[[nodiscard]] std::string slack_replacement(const Announcement& announcement);

/// `&`, `<`, `>` as entities, and nothing else (docs.slack.dev, "formatting message text"). This is also what keeps
/// event data from mentioning people (`<!channel>`).
[[nodiscard]] std::string slack_escape(std::string_view text);

/// The text so that mrkdwn shows it as it is: where `*`, `_` or `~` could begin something bold, slanted or struck out,
/// a soft hyphen follows, which nobody sees; so it does before a quotation's `>`. In words, `shop_service_api`, Slack
/// sees no markup, and nothing is put. Backticks become accents, as nothing makes them harmless.
[[nodiscard]] std::string slack_literal(std::string_view text);

}  // namespace ci_lambda
