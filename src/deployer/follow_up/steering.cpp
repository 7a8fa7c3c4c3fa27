#include "deployer/follow_up/steering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/rollout/patience.hpp"
#include "deployer/rollout/pauses.hpp"
#include "deployer/rollout/phase.hpp"
#include "deployer/rollout/verdict.hpp"

namespace ci_lambda {
namespace {

using Steered = SteeringReport::Means;

SteeringReport refused(std::string why, std::optional<Rollout> rollout = {}) {
    auto error = Error{.kind = ErrorKind::kRejected, .message = why};
    return {.means = Steered::kNone, .words = std::move(why), .rollout = std::move(rollout), .error = std::move(error)};
}

Rollout rollout_of_primary(const EcsTarget& target, const EcsService& service, const EcsDeployment& primary) {
    auto rollout = rollout_of(target, primary);
    rollout.service_deployment = service.service_deployment;
    return rollout;
}

/// The service and the rollout that it makes.
struct Look {
    DescribedServices described;
    const EcsService* service = nullptr;
    const EcsDeployment* primary = nullptr;
};

Result<Look> look_at(EcsApi& ecs, const EcsTarget& target, Deadline deadline) {
    Look look;
    TRY_ASSIGN(look.described, ecs.describe_services(target.cluster, {target.service}, deadline));
    look.service = look.described.find(target.service);
    look.primary = look.service == nullptr ? nullptr : look.service->primary();
    if (look.primary == nullptr)
        return fail(ErrorKind::kNotFound, fmt::format("ECS has no service {} with a deployment", target.service));
    return look;
}

bool is_over(const EcsServiceDeployment& record) {
    using enum ServiceDeploymentStatus;
    return record.status == kSuccessful || record.status == kStopped || record.status == kRollbackSuccessful ||
           record.status == kRollbackFailed;
}

/// The ids of the pauses that it waits in, or of the one that is meant.
std::vector<std::string> waiting_hooks(const EcsServiceDeployment& record, const Steering::Hook& only) {
    std::vector<std::string> ids;
    if (!only.id.empty() && only.service_deployment != record.arn) return ids;
    for (const auto* hook : pauses_of(record))
        if (only.id.empty() || only.id == hook->id) ids.push_back(hook->id);
    return ids;
}

/// What the rollout does, where it does not wait for anybody.
std::string what_it_does(const Look& look, const EcsServiceDeployment& record, WallTime now) {
    const auto name = short_name(look.primary->task_definition);
    if (is_over(record)) return fmt::format("{} is over: nothing waits for an answer", name);
    if (const auto phase = phase_of(*look.service, *look.primary, &record)) {
        const bool hook = phase->kind == RolloutPhase::Kind::kWaitsForHook;
        return fmt::format("{} does not wait for a person: {}{}", name, in_words(*phase, now),
                           hook ? "; a function answers its own hook" : "");
    }
    return fmt::format("{} does not wait for a person: {} of {} tasks run", name, look.primary->running_count,
                       look.primary->desired_count);
}

}  // namespace

/// One answer, from the wish to ECS's word.
class Steering::Answering {
public:
    Answering(Steering& steering, const EcsTarget& target, Says says, bool dry_run, const Hook& only, Deadline deadline)
        : steering_(steering), target_(target), says_(says), dry_run_(dry_run), only_(only), deadline_(deadline) {}

    Result<SteeringReport> attempt() {
        TRY_ASSIGN(const auto look, look_at(steering_.ecs_, target_, deadline_));
        auto rollout = rollout_of_primary(target_, *look.service, *look.primary);
        if (rollout.service_deployment.empty())
            return refused(fmt::format("{} does not wait for a person: ECS keeps no record of it",
                                       short_name(rollout.task_definition)),
                           rollout);
        TRY_ASSIGN(const auto record, steering_.ecs_.service_deployment(rollout.service_deployment, deadline_));
        const auto waiting = waiting_hooks(record, only_);
        if (waiting.empty()) return nothing_waits(look, record, std::move(rollout));
        const auto stage = record.lifecycle_stage.empty() ? "" : " at " + record.lifecycle_stage;
        if (dry_run_)
            return SteeringReport{.words = fmt::format("{} would {}{}", short_name(rollout.task_definition),
                                                       says_ == Says::kYes ? "go on" : "be rolled back", stage),
                                  .rollout = std::move(rollout),
                                  .dry = true};
        for (const auto& hook : waiting) {
            asked_.insert(hook);
            TRY(says_ == Says::kYes ? steering_.ecs_.continue_service_deployment(record.arn, hook, deadline_)
                                    : steering_.ecs_.reject_service_deployment(record.arn, hook, deadline_));
        }
        return done(std::move(rollout), stage);
    }

    /// ECS has refused, which it does for what somebody has answered a moment ago, or what is over: the record tells.
    Result<SteeringReport> look_after(const Error& refusal) {
        if (asked_.empty()) return std::unexpected(refusal);
        TRY_ASSIGN(const auto look, look_at(steering_.ecs_, target_, deadline_));
        auto rollout = rollout_of_primary(target_, *look.service, *look.primary);
        if (rollout.service_deployment.empty()) return std::unexpected(refusal);
        TRY_ASSIGN(const auto record, steering_.ecs_.service_deployment(rollout.service_deployment, deadline_));
        if (!waiting_hooks(record, only_).empty()) return std::unexpected(refusal);
        return nothing_waits(look, record, std::move(rollout));
    }

private:
    [[nodiscard]] SteeringReport done(Rollout rollout, const std::string& stage) const {
        auto words = fmt::format("{} {}{}", short_name(rollout.task_definition),
                                 says_ == Says::kYes ? "goes on" : "is rolled back by ECS", stage);
        return {.means = says_ == Says::kYes ? Steered::kContinued : Steered::kGoingBack,
                .words = std::move(words),
                .rollout = std::move(rollout)};
    }

    /// It never did, or what was asked before has been answered: by us, where the answer to that was lost, or by
    /// somebody else.
    SteeringReport nothing_waits(const Look& look, const EcsServiceDeployment& record, Rollout rollout) const {
        const bool ours = std::ranges::any_of(record.hooks, [&](const auto& hook) { return asked_.contains(hook.id); });
        if (!ours)
            return refused(only_.id.empty() ? what_it_does(look, record, steering_.clock_.now())
                                            : "nothing waits for this answer any more: somebody has answered before, "
                                              "or its time is over",
                           std::move(rollout));
        const bool goes_back =
            is_rollback(record.status) || std::ranges::any_of(record.hooks, [&](const EcsHookProgress& hook) {
                return asked_.contains(hook.id) && hook.rejected;
            });
        if (goes_back == (says_ == Says::kNo)) return done(std::move(rollout), "");
        return refused(
            fmt::format("somebody else has answered meanwhile, and {}", goes_back ? "ECS rolls it back" : "it goes on"),
            std::move(rollout));
    }

    Steering& steering_;
    const EcsTarget& target_;
    Says says_;
    bool dry_run_;
    const Hook& only_;
    Deadline deadline_;
    std::set<std::string> asked_;  ///< hooks that ECS was given an answer to
};

SteeringReport Steering::answer(const EcsTarget& target, Says says, bool dry_run, Deadline deadline, const Hook& only) {
    Answering answering(*this, target, says, dry_run, only, deadline);
    int attempts = 0;
    auto report = with_retries<SteeringReport>(
        retries_, clock_, sleeper_, deadline,
        [&](const RetryNotice& notice) {
            logger_.warn("answer to a hook: tried again, the last attempt failed in a way that can heal",
                         {{log_key::kService, target.id.str()},
                          {"wait_ms", notice.wait.count()},
                          {log_key::kError, notice.error->message}});
        },
        attempts, [&] { return answering.attempt(); });
    if (!report) {
        auto after = answering.look_after(report.error());
        if (!after) return {.words = report.error().message, .rollout = {}, .error = report.error()};
        report = std::move(after);
    }
    if (report->means == Steered::kContinued)
        logger_.info("rollout goes on: a person said so",
                     {{log_key::kService, target.id.str()}, {log_key::kDeploymentId, report->rollout->deployment_id}});
    return *std::move(report);
}

SteeringReport Steering::go_on(const EcsTarget& target, bool dry_run, Deadline deadline, const Hook& only) {
    return answer(target, Says::kYes, dry_run, deadline, only);
}

SteeringReport Steering::go_back(const EcsTarget& target, const std::string& reason, bool dry_run, Deadline deadline,
                                 const Hook& only) {
    auto report = answer(target, Says::kNo, dry_run, deadline, only);
    if (report.means != Steered::kGoingBack) return report;
    logger_.warn("rollout goes back: a person said so", {{log_key::kService, target.id.str()},
                                                         {log_key::kDeploymentId, report.rollout->deployment_id},
                                                         {log_key::kReason, reason}});
    rollback_.mark_as_taken_back_by_person(*report.rollout, deadline);
    return report;
}

SteeringReport Steering::stop(const EcsTarget& target, const Stop& stop, Deadline deadline) {
    if (!stop.rollback)
        return refused("ECS can end a rollout only by bringing back what ran before: say that it is to be rolled back");
    const auto look = look_at(ecs_, target, deadline);
    if (!look) return {.words = look.error().message, .rollout = {}, .error = look.error()};
    auto rollout = rollout_of_primary(target, *look->service, *look->primary);
    const auto back = rollback_.roll_back_on_request(
        {.rollout = rollout, .rolling = true, .reason = stop.reason, .dry_run = stop.dry_run, .only_stop = true},
        deadline);
    SteeringReport report{.words = back.words, .rollout = std::move(rollout), .error = back.error, .dry = back.dry};
    if (back.means == RollbackReport::Means::kEcs) report.means = Steered::kGoingBack;
    if (report.means == Steered::kNone && !report.dry && !report.error)
        report.error = Error{.kind = ErrorKind::kRejected, .message = report.words};
    return report;
}

}  // namespace ci_lambda
