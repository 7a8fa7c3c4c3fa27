#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "services/notify/notification.hpp"
#include "services/sns/client.hpp"

namespace ci_lambda {

/// A topic of Amazon SNS, and whoever subscribes to it: mail, SMS, queues, chats. To a standard topic never sent again
/// where it may have arrived; to a FIFO topic, with the same id.
class SnsChannel final : public NotificationChannel {
public:
    /// `chat`: in the form that Amazon Q Developer shows in chats, where everything else is dropped without a word. The
    /// client must be of the topic's region (`region_of_arn`); it, clock and sleeper must outlive the channel.
    SnsChannel(std::string name, std::string topic_arn, bool chat, SnsClient& client, const Clock& clock,
               Sleeper& sleeper);

    [[nodiscard]] std::string_view name() const override { return name_; }
    Result<Answer> deliver(const Announcement& announcement, Deadline deadline) override;

private:
    std::string name_;
    std::string topic_arn_;
    bool chat_;
    SnsClient& client_;
    const Clock& clock_;
    Sleeper& sleeper_;
    /// What is being delivered, and since when: so its id stays the same until it has arrived or is lost.
    std::size_t underway_ = 0;
    WallTime since_{};
};

/// The message, within SNS's limits: a subject of at most 99 printable characters of ASCII; text and attributes of at
/// most 256 KiB together. Subscribers may filter by `type` (as in the webhook: `deployment.failed`), `severity`,
/// `service`, `environment` and `project`; of several services, `service` is a list. A FIFO topic gets its group:
/// messages of one environment stay in their order.
[[nodiscard]] SnsMessage sns_message(const Announcement& announcement, const std::string& topic_arn, bool chat);

}  // namespace ci_lambda
