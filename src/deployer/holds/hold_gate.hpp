#pragma once

#include <mutex>
#include <optional>

#include "config/config.hpp"
#include "deployer/gate/gate.hpp"
#include "services/change_calendar/api.hpp"

namespace ci_lambda {

/// Keeps deployments from beginning while somebody holds the service (HOLDS), while it is frozen (FREEZE_WINDOWS), and
/// while a change calendar is closed (CHANGE_CALENDARS), asked in this order. What cannot be found out keeps it from
/// beginning as well, as an error. Whoever begins it past all that is told what they pass.
class HoldGate final : public Gate {
public:
    /// All must outlive it; `config` is read anew each time.
    HoldGate(const Config& config, ChangeCalendars& calendars, const Clock& clock)
        : config_(config), calendars_(calendars), clock_(clock) {}

    [[nodiscard]] Result<std::optional<Barrier>> barrier(const DeploymentRequest& request,
                                                         const PlannedDeployment& planned, Deadline deadline) override;

private:
    [[nodiscard]] Result<std::optional<Barrier>> closed(const EcsTarget& target, const PlannedDeployment& planned,
                                                        Deadline deadline);
    [[nodiscard]] Result<std::optional<Barrier>> by_calendar(Deadline deadline);

    const Config& config_;
    ChangeCalendars& calendars_;
    const Clock& clock_;
    // All services of an event ask for the same.
    struct Asked {
        WallTime at{};
        Result<CalendarState> state;
    };
    std::mutex mutex_;
    std::optional<Asked> asked_;  // guarded by mutex_
};

/// Why a freeze keeps deployments from beginning: "frozen until 2026-12-07 07:00 UTC (Fri 16:00 - Mon 08:00,
/// Europe/Berlin): weekend".
[[nodiscard]] std::string in_words(const FrozenTime& frozen);

}  // namespace ci_lambda
