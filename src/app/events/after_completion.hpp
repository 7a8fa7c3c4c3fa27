#pragma once

#include <set>
#include <string>
#include <vector>

#include "app/targets/wiring.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

// What is done once a rollout has completed, where VERIFY_ALARMS or VERIFY_URLS watch the service: by what the verifier
// finds, people are told and the answer is made. See docs/rollouts.md, "Watched after completion".

/// The next look has come.
[[nodiscard]] Handled carry_out_verify(Wiring& parts, const Verify& verify, Deadline deadline);

/// ECS has said that this rollout completed: puts into the answer what becomes of it. What has been told about it is
/// delivered before.
void begin_to_verify(Wiring& parts, const Rollout& rollout, Handled& handled, Deadline deadline);

/// Of the deployments that somebody waits for: the tasks after those that have completed run, and are waited for as
/// long as they may take; where one fails, the rollout has failed. People are told by ECS's event of the task's end.
/// `began`: ids of the deployments that began here, and so completed a moment ago.
void test_watched(Wiring& parts, const std::vector<DeploymentReport*>& reports, const std::set<std::string>& began,
                  Deadline deadline, TaskAfter::Role role = TaskAfter::Role::kActs);

/// Of the deployments that somebody waits for: those that have completed are watched, and what is found is their
/// outcome.
void verify_watched(Wiring& parts, const std::vector<DeploymentReport*>& reports, Deadline deadline);

}  // namespace ci_lambda
