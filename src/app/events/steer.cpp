#include "app/events/steer.hpp"

#include <fmt/format.h>

namespace ci_lambda {
namespace {

SteeringReport carry_out(Wiring& parts, const Steer& steer, Deadline deadline) {
    if (steer.what == Steer::What::kContinue) return parts.steering.go_on(steer.target, parts.dry_run, deadline);
    return parts.steering.stop(
        steer.target, {.rollback = steer.rollback, .reason = steer.reason, .dry_run = parts.dry_run}, deadline);
}

DeploymentReport report_of(const Steer& steer, const SteeringReport& done) {
    const bool go_on = steer.what == Steer::What::kContinue;
    const std::string asked = go_on ? "somebody said that it goes on" : "somebody said that it is to end";
    DeploymentReport report{.target = steer.target,
                            .status = DeploymentStatus::kInProgress,
                            .reason = steer.reason.empty() ? asked : steer.reason,
                            .attempts = 1,
                            .outcome = done.words};
    if (done.dry) report.status = DeploymentStatus::kDryRun;
    if (!done.rollout) return report;
    report.task_definition = done.rollout->task_definition;
    report.deployment_id = done.rollout->deployment_id;
    report.started_at = done.rollout->started_at;
    return report;
}

std::string_view status_of(const SteeringReport& done) {
    if (done.dry) return "dry_run";
    switch (done.means) {
        case SteeringReport::Means::kContinued: return "continued";
        case SteeringReport::Means::kGoingBack: return "in_progress";
        case SteeringReport::Means::kNone: break;
    }
    return "ignored";
}

}  // namespace

Handled carry_out_steer(Wiring& parts, const Steer& steer, Deadline deadline) {
    for (const auto& warning : steer.warnings) parts.logger.warn(warning);
    const auto done = carry_out(parts, steer, working_time(deadline));
    const auto report = report_of(steer, done);
    Handled handled{.answer = {.status = std::string(status_of(done)),
                               .detail = fmt::format("{}: {}", steer.target.id, done.words)}};
    if (done.means != SteeringReport::Means::kNone || done.dry) handled.answer.deployments = {report};
    if (done.means == SteeringReport::Means::kGoingBack) {
        parts.announcer.rollback(report, done.words);
        parts.deliver();
    }
    // What there is nothing to do about is no reason for the event to come again.
    if (done.error && done.error->kind != ErrorKind::kRejected && done.error->kind != ErrorKind::kNotFound) {
        handled.answer.status = "failed";
        handled.error = HandlingError{.type = "Function.DeploymentFailed", .message = handled.answer.detail};
    }
    parts.logger.log(handled.error ? LogLevel::kError : LogLevel::kInfo, "answer to a rollout",
                     {{log_key::kService, steer.target.id.str()},
                      {"status", handled.answer.status},
                      {"detail", done.words},
                      {log_key::kReason, steer.reason}});
    return parts.redacted(std::move(handled));
}

}  // namespace ci_lambda
