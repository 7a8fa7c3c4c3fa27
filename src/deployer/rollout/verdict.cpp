#include "deployer/rollout/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/rollout/patience.hpp"
#include "deployer/rollout/task_failure.hpp"

namespace ci_lambda {
namespace {

/// ECS makes its record and the `ecs-svc/N` deployment of one UpdateService within moments.
constexpr Milliseconds kSameMoment{30'000};

/// Between a rollout's failure and the breaker's rollback. When it is over there was nothing to go back to.
constexpr Milliseconds kBreakerPatience{60'000};

/// DescribeServices may show for so long what was true before UpdateService was answered.
constexpr Milliseconds kVisibleWithin{60'000};

/// Long enough for a pull error with its image, short enough for a message.
constexpr std::size_t kLongestReason = 400;

/// Messages of the service that explain no failure: those of a rollout that goes well, and those that only say that
/// there is a failure (ECS developer guide, "service event messages").
constexpr std::array<std::string_view, 12> kSayNothing{"has reached a steady state",
                                                       "has started",
                                                       "has stopped",
                                                       "stopped 1 pending task",
                                                       "pending tasks",
                                                       "has begun draining",
                                                       "registered ",
                                                       "deregistered ",
                                                       "updated computedDesiredCount",
                                                       "deployment completed",
                                                       "deployment failed",
                                                       "rolling back"};

Judgement verdict(Verdict verdict, std::string reason) { return {.verdict = verdict, .reason = std::move(reason)}; }

Judgement rolling_back(std::string reason) {
    return {.reason = std::move(reason),
            .rolling_back = true,
            .phase = RolloutPhase{.kind = RolloutPhase::Kind::kGoingBack}};
}

/// "B: A", or whichever of them says something.
std::string both(const std::string& first, const std::string& second) {
    if (first.empty()) return second;
    return second.empty() ? first : fmt::format("{}: {}", first, second);
}

std::string tasks_of(const EcsDeployment& deployment) {
    return fmt::format("{} of {} tasks run {}", deployment.running_count, deployment.desired_count,
                       short_name(deployment.task_definition));
}

/// Before ECS kept a `rolloutState`, and behind a Classic Load Balancer: what its own waiter "services stable" looks
/// at.
bool is_stable(const EcsService& service, const EcsDeployment& own) {
    return service.deployments.size() == 1 && own.running_count == own.desired_count &&
           service.running_count == service.desired_count;
}

/// The numbers of `ecs-svc/N` and `service-revision/CLUSTER/SERVICE/N` are long, and the same for one rollout. Only
/// stand-ins for ECS have others, and then the time tells which belong together.
bool is_number_of_ecs(std::string_view text) {
    constexpr std::size_t kFewestDigits = 10;
    return text.size() >= kFewestDigits && parse_unsigned(text).has_value();
}

std::string back_to(const EcsDeployment* primary) {
    return primary == nullptr ? "" : fmt::format(" to {}", short_name(primary->task_definition));
}

/// ECS's words on why it goes back: those of the alarms, of the rollback, of the rollout.
std::string why_it_goes_back(const EcsServiceDeployment& record) {
    const auto& words = record.rollback_reason.empty() ? record.reason : record.rollback_reason;
    if (record.triggered_alarms.empty()) return words;
    return both(fmt::format("alarm {}", join(record.triggered_alarms, ", ")), words);
}

Judgement judge_failed(const EcsDeployment& own, const EcsServiceDeployment* record, const RolloutFacts& facts,
                       const std::string& why) {
    const bool moments_ago = facts.now - own.updated_at < kBreakerPatience;
    if (moments_ago && facts.service->configuration.rolls_back_by_itself() &&
        can_go_back(*facts.service, facts.history, record))
        return rolling_back(both("it failed, and ECS is about to roll it back", why));
    return {.verdict = Verdict::kFailed,
            .reason = both(why.empty() ? "the rollout failed" : why, own.rollout_reason),
            .told_by_ecs = true};
}

/// What ECS's record says of a rollout that is PRIMARY still: `nullopt` when it says no more than the deployment.
std::optional<Judgement> judge_by_record(const EcsDeployment& own, const EcsServiceDeployment& record,
                                         const std::string& why) {
    if (is_rolling_back(record.status))
        return rolling_back(both("ECS is rolling it back", both(why, why_it_goes_back(record))));
    switch (record.status) {
        case ServiceDeploymentStatus::kSuccessful: return verdict(Verdict::kCompleted, tasks_of(own));
        case ServiceDeploymentStatus::kRollbackSuccessful:
            return verdict(Verdict::kRolledBack, both("ECS rolled it back", both(why, why_it_goes_back(record))));
        case ServiceDeploymentStatus::kRollbackFailed:
            return verdict(Verdict::kFailed,
                           both("it failed, and so did ECS's rollback", both(why, why_it_goes_back(record))));
        default: return std::nullopt;
    }
}

/// ECS's record is known, and knows of stages: the deployment alone does not say that they are over.
bool goes_through_stages(const EcsService& service, const EcsServiceDeployment* record) {
    return record != nullptr && has_stages(record->configuration.value_or(service.configuration));
}

bool is_under_way(ServiceDeploymentStatus status) {
    return status == ServiceDeploymentStatus::kPending || status == ServiceDeploymentStatus::kInProgress;
}

/// The deployment is PRIMARY: it is what ECS is making true.
Judgement judge_primary(const Rollout& rollout, const EcsDeployment& own, const RolloutFacts& facts) {
    const auto why = why_tasks_fail(own.id, own.created_at, facts);
    const auto* record = record_of(rollout, facts.history.records);
    const bool done = own.rollout_state == RolloutState::kCompleted;
    const bool staged = goes_through_stages(*facts.service, record);
    if (done && !staged) return verdict(Verdict::kCompleted, tasks_of(own));
    if (record != nullptr)
        if (auto judgement = judge_by_record(own, *record, why)) return *std::move(judgement);
    if (done && !is_under_way(record->status)) return verdict(Verdict::kCompleted, tasks_of(own));
    if (rollout.rollback_asked_at) return rolling_back(both("ECS was asked to roll it back", why));
    if (own.rollout_state == RolloutState::kFailed) return judge_failed(own, record, facts, why);
    if (own.rollout_state == RolloutState::kNone && !has_stages(facts.service->configuration) &&
        is_stable(*facts.service, own))
        return verdict(Verdict::kCompleted, tasks_of(own));
    auto judgement = verdict(Verdict::kInProgress, {});
    judgement.phase = phase_of(*facts.service, own, record);
    const auto tasks = tasks_of(own);
    judgement.reason =
        both(judgement.phase ? fmt::format("{}; {}", in_words(*judgement.phase, facts.now), tasks) : tasks, why);
    return judgement;
}

Judgement rolled_back(const Rollout& rollout, const RolloutFacts& facts, const std::string& ecs_reason) {
    const auto* primary = facts.service->primary();
    auto judgement = verdict(Verdict::kRolledBack,
                             both(fmt::format("ECS rolled it back{}", back_to(primary)),
                                  both(why_tasks_fail(rollout.deployment_id, rollout.started_at, facts), ecs_reason)));
    if (primary != nullptr) judgement.now_runs = primary->task_definition;
    return judgement;
}

Judgement rolling_back(const Rollout& rollout, const RolloutFacts& facts, const std::string& ecs_reason) {
    return rolling_back(both(fmt::format("ECS is rolling it back{}", back_to(facts.service->primary())),
                             both(why_tasks_fail(rollout.deployment_id, rollout.started_at, facts), ecs_reason)));
}

Judgement failed(const Rollout& rollout, const RolloutFacts& facts, const std::string& what) {
    return verdict(Verdict::kFailed, both(what, why_tasks_fail(rollout.deployment_id, rollout.started_at, facts)));
}

Judgement superseded(const RolloutFacts& facts) {
    const auto* primary = facts.service->primary();
    if (primary == nullptr) return verdict(Verdict::kSuperseded, "a newer deployment took its place");
    auto judgement = verdict(Verdict::kSuperseded, fmt::format("a newer deployment, {} with {}, took its place",
                                                               primary->id, short_name(primary->task_definition)));
    judgement.now_runs = primary->task_definition;
    return judgement;
}

/// The deployment is not PRIMARY any more, and ECS's record says why.
Judgement judge_record(const Rollout& rollout, const EcsServiceDeployment& record, const RolloutFacts& facts) {
    const auto words = why_it_goes_back(record);
    using enum ServiceDeploymentStatus;
    switch (record.status) {
        case kSuccessful:
            return verdict(Verdict::kCompleted, fmt::format("{} was rolled out; something newer has replaced it since",
                                                            short_name(rollout.task_definition)));
        case kRollbackSuccessful: return rolled_back(rollout, facts, words);
        case kRollbackRequested:
        case kRollbackInProgress: return rolling_back(rollout, facts, words);
        case kRollbackFailed: return failed(rollout, facts, both("it failed, and so did ECS's rollback", words));
        case kStopped:
            if (has_successor(record, facts.history.records)) return superseded(facts);
            return failed(rollout, facts, both("the rollout was stopped", words));
        case kStopRequested: return verdict(Verdict::kInProgress, both("the rollout is being stopped", words));
        case kPending:
        case kInProgress:
        case kUnknown: break;
    }
    if (has_successor(record, facts.history.records)) return superseded(facts);
    // The records may lag behind what was asked for.
    if (rollout.rollback_asked_at) return rolling_back(rollout, facts, "it was asked to");
    return verdict(Verdict::kInProgress, "ECS is between two states of the rollout");
}

/// A message of the service since the rollout began that has `words` in it.
bool service_said(const Rollout& rollout, const EcsService& service, std::string_view words) {
    return std::ranges::any_of(service.messages, [&](const auto& message) {
        return message.at >= rollout.started_at && message.text.contains(words);
    });
}

/// The same without a record of ECS: older services, or its calls are not allowed.
Judgement judge_without_record(const Rollout& rollout, const RolloutFacts& facts) {
    const auto& service = *facts.service;
    const auto* own = service.deployment(rollout.deployment_id);
    const auto* primary = service.primary();
    if (primary == nullptr) return verdict(Verdict::kInProgress, "ECS shows no deployment that leads");
    const bool failed_before = own != nullptr && own->rollout_state == RolloutState::kFailed;
    const bool back = failed_before || primary->rollout_reason.contains("rolling back") ||
                      primary->created_at < rollout.started_at ||
                      service_said(rollout, service, rollout.deployment_id + ") deployment failed") ||
                      service_said(rollout, service, "rolling back");
    if (!back) return superseded(facts);
    const auto words = own != nullptr ? own->rollout_reason : std::string();
    if (primary->rollout_state == RolloutState::kInProgress) return rolling_back(rollout, facts, words);
    if (primary->rollout_state == RolloutState::kFailed)
        return failed(rollout, facts, both("it failed, and so did ECS's rollback", words));
    return rolled_back(rollout, facts, words);
}

/// What was true before the rollout began. It may be all that ECS shows yet; and what it has never shown is not gone.
bool is_old_news(const Rollout& rollout, const RolloutFacts& facts) {
    if (rollout.seen || facts.service->deployment(rollout.deployment_id) != nullptr) return false;
    const auto* primary = facts.service->primary();
    return facts.now - rollout.started_at < kVisibleWithin || primary == nullptr ||
           primary->created_at < rollout.started_at;
}

Judgement judge_replaced(const Rollout& rollout, const RolloutFacts& facts) {
    if (const auto* record = record_of(rollout, facts.history.records)) return judge_record(rollout, *record, facts);
    if (is_old_news(rollout, facts)) return verdict(Verdict::kInProgress, "ECS does not show it yet");
    if (facts.history.unknown)
        return verdict(Verdict::kInProgress,
                       "another deployment has taken its place, and whether that is a rollback is not known: ECS's "
                       "records cannot be read");
    return judge_without_record(rollout, facts);
}

/// All tasks run, and none of its own has stopped for a bad reason.
bool is_healthy_but_draining(const Rollout& rollout, const RolloutFacts& facts) {
    const auto* primary = facts.service->primary();
    if (primary == nullptr || primary->id != rollout.deployment_id || !is_only_draining(*facts.service, *primary))
        return false;
    return std::ranges::none_of(facts.stopped_tasks, [&](const auto& task) {
        return task.started_by == rollout.deployment_id && !why_task_stopped(task).empty();
    });
}

/// How long, and from when on, a rollout may be as it is.
struct Patience {
    WallTime from;
    Milliseconds time;
};

Patience patience_with(const Judgement& judgement, const Rollout& rollout, const EcsServiceDeployment* record,
                       const RolloutFacts& facts, Milliseconds timeout) {
    Milliseconds on_purpose{0};
    if (facts.service != nullptr) {
        const bool has_own = record != nullptr && record->configuration;
        on_purpose = takes_on_purpose(*facts.service, has_own ? *record->configuration : facts.service->configuration);
    }
    if (!judgement.rolling_back) return {.from = rollout.started_at, .time = timeout + on_purpose};
    if (record != nullptr && record->rollback_started_at)
        return {.from = *record->rollback_started_at, .time = timeout};
    if (rollout.rollback_asked_at) return {.from = *rollout.rollback_asked_at, .time = timeout};
    return {.from = rollout.started_at, .time = 2 * timeout + on_purpose};
}

/// It has all of its tasks and goes from stage to stage: then it is late only where one stage takes longer than it may
/// by itself, however long it took to get there.
bool moves_on(const Judgement& judgement, const Rollout& rollout, const EcsServiceDeployment* record,
              const RolloutFacts& facts, Milliseconds timeout) {
    if (record == nullptr || !record->updated_at || facts.service == nullptr || !judgement.phase) return false;
    const auto& phase = *judgement.phase;
    if (phase.kind == RolloutPhase::Kind::kScalingUp || phase.stage.empty()) return false;
    const auto* own = facts.service->deployment(rollout.deployment_id);
    if (own == nullptr || own->pending_count > 0 || own->failed_tasks > 0 || own->running_count < own->desired_count)
        return false;
    return facts.now - *record->updated_at < timeout + phase.holds.value_or(Milliseconds{0});
}

Judgement with_deadline(Judgement judgement, const Rollout& rollout, const RolloutFacts& facts, Milliseconds timeout) {
    if (judgement.final()) return judgement;
    const auto* record = record_of(rollout, facts.history.records);
    const auto patience = patience_with(judgement, rollout, record, facts, timeout);
    if (facts.now - patience.from < patience.time) return judgement;
    if (!judgement.rolling_back) {
        if (record != nullptr && waits_for(*record) != nullptr) return judgement;
        if (moves_on(judgement, rollout, record, facts, timeout)) return judgement;
        if (is_healthy_but_draining(rollout, facts)) {
            judgement.draining = true;
            judgement.reason += "; what is left of the old tasks is being ended, or protected from it";
            return judgement;
        }
    }
    judgement.verdict = Verdict::kTimedOut;
    judgement.overdue_since = patience.from + patience.time;
    judgement.reason = fmt::format("it takes longer than {}: {}", in_words(patience.time), judgement.reason);
    return judgement;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::kInProgress: return "in_progress";
        case Verdict::kCompleted: return "completed";
        case Verdict::kFailed: return "failed";
        case Verdict::kRolledBack: return "rolled_back";
        case Verdict::kSuperseded: return "superseded";
        case Verdict::kTimedOut: return "timed_out";
    }
    return "in_progress";
}

bool is_rolling_back(ServiceDeploymentStatus status) {
    return status == ServiceDeploymentStatus::kRollbackRequested ||
           status == ServiceDeploymentStatus::kRollbackInProgress;
}

bool is_rollback(ServiceDeploymentStatus status) {
    return is_rolling_back(status) || status == ServiceDeploymentStatus::kRollbackSuccessful;
}

bool has_successor(const EcsServiceDeployment& record, const std::vector<EcsServiceDeployment>& history) {
    return std::ranges::any_of(history, [&](const auto& other) { return other.created_at > record.created_at; });
}

bool can_go_back(const EcsService& service, const History& history, const EcsServiceDeployment* own) {
    if (history.records.empty()) return service.deployments.size() > 1;
    return std::ranges::any_of(history.records, [&](const auto& record) {
        return record.status == ServiceDeploymentStatus::kSuccessful &&
               (own == nullptr || record.created_at < own->created_at);
    });
}

const EcsServiceDeployment* record_of(const Rollout& rollout, const std::vector<EcsServiceDeployment>& history) {
    if (!rollout.service_deployment.empty()) {
        const auto known = std::ranges::find(history, rollout.service_deployment, &EcsServiceDeployment::arn);
        return known == history.end() ? nullptr : &*known;
    }
    const auto number = last_segment(rollout.deployment_id);
    const EcsServiceDeployment* nearest = nullptr;
    auto nearest_distance = std::chrono::duration_cast<WallTime::duration>(kSameMoment);
    for (const auto& record : history) {
        const auto target = last_segment(record.target_revision);
        if (!number.empty() && target == number) return &record;
        if (is_number_of_ecs(number) && is_number_of_ecs(target)) continue;
        const auto distance = std::chrono::abs(record.created_at - rollout.started_at);
        if (distance > nearest_distance) continue;
        nearest = &record;
        nearest_distance = distance;
    }
    return nearest;
}

bool needs_history(const Rollout& rollout, const EcsService& service) {
    const auto* primary = service.primary();
    return primary == nullptr || primary->id != rollout.deployment_id ||
           primary->rollout_state == RolloutState::kFailed;
}

Judgement judge(const Rollout& rollout, const RolloutFacts& facts, Milliseconds timeout) {
    if (facts.service == nullptr)
        return verdict(Verdict::kFailed, fmt::format("ECS no longer knows the service {}", rollout.target.service));
    if (facts.service->status != "ACTIVE")
        return verdict(Verdict::kFailed, fmt::format("the service {} is {}: somebody is deleting it",
                                                     rollout.target.service, facts.service->status));
    const auto* primary = facts.service->primary();
    const bool ours = primary != nullptr && primary->id == rollout.deployment_id;
    auto judgement = ours ? judge_primary(rollout, *primary, facts) : judge_replaced(rollout, facts);
    judgement = with_deadline(std::move(judgement), rollout, facts, timeout);
    if (judgement.verdict != Verdict::kCompleted && judgement.verdict != Verdict::kSuperseded && !facts.express.empty())
        judgement.reason += fmt::format("; of the Express service ECS says: {}", facts.express);
    return judgement;
}

std::string why_tasks_fail(const std::string& deployment_id, WallTime since, const RolloutFacts& facts) {
    std::map<std::string, int> reasons;
    for (const auto& task : facts.stopped_tasks) {
        if (task.started_by != deployment_id) continue;
        if (auto why = why_task_stopped(task); !why.empty()) ++reasons[std::move(why)];
    }
    if (!reasons.empty()) {
        const auto commonest = std::ranges::max_element(reasons, {}, [](const auto& reason) { return reason.second; });
        const auto text = truncate_utf8(commonest->first, kLongestReason);
        return commonest->second == 1 ? text : fmt::format("{} ({} tasks)", text, commonest->second);
    }
    if (facts.service == nullptr) return "";
    for (const auto& message : facts.service->messages) {
        if (message.at < since) break;  // newest first
        if (std::ranges::any_of(kSayNothing, [&](auto words) { return message.text.contains(words); })) continue;
        return truncate_utf8(without_service(*facts.service, message.text), kLongestReason);
    }
    return "";
}

std::string_view without_service(const EcsService& service, std::string_view message) {
    const auto prefix = fmt::format("(service {}) ", service.name);
    return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

}  // namespace ci_lambda
