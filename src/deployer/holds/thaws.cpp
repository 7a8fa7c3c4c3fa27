#include "deployer/holds/thaws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace ci_lambda {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// EventBridge Scheduler counts in minutes.
constexpr minutes kSoonest{1};
/// What was released begins at once, but for what it takes to say so.
constexpr seconds kAtOnce{10};
/// A hold without an end is looked at again.
constexpr hours kLookAgain{1};
/// One that fires so soon may be firing now: what is put into it is lost.
constexpr seconds kFiring{20};
/// Who has read a schedule replaces it within this time, or reads it anew.
constexpr Milliseconds kFresh{500};
/// So long after having written it is read again: whoever has read it before has written by then.
constexpr Milliseconds kSettled{1500};
/// Not all of a storm are to come back at the same moment.
constexpr Milliseconds kApart{1000};
constexpr int kRounds = 12;

Milliseconds moment_for(const HeldRequest& held, int round) {
    const auto hash = std::hash<std::string>{}(thaw_event(held, WallTime{})) + static_cast<std::size_t>(round) * 7919U;
    return kSettled + Milliseconds{static_cast<int>(hash % static_cast<std::size_t>(kApart.count()))};
}

bool can_heal(const Error& error) { return error.retryable() || error.kind == ErrorKind::kBusy; }

}  // namespace

/// What there is of the two schedules of a service.
struct Thaws::Found {
    ThawSlot slot = ThawSlot::kFirst;     ///< in which to write; with `waiting` or free
    bool exists = false;                  ///< it is to be replaced
    std::optional<Waiting> waiting = {};  ///< what is in it
    std::string function = {};            ///< which it calls
    std::string role = {};                ///< with which
    bool both_firing = false;
    WallTime read_at{};
};

std::string Thaws::why_impossible() const {
    if (calls_.role.empty())
        return fmt::format("{} is not set, with which EventBridge Scheduler would call the function when the hold ends",
                           config_.called("SCHEDULE_ROLE"));
    return "EventBridge Scheduler calls an installed function, and this command is none (--from-function names one)";
}

GroupedName Thaws::name_of(const EcsTarget& target, ThawSlot slot) const {
    return {.group = calls_.group, .name = thaw_name(target, options_.region, slot)};
}

bool Thaws::may_wait(Milliseconds wait, Deadline deadline) const {
    const auto left = deadline.remaining(clock_);
    return !left || *left > wait;
}

Result<Thaws::Found> Thaws::find(const EcsTarget& target, Deadline deadline) {
    Found found{.read_at = clock_.now()};
    std::optional<ThawSlot> free;
    for (const auto slot : {ThawSlot::kFirst, ThawSlot::kSecond}) {
        const auto planned = with_retries<PlannedCall>(options_.retries, clock_, sleeper_, deadline, [&] {
            return schedules_.read(name_of(target, slot), deadline);
        });
        if (!planned && planned.error().kind == ErrorKind::kNotFound) {
            if (!free) free = slot;
            continue;
        }
        if (!planned) return std::unexpected(planned.error());
        if (planned->at <= clock_.now() + kFiring) continue;
        // What cannot be read is nothing that could be begun, and is written over.
        if (auto held = held_in_event(planned->input, config_))
            found.waiting = Waiting{.held = *std::move(held), .at = planned->at};
        found.slot = slot;
        found.exists = true;
        found.function = planned->function;
        found.role = planned->role;
        return found;
    }
    found.both_firing = !free;
    found.slot = free.value_or(ThawSlot::kFirst);
    return found;
}

OneTimeSchedule Thaws::schedule_of(const HeldRequest& held, ThawSlot slot, WallTime at) const {
    OneTimeSchedule schedule{.name = name_of(held.request.target, slot),
                             .at = at,
                             .function = calls_.function,
                             .role = calls_.role,
                             .input = thaw_event(held, at),
                             .description = fmt::format("ci_lambda: what waits for {}", held.request.target.id),
                             .must_come = true};
    // The name is given again and again, so it says nothing about whether it is the same once more.
    schedule.token = fmt::format("{:016x}{}", std::hash<std::string>{}(schedule.input + schedule.name.name),
                                 std::chrono::duration_cast<seconds>(at.time_since_epoch()).count());
    return schedule;
}

Result<Thaws::Written> Thaws::write(const Found& found, const HeldRequest& held, WallTime at, Deadline deadline) {
    auto schedule = schedule_of(held, found.slot, at);
    // Who only moves it, on a laptop, knows no function.
    if (found.exists && !possible()) {
        schedule.function = found.function;
        schedule.role = found.role;
    }
    if (!found.exists) {
        const auto made = schedules_.create(schedule, deadline);
        if (made) return *made == OneTimeSchedules::Made::kNow ? Written::kYes : Written::kAnew;
        if (can_heal(made.error())) return Written::kPerhaps;
        return std::unexpected(made.error());
    }
    if (clock_.now() - found.read_at > kFresh) return Written::kAnew;
    const auto replaced = schedules_.replace(schedule, deadline);
    if (replaced) return Written::kYes;
    if (can_heal(replaced.error()) || replaced.error().kind == ErrorKind::kNotFound) return Written::kAnew;
    return std::unexpected(replaced.error());
}

bool Thaws::stays(const EcsTarget& target, ThawSlot slot, const HeldRequest& held, Deadline deadline) {
    const auto planned = schedules_.read(name_of(target, slot), deadline);
    if (!planned) return false;
    const auto there = held_in_event(planned->input, config_);
    return there && has_all_of(*there, held);
}

/// One that is being kept.
struct Thaws::Keeping {
    const ToKeep& asked;
    HeldRequest held;
    bool first;            ///< nobody has been told, as far as is known
    bool is_ours = false;  ///< nobody but this one has made the schedule, so nobody else tells of it
    std::optional<Result<Kept>> done = {};
    // What this round has written:
    bool wrote = false;
    ThawSlot slot = ThawSlot::kFirst;
    WallTime at{};
};

void Thaws::write_one(Keeping& one, Deadline deadline) {
    const auto& target = one.held.request.target;
    const auto& until = one.asked.until;
    const auto now = clock_.now();
    one.wrote = false;
    one.at = std::chrono::ceil<seconds>(std::max<WallTime>(until.value_or(now + kLookAgain), now + kSoonest));
    const auto found = find(target, deadline);
    if (!found) {
        one.done = std::unexpected(found.error());
        return;
    }
    if (found->both_firing) return;
    if (found->waiting) {
        one.first = one.first && (one.is_ours || found->waiting->held.told != one.held.told);
        // An open end is looked at in an hour, whoever comes meanwhile.
        const bool good_time = until ? found->waiting->at == one.at : found->waiting->at <= one.at;
        if (good_time && has_all_of(found->waiting->held, one.held)) {
            one.done = Kept{.at = found->waiting->at, .first = one.first};
            return;
        }
    }
    const auto all = found->waiting ? together(found->waiting->held, one.held) : one.held;
    const auto written = write(*found, all, one.at, deadline);
    if (!written) {
        one.done = std::unexpected(written.error());
        return;
    }
    one.is_ours = one.is_ours || (!found->exists && *written != Written::kAnew);
    one.wrote = *written == Written::kYes;
    one.slot = found->slot;
}

/// What was written may have been written over.
void Thaws::check_one(Keeping& one, Deadline deadline) {
    const auto& target = one.held.request.target;
    if (!one.wrote || !stays(target, one.slot, one.held, deadline)) return;
    logger_.info("deployment kept until the hold ends", {{log_key::kService, target.id.str()},
                                                         {"schedule", thaw_name(target, options_.region, one.slot)},
                                                         {"at", format_rfc3339(one.at)}});
    one.done = Kept{.at = one.at, .first = one.first};
}

std::vector<Result<Thaws::Kept>> Thaws::keep(const std::vector<ToKeep>& asked, Deadline deadline) {
    std::vector<Keeping> all;
    for (const auto& one : asked) {
        all.push_back({.asked = one, .held = one.held, .first = one.held.told != one.told_before});
        auto& held = all.back().held;
        if (!held.request.changed_at) held.request.changed_at = clock_.now();
        // As it is read again: times have no more than milliseconds there.
        if (auto kept = held_in_event(thaw_event(held, clock_.now()), config_)) held = *std::move(kept);
    }
    const auto is_open = [](const Keeping& one) { return !one.done; };
    for (int round = 0; round < kRounds && std::ranges::any_of(all, is_open); ++round) {
        Milliseconds wait{0};
        for (auto& one : all) {
            if (!is_open(one)) continue;
            write_one(one, deadline);
            if (is_open(one)) wait = std::max(wait, moment_for(one.held, round));
        }
        if (wait == Milliseconds{0}) continue;
        // Who has no time to look is rather told that it failed.
        if (!may_wait(wait, deadline)) break;
        sleeper_.sleep_for(wait);
        for (auto& one : all)
            if (is_open(one)) check_one(one, deadline);
    }
    std::vector<Result<Kept>> results;
    for (auto& one : all)
        results.push_back(
            one.done
                ? *std::move(one.done)
                : Result<Kept>(fail(ErrorKind::kBusy, fmt::format("what waits for {} could not be kept in time: others "
                                                                  "keep something for it, too",
                                                                  one.held.request.target.id))));
    return results;
}

Result<std::optional<Thaws::Waiting>> Thaws::waiting(const EcsTarget& target, Deadline deadline) {
    TRY_ASSIGN(auto found, find(target, deadline));
    return std::move(found.waiting);
}

Result<std::optional<WallTime>> Thaws::hurry(const EcsTarget& target, Deadline deadline) {
    // Nothing can have been kept.
    if (calls_.role.empty()) return std::nullopt;
    for (int round = 0; round < kRounds; ++round) {
        TRY_ASSIGN(const auto found, find(target, deadline));
        if (!found.waiting) return std::nullopt;
        const auto at = std::chrono::ceil<seconds>(clock_.now() + kAtOnce);
        if (found.waiting->at <= at) return found.waiting->at;
        TRY_ASSIGN(const auto written, write(found, found.waiting->held, at, deadline));
        const auto wait = moment_for(found.waiting->held, round);
        if (!may_wait(wait, deadline)) break;
        if (written == Written::kYes) return at;
        sleeper_.sleep_for(wait);
    }
    return fail(ErrorKind::kBusy,
                fmt::format("what waits for {} could not be moved: it is changed all the time", target.id));
}

}  // namespace ci_lambda
