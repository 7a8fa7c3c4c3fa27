#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"

namespace ci_lambda {

enum class NotificationType { kSuccess, kError, kInfo, kWarning };

/// What people are told about one service. Plain text: each channel escapes and cuts for itself.
struct Notification {
    NotificationType type = NotificationType::kInfo;
    std::string title;  ///< one line: "Deployment started: api"
    std::string project;
    std::string environment;
    std::string service;
    std::string status;  ///< started, could not start, completed, failed, ..
    std::optional<std::string> deployment_id;
    std::optional<std::string> task_definition;
    std::optional<std::string> started_because;  ///< who or what triggered the deployment, where that is known
    std::optional<std::string> took;             ///< how long the rollout took, in words
    std::optional<std::string> reason;
};

/// Where deployers and handlers say something. Never fails and never waits: a notification must not delay, fail or
/// change a deployment.
class Notifier {
public:
    Notifier() = default;
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;
    virtual ~Notifier() = default;
    virtual void notify(Notification notification) = 0;
};

/// One way to reach people. A second channel implements this and nothing else changes.
class NotificationChannel {
public:
    NotificationChannel() = default;
    NotificationChannel(const NotificationChannel&) = delete;
    NotificationChannel& operator=(const NotificationChannel&) = delete;
    virtual ~NotificationChannel() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Delivers, with its own brief retries, and returns before `deadline`. Called from several threads.
    virtual Status deliver(const Notification& notification, Deadline deadline) = 0;
};

/// Hands notifications to all channels from background threads. `flush()` waits for them; whatever a channel has not
/// taken within the budget is dropped, with a warning in the log.
class NotificationQueue final : public Notifier {
public:
    /// How long one notification may take in all, from `notify()` on.
    static constexpr Milliseconds kBudget{4000};

    /// Channels, clock and logger must outlive it. Threads start with the first notification.
    NotificationQueue(std::vector<NotificationChannel*> channels, const Clock& clock, const Logger& logger);
    ~NotificationQueue() override;

    void notify(Notification notification) override;

    struct Delivery {
        std::size_t delivered = 0;          ///< notifications x channels
        std::vector<std::string> problems;  ///< one a failed delivery, for a person
    };
    /// Waits until all is delivered or has failed, and returns what happened since the last flush. Each delivery
    /// obeys `kBudget`, so this returns within little more than that.
    Delivery flush();

    /// Ends the threads once all is delivered, for the reason of `Helpers::rest`. The next notification starts new
    /// ones.
    void rest();

    /// Deliveries from now on must end before this (the invocation's deadline).
    void set_deadline(Deadline deadline);

    [[nodiscard]] bool has_channels() const { return !channels_.empty(); }

private:
    struct Job {
        NotificationChannel* channel;
        Notification notification;
        Deadline deadline;
    };
    void work(const std::stop_token& stop);
    [[nodiscard]] bool idle() const { return jobs_.empty() && busy_ == 0; }  // with the mutex held

    static constexpr std::size_t kMaxThreads = 4;

    std::vector<NotificationChannel*> channels_;
    const Clock& clock_;
    const Logger& logger_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Job> jobs_;
    std::size_t busy_ = 0;
    Delivery delivery_;
    Deadline deadline_;
    std::vector<std::jthread> threads_;  // last: joined before anything above is destroyed
};

}  // namespace ci_lambda
