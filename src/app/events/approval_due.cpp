#include "app/events/approval_due.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "announce/words.hpp"
#include "approvals/token.hpp"
#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/approve/approval_gate.hpp"
#include "deployer/approve/waiting_hooks.hpp"
#include "handlers/request_json.hpp"

namespace ci_lambda {
namespace {

using What = ApprovalEvent::What;

/// What is due, with all that is known of it.
struct Due {
    What what;
    const std::string& token;
    Approval approval;
    EcsTarget target;
};

Handled nothing_to_say(Wiring& parts, const std::string& why) {
    parts.logger.info("nothing is said of an approval that is due", {{log_key::kReason, why}});
    return {.answer = {.status = "ignored", .detail = parts.redactor.redact(why)}};
}

Handled comes_again(Wiring& parts, const Due& due, const Error& why) {
    const auto message = parts.redactor.redact(
        fmt::format("{}: whether it still waits to be approved is not known: {}", due.target.label(), why.message));
    parts.logger.error("nobody could be told of an approval that is due", {{log_key::kError, message}});
    return {.answer = {.status = "failed", .detail = message},
            .error = HandlingError{.type = "Function.DeploymentFailed", .message = message}};
}

/// What would become of it now, if it were to begin. Nothing is registered or sent.
DeploymentReport look_at(Wiring& parts, DeploymentRequest request, Deadline deadline) {
    Deployer looking({.max_retries = parts.config.max_deployment_retries,
                      .dry_run = true,
                      .rollback_on_failure = parts.config.rollback_on_failure,
                      .tags = parts.config.holds.tags ? WithTags::kYes : WithTags::kNo},
                     parts.ecs, parts.registries, parts.observer, parts.remembered.memory, parts.revision_images,
                     parts.gate, parts.clock, parts.sleeper, parts.logger);
    auto reports = looking.deploy({.requests = {std::move(request)}, .skipped = {}}, deadline);
    return std::move(reports.front());
}

bool is_asked_now(const DeploymentReport& report, const Approval& approval) {
    return report.barrier && report.barrier->kind == Barrier::Kind::kApproval && report.barrier->id == id_of(approval);
}

std::string way_to_ask_again(const EcsTarget& target, const RequestInBrief& brief) {
    auto command = fmt::format("ci_lambda deploy {}", target.id);
    if (brief.images.size() == 1) command += fmt::format(" --image {}", brief.images.front());
    return command;
}

Notification begin(const Due& due, NotificationType type, std::string_view status) {
    const auto& approval = due.approval;
    return {.type = type,
            .title = title_of(status, due.target.label()),
            .project = {},
            .environment = {},
            .service = due.target.label(),
            .status = std::string(status),
            .deployment_id = {},
            .task_definition = {},
            .facts = {fmt::format("approval due\n{}\n{}\n{}", id_of(approval), static_cast<int>(due.what),
                                  approval.expires.time_since_epoch().count())}};
}

/// What answers it, with the token that has been sent before.
Result<ApprovalPrompt> prompt_of(Wiring& parts, const Due& due) {
    TRY_ASSIGN(const auto keys, keys_of(parts.config.approval));
    TRY_ASSIGN(auto ways, ways_of(due.token, approval_options(parts.config), keys));
    return ApprovalPrompt{.id = id_of(due.approval), .token = due.token, .page = ways.page, .code = ways.code};
}

Handled say(Wiring& parts, const Due& due, Notification notification) {
    const auto words = fmt::format("{}: {}", due.target.label(), notification.status);
    parts.logger.info(
        "approval due",
        {{log_key::kService, due.target.id.str()}, {"approval", id_of(due.approval)}, {"status", notification.status}});
    parts.announcer.news({std::move(notification)});
    Handled handled{.answer = {.status = "notified", .detail = words}};
    for (const auto& problem : parts.deliver()) handled.answer.detail += fmt::format(" (not delivered: {})", problem);
    return handled;
}

Handled say_of_hook(Wiring& parts, const Due& due, Deadline deadline) {
    const auto record = parts.patiently<std::vector<WaitingHook>>(deadline, [&]() -> Result<std::vector<WaitingHook>> {
        TRY_ASSIGN(const auto described,
                   parts.ecs.describe_services(due.target.cluster, {due.target.service}, deadline));
        const auto* service = described.find(due.target.service);
        if (service == nullptr) return std::vector<WaitingHook>{};
        return find_waiting_hooks(parts.ecs, due.target, *service, deadline);
    });
    if (!record) return comes_again(parts, due, record.error());
    const auto waiting = std::ranges::find_if(*record, [&](const WaitingHook& hook) {
        return hook.hook == due.approval.hook && hook.service_deployment == due.approval.service_deployment;
    });
    if (waiting == record->end() || due.what != What::kRemind)
        return nothing_to_say(parts, fmt::format("{} does not wait for that answer any more", due.target.label()));
    auto notification = begin(due, NotificationType::kWarning, "still waiting for approval");
    notification.reason = fmt::format("{}{} waits to be approved until {}, and nobody has answered; then ECS {}",
                                      short_name(waiting->task_definition),
                                      waiting->stage.empty() ? std::string() : fmt::format(" at {}", waiting->stage),
                                      minute_in_words(due.approval.expires),
                                      waiting->then_rolls_back ? "rolls it back" : "lets it go on");
    if (auto prompt = prompt_of(parts, due)) notification.approval = *std::move(prompt);
    return say(parts, due, std::move(notification));
}

Handled say_of_deployment(Wiring& parts, const Due& due, Deadline deadline) {
    const auto& approval = due.approval;
    auto request = request_of_json(approval.request, parts.config);
    if (!request) return nothing_to_say(parts, request.error().message);
    // Whoever is at it says what comes of it.
    if (due.what != What::kBegun && parts.questions.is_being_begun(approval, deadline))
        return nothing_to_say(parts, fmt::format("{} is being begun: it has been approved", due.target.label()));
    request->approval.reset();
    const auto report = look_at(parts, *request, deadline);
    if (report.error && report.error->retryable()) return comes_again(parts, due, *report.error);
    const bool held = report.barrier && report.barrier->kind == Barrier::Kind::kHeld;
    if (!is_asked_now(report, approval) && (!held || due.what != What::kExpired))
        return nothing_to_say(parts, fmt::format("{} does not wait for that answer any more{}", due.target.label(),
                                                 report.outcome.empty() ? "" : ": " + report.outcome));
    const auto brief = brief_of_json(approval.request);
    if (due.what == What::kExpired) {
        auto notification = begin(due, NotificationType::kWarning, "not approved in time");
        notification.reason =
            fmt::format("Nobody has answered until {}, and nothing was deployed.\n{}\nTo ask again: {}",
                        minute_in_words(approval.expires), brief.reason, way_to_ask_again(due.target, brief));
        return say(parts, due, std::move(notification));
    }
    auto notification = begin(due, NotificationType::kWarning,
                              due.what == What::kBegun ? "approved, but not begun" : "still to be approved");
    const bool over = approval.expires <= parts.clock.now();
    const auto way = over ? fmt::format("To ask again: {}", way_to_ask_again(due.target, brief))
                          : fmt::format("It can be approved until {}", minute_in_words(approval.expires));
    notification.reason = fmt::format("{}\n{}{}", brief.reason,
                                      due.what == What::kBegun ? "Somebody has approved it, and nothing has begun: "
                                                                 "whatever was to begin it has ended. "
                                                               : "Nobody has answered yet. ",
                                      way);
    for (const auto& line : report.barrier->details) *notification.reason += fmt::format("\n• {}", line);
    if (over) return say(parts, due, std::move(notification));
    if (auto prompt = prompt_of(parts, due)) notification.approval = *std::move(prompt);
    return say(parts, due, std::move(notification));
}

}  // namespace

void claim_questions(Wiring& parts, std::vector<DeploymentReport>& reports, Deadline deadline) {
    for (auto& report : reports) {
        if (report.status != DeploymentStatus::kAwaitingApproval || !report.barrier) continue;
        switch (parts.questions.claim(report.barrier->token, deadline)) {
            case Questions::Claim::kUnknown: break;
            case Questions::Claim::kAsk: report.to_be_asked = true; break;
            case Questions::Claim::kAsked:
                report.told_before = true;
                parts.logger.info("approval not asked for again: it has been",
                                  {{log_key::kService, report.target.id.str()}, {"approval", report.barrier->id}});
                break;
        }
    }
}

void confirm_questions(Wiring& parts, const std::vector<DeploymentReport>& reports, Deadline deadline) {
    for (const auto& report : reports)
        if (report.to_be_asked)
            parts.questions.asked(report.barrier->token,
                                  !parts.notifications.has_channels() || parts.announcer.has_asked(report), deadline);
}

Handled carry_out_due(Wiring& parts, const ApprovalEvent& event, Deadline deadline) {
    const auto keys = keys_of(parts.config.approval);
    auto approval = keys ? read_token(event.token, *keys, environment_of(parts.config))
                         : Result<Approval>(std::unexpected(keys.error()));
    if (!approval) return nothing_to_say(parts, approval.error().message);
    if (approval->target != parts.config.deployment_target) {
        Handled handled{.answer = {.status = "ignored",
                                   .detail = fmt::format("the approval is for {}", one_line(approval->target))}};
        handled.meant_here = false;
        return handled;
    }
    auto target = parts.config.names.target(approval->service);
    if (!target)
        return nothing_to_say(parts,
                              fmt::format("{} is none of our services any more", one_line(approval->service.str())));
    if (parts.dry_run) return nothing_to_say(parts, "it is a dry run, in which nothing has to be approved");
    const bool over = approval->expires <= parts.clock.now();
    if ((over && event.what == What::kRemind) || (!over && event.what == What::kExpired))
        return nothing_to_say(parts, over ? "its time is over" : "its time is not over yet");
    const Due due{
        .what = event.what, .token = event.token, .approval = *std::move(approval), .target = *std::move(target)};
    const auto time = working_time(deadline);
    return parts.redacted(due.approval.is_of_hook() ? say_of_hook(parts, due, time)
                                                    : say_of_deployment(parts, due, time));
}

}  // namespace ci_lambda
