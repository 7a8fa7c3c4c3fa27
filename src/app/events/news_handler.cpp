#include "app/events/news_handler.hpp"

#include <fmt/format.h>

#include <utility>

#include "announce/words.hpp"
#include "approvals/token.hpp"
#include "deployer/approve/approval_gate.hpp"
#include "deployer/approve/waiting_hooks.hpp"

namespace ci_lambda {
namespace {

DeploymentReport rolled_back_for(const Notify& notice, const EcsTarget& target, std::string how) {
    return {.target = target,
            .status = DeploymentStatus::kInProgress,
            .reason = fmt::format("a rollback, because of {}", notice.event_name),
            .task_definition = {},
            .deployment_id = notice.deployment_id.value_or(""),
            .attempts = 1,
            .outcome = std::move(how)};
}

}  // namespace

NewsHandler::Heard NewsHandler::hear(const Event& event, const Notify& notice, Deadline deadline) {
    auto heard = hear_of_rollout(event, notice, deadline);
    // What has a task after it is good once that has succeeded.
    const auto& after = heard.afterwards;
    if (!after || after->stand == Afterwards::Stand::kNone || after->stand == Afterwards::Stand::kSucceeded)
        heard.tasks = follow(notice, deadline);
    return heard;
}

/// Tasks get the image of a service once that has completed with it.
std::vector<TaskReport> NewsHandler::follow(const Notify& notice, Deadline deadline) {
    const bool completed = notice.event_name == "SERVICE_DEPLOYMENT_COMPLETED" && !notice.doubt;
    const auto target = parts_.config.names.target(notice.service);
    if (!completed || !target) return {};
    if (parts_.config.scheduled_tasks.empty() && !parts_.config.discovers_tasks) return {};
    const auto images = parts_.tasks.completed_with(*target, working_time(deadline));
    if (images && images->empty()) return {};
    if (images) {
        parts_.discover_tasks(working_time(deadline));
        return parts_.tasks.update(following(notice.service, *images, parts_.config), working_time(deadline));
    }
    TaskReport report{.id = notice.service,
                      .family = {},
                      .status = TaskStatus::kFailed,
                      .reason = fmt::format("{} has completed", notice.service),
                      .task_definition = {},
                      .moved = {},
                      .outcome = {},
                      .error = images.error()};
    report.error->message = fmt::format("which tasks follow it is not known: {}", report.error->message);
    return {std::move(report)};
}

NewsHandler::Heard NewsHandler::hear_of_rollout(const Event& event, const Notify& notice, Deadline deadline) {
    Heard heard{.what = fmt::format("{} of {}: {}", notice.event_name, notice.service, notice.status)};
    log(event, notice);
    const bool acts = parts_.config.rollback_on_failure && !parts_.dry_run && !notice.doubt;
    const auto target = parts_.config.names.target(notice.service);
    const bool verifies = notice.event_name == "SERVICE_DEPLOYMENT_COMPLETED" && !notice.doubt && target &&
                          parts_.verifier.concerns(notice.service);
    const bool tests = notice.event_name == "SERVICE_DEPLOYMENT_COMPLETED" && !notice.doubt && target &&
                       parts_.task_after.concerns(notice.service);
    const auto at = parse_rfc3339(event.envelope.time).value_or(parts_.clock.now());
    if (!parts_.notifications.has_channels() && !acts && !verifies && !tests) {
        heard.what += " (no notification channel is on)";
        parts_.counter.heard(notice, at);
        return heard;
    }
    auto news = target ? parts_.news.tell(notice, *target, at, working_time(deadline),
                                          tests ? RolloutNews::SaidBefore::kByWords : RolloutNews::SaidBefore::kByEvent)
                       : RolloutNews::News{};
    if (tests && !look_at_the_task(notice, *target, at, news, heard, working_time(deadline))) return heard;
    auto& [notification, rollback, rollback_error, completed, direction_unknown, ending] = news;
    if (verifies) heard.completed = std::move(completed);
    if (verifies && direction_unknown)
        heard.not_verified = "it is not watched: ECS does not say whether a rollback has completed";
    if (!rollback.empty()) heard.rollback = rolled_back_for(notice, *target, std::move(rollback));
    if (rollback_error) heard.rollback_error = std::move(rollback_error);
    if (!notification || !parts_.announcer.is_new(*notification)) {
        heard.what += " (said before)";
        return heard;
    }
    if (ending) parts_.counter.ended(*ending, notice.service, at);
    if (target) ask_for_answer(notice, *target, *notification, working_time(deadline));
    parts_.logger.info("deployment verdict", {{log_key::kService, notice.service.str()},
                                              {"status", notification->status},
                                              {log_key::kReason, notification->reason.value_or("")}});
    heard.what = fmt::format("{} of {}: {}", notice.event_name, notice.service, notification->status);
    if (heard.rollback) heard.rollback->task_definition = notification->task_definition.value_or("");
    if (parts_.notifications.has_channels())
        heard.notification = std::move(notification);
    else
        heard.what += " (no notification channel is on)";
    return heard;
}

/// What has completed is told once the task after it has succeeded. False: there is nothing else to say.
bool NewsHandler::look_at_the_task(const Notify& notice, const EcsTarget& target, WallTime at, RolloutNews::News& news,
                                   Heard& heard, Deadline deadline) {
    if (news.direction_unknown) {
        heard.not_verified = "the task after it is not looked at: ECS does not say whether a rollback has completed";
        return false;
    }
    const bool forward = news.completed || news.notification->status == notice.status;
    if (!forward) return true;
    const auto rollout = news.completed.value_or(Rollout{
        .target = target, .deployment_id = notice.deployment_id.value_or(""), .task_definition = {}, .started_at = at});
    // Of the end of the task the time says nothing of when the rollout ended.
    heard.afterwards = parts_.task_after.look(rollout, notice.task_after_ended ? WallTime{} : at, deadline);
    const auto& after = *heard.afterwards;
    heard.what = fmt::format("{} of {}: {}", notice.event_name, notice.service, after.words);
    auto& notification = *news.notification;
    switch (after.stand) {
        case Afterwards::Stand::kNone: return true;
        case Afterwards::Stand::kRuns: return false;
        case Afterwards::Stand::kUnclear: heard.not_verified = after.words; return false;
        case Afterwards::Stand::kSucceeded: break;
        case Afterwards::Stand::kOver:
            if (notice.task_after_ended) return false;
            break;
        case Afterwards::Stand::kNotRun:
            notification.type = NotificationType::kError;
            notification.status = "completed, and not tested";
            break;
        case Afterwards::Stand::kFailed:
            news.completed.reset();
            if (news.ending) news.ending->verdict = Verdict::kFailed;
            notification.type = NotificationType::kError;
            notification.status = "failed";
            notification.facts = {
                fmt::format("{}\nfailed afterwards\n{}", notice.service, notice.deployment_id.value_or(""))};
            if (const auto& words = after.last_words)
                notification.excerpt = {.title = title_of(*words), .lines = words->lines};
            break;
    }
    notification.title = title_of(notification.status, target.label());
    auto& reason = notification.reason;
    reason = reason && !reason->empty() ? fmt::format("{}\n{}", *reason, after.words) : after.words;
    if (!after.rollback) return true;
    *reason += fmt::format("\nRollback: {}.", after.rollback->words);
    if (after.rollback->means != RollbackReport::Means::kNone) {
        heard.rollback = rolled_back_for(notice, target, after.rollback->words);
        heard.rollback->reason = fmt::format("a rollback, because {}", after.words);
    }
    heard.rollback_error = after.rollback->error;
    return true;
}

/// A rollout that ECS keeps waiting for a person can be answered where it is told. Nothing is told less for it.
void NewsHandler::ask_for_answer(const Notify& notice, const EcsTarget& target, Notification& notification,
                                 Deadline deadline) {
    const auto& approval = parts_.config.approval;
    if (notice.event_name != "HOOK_AWAITING_ACTION" || !approval.key) return;
    std::optional<WallTime> expires;
    const auto asked = [&]() -> Result<ApprovalPrompt> {
        TRY_ASSIGN(const auto keys, keys_of(approval));
        TRY_ASSIGN(const auto described, parts_.ecs.describe_services(target.cluster, {target.service}, deadline));
        const auto* service = described.find(target.service);
        if (service == nullptr) return fail(ErrorKind::kNotFound, "ECS does not describe the service");
        TRY_ASSIGN(const auto waiting, find_waiting_hooks(parts_.ecs, target, *service, deadline));
        if (waiting.empty()) return fail(ErrorKind::kNotFound, "it does not wait any more");
        expires = waiting.front().expires;
        const auto what = approval_of(waiting.front(), parts_.config, parts_.clock.now());
        TRY_ASSIGN(auto token, sign(what, keys));
        TRY_ASSIGN(auto ways, ways_of(token, approval_options(parts_.config), keys));
        return ApprovalPrompt{.id = id_of(what), .token = token, .page = ways.page, .code = ways.code};
    }();
    if (asked) {
        notification.approval = *asked;
        if (expires && !parts_.dry_run) parts_.questions.remind(asked->token, deadline);
    } else {
        parts_.logger.warn("what waits cannot be answered where it is told",
                           {{log_key::kService, target.id.str()}, {log_key::kError, asked.error().message}});
    }
}

void NewsHandler::log(const Event& event, const Notify& notice) const {
    std::vector<LogField> fields{{"event", describe(event)},
                                 {log_key::kService, notice.service.str()},
                                 {"event_name", notice.event_name},
                                 {"status", notice.status}};
    if (notice.deployment_id) fields.emplace_back(log_key::kDeploymentId, *notice.deployment_id);
    if (notice.reason) fields.emplace_back(log_key::kReason, *notice.reason);
    parts_.logger.info("deployment news from ECS", std::move(fields));
}

Handled NewsHandler::answer_of(const Heard& heard, const std::vector<std::string>& problems) const {
    const bool goes_on = heard.afterwards && heard.afterwards->stand == Afterwards::Stand::kRuns;
    Handled handled{.answer = {.status = heard.notification ? "notified"
                                         : goes_on          ? "verifying"
                                                            : "ignored",
                               .detail = heard.what}};
    for (const auto& problem : problems) handled.answer.detail += fmt::format(" (not delivered: {})", problem);
    if (heard.rollback) {
        if (!heard.notification) handled.answer.status = to_string(heard.rollback->status);
        handled.answer.detail += fmt::format("; it is being rolled back: {}", heard.rollback->outcome);
        handled.answer.deployments.push_back(*heard.rollback);
    }
    if (heard.rollback_error) {
        // The event comes again, and with it the chance to do it.
        handled.answer.status = "failed";
        handled.error = HandlingError{
            .type = "Function.RollbackFailed",
            .message = fmt::format("{}; it could not be rolled back: {}", heard.what, heard.rollback_error->message)};
    }
    if (!heard.not_verified.empty()) {
        handled.answer.status = "failed";
        handled.error = HandlingError{.type = "Function.VerifyFailed",
                                      .message = fmt::format("{}; {}", heard.what, heard.not_verified)};
    }
    add_tasks(handled, heard.tasks);
    return parts_.redacted(std::move(handled));
}

}  // namespace ci_lambda
