#include "app/events/batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// How many failures an answer tells in words. It names all of them.
constexpr std::size_t kFailuresInWords = 10;

/// An id of SQS has 36 characters; one in a dump is whatever somebody has written there.
constexpr std::size_t kLongestId = 200;

std::string count(std::size_t number, std::string_view what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::optional<WallTime> time_of(const Batch::Item* item) { return parse_rfc3339(item->event.envelope.time); }

/// What has no time means "now", and comes last.
bool came_before(const Batch::Item* a, const Batch::Item* b) {
    const auto time_a = time_of(a);
    const auto time_b = time_of(b);
    return time_a && (!time_b || *time_a < *time_b);
}

}  // namespace

std::string_view type_of_refusal(const Error& error) {
    return error.kind == ErrorKind::kServer ? "Function.DiscoveryFailed" : "Function.InvalidEvent";
}

Batch::Batch(const Delivery& delivery, const Config& config, const Home& home)
    : Batch(delivery, [&](const Event& event) { return decide(event, config, home); }) {}

Batch::Batch(const Delivery& delivery, const std::function<Result<Decision>(const Event&)>& decide_about)
    : source_(delivery.source) {
    for (std::size_t i = 0; i < delivery.messages.size(); ++i) {
        const auto& message = delivery.messages[i];
        Entry entry{.id = message.id, .group = message.group, .items = {}, .services = {}, .failure = {}};
        const auto fails = [&](const Error& error) {
            entry.failure = HandlingError{.type = std::string(type_of_refusal(error)), .message = error.message};
        };
        if (!message.events) fails(message.events.error());
        for (const auto& event : message.events.value_or(std::vector<Event>{})) {
            auto decision = decide_about(event);
            if (!decision) {
                fails(decision.error());
                continue;
            }
            if (const auto* deploy = std::get_if<Deploy>(&*decision)) {
                for (const auto& request : deploy->requests) entry.services.insert(request.target.service.str());
                for (const auto& task : deploy->tasks) entry.services.insert(task.task.id.str());
            }
            entry.items.push_back({.message = i, .event = event, .decision = *std::move(decision)});
        }
        entries_.push_back(std::move(entry));
    }
}

void Batch::begin(Entry& entry, std::vector<const Item*>& step) {
    entry.begun = true;
    for (const auto& item : entry.items) step.push_back(&item);
}

std::vector<const Batch::Item*> Batch::next() {
    std::vector<const Item*> step;
    if (in_order()) {
        begin_in_order(step);
        return step;
    }
    for (auto& entry : entries_)
        if (!entry.begun) begin(entry, step);
    // The order of the messages says nothing here; that of the changes does.
    std::ranges::stable_sort(step, came_before);
    return step;
}

void Batch::begin_in_order(std::vector<const Item*>& step) {
    struct Group {
        bool closed = false;
        bool failed = false;
        std::set<std::string> services;
    };
    std::map<std::string_view, Group> groups;
    for (auto& entry : entries_) {
        auto& group = groups[entry.group];
        if (entry.begun) {
            group.failed = group.failed || entry.failure.has_value();
            continue;
        }
        if (group.failed) {
            entry.begun = true;
            if (!entry.failure)
                entry.failure = HandlingError{.type = "Function.DeploymentFailed",
                                              .message = "an earlier message of its group failed"};
            continue;
        }
        if (group.closed) continue;
        if (!entry.services.empty() && !group.services.empty() && entry.services != group.services) {
            group.closed = true;
            continue;
        }
        // What is behind a message that cannot be read must not overtake it.
        group.failed = entry.failure.has_value();
        group.services.insert(entry.services.begin(), entry.services.end());
        begin(entry, step);
    }
}

void Batch::done(const Item& item, const Handled& handled) {
    auto& entry = entries_[item.message];
    if (handled.error && !entry.failure) entry.failure = handled.error;
    if (handled.answer.status == "ignored") ++ignored_;
    if (handled.answer.status == "notified") ++notified_;
}

std::vector<const Batch::Entry*> Batch::failed() const {
    std::vector<const Entry*> all;
    for (const auto& entry : entries_)
        if (entry.failure) all.push_back(&entry);
    return all;
}

Handled Batch::answer(std::vector<DeploymentReport> reports) const {
    const auto failures = failed();
    Handled handled;
    if (!reports.empty() || !tasks_.empty()) handled = answer_of(std::move(reports), {});
    ci_lambda::add_tasks(handled, tasks_);
    handled.error.reset();  // whose failure it is, is told message by message
    auto& answer = handled.answer;

    std::vector<std::string> parts{count(entries_.size(), "message")};
    if (!answer.detail.empty()) parts.push_back(answer.detail);
    if (ignored_ > 0) parts.push_back(fmt::format("{} ignored", count(ignored_, "event")));
    if (notified_ > 0) parts.push_back(fmt::format("{} told", count(notified_, "event")));
    if (!failures.empty()) parts.push_back(fmt::format("{} failed", count(failures.size(), "message")));
    for (std::size_t i = 0; i < std::min(failures.size(), kFailuresInWords); ++i)
        parts.push_back(failures[i]->id.empty() ? failures[i]->failure->message
                                                : fmt::format("{}: {}", one_line(failures[i]->id, kLongestId),
                                                              failures[i]->failure->message));
    answer.detail = join(parts, "; ");
    if (!failures.empty()) answer.status = "failed";
    if (answer.status.empty()) answer.status = notified_ > 0 ? "notified" : "ignored";

    const bool all_have_ids = std::ranges::none_of(failures, [](const Entry* entry) { return entry->id.empty(); });
    if (source_ != Delivery::Source::kBatch && all_have_ids) {
        answer.failed_messages.emplace();
        for (const auto* entry : failures) answer.failed_messages->push_back(entry->id);
    } else if (!failures.empty()) {
        handled.error = HandlingError{.type = failures.front()->failure->type, .message = answer.detail};
    }
    return handled;
}

}  // namespace ci_lambda
