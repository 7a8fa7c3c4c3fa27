#pragma once

#include <optional>
#include <string>

#include "base/names.hpp"
#include "base/time.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// One rollout for many events, without a database: tasks read images, parameters and env files when they start, so a
// deployment that began after a change has it already. ECS's own state is all that is needed to know (docs/adr/0008).

/// Whether what ECS is making true has a change already.
enum class HasChange {
    kNo,       ///< it began before, or runs another revision
    kPerhaps,  ///< it began at about the same time: look again at `settled_at()`
    kYes,      ///< it began after the change
};

/// The clocks of two AWS services may differ this much, either way.
inline constexpr std::chrono::seconds kClockDifference{1};

/// Event times are whole seconds (EventBridge user guide, "Events"), so a change may be this much later than it says.
inline constexpr std::chrono::seconds kEventTimePrecision{1};

/// What a service's PRIMARY deployment proves about a change at `changed_at` that `wanted` is to bring about.
[[nodiscard]] HasChange has_change(const EcsService& service, const TaskDefinition& wanted, WallTime changed_at);

/// When it is worth to look again after `kPerhaps`. A deployment that begins from then on has the change for certain,
/// and also those of the two seconds that follow it: what comes at the same moment comes in bursts.
[[nodiscard]] WallTime settled_at(WallTime changed_at);

/// Of a PRIMARY deployment that has the change: "already rolling: ecs-svc/7".
[[nodiscard]] std::string already_in_words(const EcsDeployment& primary);

}  // namespace ci_lambda
