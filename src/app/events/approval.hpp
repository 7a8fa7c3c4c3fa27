#pragma once

#include "app/answer.hpp"
#include "app/events/deployments.hpp"
#include "app/targets/wiring.hpp"

namespace ci_lambda {

/// Carries out what somebody has answered: opens the token, looks whether they may, and deploys exactly what they saw,
/// or lets the rollout go on that waits. What cannot be is answered `refused`, and begins nothing. Fails
/// (Function.InvalidEvent) on what is no token of ours.
[[nodiscard]] Handled carry_out_approval(Wiring& parts, Deployments& deployments, const Event& event,
                                         const AnswerApproval& answer, Deadline deadline);

}  // namespace ci_lambda
