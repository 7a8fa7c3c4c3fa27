#include "sandbox/ecs/past.hpp"

namespace ci_lambda::sandbox {

void Past::record(WallTime at, const std::vector<Service>& services) {
    if (longest_ == Milliseconds{0}) {
        looks_.clear();
        return;
    }
    if (!looks_.empty() && looks_.back().at == at) looks_.pop_back();
    looks_.push_back({.at = at, .services = services});
    // The first one that is kept is what was true at the begin of the time that matters.
    while (looks_.size() > 1 && looks_[1].at <= at - longest_) looks_.pop_front();
}

std::vector<Service>* Past::services_at(WallTime at) {
    if (looks_.empty()) return nullptr;
    auto* found = &looks_.front();
    for (auto& look : looks_)
        if (look.at <= at) found = &look;
    return &found->services;
}

}  // namespace ci_lambda::sandbox
