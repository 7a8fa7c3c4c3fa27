#pragma once

#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "services/notify/notification.hpp"
#include "services/notify/posting.hpp"

namespace ci_lambda {

/// A channel or chat of Microsoft Teams, by a webhook of Workflows. That takes a card (202) before it shows it, and
/// what it cannot show is gone without a word: so cards stay below what it shows. Never sent again where it may have
/// arrived.
class TeamsChannel final : public NotificationChannel {
public:
    TeamsChannel(std::string name, Secret webhook_url, ChannelTools tools);

    [[nodiscard]] std::string_view name() const override { return name_; }
    Result<Answer> deliver(const Announcement& announcement, Deadline deadline) override;

private:
    std::string name_;
    Secret webhook_url_;
    ChannelTools tools_;
};

/// The message as JSON: an Adaptive Card 1.4 as the only attachment (adaptivecards.io, schema explorer), at most 25,000
/// bytes. Of several services each has a line, errors first and the rest counted. Pages are buttons that open them.
[[nodiscard]] std::string teams_message(const Announcement& announcement);

}  // namespace ci_lambda
