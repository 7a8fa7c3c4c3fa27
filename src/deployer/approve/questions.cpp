#include "deployer/approve/questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "deployer/approve/approval_gate.hpp"
#include "net/sha256.hpp"

namespace ci_lambda {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Of all schedules here.
constexpr std::string_view kNamePrefix = "ci_lambda-approval-";
/// Once: whoever asks or answers waits for it.
constexpr RetryPolicy kPatience{.max_retries = 1, .first_wait = Milliseconds{1000}};
/// Who has claimed a question has asked it by then, or is dead. Lambda tries an event again after a minute.
constexpr seconds kAsking{45};
/// The same of an answer that comes again.
constexpr seconds kSameAnswer{50};
/// So long an invocation lasts at most (Lambda developer guide, "Configure Lambda function timeout").
constexpr minutes kLongestInvocation{15};
/// Clocks of two machines, and Lambda itself, are not that exact.
constexpr seconds kMargin{10};
/// A turn is shown for this much longer than it lasts, so that people hear of one that has begun nothing.
constexpr seconds kShown{50};
/// What is so near its end is left to it.
constexpr seconds kTooLate{5};
/// So many who died with a turn in the same quarter of an hour.
constexpr int kMostTurns = 4;

constexpr minutes kSoonestReminder{5};
constexpr minutes kLatestReminder{5};

/// What sets one call apart from the same of another process.
std::string nonce() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

std::string hash_of(std::string_view text) { return sha256_digest_of(text); }

WallTime time_in(const Json& json, std::string_view key) {
    return parse_rfc3339(find_string(json, key).value_or("")).value_or(WallTime{});
}

Json due_event(std::string_view due, const std::string& token) {
    return {{"action", "approval_due"}, {"due", due}, {"token", token}};
}

}  // namespace

/// Whose turn it is, as it stands in its schedule.
struct Questions::Lock {
    std::string nonce;
    std::string answer;  ///< hash
    std::string by;
    WallTime since{};
    WallTime until{};

    static Lock of(const Json& json) {
        return {.nonce = text_of(json, "nonce"),
                .answer = text_of(json, "answer"),
                .by = text_of(json, "by"),
                .since = time_in(json, "since"),
                .until = time_in(json, "until")};
    }
    /// For whoever comes with `other`.
    [[nodiscard]] bool holds_against(const Lock& other, WallTime now) const {
        if (nonce == other.nonce || now >= until) return false;
        return answer != other.answer || now < since + kSameAnswer;
    }
};

std::optional<WallTime> reminder_at(const Approval& approval) {
    const auto lasts = approval.expires - approval.issued;
    const auto at = std::chrono::ceil<seconds>(
        std::min<WallTime>(approval.issued + lasts * 3 / 4, approval.expires - kLatestReminder));
    if (at < approval.issued + kSoonestReminder) return std::nullopt;
    return at;
}

Result<Approval> Questions::read(const std::string& token) const {
    TRY_ASSIGN(const auto keys, keys_of(config_.approval));
    return read_token(token, keys, environment_of(config_));
}

GroupedName Questions::name_of(const Approval& approval, Due due, int slot) const {
    const auto what = due == Due::kRemind    ? std::string("remind")
                      : due == Due::kExpired ? std::string("expired")
                                             : fmt::format("begun-{}", slot);
    return {.group = calls_.group, .name = fmt::format("{}{}-{}", kNamePrefix, long_id_of(approval), what)};
}

OneTimeSchedule Questions::schedule_of(const Approval& approval, GroupedName name, WallTime at,
                                       std::string input) const {
    return {.name = std::move(name),
            .at = std::chrono::ceil<seconds>(at),
            .function = calls_.function,
            .role = calls_.role,
            .input = std::move(input),
            .description = fmt::format("ci_lambda: what is to be approved of {}", approval.service),
            .token = nonce()};
}

/// It stays as long as it can be answered, and so says to all that it has been asked.
OneTimeSchedule Questions::word_at_the_end(const Approval& approval, const std::string& token, bool heard) const {
    auto event = due_event("expired", token);
    event["heard"] = heard;
    event["since"] = format_rfc3339(clock_.now());
    event["nonce"] = nonce();
    auto schedule = schedule_of(approval, name_of(approval, Due::kExpired), approval.expires, dump_json(event));
    schedule.must_come = true;
    return schedule;
}

Result<OneTimeSchedules::Made> Questions::create(const OneTimeSchedule& schedule, Deadline deadline) {
    return with_retries<OneTimeSchedules::Made>(kPatience, clock_, sleeper_, deadline,
                                                [&] { return schedules_.create(schedule, deadline); });
}

Result<PlannedCall> Questions::find(const GroupedName& name, Deadline deadline) {
    return with_retries<PlannedCall>(kPatience, clock_, sleeper_, deadline,
                                     [&] { return schedules_.read(name, deadline); });
}

void Questions::remove(const GroupedName& name, Deadline deadline) {
    const auto removed =
        with_retries<void>(kPatience, clock_, sleeper_, deadline, [&] { return schedules_.remove(name, deadline); });
    if (!removed)
        logger_.info("schedule of an approval not deleted: it will find nothing to say",
                     {{"schedule", name.name}, {log_key::kError, removed.error().message}});
}

void Questions::plan_reminder(const Approval& approval, const std::string& token, Deadline deadline) {
    const auto at = reminder_at(approval);
    if (!at || *at <= clock_.now()) return;
    const auto made = create(
        schedule_of(approval, name_of(approval, Due::kRemind), *at, dump_json(due_event("remind", token))), deadline);
    if (!made)
        logger_.warn("nobody will be reminded of an approval",
                     {{log_key::kService, approval.service.str()}, {log_key::kError, made.error().message}});
}

Questions::Claim Questions::claim(const std::string& token, Deadline deadline) {
    if (!calls_.possible()) return Claim::kUnknown;
    const auto approval = read(token);
    if (!approval || approval->expires <= clock_.now()) return Claim::kUnknown;
    const auto word = word_at_the_end(*approval, token, false);
    const auto unknown = [&](const Error& why) {
        logger_.warn("other processes do not know that an approval is asked for",
                     {{log_key::kService, approval->service.str()}, {log_key::kError, why.message}});
        return Claim::kUnknown;
    };
    const auto made = create(word, deadline);
    if (!made) return unknown(made.error());
    if (*made == OneTimeSchedules::Made::kNow) {
        plan_reminder(*approval, token, deadline);
        return Claim::kAsk;
    }
    const auto planned = find(word.name, deadline);
    // It was answered, or its time was over, a moment ago: then this one is asked.
    if (!planned && planned.error().kind == ErrorKind::kNotFound) return Claim::kAsk;
    if (!planned) return unknown(planned.error());
    const auto now = clock_.now();
    const auto input = parse_json(planned->input);
    // The answer to the first try was lost.
    if (input && find_string(*input, "nonce") == find_string(*parse_json(word.input), "nonce")) return Claim::kAsk;
    const bool heard = input && is_true(*input, "heard");
    const bool over = planned->at <= now;
    if (heard && !over) return Claim::kAsked;
    if (!over && input && now < time_in(*input, "since") + kAsking) return Claim::kAsked;
    // Whoever has claimed it has died before anybody heard of it: rather twice than never.
    if (const auto replaced = schedules_.replace(word, deadline); !replaced)
        logger_.info("question not claimed anew",
                     {{"schedule", word.name.name}, {log_key::kError, replaced.error().message}});
    plan_reminder(*approval, token, deadline);
    return Claim::kAsk;
}

void Questions::asked(const std::string& token, bool heard, Deadline deadline) {
    if (!calls_.possible()) return;
    const auto approval = read(token);
    if (!approval) return;
    auto word = word_at_the_end(*approval, token, heard);
    // Who comes next is to ask at once.
    if (!heard) {
        auto event = due_event("expired", token);
        event["heard"] = false;
        word.input = dump_json(event);
    }
    const auto replaced = schedules_.replace(word, deadline);
    // Somebody was quick to answer.
    if (!replaced && replaced.error().kind != ErrorKind::kNotFound)
        logger_.info("other processes may ask for an approval once more",
                     {{"schedule", word.name.name}, {log_key::kError, replaced.error().message}});
}

void Questions::remind(const std::string& token, Deadline deadline) {
    if (!calls_.possible()) return;
    if (const auto approval = read(token)) plan_reminder(*approval, token, deadline);
}

void Questions::settle(const Approval& approval, Deadline deadline) {
    if (calls_.role.empty()) return;
    remove(name_of(approval, Due::kRemind), deadline);
    if (!approval.is_of_hook()) remove(name_of(approval, Due::kExpired), deadline);
}

/// What that one says; nothing where there is none.
Result<std::optional<Questions::Lock>> Questions::lock_at(const Approval& approval, int slot, Deadline deadline) {
    const auto planned = find(name_of(approval, Due::kBegun, slot), deadline);
    if (!planned && planned.error().kind == ErrorKind::kNotFound) return std::nullopt;
    if (!planned) return std::unexpected(planned.error());
    const auto input = parse_json(planned->input);
    return input ? Lock::of(*input) : Lock{};
}

/// Whoever else holds that one; nothing where nobody does.
std::optional<Questions::Turn> Questions::others(const Approval& approval, int slot, const Lock& mine,
                                                 Deadline deadline) {
    const auto lock = lock_at(approval, slot, deadline);
    if (!lock)
        return Turn{.kind = Turn::Kind::kOthers,
                    .words = fmt::format("somebody else has approved it, too, and who is not known ({}): approve it "
                                         "again in a minute, if nothing begins",
                                         lock.error().message)};
    if (!*lock || !(*lock)->holds_against(mine, clock_.now())) return std::nullopt;
    return Turn{.kind = Turn::Kind::kOthers,
                .words = fmt::format("{} has approved it at {}, and it is being begun; if nothing begins, approve it "
                                     "again after {}",
                                     (*lock)->by, minute_in_words((*lock)->since),
                                     minute_in_words(std::chrono::ceil<minutes>((*lock)->until)))};
}

/// A command on somebody's machine knows no function that a schedule could call; but it sees what others have.
Questions::Turn Questions::look_for_others(const Approval& approval, const Lock& mine, Deadline deadline) {
    for (int slot = 0; slot < kMostTurns; ++slot) {
        if (const auto lock = lock_at(approval, slot, deadline); !lock || !*lock) return {};
        if (auto other = others(approval, slot, mine, deadline)) return *std::move(other);
    }
    return {};
}

Questions::Turn Questions::take_turn(const Approval& approval, const std::string& token, const ApprovalAnswer& answer,
                                     const std::string& answered_with, Deadline invocation) {
    if (calls_.role.empty()) return {};
    const auto now = clock_.now();
    const auto left =
        std::min<Milliseconds>(invocation.remaining(clock_).value_or(kLongestInvocation), kLongestInvocation);
    const Lock mine{.nonce = nonce(),
                    .answer = hash_of(answered_with),
                    .by = in_words(answer.by),
                    .since = now,
                    .until = now + std::max<Milliseconds>(left, Milliseconds{0}) + kMargin};
    auto event = due_event("begun", token);
    event["nonce"] = mine.nonce;
    event["answer"] = mine.answer;
    event["by"] = mine.by;
    event["since"] = format_rfc3339(mine.since);
    event["until"] = format_rfc3339(mine.until);
    if (!calls_.possible()) return look_for_others(approval, mine, invocation);
    for (int slot = 0; slot < kMostTurns; ++slot) {
        const auto name = name_of(approval, Due::kBegun, slot);
        const auto made = create(schedule_of(approval, name, mine.until + kShown, dump_json(event)), invocation);
        if (!made) {
            logger_.warn("an approval is carried out without knowing whether somebody else does the same",
                         {{log_key::kService, approval.service.str()}, {log_key::kError, made.error().message}});
            return {};
        }
        if (*made == OneTimeSchedules::Made::kBefore) {
            if (auto other = others(approval, slot, mine, invocation)) return *std::move(other);
            continue;  // whoever had it is dead
        }
        // Each puts its own first and looks at all the others then, so that never two of them find none.
        Turn turn{.kind = Turn::Kind::kMine, .name = name, .until = mine.until};
        for (int k = 0; k < std::min(slot + 2, kMostTurns); ++k) {
            if (k == slot) continue;
            auto other = others(approval, k, mine, invocation);
            if (!other) continue;
            give_back(turn, invocation);
            return *std::move(other);
        }
        return turn;
    }
    return {.kind = Turn::Kind::kOthers,
            .words =
                "it has been approved several times, and nothing of that has begun; try it again in a quarter of "
                "an hour"};
}

void Questions::give_back(const Turn& turn, Deadline deadline) {
    // After that it may be somebody else's.
    if (turn.kind != Turn::Kind::kMine || clock_.now() + kTooLate >= turn.until) return;
    remove(turn.name, deadline);
}

bool Questions::is_being_begun(const Approval& approval, Deadline deadline) {
    if (calls_.role.empty()) return false;
    for (int slot = 0; slot < 2; ++slot)
        if (const auto lock = lock_at(approval, slot, deadline); lock && *lock && clock_.now() < (*lock)->until)
            return true;
    return false;
}

Result<std::vector<Questions::Open>> Questions::open(Deadline deadline) {
    std::vector<Open> all;
    if (!are_listed()) return all;
    TRY_ASSIGN(const auto names, schedules_.names(calls_.group, std::string(kNamePrefix), deadline));
    for (const auto& name : names) {
        if (!name.name.ends_with("-expired")) continue;
        const auto planned = find(name, deadline);
        if (!planned && planned.error().kind == ErrorKind::kNotFound) continue;
        if (!planned) return std::unexpected(planned.error());
        const auto input = parse_json(planned->input);
        auto token = input ? find_string(*input, "token").value_or("") : std::string();
        auto approval = read(token);
        if (!approval || approval->target != config_.deployment_target || approval->expires <= clock_.now()) continue;
        all.push_back({.approval = *std::move(approval), .token = std::move(token), .heard = is_true(*input, "heard")});
    }
    return all;
}

}  // namespace ci_lambda
