#pragma once

#include "app/targets/wiring.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

/// Looks for rollouts of our services that take too long or have failed, has them rolled back where that is wanted, and
/// tells people of those that are news.
[[nodiscard]] Handled carry_out_sweep(Wiring& parts, const Event& event, const Sweep& sweep, Deadline deadline);

}  // namespace ci_lambda
