#pragma once

#include <vector>

#include "app/answer.hpp"
#include "app/targets/wiring.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

/// Puts into the reports of what has to be approved whether this process is the one that asks people.
void claim_questions(Wiring& parts, std::vector<DeploymentReport>& reports, Deadline deadline);
/// What of that people have heard of by now: all that was said must have been delivered, or lost.
void confirm_questions(Wiring& parts, const std::vector<DeploymentReport>& reports, Deadline deadline);

/// A reminder, or the word when the time of an approval is over: said where ECS still shows what was asked about, and
/// else nothing. It approves nothing, whatever the event says. An error where ECS cannot be asked, so that it comes
/// again.
[[nodiscard]] Handled carry_out_due(Wiring& parts, const ApprovalEvent& event, Deadline deadline);

}  // namespace ci_lambda
