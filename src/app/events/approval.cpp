#include "app/events/approval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "announce/words.hpp"
#include "approvals/token.hpp"
#include "base/text.hpp"
#include "deployer/approve/approval_gate.hpp"
#include "deployer/approve/permission.hpp"
#include "handlers/request_json.hpp"
#include "pipelines/state_machine.hpp"

namespace ci_lambda {
namespace {

using What = ApprovalEvent::What;

/// Slack's own answer takes less than a second.
constexpr Milliseconds kReplyTime{3'000};

/// An answer with all that is known of it.
struct Opened {
    ApprovalAnswer answer;
    Approval approval;
    std::string reason;
};

Result<Approval> open(Wiring& parts, const ApprovalEvent& event, ApprovalAnswer& answer) {
    TRY_ASSIGN(const auto keys, keys_of(parts.config.approval));
    const auto now = parts.clock.now();
    answer = {.token = event.token, .approved = event.what == What::kApprove, .by = {}, .at = now};
    if (event.what == What::kAnswer) {
        TRY_ASSIGN(answer, open_answer(event.token, keys, now));
    }
    return open_token(answer.token, keys, environment_of(parts.config), now);
}

/// Who has pressed a button sees what came of it, in the place of the buttons. Nothing fails for it.
void show_decision(Wiring& parts, const ApprovalAnswer& answer, const Approval& approval, const EcsTarget& target,
                   const std::string& decided) {
    if (answer.reply_to.empty()) return;
    const auto brief = brief_of_json(approval.request);
    Notification notification{.type = NotificationType::kInfo,
                              .title = title_of("to be approved", target.label()),
                              .project = parts.config.project,
                              .environment = parts.config.environment,
                              .service = target.label(),
                              .status = answer.approved ? "approved" : "rejected",
                              .deployment_id = {},
                              .task_definition = {},
                              .approval = ApprovalPrompt{.id = id_of(approval), .token = {}, .decided = decided}};
    if (!brief.reason.empty()) notification.reason = brief.reason;
    const auto told = parts.replies.replace(answer.reply_to, gather({std::move(notification)}),
                                            Deadline::after(parts.clock, kReplyTime));
    if (!told) parts.logger.warn("answer to a button not shown", {{log_key::kError, told.error().message}});
}

Handled answered(std::string status, std::string detail) {
    return {.answer = {.status = std::move(status), .detail = std::move(detail)}};
}

Handled invalid(Wiring& parts, const Error& error) {
    const auto message = parts.redactor.redact(error.message);
    parts.logger.error("approval refused: it cannot be acted upon", {{log_key::kError, message}});
    return {.answer = {.status = "failed", .detail = message},
            .error = HandlingError{.type = error.retryable() ? "Function.DeploymentFailed" : "Function.InvalidEvent",
                                   .message = message}};
}

/// Everybody who was asked hears it, and whoever has pressed a button sees it there.
void tell(Wiring& parts, const Opened& opened, const EcsTarget& target, NotificationType type, std::string_view status,
          const std::string& reason) {
    Notification notification{.type = type,
                              .title = title_of(status, target.label()),
                              .project = {},
                              .environment = {},
                              .service = target.label(),
                              .status = std::string(status),
                              .deployment_id = {},
                              .task_definition = {},
                              .reason = reason,
                              .facts = {fmt::format("approval\n{}\n{}\n{}", id_of(opened.approval), status, reason)}};
    show_decision(parts, opened.answer, opened.approval, target,
                  fmt::format("{}: {}, {}", status, reason, minute_in_words(opened.answer.at)));
    parts.announcer.news({std::move(notification)});
    parts.deliver();
}

void log_refusal(Wiring& parts, const Opened& opened, const EcsTarget& target, const std::string& why) {
    parts.logger.warn("approval refused", {{log_key::kService, target.id.str()},
                                           {"approval", id_of(opened.approval)},
                                           {"by", in_words(opened.answer.by)},
                                           {log_key::kReason, why}});
}

Handled refuse(Wiring& parts, const Opened& opened, const EcsTarget& target, const std::string& why) {
    log_refusal(parts, opened, target, why);
    tell(parts, opened, target, NotificationType::kWarning, "not approved",
         fmt::format("{} of {}: {}", opened.answer.approved ? "the approval" : "the rejection",
                     in_words(opened.answer.by), why));
    return answered("refused", fmt::format("{}: {}", target.label(), why));
}

std::string by_and_why(const Opened& opened) {
    return opened.reason.empty() ? in_words(opened.answer.by)
                                 : fmt::format("{}: {}", in_words(opened.answer.by), one_line(opened.reason));
}

/// Whoever may not answer is told so, and nobody else: the buttons stay for those who may.
Handled forbid(Wiring& parts, const Opened& opened, const EcsTarget& target, const std::string& why) {
    log_refusal(parts, opened, target, why);
    if (!opened.answer.reply_to.empty())
        (void)parts.replies.tell(opened.answer.reply_to, why, Deadline::after(parts.clock, kReplyTime));
    return answered("refused", fmt::format("{}: {}", target.label(), why));
}

/// What runs now, `ecs-svc/N`; what was asked about it may be over.
Result<std::string> running_now(Wiring& parts, const EcsTarget& target, Deadline deadline) {
    TRY_ASSIGN(const auto described, parts.ecs.describe_services(target.cluster, {target.service}, deadline));
    const auto* service = described.find(target.service);
    const auto* primary = service == nullptr ? nullptr : service->primary();
    return primary == nullptr ? std::string() : primary->id;
}

/// The run of a pipeline that waits for the answer is over with it.
void stop_run(Wiring& parts, const Opened& opened, Deadline deadline) {
    const auto request = request_of_json(opened.approval.request, parts.config);
    if (!request || request->pipeline_run.empty()) return;
    const auto execution = execution_arn(parts.config.pipeline_state_machine, request->pipeline_run);
    if (!execution) return;
    const auto stopped = parts.patiently<void>(deadline, [&] {
        return parts.states.stop(*execution, std::string(kPipelineStoppedError),
                                 fmt::format("{} was rejected by {}", opened.approval.service, by_and_why(opened)),
                                 deadline);
    });
    if (!stopped)
        parts.logger.warn("the run that waits was not stopped: it ends when the approval's time is over",
                          {{"run", request->pipeline_run}, {log_key::kError, stopped.error().message}});
}

Handled reject(Wiring& parts, const Opened& opened, const EcsTarget& target, Deadline deadline) {
    const auto running = running_now(parts, target, working_time(deadline));
    // Where that cannot be found out, a no is a no.
    if (running && *running != opened.approval.running)
        return refuse(parts, opened, target,
                      fmt::format("{} runs {} by now: nothing waits for this answer any more", target.label(),
                                  running->empty() ? "nothing" : *running));
    stop_run(parts, opened, working_time(deadline));
    parts.logger.info(
        "approval rejected",
        {{log_key::kService, target.id.str()}, {"approval", id_of(opened.approval)}, {"by", by_and_why(opened)}});
    parts.questions.settle(opened.approval, working_time(deadline));
    tell(parts, opened, target, NotificationType::kWarning, "rejected", fmt::format("by {}", by_and_why(opened)));
    return answered("rejected", fmt::format("{}: rejected by {}", target.label(), by_and_why(opened)));
}

/// ECS is the one that waits: it is told.
Handled answer_hook(Wiring& parts, const Opened& opened, const EcsTarget& target, Deadline deadline) {
    const auto time = working_time(deadline);
    const Steering::Hook hook{.service_deployment = opened.approval.service_deployment, .id = opened.approval.hook};
    const auto done = opened.answer.approved
                          ? parts.steering.go_on(target, parts.dry_run, time, hook)
                          : parts.steering.go_back(target, fmt::format("rejected by {}", by_and_why(opened)),
                                                   parts.dry_run, time, hook);
    if (done.error && done.error->retryable()) {
        auto handled = answered("failed", fmt::format("{}: {}", target.label(), done.words));
        handled.error = HandlingError{.type = "Function.DeploymentFailed", .message = handled.answer.detail};
        return handled;
    }
    if (!done.dry) parts.questions.settle(opened.approval, time);
    if (done.means == SteeringReport::Means::kNone && !done.dry) return refuse(parts, opened, target, done.words);
    const auto words =
        fmt::format("{} by {}: {}", opened.answer.approved ? "approved" : "rejected", by_and_why(opened), done.words);
    tell(parts, opened, target, opened.answer.approved ? NotificationType::kInfo : NotificationType::kWarning,
         opened.answer.approved ? "approved" : "rejected", words);
    return answered(done.dry                 ? "dry_run"
                    : opened.answer.approved ? "continued"
                                             : "rejected",
                    fmt::format("{}: {}", target.label(), words));
}

Handled deploy(Wiring& parts, Deployments& deployments, const Event& event, const AnswerApproval& said,
               const Opened& opened, const EcsTarget& target, Deadline deadline) {
    auto request = request_of_json(opened.approval.request, parts.config);
    if (!request) return refuse(parts, opened, target, request.error().message);
    const auto turn = parts.dry_run ? Questions::Turn{}
                                    : parts.questions.take_turn(opened.approval, opened.answer.token, opened.answer,
                                                                said.event.token, deadline);
    // Whoever is at it says what comes of it; the buttons stay until then.
    if (turn.kind == Questions::Turn::Kind::kOthers) return forbid(parts, opened, target, turn.words);
    request->reason += fmt::format(", approved by {}", by_and_why(opened));
    request->approval = GivenApproval{
        .by = in_words(opened.answer.by), .running = opened.approval.running, .content = opened.approval.content};
    // A task before it, or a hold, may keep it from beginning now.
    if (const auto keys = keys_of(parts.config.approval))
        request->kept_approval = sign(KeptApproval{.environment = opened.approval.environment,
                                                   .target = opened.approval.target,
                                                   .service = opened.approval.service,
                                                   .by = in_words(opened.answer.by),
                                                   .running = opened.approval.running,
                                                   .content = opened.approval.content,
                                                   .at = parts.clock.now()},
                                      *keys)
                                     .value_or("");
    const Deploy decision{.requests = {*std::move(request)}, .skipped = {}};
    const std::vector<Announcer::Cause> causes{{.id = event.envelope.id, .decision = &decision}};
    auto handled = answer_of(deployments.carry_out(decision, causes, deadline), {});
    handled.deploys = true;
    const auto& reports = handled.answer.deployments;
    if (!reports.empty() && !reports.front().error && !parts.dry_run)
        parts.questions.settle(opened.approval, working_time(deadline));
    // Where it has begun, what shows that is ECS, perhaps a little later.
    if (reports.empty() || reports.front().deployment_id.empty())
        parts.questions.give_back(turn, working_time(deadline));
    // It came too late, or a second time: nothing is to come again for that.
    if (!reports.empty() && reports.front().barrier && reports.front().barrier->kind == Barrier::Kind::kOutdated)
        return refuse(parts, opened, target, reports.front().outcome);
    const bool begun = !reports.empty() && !reports.front().error && reports.front().status != DeploymentStatus::kHeld;
    show_decision(parts, opened.answer, opened.approval, target,
                  fmt::format("approved by {}, {}{}", by_and_why(opened), minute_in_words(opened.answer.at),
                              begun ? "" : fmt::format("; it has not begun: {}", handled.answer.detail)));
    return handled;
}

}  // namespace

Handled carry_out_approval(Wiring& parts, Deployments& deployments, const Event& event, const AnswerApproval& answer,
                           Deadline deadline) {
    Opened opened{.answer = {}, .approval = {}, .reason = answer.event.reason};
    auto approval = open(parts, answer.event, opened.answer);
    if (!approval) {
        if (!opened.answer.reply_to.empty())
            (void)parts.replies.tell(opened.answer.reply_to, approval.error().message,
                                     Deadline::after(parts.clock, kReplyTime));
        return invalid(parts, approval.error());
    }
    opened.approval = *std::move(approval);
    if (opened.approval.target != parts.config.deployment_target) {
        auto handled = answered("ignored", fmt::format("the approval is for {}", one_line(opened.approval.target)));
        handled.meant_here = false;
        return handled;
    }
    const auto& service = opened.approval.service;
    const auto target = parts.config.names.target(service);
    if (!target)
        return answered("ignored", fmt::format("{} is none of our services any more", one_line(service.str())));
    if (auto why = why_not_by(opened.answer.by, parts.config.approval.of(service), parts.config.approval))
        return parts.redacted(forbid(parts, opened, *target, *why));
    auto handled = opened.approval.is_of_hook() ? answer_hook(parts, opened, *target, deadline)
                   : !opened.answer.approved    ? reject(parts, opened, *target, deadline)
                                                : deploy(parts, deployments, event, answer, opened, *target, deadline);
    if (!handled.error && handled.answer.status != "refused" && !parts.dry_run)
        parts.counter.answered(opened.approval, opened.answer.at);
    return parts.redacted(std::move(handled));
}

}  // namespace ci_lambda
