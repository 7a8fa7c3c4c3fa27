#include "app/targets/voice.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "announce/words.hpp"

namespace ci_lambda {

void Chorus::Part::hand_over() {
    if (chorus_.spoken(number_)) chorus_.queue_.hand_over();
}

NotificationQueue::Delivery Chorus::Part::flush() {
    if (chorus_.spoken(number_)) chorus_.queue_.hand_over();
    return {};
}

Chorus::Chorus(NotificationQueue& queue, std::size_t targets, Milliseconds patience)
    : queue_(queue), patience_(patience), silent_(targets, false) {
    for (std::size_t i = 0; i < targets; ++i) voices_.emplace_back(*this, i);
}

Chorus::~Chorus() = default;  // the thread is asked to stop, and joined

void Chorus::begin() {
    const std::scoped_lock lock(mutex_);
    silent_.assign(silent_.size(), true);
    together_ = queue_.has_channels();
    if (together_) patience_thread_ = std::jthread([this](const std::stop_token& stop) { wait_for_the_others(stop); });
}

void Chorus::say(Announcement announcement) {
    std::unique_lock lock(mutex_);
    if (!together_) {
        lock.unlock();
        return queue_.notify(std::move(announcement));
    }
    std::ranges::move(announcement.parts, std::back_inserter(kept_back_));
    changed_.notify_all();
}

/// True when what was said is on its way.
bool Chorus::spoken(std::size_t target) {
    const std::scoped_lock lock(mutex_);
    silent_[target] = false;
    if (std::ranges::find(silent_, true) == silent_.end()) release();
    return !together_;
}

void Chorus::release() {
    if (!together_) return;
    together_ = false;
    changed_.notify_all();
    auto parts = std::exchange(kept_back_, {});
    // With the mutex held: what is said after it must not overtake it.
    if (!parts.empty()) queue_.notify(gather(std::move(parts)));
}

/// From the first word on, not longer than that.
void Chorus::wait_for_the_others(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return !together_ || !kept_back_.empty(); })) return;
    changed_.wait_for(lock, stop, patience_, [&] { return !together_; });
    if (!stop.stop_requested()) release();
}

void Chorus::done(std::size_t target) { (void)spoken(target); }

NotificationQueue::Delivery Chorus::end() {
    {
        const std::scoped_lock lock(mutex_);
        release();
    }
    patience_thread_ = {};  // joined
    return queue_.flush();
}

}  // namespace ci_lambda
