#include "deployer/follow_up/news.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/references.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "deployer/rollout/direction.hpp"
#include "deployer/rollout/task_failure.hpp"

namespace ci_lambda {
namespace {

NotificationType type_of(NoticeLevel level) {
    switch (level) {
        case NoticeLevel::kSuccess: return NotificationType::kSuccess;
        case NoticeLevel::kInfo: return NotificationType::kInfo;
        case NoticeLevel::kWarning: return NotificationType::kWarning;
        case NoticeLevel::kError: return NotificationType::kError;
    }
    return NotificationType::kInfo;
}

void add_sentence(std::optional<std::string>& text, const std::string& sentence) {
    if (sentence.empty()) return;
    text = text && !text->empty() ? fmt::format("{}\n{}", *text, sentence) : sentence;
}

/// The other deployment than this one, one that was rolled back, whose task failed last; nullptr for none.
const EcsStoppedTask* last_of_the_others(const std::string& deployment_id, const RolloutFacts& facts) {
    const EcsStoppedTask* latest = nullptr;
    for (const auto& task : facts.stopped_tasks) {
        if (task.started_by == deployment_id || why_task_stopped(task).empty()) continue;
        if (latest == nullptr || task.stopped_at > latest->stopped_at) latest = &task;
    }
    return latest;
}

/// When the first of those before this one ended that went wrong, in a row: `records` are in order, newest first.
std::optional<WallTime> broken_before(const Rollout& rollout, const std::vector<EcsServiceDeployment>& records) {
    std::optional<WallTime> since;
    const auto* own = record_of(rollout, records);
    for (const auto& record : records) {
        if (record.created_at >= (own != nullptr ? own->created_at : rollout.started_at)) continue;
        if (is_rollback(record.status) || record.status == ServiceDeploymentStatus::kRollbackFailed)
            since = record.finished_at.value_or(record.created_at);
        else if (record.status == ServiceDeploymentStatus::kSuccessful)
            break;
    }
    return since;
}

}  // namespace

/// What is being put together about one event.
struct RolloutNews::Story {
    const Notify& notice;
    Rollout rollout;
    RolloutFacts facts;
    const EcsDeployment* deployment = nullptr;  ///< the one that the event is about, if ECS still shows it
    Notification notification;
    std::string rollback = {};
    std::optional<Error> rollback_error = {};
    std::string failed = {};         ///< id of the deployment whose tasks failed; empty for none
    bool forward = false;            ///< it has completed, and is no rollback
    bool direction_unknown = false;  ///< nobody knows
    std::optional<RolloutEnding> ending = {};
};

bool RolloutNews::was_said(const Notify& notice, WallTime at) {
    if (!notice.deployment_id) return false;
    // Asked first, so that it is remembered: it makes news of what comes after it.
    const auto fact = fmt::format("{} ({}) {}", notice.event_name, notice.status, notice.reason.value_or(""));
    const bool is_news = memory_.is_news(*notice.deployment_id, fact, at);
    // The function said "started" itself. While it waits for the end, another process hears of the start.
    if (notice.event_name == "SERVICE_DEPLOYMENT_IN_PROGRESS" && notice.level == NoticeLevel::kInfo &&
        (options_.waits || memory_.started(*notice.deployment_id)))
        return true;
    return !is_news;
}

RolloutNews::News RolloutNews::tell(const Notify& notice, const EcsTarget& target, WallTime at, Deadline deadline,
                                    SaidBefore known) {
    const bool failed = notice.event_name == "SERVICE_DEPLOYMENT_FAILED";
    const bool said = known == SaidBefore::kByEvent && was_said(notice, at);
    const bool completed = notice.event_name == "SERVICE_DEPLOYMENT_COMPLETED";
    // What could not begin the last time is still to be done, though the event has been told.
    if (said && !(failed && options_.roll_back) && !(completed && options_.verifies))
        return {.notification = std::nullopt};
    Story story{.notice = notice,
                .rollout = {.target = target,
                            .deployment_id = notice.deployment_id.value_or(""),
                            .task_definition = {},
                            .started_at = at},
                .facts = {},
                .notification = {.type = type_of(notice.level),
                                 .title = {},
                                 .project = {},
                                 .environment = {},
                                 .service = target.label(),
                                 .status = notice.status,
                                 .deployment_id = notice.deployment_id,
                                 .task_definition = {},
                                 .started_because = {},
                                 .took = {},
                                 .reason = notice.reason}};
    const auto described = observer_.describe_again(target.cluster, {target.service}, deadline);
    story.facts.service = described ? described->find(target.service) : nullptr;
    // What may not be read is done without; what cannot be read, or not be understood, leaves open what completed.
    if (!described && described.error().kind != ErrorKind::kAccessDenied) story.facts.history.unknown = true;
    story.facts.now = at;
    if (story.facts.service != nullptr) {
        const auto* primary = story.facts.service->primary();
        if (story.rollout.deployment_id.empty() && primary != nullptr) story.rollout.deployment_id = primary->id;
        story.deployment = story.facts.service->deployment(story.rollout.deployment_id);
    }
    if (story.deployment != nullptr) {
        story.rollout.task_definition = story.deployment->task_definition;
        story.rollout.started_at = story.deployment->created_at;
        story.notification.task_definition = story.deployment->task_definition;
    }
    const auto started = memory_.started(story.rollout.deployment_id);
    if (started) {
        story.notification.started_because = started->reason;
        if (story.deployment == nullptr) story.rollout.started_at = started->at;
    }

    if ((completed || failed) && story.rollout.started_at < at)
        story.notification.took = in_words(std::chrono::duration_cast<Milliseconds>(at - story.rollout.started_at));
    if (completed || failed)
        story.ending = {.verdict = completed ? Verdict::kCompleted : Verdict::kFailed,
                        .deployment_id = story.rollout.deployment_id};
    if (story.ending && story.rollout.started_at < at) story.ending->started_at = story.rollout.started_at;
    if (completed)
        tell_completed(story, deadline);
    else if (failed)
        tell_failed(story, deadline);
    else if (notice.level != NoticeLevel::kInfo && !notice.event_name.starts_with("HOOK_") &&
             story.facts.service != nullptr) {
        story.facts.stopped_tasks = observer_.stopped_tasks(target, deadline);
        story.failed = story.rollout.deployment_id;
        const auto why = why_tasks_fail(story.rollout.deployment_id, story.rollout.started_at, story.facts);
        add_sentence(story.notification.reason, why.empty() ? why_the_others_failed(story) : why);
    }
    if (!notice.event_name.starts_with("SERVICE_DEPLOYMENT_")) story.notification.ecs_event = notice.event_name;
    // Without a deployment of its own ECS says it again and again, for as long as it is so.
    if (!notice.deployment_id)
        story.notification.facts = {fmt::format("{}\n{}\n{}\n{}", notice.service, notice.event_name,
                                                story.rollout.deployment_id, notice.reason.value_or(""))};
    if (known == SaidBefore::kByWords)
        story.notification.facts = {
            fmt::format("{}\n{}\n{}", notice.service, story.notification.status, story.rollout.deployment_id)};
    story.notification.title = fmt::format("Deployment {}: {}", story.notification.status, target.label());
    News news{.notification = std::nullopt,
              .rollback = std::move(story.rollback),
              .rollback_error = std::move(story.rollback_error),
              .completed = story.forward ? std::optional(story.rollout) : std::nullopt,
              .direction_unknown = story.direction_unknown,
              .ending = std::move(story.ending)};
    if (!said) {
        if (!story.failed.empty()) tell_last_words(story, deadline);
        news.notification = std::move(story.notification);
    }
    return news;
}

/// A rollback that ends is announced like any deployment that ends: what ran before is complete, and what was wanted is
/// not there. Which of the two it is only ECS's records know, or the service's messages where those may not be read.
void RolloutNews::tell_completed(Story& story, Deadline deadline) {
    if (is_own_rollback(story.rollout, memory_)) {
        tell_rolled_back(story, nullptr, deadline);
        return;
    }
    if (!story.facts.history.unknown) {
        if (story.deployment == nullptr || story.deployment->status != "PRIMARY") return;
        story.facts.history = observer_.history(story.rollout.target, deadline);
    }
    const bool known = !story.facts.history.unknown;
    const auto& records = story.facts.history.records;
    if (!known && (story.facts.service == nullptr ||
                   direction_of_primary(*story.facts.service, story.facts.history) == Direction::kUnknown)) {
        story.direction_unknown = true;
        story.ending.reset();
        story.notification.type = NotificationType::kInfo;
        add_sentence(story.notification.reason,
                     "Whether this is what was wanted, or what a rollback has brought back, is not known: ECS does not "
                     "answer. `ci_lambda status` tells.");
        return;
    }
    if (direction_of_primary(*story.facts.service, story.facts.history) != Direction::kBack) {
        story.forward = true;
        story.ending->broken_since = broken_before(story.rollout, records);
        tell_images(story, deadline);
        story.ending->pushed = story.rollout.pushed;
        return;
    }
    const auto* record = records.empty() || !is_rollback(records.front().status) ? nullptr : &records.front();
    tell_rolled_back(story, record, deadline);
}

/// What runs now, and whether that is what was pushed: as this process remembers it, or as the revision's tags say.
void RolloutNews::tell_images(Story& story, Deadline deadline) {
    if (story.deployment == nullptr) return;
    auto& pushed = story.rollout.pushed;
    if (const auto started = memory_.started(story.rollout.deployment_id)) {
        pushed = started->pushed;
    } else if (options_.registers) {
        const auto revision = revision_images_.find(TaskDefinition(story.rollout.task_definition), deadline);
        if (revision) pushed = pushed_images_of(*revision);
    }
    const auto images = observer_.running_images(story.rollout, *story.facts.service, deadline);
    story.notification.image = in_words(images.resolved, pushed);
    const auto proof = prove(pushed, images);
    if (proof.found != ImageProof::Found::kAnother) return;
    story.notification.type = NotificationType::kWarning;
    story.notification.status = "completed with another image";
    add_sentence(story.notification.reason, fmt::format("{} {}", story.notice.service, proof.words));
}

void RolloutNews::tell_rolled_back(Story& story, const EcsServiceDeployment* record, Deadline deadline) {
    story.notification.type = NotificationType::kWarning;
    story.notification.status = "rolled back";
    story.notification.reason.reset();
    story.ending->verdict = Verdict::kRolledBack;
    // The deployment that runs again is an old one: what took time is the rollout that it ends.
    story.ending->started_at = record == nullptr ? std::nullopt : std::optional(record->created_at);
    if (!story.rollout.task_definition.empty())
        story.notification.reason =
            fmt::format("{} runs again, not what was to be deployed", short_name(story.rollout.task_definition));
    if (record != nullptr) {
        add_sentence(story.notification.reason, record->reason);
        story.notification.took =
            in_words(std::chrono::duration_cast<Milliseconds>(story.facts.now - record->created_at));
    } else if (!memory_.started(story.rollout.deployment_id)) {
        story.notification.took.reset();
    }
    story.facts.stopped_tasks = observer_.stopped_tasks(story.rollout.target, deadline);
    add_sentence(story.notification.reason, why_the_others_failed(story));
}

/// The commonest reason why tasks of another deployment than the one that is told of stopped, which it replaces.
std::string RolloutNews::why_the_others_failed(Story& story) {
    const auto* latest = last_of_the_others(story.rollout.deployment_id, story.facts);
    if (latest == nullptr) return {};
    story.failed = latest->started_by;
    return why_tasks_fail(latest->started_by, latest->stopped_at, story.facts);
}

void RolloutNews::tell_last_words(Story& story, Deadline deadline) {
    if (auto words = observer_.last_words(story.failed, story.facts.stopped_tasks, deadline))
        story.notification.excerpt = {.title = title_of(*words), .lines = std::move(words->lines)};
}

void RolloutNews::tell_failed(Story& story, Deadline deadline) {
    story.facts.stopped_tasks = observer_.stopped_tasks(story.rollout.target, deadline);
    story.failed = story.rollout.deployment_id;
    const auto ecs_reason = story.notification.reason;
    story.notification.reason = why_tasks_fail(story.rollout.deployment_id, story.rollout.started_at, story.facts);
    add_sentence(story.notification.reason, ecs_reason.value_or(""));
    const auto* service = story.facts.service;
    if (service == nullptr) return;
    if (service->by_code_deploy) {
        const auto history = observer_.history(story.rollout.target, deadline);
        const auto* record = record_of(story.rollout, history.records);
        if (record != nullptr && is_rollback(record->status)) {
            add_sentence(story.notification.reason, "CodeDeploy rolls it back.");
            return;
        }
    } else if (service->configuration.rolls_back_by_itself()) {
        const auto history = observer_.history(story.rollout.target, deadline);
        const bool can = can_go_back(*service, history, record_of(story.rollout, history.records));
        add_sentence(story.notification.reason,
                     can ? "ECS rolls it back." : "There is nothing that ECS could go back to.");
        return;
    }
    if (!options_.roll_back) return;
    if (story.notice.doubt)
        add_sentence(story.notification.reason, fmt::format("Not rolled back: {}.", *story.notice.doubt));
    else
        roll_back(story, deadline);
}

void RolloutNews::roll_back(Story& story, Deadline deadline) {
    const auto judgement = judge(story.rollout, story.facts, options_.timeout);
    if (judgement.verdict != Verdict::kFailed) return;  // ECS has moved on since it sent the event
    auto report = rollback_.roll_back(story.rollout, judgement, deadline);
    add_sentence(story.notification.reason, fmt::format("Rollback: {}.", report.words));
    if (report.means != RollbackReport::Means::kNone) story.rollback = std::move(report.words);
    story.rollback_error = std::move(report.error);
}

}  // namespace ci_lambda
