#pragma once

#include <chrono>
#include <string>

#include "base/time.hpp"
#include "deployer/rollout/rollout.hpp"
#include "deployer/verify/health.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

// How a verification is handed on: all that there is to know of it stands in the schedule that goes on with it.

/// One rollout that is watched after it has completed.
struct Verification {
    Rollout rollout;
    WallTime until{};
    HealthState state = {};
};

/// When the next look is due. Looks have fixed times, counted from when the rollout began, so that two that plan the
/// next one plan the same. Never sooner than half a step from now; `until` when that comes before.
[[nodiscard]] WallTime next_look(const Verification& verification, WallTime now, std::chrono::seconds step);

/// How far two looks are from each other of what is watched so long: EventBridge Scheduler counts in minutes.
[[nodiscard]] std::chrono::seconds step_of(std::chrono::seconds time);

/// The schedule's name, by which two for one look are never made: `ci_lambda-verify-1234567890123456789` for the first
/// one of a rollout, with the seconds since the rollout began behind it for those that follow.
[[nodiscard]] std::string first_schedule_name(const Rollout& rollout);
[[nodiscard]] std::string schedule_name(const Rollout& rollout, WallTime at);

/// That of the look whether the task after the rollout has taken too long: `ci_lambda-verify-task-1234567890123456789`.
[[nodiscard]] std::string task_schedule_name(const Rollout& rollout);

/// The event that goes on with it at this time: JSON, as `decode_event` reads it.
[[nodiscard]] std::string event_of(const Verification& verification, WallTime at);
/// The same for that look.
[[nodiscard]] std::string event_of_task(const Rollout& rollout, WallTime at);
/// And back.
[[nodiscard]] Verification verification_of(const Verify& decision);

}  // namespace ci_lambda
