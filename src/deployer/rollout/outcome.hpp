#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/rollout/image_proof.hpp"
#include "deployer/rollout/verdict.hpp"

namespace ci_lambda {

/// How one watched rollout stands, or ended.
struct RolloutOutcome {
    Rollout rollout;
    Judgement judgement;
    Milliseconds took{};
    std::string rollback;       ///< what was done about it, in a sentence; empty for nothing
    bool rolling_back = false;  ///< a rollback has begun
    RunningImages images = {};  ///< with kCompleted: what runs since; empty where ECS does not say
    ImageProof proof = {};      ///< with kCompleted: whether that is what was pushed
    /// A rollback could not begin for a reason that can heal.
    std::optional<Error> rollback_error = {};
};

/// The fact that this rollout takes too long, for `RolloutMemory`: told by the sweep or by whoever waits, not by both.
[[nodiscard]] std::string overdue_fact(const Rollout& rollout);

}  // namespace ci_lambda
