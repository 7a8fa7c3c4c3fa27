#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/retry.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "deployer/holds/thaw.hpp"
#include "logging/logger.hpp"
#include "services/schedules/api.hpp"

namespace ci_lambda {

/// Keeps what is held, in one schedule for each service, which begins it when the hold ends. Several processes may do
/// so for one service at the same time: EventBridge Scheduler replaces a schedule by nothing but its name, so whoever
/// has written one reads it again after a moment, and writes again what somebody else has written over. Thread-safe.
class Thaws {
public:
    struct Options {
        RetryPolicy retries{};
        std::string region;  ///< of the deployment target
    };
    /// All must outlive it; `config` and `calls` are read anew each time.
    Thaws(Options options, const Config& config, const OneTimeCalls& calls, OneTimeSchedules& schedules,
          const Clock& clock, Sleeper& sleeper, const Logger& logger)
        : options_(std::move(options)),
          config_(config),
          calls_(calls),
          schedules_(schedules),
          clock_(clock),
          sleeper_(sleeper),
          logger_(logger) {}

    /// Whether anything can be kept: by whom EventBridge Scheduler calls whom.
    [[nodiscard]] bool possible() const { return calls_.possible(); }
    /// Why not, with the way out.
    [[nodiscard]] std::string why_impossible() const;

    struct Kept {
        WallTime at{};      ///< when it begins
        bool first = true;  ///< nobody has been told of this hold
    };
    struct ToKeep {
        HeldRequest held;
        std::optional<WallTime> until = {};  ///< absent: it is looked at again in an hour
        std::string told_before = {};        ///< of which hold people were told when it was held before
    };
    /// Keeps each for the end of its hold; one answer for each, in their order. Takes some seconds, however many there
    /// are. kBusy where others are always quicker, or there is no time to be sure.
    [[nodiscard]] std::vector<Result<Kept>> keep(const std::vector<ToKeep>& asked, Deadline deadline);

    /// What waits for this service and begins when: nothing where nothing does.
    struct Waiting {
        HeldRequest held;
        WallTime at{};
    };
    [[nodiscard]] Result<std::optional<Waiting>> waiting(const EcsTarget& target, Deadline deadline);

    /// The hold is over: what waits begins within about a minute. `nullopt`: nothing waits.
    [[nodiscard]] Result<std::optional<WallTime>> hurry(const EcsTarget& target, Deadline deadline);

private:
    struct Found;
    struct Keeping;
    void write_one(Keeping& one, Deadline deadline);
    void check_one(Keeping& one, Deadline deadline);
    [[nodiscard]] GroupedName name_of(const EcsTarget& target, ThawSlot slot) const;
    [[nodiscard]] Result<Found> find(const EcsTarget& target, Deadline deadline);
    [[nodiscard]] OneTimeSchedule schedule_of(const HeldRequest& held, ThawSlot slot, WallTime at) const;
    enum class Written {
        kYes,
        kPerhaps,  ///< nobody knows what became of the call
        kAnew      ///< another process was there first
    };
    [[nodiscard]] Result<Written> write(const Found& found, const HeldRequest& held, WallTime at, Deadline deadline);
    [[nodiscard]] bool stays(const EcsTarget& target, ThawSlot slot, const HeldRequest& held, Deadline deadline);
    [[nodiscard]] bool may_wait(Milliseconds wait, Deadline deadline) const;

    Options options_;
    const Config& config_;
    const OneTimeCalls& calls_;
    OneTimeSchedules& schedules_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const Logger& logger_;
};

}  // namespace ci_lambda
