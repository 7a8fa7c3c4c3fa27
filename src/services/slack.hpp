#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "base/time.hpp"
#include "net/http.hpp"
#include "services/notifier.hpp"

namespace ci_lambda {

/// A Slack incoming webhook. 429 is obeyed (`Retry-After`), for all deliveries of this channel at once; 5xx is tried
/// again briefly; everything ends before the deadline. Never sent again when Slack may already have posted it.
class SlackChannel final : public NotificationChannel {
public:
    /// HTTP client, clock and sleeper must outlive it.
    SlackChannel(Secret webhook_url, HttpClient& http, const Clock& clock, Sleeper& sleeper);

    [[nodiscard]] std::string_view name() const override { return "Slack"; }
    Status deliver(const Notification& notification, Deadline deadline) override;

private:
    /// Waits until a pause that Slack asked for is over; fails (kDeadline) when that would be too late.
    Status wait_for_turn(Deadline deadline);
    Status wait(Milliseconds duration, Deadline deadline, std::string_view why);

    Secret webhook_url_;
    HttpClient& http_;
    const Clock& clock_;
    Sleeper& sleeper_;
    std::mutex mutex_;
    WallTime not_before_{};  // after a 429
};

/// The message as JSON: Block Kit blocks plus the `text` that old clients and notifications show. Values are cut to
/// Slack's limits before they are escaped, so that no entity is cut in two (docs.slack.dev, block reference).
[[nodiscard]] std::string slack_message(const Notification& notification);

/// `&`, `<`, `>` as entities, and nothing else (docs.slack.dev, "formatting message text"). This is also what keeps
/// event data from mentioning people (`<!channel>`).
[[nodiscard]] std::string slack_escape(std::string_view text);

}  // namespace ci_lambda
