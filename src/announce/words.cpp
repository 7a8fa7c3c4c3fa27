#include "announce/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// How a fact is told.
struct Voice {
    NotificationType type;
    std::string_view status;
};

Voice voice_of(Fact fact) {
    switch (fact) {
        case Fact::kStarted: return {.type = NotificationType::kInfo, .status = "started"};
        case Fact::kCouldNotStart: return {.type = NotificationType::kError, .status = "could not start"};
        case Fact::kFailed: return {.type = NotificationType::kError, .status = "failed"};
        case Fact::kTimedOut: return {.type = NotificationType::kError, .status = "timed out"};
        case Fact::kSuperseded: return {.type = NotificationType::kInfo, .status = "superseded"};
        case Fact::kToBeApproved: return {.type = NotificationType::kWarning, .status = "to be approved"};
        case Fact::kHeld: return {.type = NotificationType::kInfo, .status = "held"};
    }
    return {.type = NotificationType::kInfo, .status = ""};
}

std::optional<std::string> unless_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

Notification begin(Fact fact, const EcsTarget& target, const std::string& deployment_id,
                   const std::string& task_definition) {
    const auto voice = voice_of(fact);
    return {.type = voice.type,
            .title = title_of(voice.status, target.label()),
            .service = target.label(),
            .status = std::string(voice.status),
            .deployment_id = unless_empty(deployment_id),
            .task_definition = unless_empty(task_definition)};
}

std::string tried_because(const std::string& reason) { return fmt::format("\nTried because {}.", reason); }

int rank(NotificationType type) {
    switch (type) {
        case NotificationType::kError: return 0;
        case NotificationType::kWarning: return 1;
        case NotificationType::kSuccess:
        case NotificationType::kInfo: return 2;
    }
    return 2;
}

/// "2 could not start, 28 started", in the order of the parts.
std::string counts(const std::vector<Notification>& parts) {
    std::vector<std::pair<std::string, std::size_t>> counted;
    for (const auto& part : parts) {
        const auto known = std::ranges::find(counted, part.status, &std::pair<std::string, std::size_t>::first);
        if (known == counted.end())
            counted.emplace_back(part.status, 1);
        else
            ++known->second;
    }
    std::vector<std::string> words;
    for (const auto& [status, number] : counted) words.push_back(fmt::format("{} {}", number, status));
    return join(words, ", ");
}

/// What would stand in every line.
std::optional<std::string> common_reason(const std::vector<Notification>& parts) {
    const auto& first = parts.back().reason;  // errors, each with a reason of its own, come first
    const bool same = first && std::ranges::all_of(parts, [&](const Notification& part) {
                          return part.type == NotificationType::kError || part.reason == first;
                      });
    return same && parts.back().type != NotificationType::kError ? first : std::nullopt;
}

/// Far more than any channel shows of a line; what is a secret in it must not be cut before it is known for one.
constexpr std::size_t kWholeLine = 100'000;

AnnouncementLine line_of(const Notification& part, const std::optional<std::string>& common) {
    auto text = fmt::format("{}: {}", part.service, part.status);
    if (part.took) text += fmt::format(" after {}", *part.took);
    if (part.ecs_event) text += fmt::format(" ({})", *part.ecs_event);
    if (part.deployment_id) text += fmt::format(", {}", *part.deployment_id);
    if (part.task_definition) text += fmt::format(", {}", last_segment(*part.task_definition));
    if (!part.image.empty()) text += fmt::format(", {}", part.image);
    auto reason = part.reason == common ? std::string{} : part.reason.value_or("");
    if (common && reason.ends_with(tried_because(*common)))
        reason.resize(reason.size() - tried_because(*common).size());
    if (!reason.empty()) text += fmt::format(": {}", reason);
    return {.type = part.type, .text = one_line(text, kWholeLine)};
}

}  // namespace

std::optional<Fact> fact_of(const DeploymentReport& report) {
    if (report.error) return Fact::kCouldNotStart;
    if (report.status == DeploymentStatus::kDeployed) return Fact::kStarted;
    if (report.status == DeploymentStatus::kAwaitingApproval && !report.told_before) return Fact::kToBeApproved;
    if (report.status == DeploymentStatus::kHeld && report.begins_at && !report.told_before) return Fact::kHeld;
    return std::nullopt;
}

std::optional<Fact> fact_of(const RolloutOutcome& outcome, bool sweeps) {
    if (outcome.judgement.told_by_ecs) return std::nullopt;
    switch (outcome.judgement.verdict) {
        case Verdict::kTimedOut:
            if (sweeps && !outcome.rolling_back) return std::nullopt;
            return Fact::kTimedOut;
        case Verdict::kFailed: return Fact::kFailed;
        case Verdict::kSuperseded: return Fact::kSuperseded;
        case Verdict::kInProgress:
        case Verdict::kCompleted:
        case Verdict::kRolledBack: return std::nullopt;
    }
    return std::nullopt;
}

Notification notification_of(Fact fact, const DeploymentReport& report) {
    auto notification = begin(fact, report.target, report.deployment_id, report.task_definition);
    notification.reason = report.reason;
    notification.image = in_words(report.images);
    if (!report.not_brought.empty())
        *notification.reason += fmt::format("\nNot what was pushed: {}.", report.not_brought);
    if (report.barrier && fact == Fact::kToBeApproved) {
        *notification.reason += fmt::format("\n{}", report.barrier->words);
        for (const auto& line : report.barrier->details) *notification.reason += fmt::format("\n• {}", line);
        notification.approval = ApprovalPrompt{.id = report.barrier->id,
                                               .token = report.barrier->token,
                                               .page = report.barrier->page,
                                               .code = report.barrier->code};
    }
    if (report.error) notification.reason = report.error->message + tried_because(report.reason);
    if (report.last_words)
        notification.excerpt = {.title = title_of(*report.last_words), .lines = report.last_words->lines};
    if (fact == Fact::kHeld)
        notification.reason = fmt::format(
            "{}.\nTo deploy it all the same: ci_lambda deploy {} --override-hold REASON. "
            "It is to be deployed because {}.",
            report.outcome, report.target.id, report.reason);
    // Whoever holds it is to hear of it.
    if (!report.passed.empty()) {
        notification.type = NotificationType::kWarning;
        notification.status = "started past a hold";
        notification.title = title_of(notification.status, notification.service);
        *notification.reason += fmt::format("\nIt is {}.", report.passed);
    }
    return notification;
}

Notification notification_of(Fact fact, const RolloutOutcome& outcome,
                             const std::optional<RolloutMemory::Started>& started) {
    const auto& rollout = outcome.rollout;
    auto notification = begin(fact, rollout.target, rollout.deployment_id, rollout.task_definition);
    notification.took = in_words(outcome.took);
    notification.reason = outcome.judgement.reason;
    if (!outcome.rollback.empty()) *notification.reason += fmt::format("\nRollback: {}.", outcome.rollback);
    if (started) notification.started_because = started->reason;
    if (const auto& words = outcome.judgement.last_words)
        notification.excerpt = {.title = title_of(*words), .lines = words->lines};
    return notification;
}

Notification notification_of_asked_rollback(const DeploymentReport& rollback, const std::string& how) {
    return {.type = NotificationType::kWarning,
            .title = fmt::format("Rollback started: {}", rollback.target.label()),
            .project = {},
            .environment = {},
            .service = rollback.target.label(),
            .status = "rolling back",
            .deployment_id = rollback.deployment_id,
            .task_definition = rollback.task_definition,
            .reason = fmt::format("{}: {}", rollback.reason, how)};
}

std::string title_of(std::string_view status, std::string_view service) {
    return fmt::format("Deployment {}: {}", status, service);
}

Announcement gather(std::vector<Notification> parts) {
    std::ranges::stable_sort(parts, {}, [](const Notification& part) { return rank(part.type); });
    const bool all_alike =
        std::ranges::all_of(parts, [&](const Notification& part) { return part.type == parts.front().type; });
    Announcement announcement{.type = parts.front().type};
    if (!all_alike && rank(announcement.type) == rank(NotificationType::kInfo))
        announcement.type = NotificationType::kInfo;
    announcement.title = parts.front().title;
    if (parts.size() > 1) {
        announcement.title = fmt::format("Deployments: {}", counts(parts));
        announcement.reason = common_reason(parts);
        for (const auto& part : parts) announcement.lines.push_back(line_of(part, announcement.reason));
    }
    announcement.parts = std::move(parts);
    return announcement;
}

}  // namespace ci_lambda
