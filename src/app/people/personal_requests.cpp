#include "app/people/personal_requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "app/events/after_completion.hpp"
#include "app/people/described_targets.hpp"
#include "base/time.hpp"
#include "deployer/observe/last_rollout.hpp"
#include "deployer/revision/named_revision.hpp"
#include "deployer/start/attach.hpp"

namespace ci_lambda {
namespace {

/// Of a rollout that somebody waits for who did not begin it: only the waiting has an end.
constexpr Milliseconds kAsLongAsItTakes = std::chrono::days{365};

DeploymentReport report_of(const EcsTarget& target, const EcsDeployment& rolling, std::string reason) {
    return {.target = target,
            .status = DeploymentStatus::kDeployed,
            .reason = std::move(reason),
            .task_definition = rolling.task_definition,
            .deployment_id = rolling.id,
            .started_at = rolling.created_at};
}

}  // namespace

Handled PersonalRequests::deploy(const Deploy& decision, const DeployOptions& options, Deadline deadline) {
    parts_.notifications.set_deadline(speaking_time(deadline));
    if (std::ranges::any_of(decision.requests, [](const auto& one) { return !one.pipeline.empty(); }))
        return run_pipelines(decision, deadline);
    const std::vector<Announcer::Cause> causes{{.id = {}, .decision = &decision}};
    const auto with_tasks = [&](Handled handled) {
        add_tasks(handled, deployments_.update_tasks(decision, handled.answer.deployments, deadline));
        return parts_.redacted(std::move(handled));
    };
    if (!options.attach || parts_.dry_run)
        return with_tasks(answer_of(deployments_.carry_out(decision, causes, deadline), decision.skipped));
    Deploy rest{.requests = {}, .skipped = decision.skipped};
    std::vector<DeploymentReport> attached;
    for (const auto& request : decision.requests) {
        // Whether an image is rolling already shows once it has been looked up.
        const auto rolling = !request.wanted.empty() || request.strategy_once
                                 ? std::nullopt
                                 : rolling_already(parts_.ecs, parts_.observer, request, deadline);
        if (!rolling) {
            rest.requests.push_back(request);
            continue;
        }
        attached.push_back(report_of(request.target, *rolling, request.reason));
        if (options.on_attached) options.on_attached(attached.back());
    }
    return with_tasks(answer_of(deployments_.carry_out(rest, causes, deadline, std::move(attached)), decision.skipped));
}

Handled PersonalRequests::run_pipelines(Deploy decision, Deadline deadline) {
    Handled handled{.answer = {.status = "ignored", .detail = {}, .deployments = {}}};
    handled.deploys = true;
    for (const auto& run : take_out_runs(decision, parts_.config, {}, parts_.clock.now()))
        add_run(handled, pipelines_.carry_out(run, deadline));
    return parts_.redacted(std::move(handled));
}

Handled PersonalRequests::roll_back(const RollbackRequest& request, Deadline deadline) {
    const auto& target = request.target;
    parts_.notifications.set_deadline(speaking_time(deadline));
    const auto described = parts_.observer.describe(target.cluster, {target.service}, deadline);
    if (!described) return not_rolled_back(target, described.error().message);
    const auto* service = described->find(target.service);
    const auto* primary = service == nullptr ? nullptr : service->primary();
    if (primary == nullptr)
        return not_rolled_back(target, fmt::format("ECS has no service {} with a deployment", target.service));
    const auto rollout = rollout_of(target, *primary);
    if (request.to)
        if (const auto found = find_named_revision(parts_.ecs, target, *request.to, deadline); !found)
            return not_rolled_back(target, found.error().message);
    const auto report =
        parts_.rollback.roll_back_on_request({.rollout = rollout,
                                              .rolling = primary->rollout_state == RolloutState::kInProgress,
                                              .reason = request.reason,
                                              .to = request.to,
                                              .dry_run = parts_.dry_run},
                                             deadline);
    if (report.dry) return would_be_rolled_back(rollout, report);
    if (report.means == RollbackReport::Means::kNone) return not_rolled_back(target, report.words);
    parts_.logger.info("rollback asked for", {{log_key::kService, target.id.str()},
                                              {log_key::kDeploymentId, rollout.deployment_id},
                                              {log_key::kReason, request.reason}});
    return follow_rollback(rollout, report, request, deadline);
}

Handled PersonalRequests::not_rolled_back(const EcsTarget& target, const std::string& why) const {
    const auto message = parts_.redactor.redact(fmt::format("{}: {}", target.id, why));
    return {.answer = {.status = "failed", .detail = message},
            .error = HandlingError{.type = "Function.RollbackFailed", .message = message}};
}

Handled PersonalRequests::would_be_rolled_back(const Rollout& rollout, const RollbackReport& report) const {
    auto handled = answer_of({{.target = rollout.target,
                               .status = DeploymentStatus::kDryRun,
                               .reason = "a rollback was asked for",
                               .task_definition = rollout.task_definition,
                               .outcome = report.words}},
                             {});
    handled.answer.detail = fmt::format("{}: {}", rollout.target.id, report.words);
    return parts_.redacted(std::move(handled));
}

/// A rollback that a person asked for is on its way: with ECS, or as a rollout of its own.
Handled PersonalRequests::follow_rollback(const Rollout& rollout, const RollbackReport& report,
                                          const RollbackRequest& request, Deadline deadline) {
    const bool own = report.rollout.has_value();
    const auto& followed = own ? *report.rollout : rollout;
    DeploymentReport done{.target = followed.target,
                          .status = own ? DeploymentStatus::kDeployed : DeploymentStatus::kInProgress,
                          .reason = request.reason.empty() ? "a rollback was asked for" : request.reason,
                          .task_definition = followed.task_definition,
                          .deployment_id = followed.deployment_id,
                          .started_at = followed.started_at,
                          .attempts = 1};
    parts_.announcer.rollback(done, report.words);
    parts_.deliver();
    if (request.wait) {
        const auto outcomes = parts_.watcher.watch({followed}, deployments_.waiting_time(deadline), parts_.on_look);
        add_outcome(done, outcomes.front());
        if (own && done.status == DeploymentStatus::kCompleted) done.status = DeploymentStatus::kRolledBack;
    }
    auto handled = answer_of({done}, {});
    handled.answer.detail =
        fmt::format("{}: {}{}{}", rollout.target.id, report.words, done.outcome.empty() ? "" : "; ", done.outcome);
    return parts_.redacted(std::move(handled));
}

Handled PersonalRequests::wait_for(const std::vector<EcsTarget>& targets, Deadline deadline) {
    const auto described =
        DescribedTargets::of(targets, [&](const ClusterName& cluster, const std::vector<EcsServiceName>& names) {
            return parts_.observer.describe(cluster, names, deadline);
        });
    if (!described)
        return {.answer = {.status = "failed", .detail = parts_.redactor.redact(described.error().message)},
                .error = HandlingError{.type = "Function.WaitFailed", .message = described.error().message}};
    std::vector<DeploymentReport> reports;
    std::vector<std::size_t> going;  // which of them go on
    std::vector<Rollout> rollouts;
    for (const auto& target : targets) {
        reports.push_back(report_of_last(target, described->find(target), deadline));
        if (reports.back().status != DeploymentStatus::kInProgress) continue;
        going.push_back(reports.size() - 1);
        rollouts.push_back(rollout_of(reports.back()));
    }
    // Not `parts_.watcher`: who only waits must not roll anything back.
    RolloutWatcher watcher({.timeout = kAsLongAsItTakes, .roll_back = false}, parts_.observer, parts_.rollback,
                           parts_.clock, parts_.sleeper, parts_.logger);
    const auto enough = Deadline::after(parts_.clock, parts_.wait_at_most.value_or(parts_.config.deployment_timeout));
    const auto outcomes = watcher.watch(rollouts, Deadline::earlier(deadline, enough), parts_.on_look);
    std::set<std::string> completed;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        add_outcome(reports[going[i]], outcomes[i]);
        completed.insert(reports[going[i]].deployment_id);
    }
    std::vector<DeploymentReport*> all;
    for (auto& report : reports) all.push_back(&report);
    test_watched(parts_, all, completed, deadline, TaskAfter::Role::kWatches);
    return parts_.redacted(answer_of(std::move(reports), {}));
}

/// What a service rolls out, or has rolled out last; `kInProgress` where there is something to wait for.
DeploymentReport PersonalRequests::report_of_last(const EcsTarget& target, const EcsService* service,
                                                  Deadline deadline) {
    DeploymentReport report{.target = target, .status = DeploymentStatus::kFailed, .reason = "waited for"};
    if (service == nullptr) {
        report.error =
            Error{.kind = ErrorKind::kNotFound, .message = fmt::format("ECS has no service {}", target.service)};
        return report;
    }
    const auto last = look_at_last_rollout(parts_.observer, target, *service, kAsLongAsItTakes, deadline);
    report.task_definition = last.rollout.task_definition;
    report.deployment_id = last.rollout.deployment_id;
    report.started_at = last.rollout.started_at;
    add_outcome(report, {.rollout = last.rollout, .judgement = last.judgement});
    report.took.reset();
    if (last.judgement.final()) report.outcome = ended_in_words(last, parts_.clock.now());
    return report;
}

}  // namespace ci_lambda
