#include "services/notifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ci_lambda {
namespace {

/// An event or an error of ECS may repeat what no channel should show.
void redact(Notification& notification, const Redactor& redactor) {
    for (auto* text : {&notification.title, &notification.service, &notification.status})
        *text = redactor.redact(std::move(*text));
    for (auto* text : {&notification.started_because, &notification.reason})
        if (*text) *text = redactor.redact(std::move(**text));
}

}  // namespace

NotificationQueue::NotificationQueue(std::vector<NotificationChannel*> channels, const Clock& clock,
                                     const Logger& logger)
    : channels_(std::move(channels)), clock_(clock), logger_(logger) {}

NotificationQueue::~NotificationQueue() = default;  // the threads are asked to stop, and joined

void NotificationQueue::notify(Notification notification) {
    redact(notification, logger_.redactor());
    const std::scoped_lock lock(mutex_);
    const auto deadline = Deadline::earlier(Deadline::after(clock_, kBudget), deadline_);
    for (auto* channel : channels_)
        jobs_.push_back({.channel = channel, .notification = notification, .deadline = deadline});
    while (threads_.size() < std::min(kMaxThreads, jobs_.size() + busy_))
        threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    changed_.notify_all();
}

void NotificationQueue::work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [&] { return !jobs_.empty(); })) {
        const Job job = std::move(jobs_.front());
        jobs_.pop_front();
        ++busy_;
        lock.unlock();
        const auto left = job.deadline.remaining(clock_);
        const Status status = left && *left == Milliseconds{0}
                                  ? fail(ErrorKind::kDeadline, "no time was left to deliver it")
                                  : job.channel->deliver(job.notification, job.deadline);
        if (status) {
            logger_.info("notification sent",
                         {{"channel", job.channel->name()}, {log_key::kService, job.notification.service}});
        } else {
            logger_.warn("notification lost: the channel did not take it",
                         {{"channel", job.channel->name()},
                          {log_key::kService, job.notification.service},
                          {"title", job.notification.title},
                          {log_key::kError, status.error().message}});
        }
        lock.lock();
        --busy_;
        if (status)
            ++delivery_.delivered;
        else
            delivery_.problems.push_back(fmt::format("{}: {}", job.channel->name(), status.error().message));
        changed_.notify_all();
    }
}

NotificationQueue::Delivery NotificationQueue::flush() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return idle(); });
    return std::exchange(delivery_, {});
}

void NotificationQueue::rest() {
    std::vector<std::jthread> ending;
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return idle(); });
        ending.swap(threads_);
    }
    ending.clear();  // without the mutex, which they need to end; joined here
}

void NotificationQueue::set_deadline(Deadline deadline) {
    const std::scoped_lock lock(mutex_);
    deadline_ = deadline;
}

}  // namespace ci_lambda
