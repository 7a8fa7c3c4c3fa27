#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/time.hpp"
#include "logging/logger.hpp"
#include "services/notify/notification.hpp"

namespace ci_lambda {

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

    /// Ends the threads once all is delivered, for the reason of `WorkerPool::rest`. The next announcement starts new
    /// ones.
    void release_idle();

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
