#include "deployer/start/report.hpp"

namespace ci_lambda {
namespace {

DeploymentStatus status_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kInProgress: return DeploymentStatus::kInProgress;
        case Verdict::kCompleted: return DeploymentStatus::kCompleted;
        case Verdict::kFailed: return DeploymentStatus::kFailed;
        case Verdict::kRolledBack: return DeploymentStatus::kRolledBack;
        case Verdict::kSuperseded: return DeploymentStatus::kSuperseded;
        case Verdict::kTimedOut: return DeploymentStatus::kTimedOut;
    }
    return DeploymentStatus::kFailed;
}

}  // namespace

std::string_view to_string(DeploymentStatus status) {
    switch (status) {
        case DeploymentStatus::kDeployed: return "deployed";
        case DeploymentStatus::kDryRun: return "dry_run";
        case DeploymentStatus::kFailed: return to_string(Verdict::kFailed);
        case DeploymentStatus::kInProgress: return to_string(Verdict::kInProgress);
        case DeploymentStatus::kCompleted: return to_string(Verdict::kCompleted);
        case DeploymentStatus::kAnotherImage: return "completed_with_another_image";
        case DeploymentStatus::kRolledBack: return to_string(Verdict::kRolledBack);
        case DeploymentStatus::kSuperseded: return to_string(Verdict::kSuperseded);
        case DeploymentStatus::kTimedOut: return to_string(Verdict::kTimedOut);
        case DeploymentStatus::kAlreadyRolling: return "ignored";
        case DeploymentStatus::kHeld: return "held";
        case DeploymentStatus::kAwaitingApproval: return "awaiting_approval";
        case DeploymentStatus::kOutdated: return "outdated";
    }
    return "failed";
}

DeploymentStatus status_of(Barrier::Kind kind) {
    switch (kind) {
        case Barrier::Kind::kHeld: return DeploymentStatus::kHeld;
        case Barrier::Kind::kApproval: return DeploymentStatus::kAwaitingApproval;
        case Barrier::Kind::kOutdated: break;
    }
    return DeploymentStatus::kOutdated;
}

Rollout rollout_of(const DeploymentReport& report) {
    return {.target = report.target,
            .deployment_id = report.deployment_id,
            .task_definition = report.task_definition,
            .started_at = report.started_at,
            .pushed = report.pushed};
}

void add_outcome(DeploymentReport& report, const RolloutOutcome& outcome) {
    report.status = status_of(outcome.judgement.verdict);
    report.outcome = outcome.judgement.reason;
    report.phase = outcome.judgement.phase;
    if (outcome.images.known()) report.images = outcome.images.resolved;
    if (outcome.proof.found == ImageProof::Found::kAnother) {
        report.status = DeploymentStatus::kAnotherImage;
        report.outcome += "; it " + outcome.proof.words;
    }
    if (!outcome.rollback.empty()) report.outcome += "; " + outcome.rollback;
    report.took = outcome.took;
    report.rollback_error = outcome.rollback_error;
    report.last_words = outcome.judgement.last_words;
}

}  // namespace ci_lambda
