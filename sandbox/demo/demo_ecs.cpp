#include "sandbox/demo/demo_ecs.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

/// Far more than a rollout has: those that never end would go on for ever.
constexpr int kMaxSteps = 1000;

}  // namespace

WallTime DemoEcs::now() const {
    const std::scoped_lock lock(mutex_);
    return now_;
}

void DemoEcs::move_to(WallTime time) {
    const std::scoped_lock lock(mutex_);
    now_ = std::max(now_, time);
}

void DemoEcs::pass(Ecs& ecs, Milliseconds duration) {
    move_to(now() + duration);
    ecs.advance();
}

void DemoEcs::keep(std::string event) {
    const std::scoped_lock lock(mutex_);
    events_.push_back(std::move(event));
}

std::string DemoEcs::find_event(const std::function<bool(const Json&)>& wanted) const {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find_if(
        events_, [&](const std::string& event) { return wanted(parse_json(event).value_or(Json())); });
    return found == events_.end() ? std::string{} : *found;
}

Result<std::string> DemoEcs::event(Ecs& ecs, const std::function<bool(const Json&)>& wanted) {
    for (int i = 0; i < kMaxSteps; ++i) {
        if (auto found = find_event(wanted); !found.empty()) return found;
        const auto next = ecs.next_change();
        if (!next) break;
        move_to(*next);
        ecs.advance();
    }
    return fail(ErrorKind::kInternal, "the sandbox's ECS does not send the event that is to be shown");
}

}  // namespace ci_lambda::sandbox
