#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "logging/logger.hpp"
#include "services/notify/notification.hpp"

namespace ci_lambda {

/// A channel, and what of an announcement it is told: `nullopt` for nothing.
struct Listener {
    using Hears = std::function<std::optional<Announcement>(const Announcement&)>;
    // NOLINTNEXTLINE(google-explicit-constructor): a channel alone hears everything
    Listener(NotificationChannel* one, Hears what = {}) : channel(one), hears(std::move(what)) {}

    NotificationChannel* channel;
    Hears hears;  ///< empty: everything
};

/// Hands announcements to all channels from background threads, one a channel: errors before the rest, and otherwise in
/// their order. A pause that a channel asks for is kept, as long as there is time; what could not be delivered is a
/// warning in the log, and the next announcement that arrives says how many there were. That a channel has ceased to
/// take messages is told by the others, once until it takes one again.
class NotificationQueue final : public Notifier {
public:
    /// How long one announcement may wait for its turn and for a channel's pauses, from `notify()` on.
    static constexpr Milliseconds kPatience{60'000};
    /// How long a channel may try to deliver it, without the pauses that it asks for: a dead channel must not hold an
    /// invocation up.
    static constexpr Milliseconds kBudget{4000};

    /// Channels, clock, sleeper and logger must outlive it. Threads start with the first announcement.
    NotificationQueue(std::vector<Listener> listeners, const Clock& clock, Sleeper& sleeper, const Logger& logger);
    ~NotificationQueue() override;

    void notify(Announcement announcement) override;

    struct Delivery {
        std::size_t delivered = 0;          ///< announcements x channels
        std::vector<std::string> problems;  ///< one a failed delivery, for a person
        std::vector<Announcement> lost;     ///< what nobody got to hear, by no channel
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
    /// What becomes of an announcement in all of its channels.
    struct Fate {
        std::size_t open = 0;  ///< channels that still have it
        bool arrived = false;
        std::set<std::string> known = {};  ///< facts that have arrived anywhere
        std::vector<Announcement> failed = {};
    };
    struct Job {
        Announcement announcement;
        Deadline deadline;
        std::shared_ptr<Fate> fate;  ///< nullptr: nobody asks what became of it
    };
    /// A channel with what it is still to deliver.
    struct Outlet {
        Listener listener;
        std::array<std::deque<Job>, 2> jobs = {};  // errors, and the rest
        WallTime not_before{};
        std::size_t lost = 0;  // since the last one that arrived
        bool busy = false;
        bool paused = false;
        bool told_dead = false;  // the others have said that nothing arrives

        [[nodiscard]] NotificationChannel& channel() const { return *listener.channel; }
        [[nodiscard]] bool idle() const { return jobs[0].empty() && jobs[1].empty() && !busy; }
        [[nodiscard]] std::deque<Job>& next() { return jobs[0].empty() ? jobs[1] : jobs[0]; }
    };
    void work(const std::stop_token& stop, Outlet& outlet);
    void deliver_next(Outlet& outlet, std::unique_lock<std::mutex>& lock);
    /// Waits for the end of the channel's pause; false when that is too late for this deadline.
    bool wait_for_turn(Outlet& outlet, Deadline deadline, std::unique_lock<std::mutex>& lock);
    void settle(Outlet& outlet, Job job, const Status& status);
    /// The last channel has done with it: what of it nobody heard is lost.
    void close(Fate& fate);
    void tell_the_others(Outlet& dead, const Job& job, const std::string& why);
    static void put(Outlet& outlet, Job job);

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
