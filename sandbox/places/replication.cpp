#include "sandbox/places/replication.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/values.hpp"

namespace ci_lambda::sandbox {

Result<ReplicationDelay> parse_replication_delay(std::string_view text) {
    constexpr unsigned long long kMost = 86'400;
    if (text == "off") return std::nullopt;
    const auto seconds = parse_unsigned(text);
    if (!seconds || *seconds > kMost)
        return fail(ErrorKind::kConfiguration,
                    fmt::format("{}: write seconds of ECS's time, at most {}, or off", in_quotes(text), kMost));
    return std::chrono::seconds{*seconds};
}

Replication::Replication(Place& home, std::vector<Place*> others, double speed, const Clock& clock)
    : home_(home),
      others_(std::move(others)),
      pace_(speed),
      clock_(clock),
      thread_(clock, {.do_what_is_due = [this] { advance(); }, .next_due = [this] { return next_due(); }}) {}

void Replication::set_delay(ReplicationDelay delay) {
    const std::scoped_lock lock(mutex_);
    delay_ = delay;
}

ReplicationDelay Replication::delay() const {
    const std::scoped_lock lock(mutex_);
    return delay_;
}

void Replication::take(const std::string& event) {
    if (others_.empty()) return;
    const auto json = parse_json(event);
    const Json* detail = json ? find(*json, "detail") : nullptr;
    if (detail == nullptr || find_string(*json, "detail-type") != "ECR Image Action" ||
        find_string(*detail, "action-type") != "PUSH" || find_string(*detail, "result") != "SUCCESS")
        return;
    const auto delay = this->delay();
    if (!delay) return;
    for (auto* const place : others_)
        add({.due = pace_.after(clock_.now(), *delay),
             .to = place,
             .repository = find_string(*detail, "repository-name").value_or(""),
             .digest = find_string(*detail, "image-digest").value_or(""),
             .tag = find_string(*detail, "image-tag").value_or("")});
    thread_.wake();
}

void Replication::add(Copy copy) {
    const std::scoped_lock lock(mutex_);
    const auto after = std::ranges::upper_bound(copies_, copy.due, {}, &Copy::due);
    copies_.insert(after, std::move(copy));
}

std::optional<Replication::Copy> Replication::take_due() {
    const std::scoped_lock lock(mutex_);
    if (copies_.empty() || copies_.front().due > clock_.now()) return std::nullopt;
    auto copy = std::move(copies_.front());
    copies_.pop_front();
    return copy;
}

std::optional<WallTime> Replication::next_due() const {
    const std::scoped_lock lock(mutex_);
    return copies_.empty() ? std::nullopt : std::optional(copies_.front().due);
}

void Replication::advance() {
    constexpr std::chrono::seconds kUntilNextTry{5};
    const std::scoped_lock one_at_a_time(advance_mutex_);
    while (auto copy = take_due()) {
        if (copy->to->trouble() == Trouble::kRegionDown) {
            copy->due = pace_.after(clock_.now(), kUntilNextTry);
            add(*std::move(copy));
            continue;
        }
        auto image = home_.ecr().copy(copy->repository, copy->digest);
        if (image) copy->to->ecr().receive(copy->repository, *std::move(image), copy->tag, home_.target().site);
    }
}

}  // namespace ci_lambda::sandbox
