#include "services/aws/rate_limiter.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ci_lambda {
namespace {

/// AWS answers within that; a call that has to wait for its turn and then has less before the deadline is in vain.
constexpr Milliseconds kTimeForAnAnswer{1000};

}  // namespace

RateLimiter::RateLimiter(const AwsService& service, const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : service_(service), clock_(clock), sleeper_(sleeper), logger_(logger) {
    const auto now = clock.now();
    groups_.reserve(service.quotas.size());
    for (const auto& group : service.quotas)
        groups_.push_back({.group = &group, .bucket = TokenBucket(group.quota, now)});
}

RateLimiter::Paced* RateLimiter::find(std::string_view operation) {
    for (auto& paced : groups_) {
        const auto& operations = paced.group->operations;
        if (std::ranges::find(operations, operation) != operations.end()) return &paced;
    }
    return nullptr;
}

Status RateLimiter::wait_for_turn(std::string_view operation, Deadline deadline) {
    Paced* paced = find(operation);
    if (paced == nullptr) return {};
    auto longest = deadline.remaining(clock_);
    if (longest) longest = std::max(Milliseconds{0}, *longest - kTimeForAnAnswer);
    std::optional<Milliseconds> wait;
    {
        const std::scoped_lock lock(mutex_);
        wait = paced->bucket.take(clock_.now(), longest);
    }
    if (!wait)
        return fail(ErrorKind::kDeadline,
                    fmt::format("{} {} not sent: its turn would come after the deadline, because {} allows {} calls "
                                "at once and then {} a second (quota \"{}\"); deploy it again, or give the function "
                                "more time",
                                service_.name, operation, service_.title, paced->group->quota.burst,
                                paced->group->quota.per_second, paced->group->name));
    if (*wait == Milliseconds{0}) return {};
    logger_.debug(fmt::format("{} call waits for its turn", service_.name),
                  {{"operation", operation}, {"wait_ms", wait->count()}});
    logger_.count(Metric::kPacingWaits);
    sleeper_.sleep_for(*wait);
    return {};
}

void RateLimiter::give_back(std::string_view operation) {
    Paced* paced = find(operation);
    if (paced == nullptr) return;
    const std::scoped_lock lock(mutex_);
    paced->bucket.give_back();
}

void RateLimiter::throttled(std::string_view operation) {
    logger_.count(Metric::kThrottles);
    Paced* paced = find(operation);
    if (paced == nullptr) return;
    double now_allowed = 0;
    {
        const std::scoped_lock lock(mutex_);
        paced->bucket.throttled(clock_.now());
        now_allowed = paced->bucket.calls_per_second();
    }
    logger_.info(fmt::format("{} throttles: somebody else uses the quota, too; our calls slow down", service_.name),
                 {{"quota", paced->group->name}, {"calls_per_second", now_allowed}});
}

void RateLimiter::succeeded(std::string_view operation) {
    Paced* paced = find(operation);
    if (paced == nullptr) return;
    const std::scoped_lock lock(mutex_);
    paced->bucket.succeeded();
}

}  // namespace ci_lambda
