#pragma once

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/time.hpp"

namespace ci_lambda::testing {

/// Time for many threads. It stands still while any thread of the process works, and when all of them wait it jumps to
/// where the first sleeper wakes up. So work takes no time, waiting takes exactly its time, and neither the load nor
/// the speed of the machine plays a part.
class VirtualTime final : public Clock, public Sleeper {
public:
    explicit VirtualTime(WallTime start = WallTime{std::chrono::seconds{1'767'262'083}}) : now_(start) {}

    [[nodiscard]] WallTime now() const override {
        const std::scoped_lock lock(mutex_);
        return now_;
    }

    void sleep_for(Milliseconds duration) override {
        std::unique_lock lock(mutex_);
        std::condition_variable due;
        const auto until = now_ + duration;
        const auto me = sleepers_.emplace(until, &due);
        more_sleepers_.notify_one();
        due.wait(lock, [&] { return now_ >= until; });
        sleepers_.erase(me);
        more_sleepers_.notify_one();
    }

private:
    /// Thread -> how often it has gone to sleep, if it sleeps now; empty if any other thread is awake.
    using Sleeping = std::map<std::string, std::string>;

    static Sleeping all_others_if_asleep() {
        const auto me = std::to_string(::gettid());
        Sleeping sleeping;
        for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
            const auto id = task.path().filename().string();
            if (id == me) continue;
            std::ifstream status(task.path() / "status");
            std::string state;
            std::string switches;
            for (std::string line; std::getline(status, line);) {
                if (line.starts_with("State:")) state = line;
                if (line.starts_with("voluntary_ctxt_switches:")) switches = line;
            }
            if (!state.contains("S (sleeping)")) return {};
            sleeping.emplace(id, switches);
        }
        return sleeping;
    }

    /// A thread that is asleep in both looks and has not gone to sleep in between has slept all the time; so between
    /// the two there was a moment when all did.
    static bool all_others_sleep() {
        const auto first = all_others_if_asleep();
        return !first.empty() && first == all_others_if_asleep();
    }

    void move(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            more_sleepers_.wait(lock, stop, [&] { return !sleepers_.empty() && sleepers_.begin()->first > now_; });
            if (stop.stop_requested()) return;
            lock.unlock();
            const bool idle = all_others_sleep();
            lock.lock();
            if (!idle)
                more_sleepers_.wait_for(lock, kBetweenLooks);
            else if (!sleepers_.empty())
                wake_the_next_at(sleepers_.begin()->first);
        }
    }

    void wake_the_next_at(WallTime at) {
        now_ = std::max(now_, at);
        for (auto one = sleepers_.begin(); one != sleepers_.end() && one->first <= now_; ++one)
            one->second->notify_one();
    }

    /// Real time, to leave the processors to those who work.
    static constexpr std::chrono::microseconds kBetweenLooks{200};

    mutable std::mutex mutex_;
    std::condition_variable_any more_sleepers_;
    WallTime now_;
    std::multimap<WallTime, std::condition_variable*> sleepers_;
    std::jthread mover_{[this](const std::stop_token& stop) { move(stop); }};  // last: joined before all above ends
};

}  // namespace ci_lambda::testing
