#pragma once

#include <vector>

#include "app/targets/wiring.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

/// Keeps for later what a hold has kept from beginning, and puts into each report when it begins. What cannot be kept
/// is an error of an event, so that it comes again; a person is told that nothing begins by itself.
void keep_held(Wiring& parts, const Deploy& decision, std::vector<DeploymentReport>& reports, Deadline deadline);

/// Tells people that what was held is not deployed, and why.
void tell_not_begun(Wiring& parts, const ThawRequest& thaw, const Ignore& why);

/// Holds a service, or does so no longer. The answer is `held`, `released`, `dry_run`, or `ignored` where there was
/// nothing to be done; an error of the invocation where it could not be done.
[[nodiscard]] Handled carry_out_hold(Wiring& parts, const SetHold& wanted, Deadline deadline);

}  // namespace ci_lambda
