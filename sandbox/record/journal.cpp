#include "sandbox/record/journal.hpp"

#include <cstddef>
#include <utility>

namespace ci_lambda::sandbox {
namespace {

template <typename Entry, typename Predicate>
std::vector<Entry> selected(const BoundedRecord<Entry>& all, const Predicate& wanted) {
    std::vector<Entry> found;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (wanted(all[i])) found.push_back(all[i]);
    return found;
}

template <typename Entry>
std::vector<Entry> of_invocation(const BoundedRecord<Entry>& all, const std::string& invocation) {
    return selected(all, [&](const Entry& entry) { return entry.invocation == invocation; });
}

constexpr auto kEvery = [](const auto& /*entry*/) { return true; };

std::size_t size_of(const EcsCall& call) { return sizeof(call) + call.request.size() + call.response.size(); }

std::size_t size_of(const SlackMessage& message) {
    auto size = sizeof(message) + message.payload.size() + message.replaced_by.value_or("").size();
    for (const auto& text : message.to_one) size += text.size();
    return size;
}

}  // namespace

void Journal::add(EcsCall call) {
    const auto size = size_of(call);
    const std::scoped_lock lock(mutex_);
    calls_.add(std::move(call), size);
}

void Journal::add(SlackMessage message) {
    const auto size = size_of(message);
    const std::scoped_lock lock(mutex_);
    message.number = messages_.forgotten() + messages_.size();
    messages_.add(std::move(message), size);
}

bool Journal::answer_message(std::size_t number, std::string payload, bool replaces) {
    const std::scoped_lock lock(mutex_);
    if (number < messages_.forgotten() || number - messages_.forgotten() >= messages_.size()) return false;
    const auto index = number - messages_.forgotten();
    auto message = messages_[index];
    if (replaces)
        message.replaced_by = std::move(payload);
    else
        message.to_one.push_back(std::move(payload));
    const auto size = size_of(message);
    messages_.replace(index, std::move(message), size);
    return true;
}

std::vector<EcsCall> Journal::calls() const {
    const std::scoped_lock lock(mutex_);
    return selected(calls_, kEvery);
}

std::vector<SlackMessage> Journal::messages() const {
    const std::scoped_lock lock(mutex_);
    return selected(messages_, kEvery);
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
