#include "deployer/verify/verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/revision/choice.hpp"

namespace ci_lambda {
namespace {

using Stand = Verified::Stand;

/// CloudWatch looks at most alarms once a minute, so looking more often is for the URLs.
constexpr Milliseconds kLookEvery{10'000};
/// After a URL has failed, until it has done so often enough or answers again.
constexpr Milliseconds kLookSoon{5'000};

std::string until_in_words(WallTime until) {
    constexpr std::size_t kDate = 10;
    constexpr std::size_t kTimeEnd = 19;
    const auto text = format_rfc3339(until);
    return fmt::format("{} {} UTC", text.substr(0, kDate), text.substr(kDate + 1, kTimeEnd - kDate - 1));
}

std::string in_words(const VerifyRules& rules) {
    const auto counted = [](std::size_t count, std::string_view what) {
        return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
    };
    if (rules.urls.empty()) return counted(rules.alarms.size(), "alarm");
    if (rules.alarms.empty()) return counted(rules.urls.size(), "URL");
    return fmt::format("{} and {}", counted(rules.alarms.size(), "alarm"), counted(rules.urls.size(), "URL"));
}

/// Whole seconds, as schedules have them; not sooner.
WallTime in_whole_seconds(WallTime at) { return std::chrono::ceil<std::chrono::seconds>(at); }

}  // namespace

std::string_view to_string(Stand stand) {
    switch (stand) {
        case Stand::kNotWatched: return "not_watched";
        case Stand::kGoesOn: return "goes_on";
        case Stand::kHealthy: return "healthy";
        case Stand::kUnhealthy: return "unhealthy";
        case Stand::kOver: return "over";
        case Stand::kUnwatched: return "unwatched";
        case Stand::kUnclear: return "unclear";
    }
    return "unclear";
}

/// A verification that is worked on.
struct Verifier::Entry {
    Verified verified;
    Verification verification;
    VerifyRules rules;
    WallTime due{};  ///< when this look was planned; the clock may be behind
    std::optional<WallTime> planned_at = {};
    std::string planned;  ///< name of the schedule that goes on with it; empty: none does
    std::string refused;  ///< why there is none
    bool ended = false;   ///< nothing is to be done any more
    bool round_over = false;

    [[nodiscard]] const Rollout& rollout() const { return verification.rollout; }
};

WallTime Verifier::now_of(const Entry& entry) const { return std::max(clock_.now(), entry.due); }

bool Verifier::can_hand_on() const { return calls_.possible(); }

void Verifier::end(Entry& entry, Stand stand, std::string words) {
    entry.ended = true;
    entry.verified.stand = stand;
    entry.verified.words = std::move(words);
}

/// What is to be watched, by the configuration and by what the service has itself; false where nothing is.
bool Verifier::prepare(Entry& entry, Deadline deadline) {
    const auto& target = entry.rollout().target;
    entry.verified.rollout = entry.rollout();
    entry.rules = settings_.of(target.id);
    if (options_.dry_run || !entry.rules.watches_anything() || is_own_rollback(entry.rollout(), memory_)) {
        entry.ended = true;
        return false;
    }
    const auto described = observer_.describe_again(target.cluster, {target.service}, deadline);
    if (!described) {
        if (described.error().retryable() || described.error().kind == ErrorKind::kDeadline) {
            end(entry, Stand::kUnclear, fmt::format("ECS does not say what it runs: {}", described.error().message));
            entry.verified.error = described.error();
            return false;
        }
        entry.verified.unseen.push_back(fmt::format("ECS does not say what it runs: {}", described.error().message));
        return true;
    }
    const auto* service = described->find(target.service);
    if (!still_leads(entry, service)) return false;
    // ECS has looked at those itself, and would have rolled back.
    if (service->configuration.alarms_on) entry.rules.alarms.clear();
    if (!entry.rules.watches_anything()) entry.ended = true;
    return !entry.ended;
}

/// Somebody may have deployed since, or ECS or a person has gone back.
bool Verifier::still_leads(Entry& entry, const EcsService* service) {
    const auto* primary = service == nullptr ? nullptr : service->primary();
    if (primary != nullptr && primary->id == entry.rollout().deployment_id) return true;
    if (primary == nullptr) {
        end(entry, Stand::kOver, "ECS does not show the service any more, and it is watched no longer");
        return false;
    }
    const auto& target = entry.rollout().target;
    // Another look, or a person, was quicker.
    if (revision_number(primary->task_definition, rollback_family(target.family)))
        entry.verified.rollback = RollbackReport{.means = RollbackReport::Means::kRevision,
                                                 .words = "it has been taken back already",
                                                 .rollout = rollout_of(target, *primary)};
    end(entry, Stand::kOver,
        fmt::format("{} with {} took its place, and it is watched no longer", primary->id,
                    short_name(primary->task_definition)));
    return false;
}

OneTimeSchedule Verifier::schedule_of(const Entry& entry, const std::string& name, WallTime at) const {
    const auto whole = in_whole_seconds(at);
    return {.name = {.group = calls_.group, .name = name},
            .at = whole,
            .function = calls_.function,
            .role = calls_.role,
            .input = event_of(entry.verification, whole),
            .description =
                fmt::format("ci_lambda watches {} after {}", entry.rollout().target.id, entry.rollout().deployment_id)};
}

/// The next look was planned before this one: it must know which URLs have answered since.
void Verifier::plan_anew(Entry& entry, const HealthState& before, WallTime at, Deadline deadline) {
    if (entry.ended || entry.planned.empty() || entry.verification.state == before) return;
    const auto answered = [](const HealthState& state) {
        return std::ranges::count_if(state.urls, &HealthState::Url::answered);
    };
    if (answered(entry.verification.state) == answered(before)) return;
    const auto replaced = schedules_.replace(schedule_of(entry, entry.planned, at), deadline);
    if (!replaced)
        logger_.info("planned look not told what this one has seen",
                     {{"schedule", entry.planned}, {log_key::kError, replaced.error().message}});
}

Result<OneTimeSchedules::Made> Verifier::plan(Entry& entry, const std::string& name, WallTime at, Deadline deadline) {
    const auto schedule = schedule_of(entry, name, at);
    auto made = with_retries<OneTimeSchedules::Made>(options_.retries, clock_, sleeper_, deadline,
                                                     [&] { return schedules_.create(schedule, deadline); });
    if (made) {
        entry.planned = name;
        logger_.debug("look planned", {{log_key::kService, entry.rollout().target.id.str()},
                                       {"schedule", name},
                                       {"at", format_rfc3339(schedule.at)},
                                       {"made_before", *made == OneTimeSchedules::Made::kBefore}});
        return made;
    }
    entry.refused = made.error().message;
    logger_.warn("look not planned: the rest of the time is not watched",
                 {{log_key::kService, entry.rollout().target.id.str()}, {log_key::kError, made.error().message}});
    return made;
}

/// Nothing is left to look at. Where this fails, the schedule's look finds that out.
void Verifier::unplan(Entry& entry, Deadline deadline) {
    if (entry.planned.empty()) return;
    const auto removed = schedules_.remove({.group = calls_.group, .name = entry.planned}, deadline);
    if (!removed)
        logger_.info("planned look not deleted: it will find nothing to do",
                     {{"schedule", entry.planned}, {log_key::kError, removed.error().message}});
    entry.planned.clear();
}

void Verifier::take_back(Entry& entry, const Health& health, Deadline deadline) {
    logger_.error("rollout unhealthy after it has completed", {{log_key::kService, entry.rollout().target.id.str()},
                                                               {log_key::kDeploymentId, entry.rollout().deployment_id},
                                                               {log_key::kReason, health.why}});
    auto report = rollback_.take_back_completed(entry.rollout(), health.why, deadline);
    const bool begun = report.means != RollbackReport::Means::kNone;
    const bool comes_again = report.error.has_value();
    end(entry, Stand::kUnhealthy, health.why);
    entry.verified.rollback = std::move(report);
    if (begun || !comes_again) unplan(entry, deadline);
}

void Verifier::look_at(Entry& entry, const Result<DescribedServices>& described, Span span, Deadline deadline) {
    if (described && !still_leads(entry, described->find(entry.rollout().target.service))) {
        unplan(entry, deadline);
        return;
    }
    auto& state = entry.verification.state;
    const auto health = check_.check(entry.rules, entry.rollout().started_at, state, deadline);
    for (const auto& unseen : health.unseen)
        if (std::ranges::find(entry.verified.unseen, unseen) == entry.verified.unseen.end()) {
            entry.verified.unseen.push_back(unseen);
            logger_.warn("not all of the service can be watched",
                         {{log_key::kService, entry.rollout().target.id.str()}, {log_key::kReason, unseen}});
        }
    if (health.kind == Health::Kind::kUnhealthy) return take_back(entry, health, deadline);
    if (health.in_doubt) return;
    if (now_of(entry) >= entry.verification.until) {
        unplan(entry, deadline);
        end(entry, Stand::kHealthy,
            fmt::format("{} watched until {}", in_words(entry.rules), until_in_words(entry.verification.until)));
    } else if (span == Span::kOneRound) {
        entry.round_over = true;
    }
}

/// Looks at all of them until each has ended, or its round has, or no time is left.
void Verifier::run(std::vector<Entry>& entries, Span span, Deadline deadline, const OnLook& on_look) {
    const auto is_open = [](const Entry& entry) { return !entry.ended && !entry.round_over; };
    for (;;) {
        std::map<ClusterRef, std::vector<Entry*>> by_cluster;
        for (auto& entry : entries)
            if (is_open(entry)) by_cluster[entry.rollout().target.cluster_ref()].push_back(&entry);
        for (auto& [cluster, some] : by_cluster) {
            std::vector<EcsServiceName> names;
            for (const auto* entry : some) names.push_back(entry->rollout().target.service);
            const auto described = observer_.describe(cluster.name, names, deadline);
            for (auto* entry : some) look_at(*entry, described, span, deadline);
        }
        auto wait = Milliseconds{0};
        for (const auto& entry : entries) {
            if (!is_open(entry)) continue;
            const bool in_doubt = std::ranges::any_of(entry.verification.state.urls,
                                                      [](const HealthState::Url& url) { return url.bad > 0; });
            if (on_look)
                on_look(entry.rollout(), fmt::format("ECS has completed it; {} watched until {}{}",
                                                     in_words(entry.rules), until_in_words(entry.verification.until),
                                                     in_doubt ? ", and a URL does not answer as told" : ""));
            const auto left = std::chrono::ceil<Milliseconds>(entry.verification.until - now_of(entry));
            auto own = in_doubt ? kLookSoon : kLookEvery;
            if (left > Milliseconds{0}) own = std::min(own, left);
            wait = wait == Milliseconds{0} ? own : std::min(wait, own);
        }
        if (wait == Milliseconds{0}) return;
        if (const auto left = deadline.remaining(clock_); left && *left <= wait) return;
        sleeper_.sleep_for(wait);
    }
}

/// What has not ended goes on by itself, or nobody watches it any more.
Verified Verifier::finish(Entry& entry) const {
    auto& verified = entry.verified;
    if (!entry.ended && !entry.planned.empty()) {
        verified.stand = Stand::kGoesOn;
        verified.words =
            fmt::format("{} watched until {}", in_words(entry.rules), until_in_words(entry.verification.until));
    } else if (!entry.ended) {
        verified.stand = Stand::kUnwatched;
        verified.words = fmt::format("unwatched from now until {}: {}", until_in_words(entry.verification.until),
                                     !entry.refused.empty() ? entry.refused
                                     : calls_.role.empty()  ? "SCHEDULE_ROLE is not set"
                                                            : "this command looks no longer");
    }
    if (verified.stand != Stand::kNotWatched)
        logger_.log(verified.stand == Stand::kUnwatched ? LogLevel::kWarn : LogLevel::kInfo, "rollout verified",
                    {{log_key::kService, verified.rollout.target.id.str()},
                     {log_key::kDeploymentId, verified.rollout.deployment_id},
                     {"status", std::string(to_string(verified.stand))},
                     {log_key::kReason, verified.words}});
    return verified;
}

Verified Verifier::begin(const Rollout& rollout, Deadline deadline) {
    std::vector<Entry> entries(1);
    auto& entry = entries.front();
    entry.verification = {.rollout = rollout};
    if (!prepare(entry, deadline)) return finish(entry);
    const auto now = clock_.now();
    entry.verification.until = in_whole_seconds(now + entry.rules.time);
    if (can_hand_on()) {
        const auto made = plan(entry, first_schedule_name(rollout),
                               next_look(entry.verification, now, step_of(entry.rules.time)), deadline);
        if (made) return finish(entry);
        if (made.error().retryable() || made.error().kind == ErrorKind::kDeadline) {
            end(entry, Stand::kUnclear, fmt::format("its watching could not begin: {}", made.error().message));
            entry.verified.error = made.error();
            return finish(entry);
        }
    }
    run(entries, Span::kToTheEnd, deadline);
    return finish(entry);
}

Verified Verifier::go_on(const Verify& verify, Deadline deadline) {
    std::vector<Entry> entries(1);
    auto& entry = entries.front();
    entry.verification = verification_of(verify);
    entry.due = verify.at;
    if (!prepare(entry, deadline)) return finish(entry);
    auto span = Span::kOneRound;
    // Planned before anything is looked at: whatever happens to this process, the next look comes.
    const auto now = now_of(entry);
    const auto before = entry.verification.state;
    const auto at = next_look(entry.verification, now, step_of(entry.rules.time));
    if (now < entry.verification.until) {
        const Result<OneTimeSchedules::Made> made =
            can_hand_on() ? plan(entry, schedule_name(entry.rollout(), at), at, deadline)
                          : Result<OneTimeSchedules::Made>(fail(ErrorKind::kRejected, "nothing can be handed on"));
        if (!made && made.error().retryable()) {
            end(entry, Stand::kUnclear, fmt::format("its watching could not go on: {}", made.error().message));
            entry.verified.error = made.error();
            return finish(entry);
        }
        if (!made) span = Span::kToTheEnd;
    }
    run(entries, span, deadline);
    plan_anew(entry, before, at, deadline);
    return finish(entry);
}

std::vector<Verified> Verifier::watch(const std::vector<Rollout>& rollouts, Deadline deadline, const OnLook& on_look) {
    std::vector<Entry> entries(rollouts.size());
    for (std::size_t i = 0; i < rollouts.size(); ++i) {
        auto& entry = entries[i];
        entry.verification = {.rollout = rollouts[i]};
        if (!prepare(entry, deadline)) continue;
        const auto now = clock_.now();
        entry.verification.until = in_whole_seconds(now + entry.rules.time);
        if (!can_hand_on()) continue;
        // For what this invocation does not live to see; and so that nobody else begins.
        const auto ends_at = deadline.at().value_or(entry.verification.until);
        const auto at = next_look(entry.verification, std::max(now, ends_at), step_of(entry.rules.time));
        const auto made = plan(entry, first_schedule_name(rollouts[i]), at, deadline);
        // One that somebody else has planned is at another time.
        if (made && *made == OneTimeSchedules::Made::kNow) entry.planned_at = at;
    }
    run(entries, Span::kToTheEnd, deadline, on_look);
    std::vector<Verified> all;
    for (auto& entry : entries) {
        if (entry.planned_at) plan_anew(entry, {}, *entry.planned_at, deadline);
        all.push_back(finish(entry));
    }
    return all;
}

}  // namespace ci_lambda
