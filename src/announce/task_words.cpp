#include "announce/task_words.hpp"

#include <fmt/format.h>

namespace ci_lambda {

std::optional<Notification> notification_of(const TaskReport& report) {
    const bool failed = report.error.has_value();
    if (!failed && report.status != TaskStatus::kUpdated) return std::nullopt;
    Notification notification{
        .type = failed ? NotificationType::kError : NotificationType::kSuccess,
        .title = fmt::format("Scheduled task {}: {}", failed ? "not updated" : "updated", report.id),
        .project = {},
        .environment = {},
        .service = report.id.str(),
        .status = failed ? "not updated" : "updated"};
    if (!report.task_definition.empty()) notification.task_definition = report.task_definition;
    notification.reason = failed ? fmt::format("{}\nTried because {}.", report.error->message, report.reason)
                                 : fmt::format("It {}, because {}.", report.outcome, report.reason);
    // Lambda and queues try the same event again, and it fails the same way.
    if (failed)
        notification.facts = {fmt::format("task\n{}\n{}\n{}", report.id, to_string(report.error->kind), report.reason)};
    return notification;
}

}  // namespace ci_lambda
