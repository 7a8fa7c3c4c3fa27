#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "services/notify/notification.hpp"
#include "services/notify/posting.hpp"

namespace ci_lambda {

/// A webhook of Discord. Never sent again where it may have arrived. Of a webhook that no longer exists (404) nothing
/// more is asked by this process: Discord shuts out addresses that go on asking, and others share a function's.
class DiscordChannel final : public NotificationChannel {
public:
    DiscordChannel(std::string name, const Secret& webhook_url, ChannelTools tools);

    [[nodiscard]] std::string_view name() const override { return name_; }
    Result<Answer> deliver(const Announcement& announcement, Deadline deadline) override;

private:
    std::string name_;
    Secret url_;  ///< with `wait=true`: otherwise Discord does not say what it has not taken
    ChannelTools tools_;
    std::optional<Error> gone_;
};

/// The message as JSON: one embed within Discord's limits (its documentation of webhooks and messages), counted in
/// UTF-16 units. It mentions nobody. Of several services each has a line, errors first and the rest counted.
[[nodiscard]] std::string discord_message(const Announcement& announcement);

}  // namespace ci_lambda
