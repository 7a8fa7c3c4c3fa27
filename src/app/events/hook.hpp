#pragma once

#include "app/targets/wiring.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

/// Tells ECS, which asks by a lifecycle hook, whether a rollout may go on: by the alarms and URLs that the
/// configuration has for the service, for VERIFY_SECONDS. Where nothing is to be looked at it may. Never an error of
/// the invocation: ECS takes that for a no, and rolls back. What is to be known by the next call goes through ECS, in
/// `hookDetails`.
[[nodiscard]] Handled answer_hook(Wiring& parts, const AnswerHook& hook, Deadline deadline);

}  // namespace ci_lambda
