#pragma once

// Private to handlers/: one handler per source of events, and what they share.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "discovery/uses.hpp"
#include "events/event.hpp"
#include "handlers/decision.hpp"

namespace ci_lambda {

// `where`: where it happened.
[[nodiscard]] Decision decide_ecr(const EcrImageAction& push, const Config& config, const Place& where);
/// Whether it is one by which something may be deployed, whatever its repository is.
[[nodiscard]] bool is_push_of_an_image(const EcrImageAction& push, const Config& config);
[[nodiscard]] Decision decide_ssm(const ParameterChange& change, const Config& config, const Place& where);
[[nodiscard]] Result<Decision> decide_secret(const SecretChange& change, const Config& config, const Place& where);
[[nodiscard]] Result<Decision> decide_s3(const S3ObjectChange& change, const Config& config);
/// A rollout of ours is judged where traffic flows to what it brings; all others go on.
[[nodiscard]] Decision decide_hook(const LifecycleHookCall& call, const Config& config);
[[nodiscard]] Decision decide_ecs(const EcsServiceEvent& event, const Config& config);
[[nodiscard]] Result<Decision> decide_manual(const ManualRequest& request, const std::string& source,
                                             const Config& config, const Home& home);

[[nodiscard]] Decision ignore(std::string reason);
/// The same of a change that would deploy if a service had to do with it.
[[nodiscard]] Decision unmatched(std::string reason);

/// Takes out those that only a pattern names and that are in no cluster, where all that is there is known.
void keep_existing(std::vector<ServiceId>& by_pattern, const Config& config);
/// Adds those that are not there yet.
void add(std::vector<ServiceId>& services, std::vector<ServiceId> more);

/// Deploys those of `ids` that are ours and that events may deploy; the others are passed by, each with its reason.
/// An `Ignore` when none is left. `why_not` says of those that would roll why one of them must not after all.
[[nodiscard]] Decision deploy_automatically(
    std::vector<ServiceId> ids, const std::string& reason, const Config& config,
    const std::function<std::optional<std::string>(const ServiceId&)>& why_not = {});

/// Whether it is a revision of the service's own family, or one of the copies that a rollback made of them: a family, a
/// revision of it, or the ARN of one. A service must not run another one's tasks, with their role and their secrets,
/// because somebody who may send an event says so.
[[nodiscard]] bool is_own_revision(const TaskDefinition& revision, const EcsTarget& target);

/// Why a strategy that an event brings may not count; `nullopt`: it may. A function would be invoked with a role that
/// whoever sends the event has chosen.
[[nodiscard]] std::optional<std::string> why_not_by_event(const WantedStrategy& strategy);

/// The repositories whose pushes deploy the service, by map or by name.
[[nodiscard]] std::vector<std::string> repositories_of(const ServiceId& id, const Config& config);

/// Why `Names::target()` knows nothing of this service, for a person.
[[nodiscard]] std::string why_not_ours(const ServiceId& id, const Config& config);

}  // namespace ci_lambda
