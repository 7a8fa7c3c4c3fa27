#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ci_lambda {

/// A pause in a rollout: for a person, or for a Lambda function.
struct StrategyHook {
    std::string function = {};  ///< ARN of a Lambda function; empty: a pause for a person
    std::string role = {};      ///< ARN; with `function`
    std::vector<std::string> stages = {};
    std::optional<int> timeout_minutes = {};  ///< absent: ECS waits a day
    bool then_continues = false;              ///< else ECS rolls back when the time is over
    friend bool operator==(const StrategyHook&, const StrategyHook&) = default;
};

/// A rolling deployment counts as successful before all tasks run.
struct StrategyEarlySuccess {
    bool on = false;
    std::optional<int> healthy_percent = {};
    bool deferred = false;  ///< old tasks are ended after the success, not before
    friend bool operator==(const StrategyEarlySuccess&, const StrategyEarlySuccess&) = default;
};

/// How the deployments of a service are to move tasks and traffic: DEPLOYMENT_STRATEGY. Ranges and stages are those of
/// the ECS API reference, DeploymentConfiguration. What is absent stays as the service has it.
struct WantedStrategy {
    enum class Type {
        kKeep,  ///< whatever the service has
        kRolling,
        kBlueGreen,
        kLinear,
        kCanary,
    };
    using Hook = StrategyHook;
    using EarlySuccess = StrategyEarlySuccess;

    Type type = Type::kKeep;
    double percent = 0;    ///< of the traffic: canary, the first part of it; linear, each step
    int step_minutes = 0;  ///< canary: before the rest of the traffic follows; linear: between two steps
    std::optional<int> bake_minutes = {};
    std::optional<std::vector<std::string>> alarms = {};
    std::optional<std::vector<Hook>> hooks = {};
    std::optional<EarlySuccess> early_success = {};
    std::string written = {};  ///< a word, or a JSON object

    [[nodiscard]] bool moves_traffic() const { return type != Type::kKeep && type != Type::kRolling; }
    friend bool operator==(const WantedStrategy&, const WantedStrategy&) = default;
};

/// What a person has to repair in what they wrote.
struct StrategyProblem {
    std::string place;    ///< in the object: `/hooks/0/stages`; empty: the whole
    std::string what;     ///< "is 120"
    std::string expects;  ///< may be empty
};

/// `canary`, `canary:10%:10m:5m` (percent, step, bake; with or without the `%`), or a JSON object.
[[nodiscard]] std::expected<WantedStrategy, std::vector<StrategyProblem>> parse_strategy(std::string_view text);

/// One line for all of them.
[[nodiscard]] std::string in_words(const std::vector<StrategyProblem>& problems);

/// "canary with 10 % of the traffic for 10 min, bake time 5 min, alarms shop-5xx, 1 hook".
[[nodiscard]] std::string in_words(const WantedStrategy& strategy);

}  // namespace ci_lambda
