#include "deployer/observe/memory.hpp"

#include <algorithm>
#include <ranges>

namespace ci_lambda {
namespace {

constexpr std::chrono::minutes kSameMoment{1};

}  // namespace

void RolloutMemory::remember_started(const std::string& deployment_id, Started started) {
    if (deployment_id.empty()) return;
    const std::scoped_lock lock(mutex_);
    started_.emplace_back(deployment_id, std::move(started));
    if (started_.size() > kMax) started_.pop_front();
}

std::optional<RolloutMemory::Started> RolloutMemory::started(const std::string& deployment_id) const {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, what] : started_)
        if (id == deployment_id) return what;
    return std::nullopt;
}

bool RolloutMemory::first_time(const std::string& fact, WallTime at) { return is_news({}, fact, at); }

bool RolloutMemory::is_news(const std::string& deployment_id, const std::string& fact, WallTime at) {
    const std::scoped_lock lock(mutex_);
    const auto latest_first = std::views::reverse(said_);
    const auto earlier = std::ranges::find_if(latest_first, [&](const Said& one) {
        return one.subject == deployment_id && one.fact == fact && std::chrono::abs(one.at - at) <= kSameMoment;
    });
    // What was said since stands before it. What is older than it came late, and changes nothing.
    const bool changed_since = earlier != latest_first.end() && !deployment_id.empty() &&
                               std::ranges::any_of(latest_first.begin(), earlier, [&](const Said& one) {
                                   return one.subject == deployment_id && one.at >= earlier->at && one.at <= at;
                               });
    if (earlier != latest_first.end() && !changed_since) return false;
    said_.push_back({.subject = deployment_id, .fact = fact, .at = at});
    if (said_.size() > kMax) said_.pop_front();
    return true;
}

}  // namespace ci_lambda
