#include "deployer/rollback.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ci_lambda {
namespace {

using Means = RollbackReport::Means;

RollbackReport nothing(std::string why) { return {.means = Means::kNone, .words = std::move(why), .rollout = {}}; }

/// Every image is written with its digest, so that the revision always means the same.
bool is_exact(const EcsServiceRevision& revision) {
    return std::ranges::all_of(
        revision.images, [](const auto& image) { return image.digest.empty() || image.image.contains("@sha256:"); });
}

const EcsServiceRevision* find_revision(const std::vector<EcsServiceRevision>& revisions, const std::string& arn) {
    const auto found = std::ranges::find(revisions, arn, &EcsServiceRevision::arn);
    return found == revisions.end() ? nullptr : &*found;
}

bool runs_the_same(const EcsServiceRevision& a, const EcsServiceRevision& b) {
    return a.task_definition == b.task_definition && a.images == b.images;
}

}  // namespace

bool is_own_rollback(const Rollout& rollout, const RolloutMemory& memory) {
    if (const auto started = memory.started(rollout.deployment_id); started && started->rollback) return true;
    return short_name(rollout.task_definition).starts_with(rollback_family(rollout.target.family).str() + ":");
}

RollbackReport Rollback::roll_back(const Rollout& rollout, const Judgement& judgement, Deadline deadline) {
    if (judgement.rolling_back) return {.means = Means::kEcs, .words = "ECS is rolling it back", .rollout = {}};
    return run(rollout, judgement.verdict == Verdict::kTimedOut ? Way::kStop : Way::kRestore, Same::kRefuse, deadline);
}

RollbackReport Rollback::roll_back_on_request(const Rollout& rollout, bool rolling, Deadline deadline) {
    return run(rollout, rolling ? Way::kStop : Way::kRestore, Same::kPassOver, deadline);
}

RollbackReport Rollback::run(const Rollout& rollout, Way way, Same same, Deadline deadline) {
    auto report = attempt(rollout, way, same, deadline);
    std::vector<LogField> fields{{log_key::kService, rollout.target.id.str()},
                                 {log_key::kDeploymentId, rollout.deployment_id}};
    if (!report) {
        fields.emplace_back(log_key::kError, report.error().message);
        logger_.error("rollback failed: it could not start", std::move(fields));
        return nothing(fmt::format("it could not be rolled back: {}", report.error().message));
    }
    fields.emplace_back("means", report->words);
    logger_.warn(report->means == Means::kNone ? "rollback not begun" : "rollback begun", std::move(fields));
    return *std::move(report);
}

Result<RollbackReport> Rollback::attempt(const Rollout& rollout, Way way, Same same, Deadline deadline) {
    if (is_own_rollback(rollout, memory_)) return nothing("it is a rollback itself, and those are left alone");
    TRY_ASSIGN(const auto history, ecs_.service_deployments(rollout.target.cluster, rollout.target.service, deadline));
    if (!history.empty()) {
        // What ECS is going back to, or has failed to go back to, looks like a rollout of its own.
        if (is_going_back(history.front().status))
            return RollbackReport{.means = Means::kEcs, .words = "ECS is rolling it back", .rollout = {}};
        if (history.front().status == ServiceDeploymentStatus::kRollbackFailed)
            return nothing("ECS has tried to roll it back and failed, and rollbacks are left alone");
    }
    return way == Way::kStop ? stop(rollout, history, deadline) : restore(rollout, history, same, deadline);
}

Result<RollbackReport> Rollback::stop(const Rollout& rollout, const History& history, Deadline deadline) {
    const auto* record = record_of(rollout, history);
    if (record == nullptr)
        return fail(ErrorKind::kNotFound,
                    "ECS shows no record of this rollout (ListServiceDeployments), so it cannot be stopped");
    TRY(check_still_leading(rollout, deadline));
    const auto stopped = ecs_.roll_back_service_deployment(record->arn, deadline);
    // ConflictException: it is being stopped or rolled back already (ECS API reference, StopServiceDeployment).
    if (!stopped && stopped.error().code != "ConflictException") return std::unexpected(stopped.error());
    return RollbackReport{.means = Means::kEcs, .words = "ECS was asked to roll it back", .rollout = {}};
}

Result<RollbackReport> Rollback::restore(const Rollout& rollout, const History& history, Same same, Deadline deadline) {
    TRY_ASSIGN(const auto good, last_good_revision(rollout, history, same, deadline));
    TRY_ASSIGN(const auto revision, exact_revision(rollout, good, deadline));
    TRY(check_still_leading(rollout, deadline));
    TRY_ASSIGN(const auto accepted,
               ecs_.update_service(
                   {.cluster = rollout.target.cluster, .service = rollout.target.service, .task_definition = revision},
                   deadline));
    Rollout back{.target = rollout.target,
                 .deployment_id = accepted.deployment_id,
                 .task_definition = accepted.task_definition,
                 .started_at = accepted.created_at};
    memory_.remember_started(back.deployment_id,
                             {.reason = fmt::format("rollback of {}", short_name(rollout.task_definition)),
                              .at = back.started_at,
                              .rollback = true});
    auto words =
        fmt::format("{} is deployed again, the last one that was rolled out", short_name(good.task_definition));
    if (revision.str() != good.task_definition)
        words += fmt::format(", as {} with the very images that it ran", short_name(revision.str()));
    return RollbackReport{.means = Means::kRevision, .words = std::move(words), .rollout = std::move(back)};
}

/// Somebody may have deployed since we looked; his deployment is not touched.
Status Rollback::check_still_leading(const Rollout& rollout, Deadline deadline) {
    TRY_ASSIGN(const auto described,
               ecs_.describe_services(rollout.target.cluster, {rollout.target.service}, deadline));
    const auto* service = described.find(rollout.target.service);
    const auto* primary = service == nullptr ? nullptr : service->primary();
    if (primary != nullptr && primary->id == rollout.deployment_id) return {};
    return fail(
        ErrorKind::kRejected,
        fmt::format("{} is not what the service is rolling out any more; it is left alone", rollout.deployment_id));
}

Result<EcsServiceRevision> Rollback::last_good_revision(const Rollout& rollout, const History& history, Same same,
                                                        Deadline deadline) {
    const auto* own = record_of(rollout, history);
    std::vector<std::string> arns;
    for (const auto& record : history)
        if (&record != own && record.status == ServiceDeploymentStatus::kSuccessful &&
            record.created_at < rollout.started_at)
            arns.push_back(record.target_revision);
    if (arns.empty())
        return fail(ErrorKind::kNotFound, "ECS remembers no earlier rollout of the service that succeeded");
    auto asked = arns;
    if (own != nullptr) asked.push_back(own->target_revision);
    TRY_ASSIGN(const auto revisions, ecs_.service_revisions(asked, deadline));
    const auto* bad = own == nullptr ? nullptr : find_revision(revisions, own->target_revision);
    for (const auto& arn : arns) {
        const auto* revision = find_revision(revisions, arn);
        if (revision == nullptr)
            return fail(ErrorKind::kNotFound, fmt::format("ECS has forgotten the revision {} that worked", arn));
        if (bad == nullptr || !runs_the_same(*bad, *revision)) return *revision;
        if (same == Same::kRefuse) break;
    }
    return fail(ErrorKind::kRejected, fmt::format("the last rollout that succeeded ran the same revision {} with the "
                                                  "same images, so there is nothing to go back to",
                                                  short_name(rollout.task_definition)));
}

Result<TaskDefinition> Rollback::exact_revision(const Rollout& rollout, const EcsServiceRevision& good,
                                                Deadline deadline) {
    if (is_exact(good)) return TaskDefinition(good.task_definition);
    return ecs_.register_pinned_copy(good, rollback_family(rollout.target.family), deadline);
}

}  // namespace ci_lambda
