#include "services/ecs/quotas.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ci_lambda {
namespace {

/// ECS answers within that; a call that has to wait for its turn and then has less before the deadline is in vain.
constexpr Milliseconds kTimeForAnAnswer{1000};

}  // namespace

EcsQuotas::EcsQuotas(const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : clock_(clock), sleeper_(sleeper), logger_(logger) {
    const auto now = clock.now();
    const auto add = [&](std::string_view name, CallQuota quota, std::vector<std::string_view> operations) {
        groups_.push_back(
            {.name = name, .quota = quota, .operations = std::move(operations), .bucket = TokenBucket(quota, now)});
    };
    add("service modify", {.burst = 50, .per_second = 5}, {"UpdateService"});
    add("service read", {.burst = 100, .per_second = 20}, {"DescribeServices", "ListServices"});
    add("task definition read", {.burst = 50, .per_second = 20}, {"ListTaskDefinitions", "DescribeTaskDefinition"});
    add("task definition modify", {.burst = 20, .per_second = 1}, {"RegisterTaskDefinition"});
    add("service deployment read", {.burst = 50, .per_second = 20},
        {"ListServiceDeployments", "DescribeServiceDeployments"});
    add("service revision read", {.burst = 50, .per_second = 20}, {"DescribeServiceRevisions"});
    add("cluster resource read", {.burst = 100, .per_second = 20}, {"ListTasks", "DescribeTasks"});
}

EcsQuotas::Group* EcsQuotas::group_of(std::string_view operation) {
    for (auto& group : groups_)
        if (std::ranges::find(group.operations, operation) != group.operations.end()) return &group;
    return nullptr;
}

Status EcsQuotas::wait_for_turn(std::string_view operation, Deadline deadline) {
    Group* group = group_of(operation);
    if (group == nullptr) return {};
    auto longest = deadline.remaining(clock_);
    if (longest) longest = std::max(Milliseconds{0}, *longest - kTimeForAnAnswer);
    std::optional<Milliseconds> wait;
    {
        const std::scoped_lock lock(mutex_);
        wait = group->bucket.take(clock_.now(), longest);
    }
    if (!wait)
        return fail(ErrorKind::kDeadline,
                    fmt::format("ecs {} not sent: its turn would come after the deadline, because ECS allows {} calls "
                                "at once and then {} a second (quota \"{}\"); deploy it again, or give the function "
                                "more time",
                                operation, group->quota.burst, group->quota.per_second, group->name));
    if (*wait == Milliseconds{0}) return {};
    logger_.debug("ecs call waits for its turn", {{"operation", operation}, {"wait_ms", wait->count()}});
    sleeper_.sleep_for(*wait);
    return {};
}

void EcsQuotas::give_back(std::string_view operation) {
    Group* group = group_of(operation);
    if (group == nullptr) return;
    const std::scoped_lock lock(mutex_);
    group->bucket.give_back();
}

void EcsQuotas::throttled(std::string_view operation) {
    Group* group = group_of(operation);
    if (group == nullptr) return;
    double now_allowed = 0;
    {
        const std::scoped_lock lock(mutex_);
        group->bucket.throttled(clock_.now());
        now_allowed = group->bucket.calls_per_second();
    }
    logger_.info("ecs throttles: somebody else uses the quota, too; our calls slow down",
                 {{"quota", group->name}, {"calls_per_second", now_allowed}});
}

void EcsQuotas::succeeded(std::string_view operation) {
    Group* group = group_of(operation);
    if (group == nullptr) return;
    const std::scoped_lock lock(mutex_);
    group->bucket.succeeded();
}

}  // namespace ci_lambda
