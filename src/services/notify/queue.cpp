#include "services/notify/queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ci_lambda {
namespace {

void redact(std::optional<std::string>& text, const Redactor& redactor) {
    if (text) text = redactor.redact(std::move(*text));
}

/// An event or an error of ECS may repeat what no channel should show.
void redact(Announcement& announcement, const Redactor& redactor) {
    announcement.title = redactor.redact(std::move(announcement.title));
    redact(announcement.reason, redactor);
    for (auto& line : announcement.lines) line.text = redactor.redact(std::move(line.text));
    for (auto& part : announcement.parts) {
        for (auto* text : {&part.title, &part.service, &part.status}) *text = redactor.redact(std::move(*text));
        redact(part.started_because, redactor);
        redact(part.reason, redactor);
        if (part.excerpt)
            for (auto& line : part.excerpt->lines) line = redactor.redact(std::move(line));
        for (auto& link : part.links) link.url = redactor.redact(std::move(link.url));
    }
}

std::vector<LogField> fields_of(const NotificationChannel& channel, const Announcement& announcement) {
    std::vector<LogField> fields{{"channel", channel.name()}};
    if (announcement.parts.size() == 1)
        fields.emplace_back(log_key::kService, announcement.parts.front().service);
    else
        fields.emplace_back("services", announcement.parts.size());
    return fields;
}

}  // namespace

NotificationQueue::NotificationQueue(std::vector<Listener> listeners, const Clock& clock, Sleeper& sleeper,
                                     const Logger& logger)
    : clock_(clock), sleeper_(sleeper), logger_(logger) {
    for (auto& listener : listeners) outlets_.push_back({.listener = std::move(listener)});
}

NotificationQueue::~NotificationQueue() = default;  // the threads are asked to stop, and joined

void NotificationQueue::notify(Announcement announcement) {
    redact(announcement, logger_.redactor());
    const std::scoped_lock lock(mutex_);
    const auto deadline = Deadline::earlier(Deadline::after(clock_, kPatience), deadline_);
    const auto fate = std::make_shared<Fate>();
    for (auto& outlet : outlets_) {
        const auto& hears = outlet.listener.hears;
        auto heard = hears ? hears(announcement) : std::optional(announcement);
        if (!heard) continue;
        ++fate->open;
        put(outlet, {.announcement = *std::move(heard), .deadline = deadline, .fate = fate});
    }
    if (fate->open == 0 && !outlets_.empty())
        logger_.info("notification not sent: no channel hears of it", {{"title", announcement.title}});
    if (threads_.empty())
        for (auto& outlet : outlets_)
            threads_.emplace_back([this, &outlet](const std::stop_token& stop) { work(stop, outlet); });
    changed_.notify_all();
}

void NotificationQueue::put(Outlet& outlet, Job job) {
    const std::size_t rank = job.announcement.type == NotificationType::kError ? 0 : 1;
    outlet.jobs[rank].push_back(std::move(job));
}

void NotificationQueue::work(const std::stop_token& stop, Outlet& outlet) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [&] { return !outlet.idle(); })) {
        outlet.busy = true;
        deliver_next(outlet, lock);
        outlet.busy = false;
        changed_.notify_all();
    }
}

bool NotificationQueue::wait_for_turn(Outlet& outlet, Deadline deadline, std::unique_lock<std::mutex>& lock) {
    const auto pause = std::chrono::ceil<Milliseconds>(outlet.not_before - clock_.now());
    if (pause <= Milliseconds{0}) return true;
    if (const auto left = deadline.remaining(clock_); left && pause >= *left) return false;
    outlet.paused = true;
    changed_.notify_all();
    lock.unlock();
    sleeper_.sleep_for(pause);
    lock.lock();
    outlet.paused = false;
    return true;
}

void NotificationQueue::deliver_next(Outlet& outlet, std::unique_lock<std::mutex>& lock) {
    const bool in_time = wait_for_turn(outlet, outlet.next().front().deadline, lock);
    // Meanwhile an error may have come, which goes first.
    auto& jobs = outlet.next();
    Job job = std::move(jobs.front());
    jobs.pop_front();
    job.announcement.lost_before = outlet.lost;
    const auto left = job.deadline.remaining(clock_);
    if (left && *left == Milliseconds{0}) {
        settle(outlet, std::move(job), fail(ErrorKind::kDeadline, "no time was left to deliver it"));
        return;
    }
    if (!in_time) {
        const auto pause = std::chrono::ceil<Milliseconds>(outlet.not_before - clock_.now());
        settle(outlet, std::move(job),
               fail(ErrorKind::kDeadline, fmt::format("{} asks for a pause of {} ms, and only {} ms are left for it",
                                                      outlet.channel().name(), pause.count(), left->count())));
        return;
    }
    lock.unlock();
    const auto answer =
        outlet.channel().deliver(job.announcement, Deadline::earlier(job.deadline, Deadline::after(clock_, kBudget)));
    lock.lock();
    if (answer && answer->come_again_after) {
        outlet.not_before = clock_.now() + *answer->come_again_after;
        outlet.jobs[job.announcement.type == NotificationType::kError ? 0 : 1].push_front(std::move(job));
        return;
    }
    settle(outlet, std::move(job), answer ? Status{} : std::unexpected(answer.error()));
}

void NotificationQueue::settle(Outlet& outlet, Job job, const Status& status) {
    auto fields = fields_of(outlet.channel(), job.announcement);
    auto fate = std::move(job.fate);
    if (fate != nullptr) --fate->open;
    if (status) {
        logger_.info("notification sent", std::move(fields));
        outlet.lost = 0;
        outlet.told_dead = false;
        ++delivery_.delivered;
        if (fate == nullptr) return;
        fate->arrived = true;
        for (const auto& part : job.announcement.parts) fate->known.insert(part.facts.begin(), part.facts.end());
        if (fate->open == 0) close(*fate);
        return;
    }
    fields.emplace_back("title", job.announcement.title);
    fields.emplace_back(log_key::kError, status.error().message);
    logger_.warn("notification lost: the channel did not take it", std::move(fields));
    ++outlet.lost;
    delivery_.problems.push_back(fmt::format("{}: {}", outlet.channel().name(), status.error().message));
    if (!std::exchange(outlet.told_dead, true)) tell_the_others(outlet, job, status.error().message);
    if (fate == nullptr) return;
    fate->failed.push_back(std::move(job.announcement));
    if (fate->open == 0) close(*fate);
}

void NotificationQueue::close(Fate& fate) {
    for (auto& announcement : fate.failed) {
        std::erase_if(announcement.parts, [&](const Notification& part) {
            const auto is_known = [&](const std::string& fact) { return fate.known.contains(fact); };
            return part.facts.empty() ? fate.arrived : std::ranges::all_of(part.facts, is_known);
        });
        if (!announcement.parts.empty()) delivery_.lost.push_back(std::move(announcement));
    }
}

void NotificationQueue::tell_the_others(Outlet& dead, const Job& job, const std::string& why) {
    const auto& of = job.announcement.parts.front();
    const std::string name(dead.channel().name());
    Notification word{.type = NotificationType::kWarning,
                      .title = fmt::format("Notifications do not arrive: {}", name),
                      .project = of.project,
                      .environment = of.environment,
                      .service = of.service,
                      .status = "notification lost",
                      .deployment_id = {},
                      .task_definition = {},
                      .reason = fmt::format("{}. What was not delivered (\"{}\") stands in the log.",
                                            logger_.redactor().redact(why), job.announcement.title)};
    const Announcement announcement{.type = word.type, .title = word.title, .parts = {std::move(word)}};
    for (auto& outlet : outlets_)
        if (&outlet != &dead) put(outlet, {.announcement = announcement, .deadline = job.deadline, .fate = nullptr});
}

NotificationQueue::Delivery NotificationQueue::flush() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return std::ranges::all_of(outlets_, &Outlet::idle); });
    return std::exchange(delivery_, {});
}

void NotificationQueue::hand_over() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
        return std::ranges::all_of(outlets_, [](const Outlet& outlet) { return outlet.idle() || outlet.paused; });
    });
}

void NotificationQueue::release_idle() {
    std::vector<std::jthread> ending;
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return std::ranges::all_of(outlets_, &Outlet::idle); });
        ending.swap(threads_);
    }
    ending.clear();  // without the mutex, which they need to end; joined here
}

void NotificationQueue::set_deadline(Deadline deadline) {
    const std::scoped_lock lock(mutex_);
    deadline_ = deadline;
}

}  // namespace ci_lambda
