#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <list>
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

/// What there is to tell of one service. Plain text: each channel escapes and cuts for itself.
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
    std::optional<std::string> ecs_event = {};  ///< ECS's own name of what happened: SERVICE_TASK_START_IMPAIRED
    /// What makes it the same as one that was told before, and for how long; empty: nothing does.
    std::vector<std::string> facts = {};
    std::chrono::minutes stays_told{60};
};

/// One service's line of an announcement that concerns several.
struct AnnouncementLine {
    NotificationType type = NotificationType::kInfo;
    std::string text;  ///< "api: started, ecs-svc/7, shop_service_api_dev:42"
};

/// One message to people: of one service, or of all that one event did or that was learnt at the same moment.
struct Announcement {
    NotificationType type = NotificationType::kInfo;  ///< the worst that it tells
    std::string title;
    std::vector<Notification> parts;      ///< at least one; the worst first
    std::vector<AnnouncementLine> lines;  ///< of several parts, one each, in their order; none of a single part
    std::optional<std::string> reason;    ///< of several: why all of them were deployed, where that is the same
    /// How many before it the same channel did not get, as far as we know.
    std::size_t lost_before = 0;
};

/// Where something is said. Never fails and never waits: a notification must not delay, fail or change a deployment.
class Notifier {
public:
    Notifier() = default;
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;
    virtual ~Notifier() = default;
    virtual void notify(Announcement announcement) = 0;
};

/// One way to reach people. A second channel implements this and nothing else changes.
class NotificationChannel {
public:
    NotificationChannel() = default;
    NotificationChannel(const NotificationChannel&) = delete;
    NotificationChannel& operator=(const NotificationChannel&) = delete;
    virtual ~NotificationChannel() = default;

    /// What became of a delivery that did not fail.
    struct Answer {
        /// Not taken: the channel wants nothing before this has passed (429 and `Retry-After`).
        std::optional<Milliseconds> come_again_after = {};
    };

    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Delivers, with its own brief retries, and returns before `deadline`. One delivery at a time.
    virtual Result<Answer> deliver(const Announcement& announcement, Deadline deadline) = 0;
};

/// Hands announcements to all channels from background threads, one a channel: errors before the rest, and otherwise in
/// their order. A pause that a channel asks for is kept, as long as there is time; what could not be delivered is a
/// warning in the log, and the next announcement that arrives says how many there were.
class NotificationQueue final : public Notifier {
public:
    /// How long one announcement may wait for its turn and for a channel's pauses, from `notify()` on.
    static constexpr Milliseconds kPatience{60'000};
    /// How long a channel may try to deliver it, without the pauses that it asks for: a dead channel must not hold an
    /// invocation up.
    static constexpr Milliseconds kBudget{4000};

    /// Channels, clock, sleeper and logger must outlive it. Threads start with the first announcement.
    NotificationQueue(const std::vector<NotificationChannel*>& channels, const Clock& clock, Sleeper& sleeper,
                      const Logger& logger);
    ~NotificationQueue() override;

    void notify(Announcement announcement) override;

    struct Delivery {
        std::size_t delivered = 0;          ///< announcements x channels
        std::vector<std::string> problems;  ///< one a failed delivery, for a person
        std::vector<Announcement> lost;     ///< what these were to deliver
    };
    /// Waits until all is delivered or has failed, and returns what happened since the last flush.
    Delivery flush();

    /// Waits until all is delivered, has failed, or waits for a pause to end that its channel asked for: for those who
    /// have more to do than to talk, and want what they said to be out before they go on.
    void hand_over();

    /// Ends the threads once all is delivered, for the reason of `Helpers::rest`. The next announcement starts new
    /// ones.
    void rest();

    /// Deliveries from now on must end before this (the invocation's deadline).
    void set_deadline(Deadline deadline);

    [[nodiscard]] bool has_channels() const { return !outlets_.empty(); }

private:
    struct Job {
        Announcement announcement;
        Deadline deadline;
    };
    /// A channel with what it is still to deliver.
    struct Outlet {
        NotificationChannel* channel = nullptr;
        std::array<std::deque<Job>, 2> jobs = {};  // errors, and the rest
        WallTime not_before{};
        std::size_t lost = 0;  // since the last one that arrived
        bool busy = false;
        bool paused = false;

        [[nodiscard]] bool idle() const { return jobs[0].empty() && jobs[1].empty() && !busy; }
        [[nodiscard]] std::deque<Job>& next() { return jobs[0].empty() ? jobs[1] : jobs[0]; }
    };
    void work(const std::stop_token& stop, Outlet& outlet);
    void deliver_next(Outlet& outlet, std::unique_lock<std::mutex>& lock);
    /// Waits for the end of the channel's pause; false when that is too late for this deadline.
    bool wait_for_turn(Outlet& outlet, Deadline deadline, std::unique_lock<std::mutex>& lock);
    void settle(Outlet& outlet, Job job, const Status& status);

    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::list<Outlet> outlets_;
    Delivery delivery_;
    Deadline deadline_;
    std::vector<std::jthread> threads_;  // last: joined before anything above is destroyed
};

}  // namespace ci_lambda
