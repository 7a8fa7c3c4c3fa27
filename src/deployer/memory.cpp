#include "deployer/memory.hpp"

#include <algorithm>

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

bool RolloutMemory::first_time(const std::string& fact, WallTime at) {
    const std::scoped_lock lock(mutex_);
    const bool said = std::ranges::any_of(said_, [&](const auto& earlier) {
        return earlier.first == fact && std::chrono::abs(earlier.second - at) <= kSameMoment;
    });
    if (said) return false;
    said_.emplace_back(fact, at);
    if (said_.size() > kMax) said_.pop_front();
    return true;
}

}  // namespace ci_lambda
