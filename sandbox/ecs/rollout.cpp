#include "sandbox/ecs/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace ci_lambda::sandbox {
namespace {

using std::chrono::seconds;

/// From an UpdateService to the first tasks.
constexpr seconds kUntilFirstLook{2};
/// ECS shows stopped tasks for an hour at least (Amazon ECS developer guide, "Viewing stopped tasks").
constexpr seconds kStoppedTasksKept{3600};
constexpr std::size_t kMaxStoppedTasks = 200;
/// ECS waits longer and longer before it tries again, up to a quarter of an hour or more (developer guide, "Service
/// throttle logic").
constexpr seconds kFirstDelay{5};
constexpr seconds kMaxDelay{900};
constexpr int kMaxDoublings = 8;

void move_earlier(std::optional<WallTime>& time, WallTime candidate) {
    time = time ? std::min(*time, candidate) : candidate;
}

/// The tasks that `wanted` says yes to.
template <typename Predicate>
std::vector<Task*> select(Service& service, Predicate wanted) {
    std::vector<Task*> selected;
    for (auto& task : service.tasks)
        if (wanted(task)) selected.push_back(&task);
    return selected;
}

int count(const std::vector<Task>& tasks, bool (Task::*predicate)() const) {
    return static_cast<int>(std::ranges::count_if(tasks, [&](const Task& task) { return (task.*predicate)(); }));
}

int min_healthy(const Service& service) {
    return (service.desired_count * service.configuration.minimum_healthy_percent + 99) / 100;  // rounded up
}

int max_tasks(const Service& service) {
    return service.desired_count * service.configuration.maximum_percent / 100;  // rounded down
}

/// The deployment whose tasks stay until the traffic has moved for good.
std::string kept_for_traffic(Service& service) {
    const ServiceDeployment* shift = service.traffic_shift();
    const ServiceRevision* good = service.last_successful_revision();
    if (shift == nullptr || shift->stage == LifecycleStage::kCleanUp || good == nullptr) return {};
    return deployment_id(good->number);
}

/// How many tasks there may be more than there are.
int room_for_tasks(Service& service) {
    if (const ServiceDeployment* shift = service.traffic_shift())
        return shift->stage < LifecycleStage::kScaleUp ? 0 : service.desired_count;
    return max_tasks(service) - count(service.tasks, &Task::is_wanted);
}

Deployment* find_deployment(Service& service, const std::string& id) {
    const auto found = std::ranges::find(service.deployments, id, &Deployment::id);
    return found == service.deployments.end() ? nullptr : &*found;
}

}  // namespace

std::optional<WallTime> RolloutEngine::next_change() const {
    std::optional<WallTime> next;
    for (const auto& service : state_.services) {
        if (service.look_at) move_earlier(next, *service.look_at);
        for (const auto& task : service.tasks)
            if (task.next_step_at) move_earlier(next, *task.next_step_at);
    }
    for (const auto& one : state_.lone_tasks)
        if (one.task.next_step_at) move_earlier(next, *one.task.next_step_at);
    return next;
}

LoneTask& RolloutEngine::run_alone(LoneTask one, WallTime at) {
    Deployment nothing;
    nothing.id = one.task.deployment_id;
    nothing.task_definition = one.task.task_definition;
    nothing.images = one.task.images;
    nothing.fate = one.task.fate;
    one.task = new_task(nothing, ids_, pace_, at);
    one.task.alone = true;
    state_.lone_tasks.push_back(std::move(one));
    return state_.lone_tasks.back();
}

void RolloutEngine::advance(WallTime to) {
    for (auto due = next_change(); due && *due <= to; due = next_change()) {
        do_what_is_due(*due);
        if (on_step_) on_step_(*due);
    }
    for (auto& service : state_.services) bury_stopped(service, to);
    std::erase_if(state_.lone_tasks, [&](const LoneTask& one) {
        return one.task.stopped_at && pace_.after(*one.task.stopped_at, kStoppedTasksKept) <= to;
    });
}

void RolloutEngine::do_what_is_due(WallTime at) {
    for (auto& one : state_.lone_tasks)
        if (one.task.next_step_at && *one.task.next_step_at <= at && step_alone(one, pace_, at))
            notices_.task_event(one, at);
    for (auto& service : state_.services) {
        // All tasks first, so that the scheduler sees what happens at one time as one thing.
        const bool tasks_moved = step_tasks(service, at);
        if (tasks_moved || (service.look_at && *service.look_at <= at)) look(service, at);
    }
}

bool RolloutEngine::step_tasks(Service& service, WallTime at) {
    bool moved = false;
    for (auto& task : service.tasks) {
        if (!task.next_step_at || *task.next_step_at > at) continue;
        moved = true;
        const TaskNews news = step(task, service, pace_, at);
        take_news(service, task, news, at);
    }
    if (moved) bury_stopped(service, at);
    return moved;
}

void RolloutEngine::take_news(Service& service, const Task& task, TaskNews news, WallTime at) {
    Deployment* deployment = find_deployment(service, task.deployment_id);
    if (deployment == nullptr) return;
    switch (news) {
        case TaskNews::kNothing:
        case TaskNews::kStopped: break;
        case TaskNews::kRunning: deployment->launch_failures = 0; break;
        case TaskNews::kHealthy: deployment->health_failures = 0; break;
        case TaskNews::kFailedToStart:
            if (task.fate == Scenario::kImageNotFound)
                notices_.message(service, "was unable to place a task. Reason: " + task.stopped_reason, at);
            ++deployment->launch_failures;
            hold_launches(service, deployment->launch_failures, at);
            break;
        case TaskNews::kExited:
            // No failure for the circuit breaker: the task had been RUNNING (aws/containers-roadmap issue 1206).
            hold_launches(service, 1, at);
            break;
        case TaskNews::kUnhealthy:
            ++deployment->health_failures;
            notices_.message(service,
                             fmt::format("(task {}) (port {}) is unhealthy in (target-group {}) due to (reason Health "
                                         "checks failed with these codes: [500])",
                                         task.id, service.container_port, service.target_group),
                             at);
            break;
    }
}

/// Moves tasks that are STOPPED out of the way, and forgets the oldest of them.
void RolloutEngine::bury_stopped(Service& service, WallTime at) const {
    for (auto& task : service.tasks)
        if (task.status == TaskStatus::kStopped) service.stopped_tasks.push_back(task);
    std::erase_if(service.tasks, [](const Task& task) { return task.status == TaskStatus::kStopped; });
    auto& stopped = service.stopped_tasks;
    while (!stopped.empty() && (stopped.size() > kMaxStoppedTasks ||
                                pace_.after(stopped.front().stopped_at.value_or(at), kStoppedTasksKept) <= at))
        stopped.pop_front();
}

void RolloutEngine::look(Service& service, WallTime at) {
    service.look_at.reset();
    carry_out_request(service, at);
    move_stages(service, at);
    judge_failures(service, at);
    judge_alarms(service, at);
    stop_surplus(service, at);
    start_missing(service, at);
    drop_drained(service);
    conclude(service, at);
    update_counts(service);
}

void RolloutEngine::look_no_later_than(Service& service, WallTime at) const { move_earlier(service.look_at, at); }

void RolloutEngine::look_soon(Service& service, WallTime at) const {
    look_no_later_than(service, pace_.after(at, kUntilFirstLook));
}

void RolloutEngine::stop_surplus(Service& service, WallTime at) {
    const Deployment& primary = service.primary();
    if (!primary.launches) return;  // it takes nothing over any more, so the others stay
    const std::string kept = kept_for_traffic(service);
    const auto is_other = [&](const Task& task) {
        return task.is_wanted() && task.deployment_id != primary.id && task.deployment_id != kept &&
               !task.is_protected(at);
    };
    for (const auto& task : service.tasks)
        if (task.is_wanted() && task.is_protected(at)) look_no_later_than(service, *task.protected_until);

    const auto pending = select(service, [&](const Task& task) { return is_other(task) && task.is_pending(); });
    stop(service, pending, at);
    if (!pending.empty()) notices_.message(service, fmt::format("stopped {} pending tasks.", pending.size()), at);
    auto running = select(service, [&](const Task& task) { return is_other(task) && !task.is_healthy(); });

    const int healthy = count(service.tasks, &Task::is_healthy);
    const int own = service.counts_of(primary.id).running + service.counts_of(primary.id).pending;
    const bool needs_room = own < service.desired_count && count(service.tasks, &Task::is_wanted) >= max_tasks(service);
    int dispensable = healthy - (needs_room ? min_healthy(service) : service.desired_count);
    for (Task* task : select(service, [&](const Task& t) { return is_other(t) && t.is_healthy(); }))
        if (dispensable-- > 0) running.push_back(task);

    auto surplus = own - service.desired_count;  // fewer tasks are wanted than before
    for (Task* task : select(service, [&](const Task& t) { return t.is_wanted() && t.deployment_id == primary.id; }))
        if (surplus-- > 0) running.push_back(task);
    stop(service, running, at);
    if (!running.empty()) notices_.message(service, "has stopped " + list_tasks(running, "running tasks"), at);
}

void RolloutEngine::stop(const Service& service, const std::vector<Task*>& tasks, WallTime at) const {
    for (Task* task : tasks)
        stop_task(*task, fmt::format("Scaling activity initiated by (deployment {})", service.primary().id), pace_, at);
}

void RolloutEngine::start_missing(Service& service, WallTime at) {
    Deployment& primary = service.deployments.front();
    const TaskCounts own = service.counts_of(primary.id);
    const int missing = std::min(service.desired_count - own.running - own.pending, room_for_tasks(service));
    if (!primary.launches || missing <= 0) return;
    if (service.launch_not_before && at < *service.launch_not_before) {
        look_no_later_than(service, *service.launch_not_before);
        return;
    }
    if (primary.fate == Scenario::kNoCapacity) {
        fail_placement(service, primary, at);
        return;
    }
    for (int i = 0; i < missing; ++i) service.tasks.push_back(new_task(primary, ids_, pace_, at));
    const auto started = select(service, [&](const Task& task) { return task.created_at == at; });
    service.steady = false;
    notices_.message(service, "has started " + list_tasks(started, "tasks"), at);
}

/// A task that cannot be placed is a failed one (ECS API reference, Deployment, failedTasks: "the service scheduler
/// can't launch the task"; aws/containers-roadmap issue 1273).
void RolloutEngine::fail_placement(Service& service, Deployment& deployment, WallTime at) {
    notices_.message(service,
                     "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later "
                     "or in a different availability zone. For more information, see the Troubleshooting section of "
                     "the Amazon ECS Developer Guide.",
                     at);
    if (!std::exchange(deployment.told_no_capacity, true))
        notices_.service_event(service, "SERVICE_TASK_PLACEMENT_FAILURE", "RESOURCE:FARGATE", at);
    ++deployment.launch_failures;
    hold_launches(service, deployment.launch_failures, at);
    look_no_later_than(service, at);  // the circuit breaker looks at it at once
}

void RolloutEngine::hold_launches(Service& service, int failures, WallTime at) const {
    const auto delay = std::min(kMaxDelay, kFirstDelay * (1 << std::min(failures - 1, kMaxDoublings)));
    service.launch_not_before = pace_.after(at, delay);
}

}  // namespace ci_lambda::sandbox
