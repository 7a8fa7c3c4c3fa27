#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "services/codedeploy/api.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// What CodeDeploy says of a service, in ECS's terms, so that there is one way to judge, watch and tell a rollout: a
// deployment of CodeDeploy stands where ECS has an `ecs-svc/N` deployment and its record, under its own id `d-..`. A
// rollback of CodeDeploy is a deployment of its own; here, as with ECS, it is the end of the one that it takes back.
// Pure.

/// A deployment with what belongs to it.
struct CodeDeployStory {
    CodeDeployDeployment deployment;
    /// The one that brings back what ran before; absent where there is none, or it is not known yet.
    std::optional<CodeDeployDeployment> rollback = {};
    std::optional<CodeDeployTraffic> traffic = {};
    std::optional<CodeDeployProgress> progress = {};  ///< as long as it is running
    std::string task_definition = {};                 ///< that it brings
};

/// As `deploymentConfiguration`: what a deployment takes on purpose, and how its traffic moves.
[[nodiscard]] EcsDeploymentConfiguration as_configuration(const CodeDeployDeployment& deployment,
                                                          const CodeDeployTraffic& traffic);

/// As ECS's record of a rollout. `serves`: the deployment whose tasks have the production traffic; may be empty.
[[nodiscard]] EcsServiceDeployment as_record(const CodeDeployStory& story, const std::string& serves, WallTime now);

/// Puts CodeDeploy's deployments into the service, which has the task sets: what was begun last is PRIMARY, as with
/// ECS's own blue/green; where that came to nothing, what has the traffic. `last`: nullptr where CodeDeploy has never
/// deployed it.
void show_code_deployments(EcsService& service, const CodeDeployStory* last, WallTime now);

/// Why a deployment ended as it did, in a sentence: "stopped by a person (MANUAL_STOP)", "HEALTH_CONSTRAINTS: ..".
[[nodiscard]] std::string why_it_ended(const CodeDeployDeployment& deployment);

/// "d-ABC (InProgress since 2026-01-31 14:02 UTC, begun by user; its old tasks are kept until about .. )".
[[nodiscard]] std::string in_the_way_in_words(const CodeDeployDeployment& deployment);

/// Of a name that CodeDeploy has made itself, such as CodeDeployDefault.ECSCanary10Percent5Minutes; `nullopt` for all
/// others.
[[nodiscard]] std::optional<CodeDeployTraffic> traffic_of_name(std::string_view configuration);

}  // namespace ci_lambda
