#pragma once

#include <nlohmann/json_fwd.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/aws/operation.hpp"
#include "sandbox/ecs/rollout.hpp"
#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// What an operation of the ECS API works on: the state as it is at `now`.
struct EcsContext {
    EcsState& state;
    RolloutEngine& engine;
    WallTime now;
};

using EcsAnswer = AwsResult<nlohmann::json>;
using EcsOperation = AwsOperation<EcsContext>;

/// nullptr when the sandbox does not know it.
[[nodiscard]] const EcsOperation* find_operation(std::string_view name);

// The operations, one list a file.
[[nodiscard]] std::span<const EcsOperation> cluster_operations();
[[nodiscard]] std::span<const EcsOperation> service_operations();
[[nodiscard]] std::span<const EcsOperation> service_deployment_operations();
[[nodiscard]] std::span<const EcsOperation> task_operations();
[[nodiscard]] std::span<const EcsOperation> task_definition_operations();
[[nodiscard]] std::span<const EcsOperation> tag_operations();
[[nodiscard]] std::span<const EcsOperation> express_operations();

// What they share.

[[nodiscard]] std::unexpected<AwsError> invalid_parameter(std::string message);
/// The cluster that the request names; `default` if it names none.
[[nodiscard]] AwsResult<std::string> cluster_of(const EcsContext& context, const nlohmann::json& request);
/// The service under this member of the request; never nullptr.
[[nodiscard]] AwsResult<Service*> service_of(EcsContext& context, const nlohmann::json& request,
                                             std::string_view member);
/// The service that owns an ARN `..:KIND/CLUSTER/SERVICE/..`; nullptr for none.
[[nodiscard]] Service* owner_of(EcsContext& context, std::string_view arn, std::string_view kind);

/// One page of names or ARNs as an answer.
[[nodiscard]] EcsAnswer list_page(const nlohmann::json& request, const std::vector<std::string>& items,
                                  std::string_view member, int default_size);

/// `{"arn":..,"reason":"MISSING"}`
[[nodiscard]] nlohmann::json missing(std::string arn);

/// The tags of a request: `[{"key":..,"value":..}]`.
[[nodiscard]] AwsResult<Tags> tags_of(const nlohmann::json& request);
[[nodiscard]] AwsResult<bool> includes_tags(const nlohmann::json& request);

}  // namespace ci_lambda::sandbox
