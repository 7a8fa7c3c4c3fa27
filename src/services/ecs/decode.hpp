#pragma once

// Private to services/ecs: what ECS answers, turned into records.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

[[nodiscard]] EcsService read_service(const Json& service);
[[nodiscard]] EcsExpressService read_express_service(const Json& service);
[[nodiscard]] EcsExpressService::Configuration read_express_configuration(const Json& configuration);
[[nodiscard]] DescribedServices::Failure read_failure(const Json& failure);
[[nodiscard]] EcsServiceDeployment read_service_deployment(const Json& deployment);
[[nodiscard]] EcsServiceRevision read_service_revision(const Json& revision);
[[nodiscard]] EcsRunningTask read_running_task(const Json& task);
[[nodiscard]] EcsTask read_task(const nlohmann::json& task);
[[nodiscard]] EcsStoppedTask read_stopped_task(const Json& task);
// `answer`: what DescribeTaskDefinition answers, whose tags stand beside the task definition.
[[nodiscard]] EcsReferences read_references(const Json& answer);
[[nodiscard]] EcsTaskDefinition read_task_definition(const Json& answer);

/// Images by the names of their containers.
using EcsImages = std::map<std::string, std::string>;

/// The request that registers a copy of `task_definition`, an object as DescribeTaskDefinition shows it, with these
/// images; in its own family where none is given. What ECS adds by itself is left out, and everything else is taken
/// over, be it known to us or not.
[[nodiscard]] Json copy_request(const Json& task_definition, const EcsImages& images,
                                const std::optional<TaskFamily>& family);

/// The images of the task definition's containers, pinned to the digests that `revision` ran them with.
[[nodiscard]] EcsImages pinned_images(const Json& task_definition, const EcsServiceRevision& revision);

/// Tags as ECS's calls take them: `[{"key":..,"value":..}]`.
[[nodiscard]] Json tags_to_json(const EcsTags& tags);

/// For `HttpRequest::body_in_log`: a request or an answer without what task definitions hold of secrets. Environment
/// variables keep their names; of containers, only what cannot be a secret is shown.
[[nodiscard]] std::string ecs_body_in_log(std::string_view body);

}  // namespace ci_lambda
