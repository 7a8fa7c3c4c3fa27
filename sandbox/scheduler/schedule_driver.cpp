#include "sandbox/scheduler/schedule_driver.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ci_lambda::sandbox {

ScheduleDriver::ScheduleDriver(Scheduler& scheduler, const Clock& clock, Invoke invoke)
    : scheduler_(scheduler), clock_(clock), invoke_(std::move(invoke)) {
    scheduler_.on_change([this] { wake(); });
}

ScheduleDriver::~ScheduleDriver() { stop(); }

void ScheduleDriver::start() {
    thread_ = std::thread([this] { run(); });
}

void ScheduleDriver::wake() {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
    changed_.notify_all();
}

void ScheduleDriver::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void ScheduleDriver::run() {
    // A wait of its own length, as in EcsDriver: the clock may be another one than the machine's.
    constexpr Milliseconds kShortest{1};
    for (;;) {
        for (auto& input : scheduler_.fire_due()) invoke_(std::move(input));
        const auto next = scheduler_.next_due();
        std::unique_lock lock(mutex_);
        const auto has_news = [this] { return woken_ || stopping_; };
        if (next) {
            const auto left = std::chrono::ceil<Milliseconds>(*next - clock_.now());
            changed_.wait_for(lock, std::max(kShortest, left), has_news);
        } else {
            changed_.wait(lock, has_news);
        }
        if (stopping_) return;
        woken_ = false;
    }
}

}  // namespace ci_lambda::sandbox
