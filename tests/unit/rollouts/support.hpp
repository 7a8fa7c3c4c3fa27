#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "sandbox/ecs/scenario.hpp"
#include "unit/rollouts/world.hpp"

namespace ci_lambda::testing {

inline const std::string kNewRevision = "shop_service_api_dev:42";
inline const std::string kOldRevision = "shop_service_api_dev:9";
inline constexpr const char* kApiService = "shop_service_api_dev";

/// A time as events have it.
inline std::string in_whole_seconds(WallTime at) { return format_rfc3339(at).substr(0, 19) + "Z"; }

/// EventBridge's event of an update of api's parameter `id`.
inline std::string update_of_parameter(const std::string& id, WallTime at) {
    return dump_json({{"id", id},
                      {"source", "aws.ssm"},
                      {"detail-type", "Parameter Store Change"},
                      {"time", in_whole_seconds(at)},
                      {"detail", {{"name", "/dev/shop/api/" + id}, {"operation", "Update"}}}});
}

/// `43` of `..:task-definition/shop_service_api_dev:43`
inline int number_of(std::string_view task_definition) {
    return static_cast<int>(parse_unsigned(task_definition.substr(task_definition.rfind(':') + 1)).value_or(0));
}

/// As part of a test's name.
inline std::string_view name_of(Breaker breaker) {
    switch (breaker) {
        case Breaker::kOff: return "off";
        case Breaker::kOn: return "on";
        case Breaker::kOnWithRollback: return "on_with_rollback";
    }
    return "";
}

/// As part of a test's name.
inline std::string in_a_name(sandbox::Scenario scenario) {
    return replace_all(std::string(sandbox::name_of(scenario)), "-", "_");
}

}  // namespace ci_lambda::testing
