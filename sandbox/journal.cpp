#include "sandbox/journal.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ci_lambda::sandbox {
namespace {

template <typename Entry>
std::vector<Entry> of_invocation(const std::vector<Entry>& all, const std::string& invocation) {
    std::vector<Entry> selected;
    std::ranges::copy_if(all, std::back_inserter(selected),
                         [&](const Entry& entry) { return entry.invocation == invocation; });
    return selected;
}

}  // namespace

void Journal::add(EcsCall call) {
    const std::scoped_lock lock(mutex_);
    calls_.push_back(std::move(call));
}

void Journal::add(SlackMessage message) {
    const std::scoped_lock lock(mutex_);
    messages_.push_back(std::move(message));
}

std::vector<EcsCall> Journal::calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
}

std::vector<SlackMessage> Journal::messages() const {
    const std::scoped_lock lock(mutex_);
    return messages_;
}

std::vector<EcsCall> Journal::calls_of(const std::string& invocation) const {
    const std::scoped_lock lock(mutex_);
    return of_invocation(calls_, invocation);
}

std::vector<SlackMessage> Journal::messages_of(const std::string& invocation) const {
    const std::scoped_lock lock(mutex_);
    return of_invocation(messages_, invocation);
}

}  // namespace ci_lambda::sandbox
