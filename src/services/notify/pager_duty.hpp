#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "services/notify/notification.hpp"
#include "services/notify/posting.hpp"

namespace ci_lambda {

/// PagerDuty's Events API v2: an alert for each service whose deployment has failed, which the service's next success
/// resolves, whatever process sees it. Everything else is not told. An event sent twice is the same to PagerDuty.
///
/// More than `kMostAlerts` errors at once are one alert with a list of all of them: nobody can be paged 500 times. No
/// success resolves that one, as none says that all of them are well again; it says so. Successes are resolved
/// `kMostAtOnce` at a time; the channel asks for a pause before the next ones, so that what does not find its time is
/// known as lost.
class PagerDutyChannel final : public NotificationChannel {
public:
    static constexpr std::size_t kMostAlerts = 10;
    static constexpr std::size_t kMostAtOnce = 20;
    static constexpr Milliseconds kBetween{1000};
    static constexpr std::string_view kEndpoint = "https://events.pagerduty.com/v2/enqueue";

    PagerDutyChannel(std::string name, Secret routing_key, std::string endpoint, ChannelTools tools);

    [[nodiscard]] std::string_view name() const override { return name_; }
    Result<Answer> deliver(const Announcement& announcement, Deadline deadline) override;

private:
    std::string name_;
    Secret routing_key_;
    Secret endpoint_;  ///< no secret
    ChannelTools tools_;
    /// What is being delivered, where it was interrupted, and what of it has arrived.
    std::size_t underway_ = 0;
    std::size_t arrived_ = 0;
    /// How many are known to be lost, and could not be told as there was nothing to send.
    std::size_t untold_ = 0;
};

/// By which PagerDuty knows a service's alert: the same in every process, at most 255 bytes.
[[nodiscard]] std::string pager_duty_key(std::string_view project, std::string_view environment,
                                         std::string_view service);

/// The events of an announcement without the routing key, as JSON, triggers first; each below 512 KB.
[[nodiscard]] std::vector<std::string> pager_duty_events(const Announcement& announcement);

}  // namespace ci_lambda
