#pragma once

// What the fuzz programs of events have in common.

#include <string>

#include "config/config.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda::fuzzing {

/// Two configurations, of the two ways to name services.
[[nodiscard]] const Config& by_patterns();
[[nodiscard]] const Config& by_maps();

/// A decision as text, all of it.
[[nodiscard]] std::string text_of(const Result<Decision>& decision);

/// decide(), and what must be true of any decision.
Result<Decision> decide_checked(const Event& event, const Config& config);

/// What must be true of the error of whatever reads events.
void check_events_error(const Error& error);

}  // namespace ci_lambda::fuzzing
