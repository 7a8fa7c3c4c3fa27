#include "deployer/memory.hpp"

#include <algorithm>

namespace ci_lambda {

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

bool RolloutMemory::first_time(const std::string& fact) {
    const std::scoped_lock lock(mutex_);
    if (std::ranges::find(said_, fact) != said_.end()) return false;
    said_.push_back(fact);
    if (said_.size() > kMax) said_.pop_front();
    return true;
}

}  // namespace ci_lambda
