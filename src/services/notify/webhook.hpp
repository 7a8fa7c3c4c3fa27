#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "services/notify/notification.hpp"
#include "services/notify/posting.hpp"

namespace ci_lambda {

/// Anybody's webhook, by the convention of Standard Webhooks 1.0.0: signed, with an id that stays the same however
/// often it is tried, so that it may be sent again where it may have arrived. After a 410 nothing more is sent by this
/// process. docs/webhook.schema.json says what is in it.
class WebhookChannel final : public NotificationChannel {
public:
    /// `key`: `whsec_` and base 64 of 24 to 64 bytes.
    WebhookChannel(std::string name, Secret url, Secret key, ChannelTools tools);

    [[nodiscard]] std::string_view name() const override { return name_; }
    Result<Answer> deliver(const Announcement& announcement, Deadline deadline) override;

private:
    std::string name_;
    Secret url_;
    Secret key_;
    ChannelTools tools_;
    std::optional<Error> gone_;
    /// What is being delivered, and since when: so its id and its time stay the same until it has arrived or is lost.
    std::size_t underway_ = 0;
    WallTime since_{};
};

/// The bytes that `whsec_..` stands for. The error (kConfiguration) says what it has to be, and nothing of it.
[[nodiscard]] Result<Secret> webhook_key_of(const Secret& key);

/// The header `webhook-signature`: `v1,` and base 64 of the code of `ID.TIMESTAMP.BODY`. `key`: bytes. kInternal where
/// there is no HMAC.
[[nodiscard]] Result<std::string> webhook_signature(const Secret& key, std::string_view id, std::string_view timestamp,
                                                    std::string_view body);

/// `deployment.completed`, `deployment.could_not_start`, .. by the status; `deployment.several` where an announcement
/// has several of them.
[[nodiscard]] std::string event_type_of(const Announcement& announcement);

/// The body: JSON, at most 20,000 bytes. Of many services, errors come first and the rest is counted.
[[nodiscard]] std::string webhook_body(const Announcement& announcement, WallTime at);

}  // namespace ci_lambda
