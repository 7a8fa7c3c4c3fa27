#include "sandbox/ecs/strategy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ci_lambda::sandbox {
namespace {

constexpr std::array kStrategies{
    std::pair{Strategy::kRolling, std::string_view("ROLLING")},
    std::pair{Strategy::kBlueGreen, std::string_view("BLUE_GREEN")},
    std::pair{Strategy::kLinear, std::string_view("LINEAR")},
    std::pair{Strategy::kCanary, std::string_view("CANARY")},
};

constexpr std::array kStages{
    std::pair{LifecycleStage::kReconcileService, std::string_view("RECONCILE_SERVICE")},
    std::pair{LifecycleStage::kPreScaleUp, std::string_view("PRE_SCALE_UP")},
    std::pair{LifecycleStage::kScaleUp, std::string_view("SCALE_UP")},
    std::pair{LifecycleStage::kPostScaleUp, std::string_view("POST_SCALE_UP")},
    std::pair{LifecycleStage::kTestTrafficShift, std::string_view("TEST_TRAFFIC_SHIFT")},
    std::pair{LifecycleStage::kPostTestTrafficShift, std::string_view("POST_TEST_TRAFFIC_SHIFT")},
    std::pair{LifecycleStage::kPreProductionTrafficShift, std::string_view("PRE_PRODUCTION_TRAFFIC_SHIFT")},
    std::pair{LifecycleStage::kProductionTrafficShift, std::string_view("PRODUCTION_TRAFFIC_SHIFT")},
    std::pair{LifecycleStage::kPostProductionTrafficShift, std::string_view("POST_PRODUCTION_TRAFFIC_SHIFT")},
    std::pair{LifecycleStage::kBakeTime, std::string_view("BAKE_TIME")},
    std::pair{LifecycleStage::kCleanUp, std::string_view("CLEAN_UP")},
};

bool takes_hooks(LifecycleStage stage, bool pause) {
    switch (stage) {
        case LifecycleStage::kNone:
        case LifecycleStage::kScaleUp:
        case LifecycleStage::kBakeTime:
        case LifecycleStage::kCleanUp: return false;
        case LifecycleStage::kTestTrafficShift:
        case LifecycleStage::kProductionTrafficShift: return !pause;
        case LifecycleStage::kReconcileService:
        case LifecycleStage::kPreScaleUp:
        case LifecycleStage::kPostScaleUp:
        case LifecycleStage::kPostTestTrafficShift:
        case LifecycleStage::kPreProductionTrafficShift:
        case LifecycleStage::kPostProductionTrafficShift: return true;
    }
    return false;
}

template <typename Table, typename Value>
std::string_view name_in(const Table& table, Value value) {
    for (const auto& [known, name] : table)
        if (known == value) return name;
    return {};
}

}  // namespace

std::string_view wire_name(Strategy strategy) { return name_in(kStrategies, strategy); }
std::string_view wire_name(LifecycleStage stage) { return name_in(kStages, stage); }

std::string_view wire_name(HookStatus status) {
    switch (status) {
        case HookStatus::kAwaitingAction: return "AWAITING_ACTION";
        case HookStatus::kInProgress: return "IN_PROGRESS";
        case HookStatus::kSucceeded: return "SUCCEEDED";
        case HookStatus::kFailed: return "FAILED";
        case HookStatus::kTimedOut: return "TIMED_OUT";
    }
    return "FAILED";
}

std::string own_function(const Site& home) {
    return fmt::format("arn:aws:lambda:{}:{}:function:ci_lambda", home.region, home.account);
}

std::optional<Strategy> parse_strategy(std::string_view name) {
    for (const auto& [strategy, known] : kStrategies)
        if (known == name) return strategy;
    return std::nullopt;
}

std::optional<LifecycleStage> parse_hook_stage(std::string_view name, bool pause) {
    for (const auto& [stage, known] : kStages)
        if (known == name && takes_hooks(stage, pause)) return stage;
    return std::nullopt;
}

}  // namespace ci_lambda::sandbox
