#pragma once

// Private to services/ecs: what ECS answers, turned into records.

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

[[nodiscard]] EcsService read_service(const Json& service);
[[nodiscard]] DescribedServices::Failure read_failure(const Json& failure);
[[nodiscard]] EcsServiceDeployment read_service_deployment(const Json& deployment);
[[nodiscard]] EcsServiceRevision read_service_revision(const Json& revision);
[[nodiscard]] EcsStoppedTask read_stopped_task(const Json& task);
/// `answer`: what DescribeTaskDefinition answers, whose tags stand beside the task definition.
[[nodiscard]] EcsTaskDefinition read_task_definition(const Json& answer);

/// The request that registers a copy of `task_definition`, an object as DescribeTaskDefinition shows it, in another
/// family and with the images of `revision` pinned to their digests. Members that ECS adds by itself are left out.
[[nodiscard]] Json pinned_copy_request(const Json& task_definition, const EcsServiceRevision& revision,
                                       const TaskFamily& family);

/// Tags as ECS's calls take them: `[{"key":..,"value":..}]`.
[[nodiscard]] Json tags_to_json(const EcsTags& tags);

/// For `HttpRequest::body_in_log`: a request or an answer without what task definitions hold of secrets. Environment
/// variables keep their names; of containers, only what cannot be a secret is shown.
[[nodiscard]] std::string ecs_body_in_log(std::string_view body);

}  // namespace ci_lambda
