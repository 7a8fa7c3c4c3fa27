#include "app/targets/fleet.hpp"

#include <fmt/format.h>

#include <utility>

namespace ci_lambda {
namespace {

/// Kept free to take back what the targets before it have deployed, where one fails at the last moment.
constexpr Milliseconds kTimeToTakeBack{20'000};

std::vector<ServiceId> services_in(const Handled& handled) {
    std::vector<ServiceId> services;
    for (const auto& report : handled.answer.deployments) services.push_back(report.target.id);
    return services;
}

}  // namespace

Handled Fleet::run(const Task& task, const std::string& event, Deadline deadline) {
    std::vector<TargetHandled> all;
    all.reserve(targets_.size());
    for (const auto* target : targets_) all.push_back({.target = target->target(), .handled = {}});
    if (in_order_)
        run_in_order(task, all, event, deadline);
    else
        run_together(task, all, deadline);
    const auto delivery = chorus_.end();
    for (auto* target : targets_) target->lost(delivery.lost);
    if (!delivery.problems.empty())
        targets_.front()->logger().count(Metric::kNotificationsLost, static_cast<double>(delivery.problems.size()));
    auto joint = joint_answer(std::move(all));
    if (joint.answer.status == "notified")
        for (const auto& problem : delivery.problems)
            joint.answer.detail += fmt::format(" (not delivered: {})", problem);
    return joint;
}

void Fleet::run_together(const Task& task, std::vector<TargetHandled>& all, Deadline deadline) {
    chorus_.begin();
    WorkerPool::Tasks tasks;
    for (std::size_t i = 0; i < targets_.size(); ++i)
        tasks.emplace_back([this, i, deadline, &task, &all] {
            all[i].handled = task(*targets_[i], i, deadline);
            chorus_.done(i);
        });
    workers_.run(tasks);
}

void Fleet::run_in_order(const Task& task, std::vector<TargetHandled>& all, const std::string& event,
                         Deadline deadline) {
    const auto waiting = roll_back_earlier_ ? deadline.minus(kTimeToTakeBack) : deadline;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
        all[i].handled = task(*targets_[i], i, waiting);
        const auto standing = standing_of(all[i].handled);
        if (standing.why.empty()) continue;
        const auto why = fmt::format("{} comes first, where {}", all[i].target, standing.why);
        for (std::size_t k = i + 1; k < targets_.size(); ++k) all[k].handled = not_deployed_in(all[k].target, why);
        if (standing.going) {
            // The event comes again, finds the rollout that it has begun, and goes on from there. The last one is
            // waited for, too, where the others depend on it.
            const bool last = i + 1 == targets_.size();
            if ((!last || roll_back_earlier_) && !all[i].handled.error)
                all[i].handled.error =
                    HandlingError{.type = "Function.TargetNotHealthy",
                                  .message = fmt::format("{}, and the time of this invocation is over{}", standing.why,
                                                         last ? "" : ": the targets after it are not deployed yet")};
            return;
        }
        // Of one that somebody else's deployment has taken the place of, that one is the news.
        for (std::size_t k = i + 1; k < targets_.size() && !standing.unhealthy.empty(); ++k)
            targets_[k]->tell_not_deployed(services_in(all[i].handled), why, event);
        if (roll_back_earlier_) take_back(all, i, standing, deadline);
        return;
    }
}

void Fleet::take_back(std::vector<TargetHandled>& all, std::size_t failed, const Standing& standing,
                      Deadline deadline) {
    const auto why = fmt::format("in {} {}", all[failed].target, standing.why);
    for (std::size_t i = 0; i < failed; ++i) targets_[i]->take_back(all[i].handled, standing.unhealthy, why, deadline);
}

}  // namespace ci_lambda
