#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/time.hpp"
#include "services/notify/notification.hpp"
#include "services/notify/queue.hpp"

namespace ci_lambda {

/// How one deployment target reaches people.
class Voice : public Notifier {
public:
    [[nodiscard]] virtual bool has_channels() const = 0;
    /// What is said from now on must be out before this.
    virtual void set_deadline(Deadline deadline) = 0;
    /// What was said so far is news now: it is on its way when this returns.
    virtual void hand_over() = 0;
    /// Waits until all that was said is delivered or lost; what happened since the last time.
    virtual NotificationQueue::Delivery flush() = 0;
};

/// The voice of the only target there is.
class SoleVoice final : public Voice {
public:
    /// The queue must outlive it.
    explicit SoleVoice(NotificationQueue& queue) : queue_(queue) {}
    void notify(Announcement announcement) override { queue_.notify(std::move(announcement)); }
    [[nodiscard]] bool has_channels() const override { return queue_.has_channels(); }
    void set_deadline(Deadline deadline) override { queue_.set_deadline(deadline); }
    void hand_over() override { queue_.hand_over(); }
    NotificationQueue::Delivery flush() override { return queue_.flush(); }

private:
    NotificationQueue& queue_;
};

/// The voices of several targets that handle one event at the same time. What each of them says first, mostly that its
/// deployments have started, is put into one message, with a line for each; who takes too long gets one of its own. All
/// that comes later is said as it comes. Thread-safe.
class Chorus {
public:
    /// How long what one target has said waits for the others. A region that is down must not keep what is known of the
    /// others from people.
    static constexpr Milliseconds kPatience{3000};

    /// The queue must outlive it.
    Chorus(NotificationQueue& queue, std::size_t targets, Milliseconds patience = kPatience);
    ~Chorus();
    Chorus(const Chorus&) = delete;
    Chorus& operator=(const Chorus&) = delete;

    [[nodiscard]] Voice& voice(std::size_t target) { return voices_[target]; }

    /// An event that all of them handle at the same time.
    void begin();
    /// This target will say nothing more about it.
    void done(std::size_t target);
    /// All are done: everything is delivered, or lost.
    NotificationQueue::Delivery end();

private:
    class Part final : public Voice {
    public:
        Part(Chorus& chorus, std::size_t number) : chorus_(chorus), number_(number) {}
        void notify(Announcement announcement) override { chorus_.say(std::move(announcement)); }
        [[nodiscard]] bool has_channels() const override { return chorus_.queue_.has_channels(); }
        void set_deadline(Deadline deadline) override { chorus_.queue_.set_deadline(deadline); }
        void hand_over() override;
        /// Who of several lost something nobody can tell: `Chorus::end` does.
        NotificationQueue::Delivery flush() override;

    private:
        Chorus& chorus_;
        std::size_t number_;
    };

    void say(Announcement announcement);
    bool spoken(std::size_t target);
    /// With the mutex held.
    void release();
    void wait_for_the_others(const std::stop_token& stop);

    NotificationQueue& queue_;
    Milliseconds patience_;
    std::deque<Part> voices_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<bool> silent_;  // who has not yet said that it has said its first part
    bool together_ = false;     // what is said is kept back for the others
    std::vector<Notification> kept_back_;
    std::jthread patience_thread_;
};

}  // namespace ci_lambda
