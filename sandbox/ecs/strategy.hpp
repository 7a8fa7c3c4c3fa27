#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/site.hpp"

namespace ci_lambda::sandbox {

/// How a service's new tasks take the place of its old ones. All but rolling updates keep both until the traffic has
/// moved: "Amazon ECS blue/green deployments", "linear deployments", "canary deployments" in the developer guide.
enum class Strategy { kRolling, kBlueGreen, kLinear, kCanary };

/// In their order. Before kPreScaleUp comes kReconcileService if more than one revision is there at the begin; linear
/// and canary deployments repeat kPreProductionTrafficShift and kProductionTrafficShift for each step.
enum class LifecycleStage {
    kNone,  ///< not begun, or a rolling update, which has no stages
    kReconcileService,
    kPreScaleUp,
    kScaleUp,
    kPostScaleUp,
    kTestTrafficShift,
    kPostTestTrafficShift,
    kPreProductionTrafficShift,
    kProductionTrafficShift,
    kPostProductionTrafficShift,
    kBakeTime,
    kCleanUp,
};

/// Something that a deployment waits for in a stage: a person, or a Lambda function.
struct LifecycleHook {
    bool pause = false;      ///< PAUSE; otherwise AWS_LAMBDA
    std::string target_arn;  ///< of the function; one without it fails
    std::vector<LifecycleStage> stages;
    std::chrono::minutes timeout{1440};
    bool goes_on_after_timeout = false;
};

enum class HookStatus { kAwaitingAction, kInProgress, kSucceeded, kFailed, kTimedOut };

/// A hook in one stage of one deployment.
struct HookRun {
    std::string id;
    LifecycleHook hook;
    LifecycleStage stage = LifecycleStage::kNone;
    HookStatus status = HookStatus::kInProgress;
    WallTime expires_at{};
    std::optional<WallTime> answers_at;  ///< of a function that is not really asked
    std::optional<WallTime> asks_at;     ///< when a function is asked, or asked again
    std::string details;                 ///< what the function left with its last answer: a JSON object, or nothing
    std::string why_failed;              ///< where its answer was none

    [[nodiscard]] bool is_under_way() const {
        return status == HookStatus::kAwaitingAction || status == HookStatus::kInProgress;
    }
};

/// The function of the sandbox, as others name it.
inline constexpr std::string_view kOwnFunction = "arn:aws:lambda:us-east-1:123456789012:function:ci_lambda";
/// The same, of a sandbox whose home is there.
[[nodiscard]] std::string own_function(const Site& home);
/// Functions of hooks that nobody has written: one says no, one never says anything. All others but the sandbox's own
/// say yes after a moment.
inline constexpr std::string_view kRefusingFunction = "arn:aws:lambda:us-east-1:123456789012:function:shop_says_no";
inline constexpr std::string_view kSilentFunction = "arn:aws:lambda:us-east-1:123456789012:function:shop_says_nothing";

/// CloudWatch alarms that fail a deployment.
struct DeploymentAlarms {
    std::vector<std::string> names;
    bool enabled = false;
    bool rollback = false;
};

[[nodiscard]] std::string_view wire_name(Strategy strategy);
[[nodiscard]] std::string_view wire_name(LifecycleStage stage);
[[nodiscard]] std::string_view wire_name(HookStatus status);
[[nodiscard]] std::optional<Strategy> parse_strategy(std::string_view name);
/// A stage that a hook may be for: not SCALE_UP, BAKE_TIME and CLEAN_UP; for a PAUSE hook no traffic shift either.
[[nodiscard]] std::optional<LifecycleStage> parse_hook_stage(std::string_view name, bool pause);

}  // namespace ci_lambda::sandbox
