#pragma once

#include <optional>
#include <string>
#include <vector>

#include "deployer/observe/memory.hpp"
#include "deployer/rollout/outcome.hpp"
#include "deployer/start/deployer.hpp"
#include "services/notify/notification.hpp"

namespace ci_lambda {

/// What we tell people of a deployment ourselves. ECS's own events tell the rest: one voice for each fact.
enum class Fact { kStarted, kCouldNotStart, kFailed, kTimedOut, kSuperseded, kToBeApproved, kHeld };

/// What a deployment was when it was tried; nothing for a dry run and for what was rolling already.
[[nodiscard]] std::optional<Fact> fact_of(const DeploymentReport& report);

/// What the end of a watched rollout is that nobody else tells. `sweeps`: the scheduled sweep tells what is overdue,
/// but for a rollout that is going back, which is over before the next sweep can find it.
[[nodiscard]] std::optional<Fact> fact_of(const RolloutOutcome& outcome, bool sweeps);

/// In words.
[[nodiscard]] Notification notification_of(Fact fact, const DeploymentReport& report);
/// `started`: what this process remembers of its start.
[[nodiscard]] Notification notification_of(Fact fact, const RolloutOutcome& outcome,
                                           const std::optional<RolloutMemory::Started>& started);

/// A rollback that a person asked for has begun; `how` in a sentence.
[[nodiscard]] Notification notification_of_asked_rollback(const DeploymentReport& rollback, const std::string& how);

/// "Deployment started: api"
[[nodiscard]] std::string title_of(std::string_view status, std::string_view service);

/// All of it in one message, errors first: what there is to tell of one service as it is, of several one line each.
/// Needs at least one part.
[[nodiscard]] Announcement gather(std::vector<Notification> parts);

}  // namespace ci_lambda
