#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/answer.hpp"
#include "app/foundation.hpp"
#include "config/config.hpp"
#include "net/http.hpp"
#include "services/notify/notification.hpp"
#include "services/notify/queue.hpp"
#include "services/sns/client.hpp"

namespace ci_lambda {

/// All channels of a configuration.
class ChannelSet {
public:
    /// Foundation and HTTP client must outlive it.
    ChannelSet(const Config& config, Foundation& foundation, HttpClient& http);

    /// Each with what it hears. They live as long as this does.
    [[nodiscard]] std::vector<Listener> listeners() const;

    /// Sends samples of every type to each channel, whatever it hears otherwise.
    [[nodiscard]] std::vector<ChannelTest> test(Deadline deadline) const;

private:
    std::unique_ptr<NotificationChannel> make(const std::string& name, const ChannelSettings& settings,
                                              const Config& config, HttpClient& http);

    const NotifySettings notify_;
    const std::string project_;
    const std::string environment_;
    Foundation& foundation_;
    struct Named {
        std::string name;
        std::unique_ptr<NotificationChannel> channel;
    };
    std::vector<std::unique_ptr<SnsClient>> topics_;
    std::vector<Named> channels_;
};

}  // namespace ci_lambda
