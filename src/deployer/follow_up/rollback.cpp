#include "deployer/follow_up/rollback.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/references.hpp"
#include "deployer/revision/choice.hpp"

namespace ci_lambda {
namespace {

using Means = RollbackReport::Means;
using Records = std::vector<EcsServiceDeployment>;

RollbackReport nothing(std::string why) { return {.means = Means::kNone, .words = std::move(why), .rollout = {}}; }

RollbackReport would_be(std::string what) {
    return {.means = Means::kNone, .words = std::move(what), .rollout = {}, .error = {}, .dry = true};
}

RollbackReport left_to_ecs(std::string words) {
    return {.means = Means::kEcs, .words = std::move(words), .rollout = {}};
}

const EcsServiceRevision* find_revision(const std::vector<EcsServiceRevision>& revisions, const std::string& arn) {
    const auto found = std::ranges::find(revisions, arn, &EcsServiceRevision::arn);
    return found == revisions.end() ? nullptr : &*found;
}

}  // namespace

bool is_own_rollback(const Rollout& rollout, const RolloutMemory& memory) {
    if (const auto started = memory.started(rollout.deployment_id);
        started && started->rollback && started->at == rollout.started_at)
        return true;
    return revision_number(rollout.task_definition, rollback_family(rollout.target.family)).has_value();
}

/// One rollback, from the wish to ECS's word.
class Rollback::Run {
public:
    enum class Way { kStop, kRestore, kRestoreCompleted };

    Run(Rollback& rollback, RollbackWish wish, Way way, bool by_person, Deadline deadline)
        : rollback_(rollback), wish_(std::move(wish)), way_(way), by_person_(by_person), deadline_(deadline) {}

    RollbackReport run() {
        int attempts = 0;
        auto report = with_retries<RollbackReport>(
            rollback_.retries_, rollback_.clock_, rollback_.sleeper_, deadline_,
            [&](const RetryNotice& notice) { log_retry(notice); }, attempts, [&] { return attempt(); });
        std::vector<LogField> fields{{log_key::kService, target().id.str()},
                                     {log_key::kDeploymentId, rollout().deployment_id},
                                     {"attempts", attempts}};
        if (!report) {
            fields.emplace_back(log_key::kError, report.error().message);
            rollback_.logger_.error("rollback failed: it could not start", std::move(fields));
            auto failed = nothing(fmt::format("it could not be rolled back: {}", report.error().message));
            if (report.error().retryable() || report.error().kind == ErrorKind::kDeadline)
                failed.error = report.error();
            return failed;
        }
        fields.emplace_back("means", report->words);
        rollback_.logger_.warn(report->means == Means::kNone ? "rollback not begun" : "rollback begun",
                               std::move(fields));
        return *std::move(report);
    }

private:
    [[nodiscard]] const Rollout& rollout() const { return wish_.rollout; }
    [[nodiscard]] const EcsTarget& target() const { return wish_.rollout.target; }

    void log_retry(const RetryNotice& notice) {
        rollback_.logger_.warn("rollback retry: the last attempt failed in a way that can heal",
                               {{log_key::kService, target().id.str()},
                                {log_key::kAttempt, notice.attempt},
                                {log_key::kMaxRetries, notice.max_retries},
                                {"wait_ms", notice.wait.count()},
                                {log_key::kError, notice.error->message}});
    }

    Result<RollbackReport> attempt() {
        if (is_own_rollback(rollout(), rollback_.memory_) && !wish_.to)
            return nothing("it is a rollback itself, and those are left alone");
        TRY_ASSIGN(const auto history,
                   rollback_.ecs_.service_deployments(target().cluster, target().service, deadline_));
        if (!history.empty()) {
            // What ECS is going back to, or has failed to go back to, looks like a rollout of its own.
            if (is_rolling_back(history.front().status)) return left_to_ecs("ECS is rolling it back");
            if (history.front().status == ServiceDeploymentStatus::kRollbackFailed && !by_person_)
                return nothing("ECS has tried to roll it back and failed, and rollbacks are left alone");
        }
        return way_ == Way::kStop ? stop(history) : restore(history);
    }

    Result<RollbackReport> stop(const Records& history) {
        const auto* record = record_of(rollout(), history);
        if (record == nullptr)
            return fail(ErrorKind::kNotFound,
                        "ECS shows no record of this rollout (ListServiceDeployments), so it cannot be stopped");
        // It was done before ECS heard of the wish, and ECS stops only what is under way.
        if (by_person_ && record->status == ServiceDeploymentStatus::kSuccessful) return after_its_end(history);
        TRY_ASSIGN(const auto found, find_ours());
        if (found == Found::kOver) return nothing("it has completed meanwhile, and is left alone");
        if (wish_.dry_run) return would_be("ECS would be asked to stop it and to roll it back");
        const auto stopped = rollback_.ecs_.roll_back_service_deployment(record->arn, deadline_);
        // ConflictException: it is being stopped or rolled back already (ECS API reference, StopServiceDeployment).
        if (!stopped && stopped.error().code != "ConflictException") return std::unexpected(stopped.error());
        if (!stopped && has_completed(*record))
            return by_person_ ? after_its_end(history) : nothing("it has completed meanwhile, and is left alone");
        if (by_person_) rollback_.mark_as_taken_back_by_person(rollout(), deadline_);
        return left_to_ecs("ECS was asked to roll it back");
    }

    Result<RollbackReport> after_its_end(const Records& history) {
        if (wish_.only_stop)
            return nothing(
                "nothing is under way: it has completed, and a rollback would bring back "
                "what ran before");
        return restore(history);
    }

    /// Or else: it is over, and the list of the records has not shown that yet.
    [[nodiscard]] bool has_completed(const EcsServiceDeployment& record) {
        const auto now = rollback_.ecs_.service_deployment(record.arn, deadline_);
        return now && now->status == ServiceDeploymentStatus::kSuccessful;
    }

    Result<RollbackReport> restore(const Records& history) {
        TRY_ASSIGN(const auto good, revision_to_bring_back(history));
        if (good.express) return std::unexpected(left_to_people(good));
        if (wish_.dry_run)
            return would_be(fmt::format("{} would be deployed again, as a copy with the images that it ran",
                                        short_name(good.task_definition)));
        TRY(register_copy(good));
        TRY(rollback_.ecs_.take_turn_to_update(deadline_));
        const auto found = find_ours();
        if (!found || *found != Found::kLeading) rollback_.ecs_.give_turn_back();
        if (!found) return std::unexpected(found.error());
        if (*found == Found::kOver) return nothing("it has completed meanwhile, and is left alone");
        if (*found == Found::kBroughtBack) return begun(good, *brought_back_);
        TRY_ASSIGN(const auto accepted,
                   rollback_.ecs_.update_service(
                       {.cluster = target().cluster,
                        .service = target().service,
                        .task_definition = *copy_,
                        .reason = wish_.reason.empty() ? std::string("a rollback") : "a rollback: " + wish_.reason},
                       deadline_));
        return begun(good, accepted);
    }

    /// UpdateService would put something else under an Express service than what ECS manages it by.
    [[nodiscard]] Error left_to_people(const EcsServiceRevision& good) const {
        std::string image;
        if (good.images.size() == 1 && !good.images.front().digest.empty())
            image = fmt::format("{}@{}", image_name(good.images.front().image), good.images.front().digest);
        return {
            .kind = ErrorKind::kRejected,
            .message = fmt::format(
                "{} is an Express service, which ECS rolls back by itself as long as a rollout goes on; for what is "
                "over, deploy the image that ran before: ci_lambda deploy {} --image {}",
                target().service, target().id, image.empty() ? "IMAGE" : image)};
    }

    /// Once, whatever is tried again after it.
    Status register_copy(const EcsServiceRevision& good) {
        if (copy_) return {};
        RollbackCopy copy{.stands_for = short_name(good.task_definition),
                          .rollback_of = short_name(rollout().task_definition),
                          .by_person = by_person_,
                          .reason = wish_.reason,
                          .bad_since = rollout().started_at};
        // A copy of a copy stands for what the first one stood for; who goes on from a rollback leaves what it left.
        TRY_ASSIGN(const auto good_copy, copy_behind(good.task_definition));
        if (good_copy) copy.stands_for = good_copy->stands_for;
        TRY_ASSIGN(const auto bad_copy, copy_behind(rollout().task_definition));
        if (bad_copy) copy.rollback_of = bad_copy->rollback_of;
        TRY_ASSIGN(copy_, registered_before(copy));
        if (copy_) return {};
        TRY_ASSIGN(copy_,
                   rollback_.ecs_.register_pinned_copy(good, rollback_family(target().family), copy.tags(), deadline_));
        return {};
    }

    /// By an earlier try of this very rollback, perhaps in another process, that could not go on.
    Result<std::optional<TaskDefinition>> registered_before(const RollbackCopy& copy) {
        if (wish_.to) return std::nullopt;  // the images of what a person names are those of the moment
        const TaskDefinition newest(rollback_family(target().family).str());
        const auto described = rollback_.ecs_.describe_task_definition(newest, deadline_);
        if (described)
            return is_same_rollback(described->tags, copy.tags()) ? std::optional(TaskDefinition(described->arn))
                                                                  : std::nullopt;
        if (described.error().retryable()) return std::unexpected(described.error());
        return std::nullopt;
    }

    Result<std::optional<RollbackCopy>> copy_behind(const std::string& task_definition) {
        if (!revision_number(task_definition, rollback_family(target().family))) return std::nullopt;
        auto described = rollback_.ecs_.describe_task_definition(TaskDefinition(task_definition), deadline_);
        if (described) return RollbackCopy::read(described->tags);
        if (described.error().retryable()) return std::unexpected(std::move(described).error());
        return std::nullopt;
    }

    RollbackReport begun(const EcsServiceRevision& good, const AcceptedDeployment& accepted) {
        Rollout back{.target = target(),
                     .deployment_id = accepted.deployment_id,
                     .task_definition = accepted.task_definition,
                     .started_at = accepted.created_at};
        rollback_.memory_.remember_started(
            back.deployment_id, {.reason = fmt::format("rollback of {}", short_name(rollout().task_definition)),
                                 .at = back.started_at,
                                 .rollback = true});
        if (by_person_) rollback_.mark_as_taken_back_by_person(rollout(), deadline_);
        const std::string_view which = wish_.to ? "as was asked for" : "the last one that was rolled out";
        return {.means = Means::kRevision,
                .words = fmt::format("{} is deployed again, {}, as {} with the very images that it ran",
                                     short_name(good.task_definition), which, short_name(copy_->str())),
                .rollout = std::move(back)};
    }

    enum class Found { kLeading, kOver, kBroughtBack };
    /// Somebody may have deployed since we looked; his deployment is not touched. Or ECS may have finished it; or it
    /// may have carried out what an earlier attempt asked for, though no answer came.
    Result<Found> find_ours() {
        TRY_ASSIGN(const auto described,
                   rollback_.ecs_.describe_services(target().cluster, {target().service}, deadline_));
        const auto* service = described.find(target().service);
        const auto* primary = service == nullptr ? nullptr : service->primary();
        if (service != nullptr && service->express && copy_) return std::unexpected(left_to_people({}));
        if (primary != nullptr && primary->id == rollout().deployment_id) {
            const bool good = primary->rollout_state == RolloutState::kCompleted;
            return good && !by_person_ && way_ != Way::kRestoreCompleted ? Found::kOver : Found::kLeading;
        }
        if (primary != nullptr && copy_ && primary->task_definition == copy_->str()) {
            brought_back_ = {.deployment_id = primary->id,
                             .task_definition = primary->task_definition,
                             .created_at = primary->created_at};
            return Found::kBroughtBack;
        }
        return fail(ErrorKind::kRejected,
                    fmt::format("{} is not what the service is rolling out any more; it is left alone",
                                rollout().deployment_id));
    }

    Result<EcsServiceRevision> revision_to_bring_back(const Records& history) {
        const auto* own = record_of(rollout(), history);
        std::vector<std::string> arns;
        for (const auto& record : history)
            if (&record != own && record.status == ServiceDeploymentStatus::kSuccessful &&
                record.created_at < rollout().started_at)
                arns.push_back(record.target_revision);
        if (arns.empty() && !wish_.to)
            return fail(ErrorKind::kNotFound, "ECS remembers no earlier rollout of the service that succeeded");
        auto asked = arns;
        if (own != nullptr) asked.push_back(own->target_revision);
        std::vector<EcsServiceRevision> revisions;
        if (!asked.empty()) {
            TRY_ASSIGN(revisions, rollback_.ecs_.service_revisions(asked, deadline_));
        }
        if (wish_.to) return the_one_asked_for(arns, revisions);
        const auto* bad = own == nullptr ? nullptr : find_revision(revisions, own->target_revision);
        for (const auto& arn : arns) {
            const auto* revision = find_revision(revisions, arn);
            if (revision == nullptr)
                return fail(ErrorKind::kNotFound, fmt::format("ECS has forgotten the revision {} that worked", arn));
            if (bad == nullptr || !runs_the_same(*bad, *revision)) return *revision;
            if (!by_person_) break;  // who rolls back by hand means something else than what there is
        }
        return fail(ErrorKind::kRejected,
                    fmt::format("the last rollout that succeeded ran the same revision {} with the same images, so "
                                "there is nothing to go back to",
                                short_name(rollout().task_definition)));
    }

    /// With the images of its last successful rollout, where ECS remembers one; else as its tags are now.
    Result<EcsServiceRevision> the_one_asked_for(const std::vector<std::string>& succeeded,
                                                 const std::vector<EcsServiceRevision>& revisions) {
        TRY_ASSIGN(const auto wanted, rollback_.ecs_.describe_task_definition(*wish_.to, deadline_));
        for (const auto& arn : succeeded) {
            const auto* revision = find_revision(revisions, arn);
            if (revision != nullptr && revision->task_definition == wanted.arn) return *revision;
        }
        return EcsServiceRevision{.arn = {},
                                  .task_definition = wanted.arn,
                                  .images = {},
                                  .express = std::ranges::any_of(revisions, &EcsServiceRevision::express)};
    }

    Rollback& rollback_;
    RollbackWish wish_;
    Way way_;
    bool by_person_;
    Deadline deadline_;
    std::optional<TaskDefinition> copy_;
    std::optional<AcceptedDeployment> brought_back_;
};

RollbackReport Rollback::roll_back(const Rollout& rollout, const Judgement& judgement, Deadline deadline) {
    if (judgement.rolling_back) return left_to_ecs("ECS is rolling it back");
    const auto way = judgement.verdict == Verdict::kTimedOut ? Run::Way::kStop : Run::Way::kRestore;
    return Run(*this, {.rollout = rollout, .reason = judgement.reason}, way, false, deadline).run();
}

void Rollback::mark_as_taken_back_by_person(const Rollout& rollout, Deadline deadline) {
    const auto tagged = ecs_.tag_task_definition(rollout.task_definition, taken_back_by_person(clock_.now()), deadline);
    if (tagged) return;
    logger_.warn("rollback not marked as a person's: the next pushed image may bring the revision again",
                 {{log_key::kService, rollout.target.id.str()},
                  {log_key::kTaskDefinition, rollout.task_definition},
                  {"needs", "ecs:TagResource"},
                  {log_key::kError, tagged.error().message}});
}

RollbackReport Rollback::take_back_completed(const Rollout& rollout, const std::string& why, Deadline deadline) {
    return Run(*this, {.rollout = rollout, .reason = why}, Run::Way::kRestoreCompleted, false, deadline).run();
}

RollbackReport Rollback::roll_back_on_request(const RollbackWish& wish, Deadline deadline) {
    const auto way = wish.rolling && !wish.to ? Run::Way::kStop : Run::Way::kRestore;
    return Run(*this, wish, way, true, deadline).run();
}

}  // namespace ci_lambda
