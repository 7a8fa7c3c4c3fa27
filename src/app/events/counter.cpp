#include "app/events/counter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include "announce/words.hpp"

namespace ci_lambda {
namespace {

/// As long as one event may come again.
constexpr std::chrono::minutes kSameEvent{60};
/// As long as one rollout may be looked at.
constexpr std::chrono::hours kSameRollout{48};
/// A rollback follows a failure at once, and has its time to come up.
constexpr std::chrono::minutes kRollsBackWithin{60};
constexpr std::size_t kServicesAtMost = 4096;

double seconds(WallTime from, WallTime to) { return std::chrono::duration<double>(to - from).count(); }

/// In whole milliseconds.
double milliseconds(WallTime from, WallTime to) {
    return static_cast<double>(std::chrono::duration_cast<Milliseconds>(to - from).count());
}

}  // namespace

bool Counter::first_time(const std::string& fact, Milliseconds remembered) {
    if (counted_.facts.knows(fact)) return false;
    counted_.facts.remember(fact, remembered);
    return true;
}

void Counter::begun(const std::vector<DeploymentReport>& reports, const std::vector<Announcer::Cause>& causes) {
    for (const auto& report : reports) {
        if (report.attempts > 1)
            logger_.count(Metric::kRetries, report.attempts - 1, report.target.id.str(), report.deployment_id);
        begun(report, causes);
    }
}

void Counter::begun(const DeploymentReport& report, const std::vector<Announcer::Cause>& causes) {
    const auto& service = report.target.id.str();
    const auto fact = fact_of(report);
    if (!fact) {
        if (report.status == DeploymentStatus::kAlreadyRolling) logger_.count(Metric::kIgnoredRolling, 1, service);
        return;
    }
    switch (*fact) {
        case Fact::kCouldNotStart: could_not_start(report, causes); return;
        case Fact::kToBeApproved:
            if (first_time(fmt::format("to be approved\n{}\n{}", service, report.barrier->id), report.barrier->lasts) ||
                report.to_be_asked)
                logger_.count(Metric::kAwaitingApproval, 1, service);
            return;
        case Fact::kHeld:
            if (first_time(fmt::format("held\n{}\n{}", service, report.barrier->words), kSameEvent))
                logger_.count(Metric::kHeld, 1, service);
            return;
        case Fact::kStarted: break;
        default: return;
    }
    const auto& deployment = report.deployment_id;
    if (!deployment.empty() && !first_time(fmt::format("started\n{}\n{}", service, deployment), kSameRollout)) return;
    logger_.count(Metric::kStarted, 1, service, report.deployment_id);
    for (const auto& [id, request] : wishes_for(report, causes))
        if (request->changed_at && report.started_at >= *request->changed_at)
            logger_.count(Metric::kEventToAccepted, milliseconds(*request->changed_at, report.started_at), service);
}

/// Once for each event that wanted it, however often it is tried.
void Counter::could_not_start(const DeploymentReport& report, const std::vector<Announcer::Cause>& causes) {
    bool is_new = false;
    for (const auto& [id, request] : wishes_for(report, causes)) {
        const auto since_epoch = request->changed_at.value_or(WallTime{}).time_since_epoch().count();
        const auto fact =
            fmt::format("could not start\n{}\n{}\n{}\n{}", id, report.target.id, request->reason, since_epoch);
        is_new = first_time(fact, kSameEvent) || is_new;
    }
    if (is_new) logger_.count(Metric::kCouldNotStart, 1, report.target.id.str());
}

void Counter::ended(const RolloutEnding& ending, const ServiceId& service, WallTime at) {
    const auto& id = ending.deployment_id;
    // One deployment may end more than once: a rollback brings it back.
    if (!first_time(
            fmt::format("ended\n{}\n{}\n{}\n{}", service, id, to_string(ending.verdict), at.time_since_epoch().count()),
            kSameRollout))
        return;
    const auto count = [&](Metric metric, double value = 1) { logger_.count(metric, value, service.str(), id); };
    if (ending.started_at && *ending.started_at <= at) count(Metric::kRolloutDuration, seconds(*ending.started_at, at));
    auto& broken = counted_.broken;
    if (ending.verdict != Verdict::kCompleted) {
        count(ending.verdict == Verdict::kFailed ? Metric::kFailed : Metric::kRolledBack);
        if (broken.size() < kServicesAtMost) broken.try_emplace(service, at);
        return;
    }
    count(Metric::kCompleted);
    for (const auto& image : ending.pushed)
        if (image.at != WallTime{} && image.at <= at) count(Metric::kLeadTime, seconds(image.at, at));
    auto since = ending.broken_since;
    if (const auto known = broken.find(service); known != broken.end()) {
        if (!since) since = known->second;
        broken.erase(known);
    }
    if (since && *since <= at) count(Metric::kTimeToRestore, seconds(*since, at));
}

void Counter::heard(const Notify& notice, WallTime at) {
    const bool completed = notice.event_name == "SERVICE_DEPLOYMENT_COMPLETED";
    if (!completed && notice.event_name != "SERVICE_DEPLOYMENT_FAILED") return;
    RolloutEnding ending{.verdict = completed ? Verdict::kCompleted : Verdict::kFailed,
                         .deployment_id = notice.deployment_id.value_or("")};
    if (!memory_.is_news(ending.deployment_id, notice.event_name, at)) return;
    const auto started = memory_.started(ending.deployment_id);
    const auto broken = counted_.broken.find(notice.service);
    if (completed &&
        (started ? started->rollback : broken != counted_.broken.end() && at - broken->second < kRollsBackWithin))
        ending.verdict = Verdict::kRolledBack;
    if (started && ending.verdict != Verdict::kRolledBack) ending.started_at = started->at;
    if (started && ending.verdict == Verdict::kCompleted) ending.pushed = started->pushed;
    ended(ending, notice.service, at);
}

void Counter::verdicts(const std::vector<RolloutOutcome>& outcomes) {
    for (const auto& outcome : outcomes) {
        const auto fact = fact_of(outcome, sweeps_);
        if (!fact) continue;
        const auto& rollout = outcome.rollout;
        const auto& service = rollout.target.id.str();
        if (*fact == Fact::kTimedOut) {
            timed_out(rollout);
        } else if (first_time(fmt::format("{}\n{}", to_string(outcome.judgement.verdict), rollout.deployment_id),
                              kSameRollout)) {
            logger_.count(*fact == Fact::kFailed ? Metric::kFailed : Metric::kSuperseded, 1, service,
                          rollout.deployment_id);
            if (*fact == Fact::kFailed)
                logger_.count(Metric::kRolloutDuration, std::chrono::duration<double>(outcome.took).count(), service);
        }
    }
}

void Counter::overdue(const std::vector<RolloutOutcome>& outcomes) {
    for (const auto& outcome : outcomes) timed_out(outcome.rollout);
}

void Counter::timed_out(const Rollout& rollout) {
    if (first_time(fmt::format("timed out\n{}", rollout.deployment_id), kSameRollout))
        logger_.count(Metric::kTimedOut, 1, rollout.target.id.str(), rollout.deployment_id);
}

void Counter::ignored(const Ignore& ignore, bool from_elsewhere) {
    logger_.count(from_elsewhere            ? Metric::kIgnoredElsewhere
                  : ignore.unmatched        ? Metric::kIgnoredUnmatched
                  : !ignore.skipped.empty() ? Metric::kIgnoredSwitchedOff
                                            : Metric::kIgnoredKind);
}

void Counter::answered(const Approval& approval, WallTime at) {
    const auto issued = approval.issued.time_since_epoch().count();
    if (at >= approval.issued && first_time(fmt::format("answered\n{}\n{}", long_id_of(approval), issued), kSameEvent))
        logger_.count(Metric::kApprovalsWaited, seconds(approval.issued, at), approval.service.str());
}

}  // namespace ci_lambda
