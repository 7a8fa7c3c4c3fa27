#include "deployer/observe/last_rollout.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

bool came_to_nothing(ServiceDeploymentStatus status) {
    return is_rollback(status) || status == ServiceDeploymentStatus::kRollbackFailed;
}

/// The rollout that this record is about. ECS gives the service revision that it brings the number of the deployment
/// (`record_of` relies on the same).
Rollout rollout_of_record(RolloutObserver& observer, const EcsTarget& target, const EcsServiceDeployment& record,
                          Deadline deadline) {
    Rollout rollout{.target = target,
                    .deployment_id = is_code_deployment(record.arn)
                                         ? record.arn
                                         : fmt::format("ecs-svc/{}", last_segment(record.target_revision)),
                    .task_definition = {},
                    .started_at = record.created_at,
                    .service_deployment = record.arn};
    if (record.target_revision.empty()) return rollout;
    const auto revisions = observer.revisions({record.target_revision}, deadline);
    if (revisions && !revisions->empty()) rollout.task_definition = revisions->front().task_definition;
    return rollout;
}

std::string_view ended(Verdict verdict) {
    switch (verdict) {
        case Verdict::kCompleted: return "completed";
        case Verdict::kFailed: return "failed";
        case Verdict::kRolledBack: return "was rolled back";
        case Verdict::kSuperseded: return "was superseded";
        case Verdict::kTimedOut:
        case Verdict::kInProgress: break;
    }
    return "is not over";
}

}  // namespace

LastRollout look_at_last_rollout(RolloutObserver& observer, const EcsTarget& target, const EcsService& service,
                                 Milliseconds timeout, Deadline deadline) {
    LastRollout last{.rollout = {.target = target, .deployment_id = {}, .task_definition = {}}, .judgement = {}};
    const auto history = observer.history(target, deadline).records;
    const auto* primary = service.primary();
    if (!history.empty() && came_to_nothing(history.front().status)) {
        last.rollout = rollout_of_record(observer, target, history.front(), deadline);
    } else if (primary != nullptr) {
        last.rollout.deployment_id = primary->id;
        last.rollout.task_definition = primary->task_definition;
        last.rollout.started_at = primary->created_at;
    }
    last.judgement = observer.observe(last.rollout, &service, timeout, deadline).judgement;
    return last;
}

std::string ended_in_words(const LastRollout& last, WallTime now) {
    const auto& rollout = last.rollout;
    const auto age = std::max(std::chrono::duration_cast<Milliseconds>(now - rollout.started_at), Milliseconds{0});
    if (last.judgement.verdict == Verdict::kCompleted)
        return fmt::format("nothing is rolling: {} since {}", last.judgement.reason, in_words(age));
    return fmt::format("{} began {} ago and {}: {}",
                       rollout.task_definition.empty() ? "the last rollout" : short_name(rollout.task_definition),
                       in_words(age), ended(last.judgement.verdict), last.judgement.reason);
}

}  // namespace ci_lambda
