#include "app/answered_events.hpp"

#include <algorithm>

namespace ci_lambda {

std::optional<Handled> AnsweredEvents::find(const Event& event) const {
    if (event.envelope.id.empty()) return std::nullopt;
    const auto oldest = clock_.now() - kRemembered;
    const auto found = std::ranges::find_if(
        answered_, [&](const Answered& answered) { return answered.at >= oldest && answered.event == event; });
    if (found == answered_.end()) return std::nullopt;
    return found->handled;
}

void AnsweredEvents::remember(const Event& event, const Handled& handled) {
    const auto reports = handled.answer.deployments.size();
    if (event.envelope.id.empty() || handled.error || reports > kMaxReports) return;
    answered_.push_back({.event = event, .handled = handled, .at = clock_.now()});
    reports_ += reports;
    while (answered_.size() > kMaxEvents || reports_ > kMaxReports) forget_first();
}

void AnsweredEvents::forget_first() {
    reports_ -= answered_.front().handled.answer.deployments.size();
    answered_.pop_front();
}

}  // namespace ci_lambda
