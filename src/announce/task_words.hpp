#pragma once

#include <optional>

#include "deployer/scheduled/task_report.hpp"
#include "services/notify/notification.hpp"

namespace ci_lambda {

/// What there is to tell of a task; nothing of one that was not changed.
[[nodiscard]] std::optional<Notification> notification_of(const TaskReport& report);

}  // namespace ci_lambda
