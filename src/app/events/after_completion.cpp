#include "app/events/after_completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <set>
#include <utility>

#include "announce/words.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

using Stand = Verified::Stand;

/// What became of it in one sentence.
std::string sentence_of(const Verified& verified) {
    std::string text = verified.words;
    if (verified.rollback) text += fmt::format("; rollback: {}", verified.rollback->words);
    if (!verified.unseen.empty()) text += fmt::format(" (not seen: {})", join(verified.unseen, "; "));
    return text;
}

/// Bad news only: that it goes well is no news after "completed".
void tell_unhealthy(Wiring& parts, const Verified& verified) {
    if (verified.stand != Stand::kUnhealthy) return;
    const auto& rollout = verified.rollout;
    auto reason = verified.words;
    if (verified.rollback) reason += fmt::format("\nRollback: {}.", verified.rollback->words);
    Notification notification{.type = NotificationType::kError,
                              .title = title_of("unhealthy", rollout.target.label()),
                              .project = {},
                              .environment = {},
                              .service = rollout.target.label(),
                              .status = "unhealthy after completion",
                              .deployment_id = rollout.deployment_id,
                              .task_definition = rollout.task_definition,
                              .reason = std::move(reason),
                              .facts = {fmt::format("{}\nunhealthy\n{}", rollout.target.id, rollout.deployment_id)}};
    if (parts.announcer.is_new(notification)) parts.announcer.news({std::move(notification)});
}

bool has_begun(const std::optional<RollbackReport>& report) {
    return report && report->means != RollbackReport::Means::kNone;
}

DeploymentReport report_of(const Verified& verified) {
    return {.target = verified.rollout.target,
            .status = has_begun(verified.rollback) ? DeploymentStatus::kInProgress : DeploymentStatus::kFailed,
            .reason = "watched after it had completed",
            .task_definition = verified.rollout.task_definition,
            .deployment_id = verified.rollout.deployment_id,
            .attempts = 1,
            .outcome = sentence_of(verified),
            .rollback_error = verified.rollback ? verified.rollback->error : std::nullopt};
}

/// An error of the invocation makes the event come again.
void add_error(const Verified& verified, Handled& handled) {
    const bool rollback_failed = verified.rollback && verified.rollback->error;
    if (!verified.error && !rollback_failed) return;
    handled.answer.status = "failed";
    auto message = fmt::format("{}: {}", verified.rollout.target.id, sentence_of(verified));
    if (handled.error) message = fmt::format("{}; {}", handled.error->message, message);
    handled.error = HandlingError{.type = rollback_failed ? "Function.RollbackFailed" : "Function.VerifyFailed",
                                  .message = std::move(message)};
}

std::string_view status_of(const Verified& verified) {
    switch (verified.stand) {
        case Stand::kNotWatched:
        case Stand::kOver: return "ignored";
        case Stand::kGoesOn: return "verifying";
        case Stand::kHealthy: return "verified";
        case Stand::kUnwatched: return "unwatched";
        case Stand::kUnhealthy: return to_string(report_of(verified).status);
        case Stand::kUnclear: return "failed";
    }
    return "failed";
}

/// Follows what brings back what ran before.
void follow_rollback(Wiring& parts, const std::optional<RollbackReport>& rollback, DeploymentReport& report,
                     Deadline deadline) {
    report.status = has_begun(rollback) ? DeploymentStatus::kInProgress : DeploymentStatus::kFailed;
    report.rollback_error = rollback ? rollback->error : std::nullopt;
    if (!rollback || !rollback->rollout) return;
    parts.notifications.hand_over();
    const auto outcomes = parts.watcher.watch({*rollback->rollout}, deadline, parts.on_look);
    const auto& judgement = outcomes.front().judgement;
    if (judgement.verdict == Verdict::kCompleted)
        report.status = DeploymentStatus::kRolledBack;
    else if (judgement.verdict == Verdict::kSuperseded)
        report.status = DeploymentStatus::kSuperseded;
    else if (judgement.final())
        report.status = DeploymentStatus::kFailed;
    if (judgement.verdict != Verdict::kCompleted) report.outcome += fmt::format("; {}", judgement.reason);
}

void put_into(Wiring& parts, const Afterwards& after, DeploymentReport& report, Deadline deadline) {
    switch (after.stand) {
        case Afterwards::Stand::kNone: return;
        case Afterwards::Stand::kSucceeded: report.outcome += fmt::format("; {}", after.words); return;
        case Afterwards::Stand::kRuns:
        case Afterwards::Stand::kUnclear:
            report.status = DeploymentStatus::kInProgress;
            report.outcome = fmt::format("ECS has completed it; {}", after.words);
            return;
        case Afterwards::Stand::kOver:
            report.status = DeploymentStatus::kSuperseded;
            report.outcome += fmt::format("; {}", after.words);
            if (after.rollback) follow_rollback(parts, after.rollback, report, deadline);
            return;
        case Afterwards::Stand::kNotRun:
        case Afterwards::Stand::kFailed:
            report.outcome = after.words;
            if (after.rollback) report.outcome += fmt::format("; rollback: {}", after.rollback->words);
            report.last_words = after.last_words;
            follow_rollback(parts, after.rollback, report, deadline);
            return;
    }
}

void put_into(Wiring& parts, const Verified& verified, DeploymentReport& report, Deadline deadline) {
    const auto sentence = sentence_of(verified);
    switch (verified.stand) {
        case Stand::kNotWatched: return;
        case Stand::kHealthy:
        case Stand::kUnwatched: report.outcome += fmt::format("; {}", sentence); return;
        case Stand::kGoesOn:
        case Stand::kUnclear:
            report.status = DeploymentStatus::kInProgress;
            report.outcome = fmt::format("ECS has completed it; {}", sentence);
            return;
        case Stand::kOver:
            report.status = DeploymentStatus::kSuperseded;
            report.outcome += fmt::format("; {}", sentence);
            if (verified.rollback) follow_rollback(parts, verified.rollback, report, deadline);
            return;
        case Stand::kUnhealthy:
            report.outcome = fmt::format("unhealthy after it had completed: {}", sentence);
            follow_rollback(parts, verified.rollback, report, deadline);
            return;
    }
}

bool has_completed(const DeploymentReport& report) {
    return report.status == DeploymentStatus::kCompleted || report.status == DeploymentStatus::kAnotherImage;
}

/// Shows whoever waits what is waited for.
std::function<void(const Rollout&, const std::string&)> look_of(Wiring& parts) {
    return [&parts](const Rollout& rollout, const std::string& words) {
        if (!parts.on_look) return;
        const auto took = std::chrono::duration_cast<Milliseconds>(parts.clock.now() - rollout.started_at);
        parts.on_look({.rollout = rollout, .judgement = {.reason = words}, .took = took}, nullptr);
    };
}

void add_time_since(const Wiring& parts, WallTime begin, const std::vector<DeploymentReport*>& reports) {
    for (auto* report : reports)
        report->took = report->took.value_or(Milliseconds{0}) +
                       std::chrono::duration_cast<Milliseconds>(parts.clock.now() - begin);
}

}  // namespace

Handled carry_out_verify(Wiring& parts, const Verify& verify, Deadline deadline) {
    const auto verified = parts.verifier.go_on(verify, working_time(deadline));
    tell_unhealthy(parts, verified);
    Handled handled{.answer = {.status = std::string(status_of(verified)),
                               .detail = verified.stand == Stand::kNotWatched
                                             ? fmt::format("{}: nothing is to be watched", verify.target.id)
                                             : fmt::format("{}: {}", verify.target.id, sentence_of(verified))}};
    for (const auto& problem : parts.deliver()) handled.answer.detail += fmt::format(" (not delivered: {})", problem);
    if (verified.stand == Stand::kUnhealthy) handled.answer.deployments.push_back(report_of(verified));
    add_error(verified, handled);
    return parts.redacted(std::move(handled));
}

void begin_to_verify(Wiring& parts, const Rollout& rollout, Handled& handled, Deadline deadline) {
    const auto verified = parts.verifier.begin(rollout, working_time(deadline));
    if (verified.stand == Stand::kNotWatched) return;
    tell_unhealthy(parts, verified);
    for (const auto& problem : parts.deliver()) handled.answer.detail += fmt::format(" (not delivered: {})", problem);
    handled.answer.detail += fmt::format("; {}", sentence_of(verified));
    if (verified.stand == Stand::kUnhealthy) {
        if (handled.answer.status == "ignored") handled.answer.status = status_of(verified);
        handled.answer.deployments.push_back(report_of(verified));
    }
    add_error(verified, handled);
    handled = parts.redacted(std::move(handled));
}

void test_watched(Wiring& parts, const std::vector<DeploymentReport*>& reports, const std::set<std::string>& began,
                  Deadline deadline, TaskAfter::Role role) {
    std::vector<DeploymentReport*> concerned;
    std::vector<TaskAfter::Completed> completed;
    std::chrono::minutes longest{1};  // one more than the task has: it is told that it takes too long
    for (auto* report : reports) {
        if (!has_completed(*report) || !parts.task_after.concerns(report->target.id)) continue;
        concerned.push_back(report);
        completed.push_back({.rollout = rollout_of(*report),
                             .at = began.contains(report->deployment_id) ? parts.clock.now() : WallTime{}});
        longest = std::max(longest, parts.config.task_after(report->target.id)->timeout + std::chrono::minutes{1});
    }
    if (completed.empty()) return;
    parts.notifications.hand_over();
    const auto begin = parts.clock.now();
    const auto until = Deadline::earlier(working_time(deadline), Deadline::after(parts.clock, longest));
    const auto all = parts.task_after.wait_for(completed, until, role, look_of(parts));
    for (std::size_t i = 0; i < all.size(); ++i) put_into(parts, all[i], *concerned[i], working_time(deadline));
    add_time_since(parts, begin, concerned);
}

void verify_watched(Wiring& parts, const std::vector<DeploymentReport*>& reports, Deadline deadline) {
    std::vector<DeploymentReport*> completed;
    std::vector<Rollout> rollouts;
    for (auto* report : reports) {
        if (!has_completed(*report) || !parts.verifier.concerns(report->target.id)) continue;
        completed.push_back(report);
        rollouts.push_back(rollout_of(*report));
    }
    if (completed.empty()) return;
    parts.notifications.hand_over();
    const auto begin = parts.clock.now();
    const auto verified = parts.verifier.watch(rollouts, deadline, look_of(parts));
    for (const auto& one : verified) tell_unhealthy(parts, one);
    for (std::size_t i = 0; i < verified.size(); ++i) put_into(parts, verified[i], *completed[i], deadline);
    add_time_since(parts, begin, completed);
}

}  // namespace ci_lambda
