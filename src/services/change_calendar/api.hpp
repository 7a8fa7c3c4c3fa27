#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

/// What calendars say of now.
struct CalendarState {
    bool open = false;
    std::optional<WallTime> changes_at = {};  ///< when that changes next; absent where Systems Manager does not say
};

/// Change Calendar of Systems Manager. Thread-safe.
class ChangeCalendars {
public:
    ChangeCalendars() = default;
    ChangeCalendars(const ChangeCalendars&) = delete;
    ChangeCalendars& operator=(const ChangeCalendars&) = delete;
    virtual ~ChangeCalendars() = default;

    /// Of several by their names or ARNs: open where all of them are. One call, which is not tried again in here.
    /// kAccessDenied names the permission.
    virtual Result<CalendarState> state(const std::vector<std::string>& calendars, Deadline deadline) = 0;
};

}  // namespace ci_lambda
