#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "config/strategy.hpp"

namespace ci_lambda {

/// One of several places where the project's services are deployed.
struct DeploymentTarget {
    std::string name;  ///< "us"; where REGIONS says it, the region
    std::string region;
    std::string account = {};                 ///< twelve digits, that of the role; empty: the function's own
    std::optional<ClusterName> cluster = {};  ///< absent: named as everywhere
    std::string role_arn = {};                ///< that is assumed to deploy there; empty: the function's own
    std::string external_id = {};             ///< that the role's trust policy asks for; empty: none
    friend bool operator==(const DeploymentTarget&, const DeploymentTarget&) = default;
};

/// REGIONS or TARGETS, with TARGET_ORDER and ROLL_BACK_EARLIER_TARGETS. Empty: there is one place, AWS_REGION.
struct DeploymentTargets {
    std::vector<DeploymentTarget>
        all;                         ///< in TARGET_ORDER's order where there is one, else as REGIONS says, or by name
    bool in_order = false;           ///< one after the other, each when the one before it is healthy
    bool roll_back_earlier = false;  ///< with `in_order`: where one fails, those before it go back, too

    [[nodiscard]] bool several() const { return all.size() > 1; }
    [[nodiscard]] const DeploymentTarget* find(std::string_view name) const;
    /// "eu, us"
    [[nodiscard]] std::string names() const;
    friend bool operator==(const DeploymentTargets&, const DeploymentTargets&) = default;
};

/// kConfiguration: there is none of this name among them.
[[nodiscard]] Error no_such_target(const DeploymentTargets& targets, std::string_view name);

/// What is wrong in TARGETS, as of a strategy: the place begins below `/targets`.
using TargetProblem = StrategyProblem;

/// `{"us":{"region":"us-east-1","cluster":"shop","role_arn":"arn:..","external_id":".."}}`, by name.
[[nodiscard]] std::expected<std::vector<DeploymentTarget>, std::vector<TargetProblem>> parse_targets(
    std::string_view json);

}  // namespace ci_lambda
