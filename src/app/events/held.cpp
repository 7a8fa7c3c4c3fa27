#include "app/events/held.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "deployer/holds/hold.hpp"
#include "handlers/request_json.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kWayOutOfAHold = "ci_lambda release {0}, or ci_lambda deploy {0} --override-hold REASON";

void could_not_be_kept(Wiring& parts, DeploymentReport& report, const Error& why) {
    const auto& id = report.target.id;
    if (parts.foundation.for_people) {
        report.notes.push_back(fmt::format("nothing begins by itself: {}. Deploy it again when the hold is over; or {}",
                                           why.message, fmt::format(fmt::runtime(kWayOutOfAHold), id)));
        return;
    }
    auto error = why;
    error.message = fmt::format("{}, and it could not be kept until then: {}. The event has to come again; or {}",
                                report.barrier->words, why.message, fmt::format(fmt::runtime(kWayOutOfAHold), id));
    report.status = DeploymentStatus::kFailed;
    report.error = std::move(error);
    parts.logger.error("deployment held, and not kept",
                       {{log_key::kService, id.str()}, {log_key::kError, report.error->message}});
}

std::string begins_in_words(const DeploymentReport& report, WallTime at) {
    if (report.barrier->until) return fmt::format("{}; it begins by itself when that is over", report.barrier->words);
    return fmt::format("{}; it begins by itself once that is over, which is looked at about {}", report.barrier->words,
                       minute_in_words(at));
}

Result<EcsService> described_service(Wiring& parts, const EcsTarget& target, Deadline deadline) {
    TRY_ASSIGN(auto described, parts.patiently<DescribedServices>(deadline, [&] {
        return parts.ecs.describe_services_and_tags(target.cluster, {target.service}, deadline);
    }));
    const auto* service = described.find(target.service);
    if (service == nullptr || service->status == "INACTIVE")
        return fail(ErrorKind::kNotFound, fmt::format("ECS has no service {} in {}", target.service, target.cluster));
    if (service->arn.empty()) return fail(ErrorKind::kProtocol, "ECS's answer to DescribeServices has no ARN");
    return *service;
}

Handled hold_answer(const EcsTarget& target, std::string status, const std::string& words) {
    return {.answer = {.status = std::move(status), .detail = fmt::format("{}: {}", target.label(), words)}};
}

Handled hold_failed(const EcsTarget& target, const Error& why, std::string_view type) {
    auto handled = hold_answer(target, "failed", why.message);
    handled.error = HandlingError{.type = std::string(type), .message = handled.answer.detail};
    return handled;
}

void tell_of_hold(Wiring& parts, const EcsTarget& target, NotificationType type, const std::string& status,
                  const std::string& reason) {
    parts.announcer.news({{.type = type,
                           .title = fmt::format("Service {}: {}", status, target.label()),
                           .project = {},
                           .environment = {},
                           .service = target.label(),
                           .status = status,
                           .deployment_id = {},
                           .task_definition = {},
                           .reason = reason,
                           .facts = {}}});
    parts.deliver();
}

Handled hold_it(Wiring& parts, const SetHold& wanted, Deadline deadline) {
    Hold hold{.by = wanted.by, .reason = wanted.reason, .since = parts.clock.now()};
    if (!wanted.until.empty()) {
        auto until = parse_until(wanted.until, parts.clock.now());
        if (!until) return hold_failed(wanted.target, until.error(), "Function.InvalidEvent");
        hold.until = *until;
    }
    const auto service = described_service(parts, wanted.target, deadline);
    if (!service) return hold_failed(wanted.target, service.error(), "Function.HoldFailed");
    if (parts.dry_run) return hold_answer(wanted.target, "dry_run", "would be " + in_words(hold));
    const auto status = parts.patiently<void>(deadline, [&] {
        return parts.ecs.tag_service(service->arn, {{std::string(kHoldTag), tag_value(hold)}}, deadline);
    });
    if (!status) return hold_failed(wanted.target, status.error(), "Function.HoldFailed");
    // As everybody reads it.
    const auto words = in_words(hold_of_value(tag_value(hold)));
    tell_of_hold(parts, wanted.target, NotificationType::kInfo, "held", fmt::format("It is {}.", words));
    return hold_answer(wanted.target, "held", words);
}

Handled release_it(Wiring& parts, const SetHold& wanted, Deadline deadline) {
    const auto service = described_service(parts, wanted.target, deadline);
    if (!service) return hold_failed(wanted.target, service.error(), "Function.HoldFailed");
    const auto before = hold_in(service->tags);
    if (!before) return hold_answer(wanted.target, "ignored", "nobody holds it");
    if (parts.dry_run)
        return hold_answer(wanted.target, "dry_run", fmt::format("would be released; it is {}", in_words(*before)));
    const auto status = parts.patiently<void>(
        deadline, [&] { return parts.ecs.untag_service(service->arn, {std::string(kHoldTag)}, deadline); });
    if (!status) return hold_failed(wanted.target, status.error(), "Function.HoldFailed");
    auto words = fmt::format("released; it was {}", in_words(*before));
    // What waits comes at its time where it cannot be moved.
    const auto moved = parts.thaws.hurry(wanted.target, deadline);
    if (moved && *moved)
        words += fmt::format("; what waits begins about {}", minute_in_words(**moved));
    else if (!moved)
        words += fmt::format("; what waits begins when it was planned: {}", moved.error().message);
    tell_of_hold(
        parts, wanted.target, NotificationType::kInfo, "released",
        wanted.reason.empty() ? fmt::format("It is {}.", words) : fmt::format("It is {}.\n{}", words, wanted.reason));
    return hold_answer(wanted.target, "released", words);
}

}  // namespace

void keep_held(Wiring& parts, const Deploy& decision, std::vector<DeploymentReport>& reports, Deadline deadline) {
    std::vector<DeploymentReport*> held;
    std::vector<Thaws::ToKeep> asked;
    for (auto& report : reports) {
        // Without a request something else brings it on: the end of the task that runs before it.
        if (report.status != DeploymentStatus::kHeld || !report.barrier || report.barrier->request.empty()) continue;
        const auto known = std::ranges::find(decision.requests, report.target, &DeploymentRequest::target);
        if (!parts.thaws.possible()) {
            could_not_be_kept(parts, report,
                              {.kind = ErrorKind::kConfiguration, .message = parts.thaws.why_impossible()});
            continue;
        }
        // What is promoted has been looked up by now.
        auto request = request_of_json(report.barrier->request, parts.config);
        if (!request) {
            could_not_be_kept(parts, report, request.error());
            continue;
        }
        const bool by_person = known != decision.requests.end() && (known->kept_for_person || !known->changed_at);
        held.push_back(&report);
        asked.push_back(
            {.held = {.request = *std::move(request), .by_person = by_person, .told = report.barrier->words},
             .until = report.barrier->until,
             .told_before = known != decision.requests.end() ? known->told_held : std::string()});
    }
    if (asked.empty()) return;
    const auto kept = parts.thaws.keep(asked, deadline);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        auto& report = *held[i];
        if (!kept[i]) {
            could_not_be_kept(parts, report, kept[i].error());
            continue;
        }
        report.begins_at = kept[i]->at;
        report.told_before = !kept[i]->first;
        report.outcome = begins_in_words(report, kept[i]->at);
    }
}

void tell_not_begun(Wiring& parts, const ThawRequest& thaw, const Ignore& why) {
    parts.announcer.news({{.type = NotificationType::kWarning,
                           .title = fmt::format("Not deployed after a hold: {}", thaw.service),
                           .project = {},
                           .environment = {},
                           .service = thaw.service,
                           .status = "not deployed",
                           .deployment_id = {},
                           .task_definition = {},
                           .reason = why.hint ? fmt::format("{}; {}", why.reason, *why.hint) : why.reason,
                           .facts = {fmt::format("not begun\n{}\n{}", thaw.service, thaw.at)}}});
    parts.deliver();
}

Handled carry_out_hold(Wiring& parts, const SetHold& wanted, Deadline deadline) {
    for (const auto& warning : wanted.warnings) parts.logger.warn(warning);
    const bool holds = wanted.what == SetHold::What::kHold;
    parts.notifications.set_deadline(speaking_time(deadline));
    auto handled = !parts.config.holds.tags
                       ? hold_failed(wanted.target,
                                     {.kind = ErrorKind::kConfiguration,
                                      .message = fmt::format("{} is off, and nobody would look at the hold",
                                                             parts.config.called("HOLDS"))},
                                     "Function.HoldFailed")
                   : holds ? hold_it(parts, wanted, working_time(deadline))
                           : release_it(parts, wanted, working_time(deadline));
    parts.logger.log(handled.error ? LogLevel::kError : LogLevel::kInfo, holds ? "hold" : "release",
                     {{log_key::kService, wanted.target.id.str()},
                      {"status", handled.answer.status},
                      {"detail", handled.answer.detail},
                      {log_key::kReason, wanted.reason}});
    return parts.redacted(std::move(handled));
}

}  // namespace ci_lambda
