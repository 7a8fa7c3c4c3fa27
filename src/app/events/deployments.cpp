#include "app/events/deployments.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "app/events/after_completion.hpp"
#include "app/events/approval_due.hpp"
#include "app/events/held.hpp"
#include "app/people/promotion.hpp"
#include "base/retry.hpp"
#include "deployer/scheduled/after_services.hpp"

namespace ci_lambda {

std::vector<DeploymentReport> Deployments::carry_out(const Deploy& decision,
                                                     const std::vector<Announcer::Cause>& causes, Deadline deadline,
                                                     std::vector<DeploymentReport> reports) {
    for (const auto& warning : decision.warnings)
        parts_.logger.warn("request names no environment", {{log_key::kReason, warning}});
    for (const auto& passed : decision.skipped)
        parts_.logger.info("service passed by",
                           {{log_key::kService, passed.service}, {log_key::kReason, passed.reason}});
    Milliseconds longest{0};  // of the tasks that run before
    for (const auto& request : decision.requests)
        if (request.before) longest = std::max<Milliseconds>(longest, request.before->timeout);
    const auto budget = Deadline::earlier(working_time(deadline),
                                          Deadline::after(parts_.clock, parts_.config.deployment_timeout + longest));
    if (!decision.requests.empty()) {
        auto begun = begin(decision, budget);
        keep_held(parts_, decision, begun, budget);
        claim_questions(parts_, begun, budget);
        parts_.counter.begun(begun, causes);
        parts_.announcer.deployments(begun, causes);
        if (std::ranges::any_of(begun, &DeploymentReport::to_be_asked)) {
            parts_.deliver();
            confirm_questions(parts_, begun, budget);
        }
        std::ranges::move(begun, std::back_inserter(reports));
    }
    if (parts_.wait && !parts_.dry_run) watch(reports, deadline);
    parts_.deliver();
    return reports;
}

/// What is promoted is looked up first: what cannot be is not begun.
std::vector<DeploymentReport> Deployments::begin(const Deploy& decision, Deadline deadline) {
    if (std::ranges::none_of(decision.requests, [](const auto& one) { return one.promoted_from.has_value(); }))
        return parts_.deployer.deploy(decision, deadline);
    Deploy resolved;
    std::vector<DeploymentReport> reports;
    for (auto request : decision.requests) {
        int attempts = 0;
        const auto found = !request.promoted_from
                               ? Status()
                               : with_retries<void>(
                                     {.max_retries = parts_.config.max_deployment_retries}, parts_.clock,
                                     parts_.sleeper, deadline, [](const RetryNotice&) {}, attempts,
                                     [&] { return resolve_promotion(parts_.ecs, request, deadline); });
        if (found) {
            resolved.requests.push_back(std::move(request));
            continue;
        }
        reports.push_back(
            {.target = request.target, .reason = request.reason, .attempts = attempts, .error = found.error()});
        parts_.logger.error("deployment failed: it could not start", {{log_key::kService, request.target.id.str()},
                                                                      {log_key::kReason, request.reason},
                                                                      {log_key::kError, found.error().message}});
    }
    if (!resolved.requests.empty())
        std::ranges::move(parts_.deployer.deploy(resolved, deadline), std::back_inserter(reports));
    return reports;
}

/// After the services: how those ended that were waited for is known by now.
std::vector<TaskReport> Deployments::update_tasks(const Deploy& deploy, const std::vector<DeploymentReport>& services,
                                                  Deadline deadline) {
    if (deploy.tasks.empty()) return {};
    std::vector<TaskRequest> requests;
    std::vector<TaskReport> reports;
    for (const auto& task : deploy.tasks) {
        if (auto why = why_left_alone(task, deploy, services))
            reports.push_back({.id = task.task.id,
                               .family = task.task.family,
                               .reason = task.reason,
                               .task_definition = {},
                               .moved = {},
                               .outcome = *std::move(why),
                               .error = {}});
        else
            requests.push_back(task);
    }
    std::ranges::move(parts_.tasks.update(requests, working_time(deadline)), std::back_inserter(reports));
    parts_.announcer.tasks(reports);
    parts_.deliver();
    return reports;
}

Deadline Deployments::waiting_time(Deadline deadline) const {
    if (!parts_.wait_at_most) return working_time(deadline);
    return Deadline::earlier(working_time(deadline), Deadline::after(parts_.clock, *parts_.wait_at_most));
}

/// Waits for the ends of those that have started.
void Deployments::watch(std::vector<DeploymentReport>& reports, Deadline deadline) {
    std::vector<DeploymentReport*> started;
    std::set<std::string> began;
    for (auto& report : reports) {
        // What failed before is owed a rollback: the try before this one could not begin it. With an order of targets
        // the next one follows when this one is healthy, whoever began it.
        const bool begun = report.status == DeploymentStatus::kDeployed || report.failed_before ||
                           report.has_what_was_wanted ||
                           (report.status == DeploymentStatus::kAlreadyRolling && parts_.config.targets.in_order);
        if (!begun || report.deployment_id.empty()) continue;
        started.push_back(&report);
        if (report.status == DeploymentStatus::kDeployed) began.insert(report.deployment_id);
    }
    if (started.empty()) return;
    follow(started, began, waiting_time(deadline), deadline);
    test_watched(parts_, started, began, deadline);
    for (const auto* report : started) log_outcome(*report);
    verify_watched(parts_, started, waiting_time(deadline));
}

void Deployments::follow(const std::vector<DeploymentReport*>& reports, const std::set<std::string>& began,
                         Deadline until, Deadline deadline) {
    std::vector<Rollout> rollouts;
    for (const auto* report : reports) rollouts.push_back(rollout_of(*report));
    parts_.notifications.hand_over();  // "started" is news now, not when all is over
    const auto tell = [&](const std::vector<RolloutOutcome>& verdicts) {
        // Tasks do not wait for the other rollouts.
        for (const auto& one : verdicts)
            if (one.judgement.verdict == Verdict::kCompleted && began.contains(one.rollout.deployment_id))
                static_cast<void>(parts_.task_after.look(one.rollout, parts_.clock.now(), working_time(deadline)));
        parts_.counter.verdicts(verdicts);
        parts_.announcer.verdicts(verdicts);
        parts_.notifications.hand_over();
    };
    const auto outcomes = parts_.watcher.watch(rollouts, until, parts_.on_look, tell);
    for (std::size_t i = 0; i < outcomes.size(); ++i) add_outcome(*reports[i], outcomes[i]);
}

void Deployments::log_outcome(const DeploymentReport& report) const {
    const bool good = report.status == DeploymentStatus::kCompleted || report.status == DeploymentStatus::kSuperseded ||
                      report.status == DeploymentStatus::kInProgress;
    parts_.logger.log(good ? LogLevel::kInfo : LogLevel::kError, "rollout watched",
                      {{log_key::kService, report.target.id.str()},
                       {log_key::kDeploymentId, report.deployment_id},
                       {"status", std::string(to_string(report.status))},
                       {log_key::kReason, report.outcome},
                       {"took_ms", report.took.value_or(Milliseconds{0}).count()}});
}

}  // namespace ci_lambda
