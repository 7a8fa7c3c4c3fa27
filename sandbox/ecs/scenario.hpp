#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ci_lambda::sandbox {

/// How a deployment goes. What each of them does is in docs/sandbox.md.
enum class Scenario {
    kHealthy,
    kImageNotFound,
    kCrashOnStart,
    kCrashAfterStart,
    kFailingHealthChecks,
    kNoCapacity,
    kSlow,
    // These are about the service, not about what it runs: see is_of_the_image().
    kBake,
    kPause,
    kLinear,
    kCanary,
    kAlarm,
    kAlarmInBake,
    kProtected,
    kHook,
    kHookFails,
    kHookTimesOut,
    kShiftFails,
    kNobodyAnswers,
};

struct ScenarioText {
    Scenario scenario;
    std::string_view name;     ///< as on the command line: `crash-on-start`
    std::string_view meaning;  ///< one line for people
};

/// All of them, in the order in which they are shown.
[[nodiscard]] std::span<const ScenarioText> scenarios();

[[nodiscard]] std::string_view name_of(Scenario scenario);

/// Whether it is the image that makes a deployment go like this: then each deployment finds another one, and what has
/// run well before does not go like this. An alarm is of the image, too.
[[nodiscard]] bool is_of_the_image(Scenario scenario);
/// Whether it comes with a deployment configuration: a strategy, hooks or alarms.
[[nodiscard]] bool configures_the_service(Scenario scenario);

/// The error (kConfiguration) lists the known names.
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view name);

/// A scenario for one service, or for all of them.
struct ScenarioChoice {
    std::optional<std::string> service;  ///< as it was written; absent: all services
    Scenario scenario = Scenario::kHealthy;
};

/// Reads `NAME` or `SERVICE=NAME`. Fails as parse_scenario does, and for an empty service.
[[nodiscard]] Result<ScenarioChoice> parse_scenario_choice(std::string_view text);

}  // namespace ci_lambda::sandbox
