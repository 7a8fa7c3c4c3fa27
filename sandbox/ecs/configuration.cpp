#include "sandbox/ecs/configuration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr int kLongestBake = 1440;  // minutes
constexpr int kLongestPause = 20160;
constexpr int kMostHooks = 10;  // of a kind

/// A number of minutes from `least` to `most`; `otherwise` if there is none.
AwsResult<std::chrono::minutes> minutes_in(const Json& object, std::string_view name, int least, int most,
                                           int otherwise) {
    TRY_ASSIGN(const auto given, Parameters(object).number(name));
    const int minutes = given.value_or(otherwise);
    if (minutes < least || minutes > most)
        return aws_fail("InvalidParameterException", fmt::format("{} must be from {} to {}.", name, least, most));
    return std::chrono::minutes(minutes);
}

AwsResult<double> percent_in(const Json& object, std::string_view name, double least, double otherwise) {
    constexpr double kMost = 100;
    const Json* given = find(object, name);
    if (given != nullptr && !given->is_number())
        return aws_fail("SerializationException", fmt::format("{}: expected a number", name));
    const double percent = given == nullptr ? otherwise : given->get<double>();
    if (percent < least || percent > kMost)
        return aws_fail("InvalidParameterException", fmt::format("{} must be from {} to {}.", name, least, kMost));
    return percent;
}

AwsResult<LifecycleHook> hook_of(const Json& json) {
    const Parameters parameters(json);
    TRY_ASSIGN(const auto type, parameters.text("targetType"));
    TRY_ASSIGN(const auto arn, parameters.text("hookTargetArn"));
    TRY_ASSIGN(const auto stages, parameters.texts("lifecycleStages"));
    LifecycleHook hook;
    hook.pause = type == "PAUSE";
    if (type && !hook.pause && *type != "AWS_LAMBDA")
        return aws_fail("InvalidParameterException", "targetType must be AWS_LAMBDA or PAUSE.");
    hook.target_arn = arn.value_or("");
    if (stages.empty()) return aws_fail("InvalidParameterException", "A lifecycle hook needs lifecycleStages.");
    for (const auto& name : stages) {
        const auto stage = parse_hook_stage(name, hook.pause);
        if (!stage)
            return aws_fail("InvalidParameterException", hook.pause ? "Invalid lifecycle stage provided for Pause Hook"
                                                                    : "Invalid lifecycle stage provided for Hook");
        hook.stages.push_back(*stage);
    }
    if (const Json* timeout = find(json, "timeoutConfiguration")) {
        TRY_ASSIGN(hook.timeout, minutes_in(*timeout, "timeoutInMinutes", 1, hook.pause ? kLongestPause : kLongestBake,
                                            kLongestBake));
        TRY_ASSIGN(const auto action, Parameters(*timeout).text("action"));
        if (action && *action != "CONTINUE" && *action != "ROLLBACK")
            return aws_fail("InvalidParameterException", "action must be ROLLBACK or CONTINUE.");
        hook.goes_on_after_timeout = action == "CONTINUE";
    }
    return hook;
}

AwsResult<std::vector<LifecycleHook>> hooks_of(const Json& configuration) {
    std::vector<LifecycleHook> hooks;
    const Json* given = find(configuration, "lifecycleHooks");
    if (given == nullptr) return hooks;
    if (!given->is_array()) return aws_fail("SerializationException", "lifecycleHooks: expected a list");
    for (const auto& json : *given) {
        TRY_ASSIGN(auto hook, hook_of(json));
        hooks.push_back(std::move(hook));
    }
    const auto pauses = std::ranges::count(hooks, true, &LifecycleHook::pause);
    if (pauses > kMostHooks || std::ssize(hooks) - pauses > kMostHooks)
        return aws_fail("InvalidParameterException", "A service has at most 10 PAUSE and 10 AWS_LAMBDA hooks.");
    return hooks;
}

AwsResult<DeploymentAlarms> alarms_of(const Json& configuration) {
    DeploymentAlarms alarms;
    const Json* given = find(configuration, "alarms");
    if (given == nullptr) return alarms;
    if (!given->is_object() || !given->contains("alarmNames") || !given->contains("enable") ||
        !given->contains("rollback"))
        return aws_fail("InvalidParameterException", "alarms needs alarmNames, enable and rollback.");
    const Parameters parameters(*given);
    TRY_ASSIGN(alarms.names, parameters.texts("alarmNames"));
    TRY_ASSIGN(alarms.enabled, parameters.flag("enable"));
    TRY_ASSIGN(alarms.rollback, parameters.flag("rollback"));
    return alarms;
}

/// What the strategy needs of `merged`; `given` is what the request has said.
AwsResult<DeploymentConfiguration> with_strategy(DeploymentConfiguration configuration, const Json& merged,
                                                 const Json& given) {
    const auto strategy = parse_strategy(find_string(merged, "strategy").value_or("ROLLING"));
    if (!strategy)
        return aws_fail("InvalidParameterException", "strategy must be ROLLING, BLUE_GREEN, LINEAR or CANARY.");
    configuration.strategy = *strategy;
    if (find(given, "linearConfiguration") != nullptr && *strategy != Strategy::kLinear)
        return aws_fail("InvalidParameterException", "linearConfiguration is allowed with the LINEAR strategy only.");
    if (find(given, "canaryConfiguration") != nullptr && *strategy != Strategy::kCanary)
        return aws_fail("InvalidParameterException", "canaryConfiguration is allowed with the CANARY strategy only.");
    TRY_ASSIGN(configuration.bake_time, minutes_in(merged, "bakeTimeInMinutes", 0, kLongestBake, 0));
    const auto member = [&](std::string_view name) {
        const Json* found = find(merged, name);
        return found == nullptr ? Json::object() : *found;
    };
    if (*strategy == Strategy::kLinear) {
        const Json linear = member("linearConfiguration");
        TRY_ASSIGN(configuration.step_percent, percent_in(linear, "stepPercent", 3.0, 10.0));
        TRY_ASSIGN(configuration.step_bake, minutes_in(linear, "stepBakeTimeInMinutes", 0, kLongestBake, 6));
    }
    if (*strategy == Strategy::kCanary) {
        const Json canary = member("canaryConfiguration");
        TRY_ASSIGN(configuration.step_percent, percent_in(canary, "canaryPercent", 0.1, 5.0));
        TRY_ASSIGN(configuration.step_bake, minutes_in(canary, "canaryBakeTimeInMinutes", 0, kLongestBake, 10));
    }
    const Json early = member("earlySuccessCriteria");
    TRY_ASSIGN(const bool early_success, Parameters(early).flag("enable"));
    if (find(given, "earlySuccessCriteria") != nullptr && !early.contains("enable"))
        return aws_fail("InvalidParameterException", "earlySuccessCriteria needs enable.");
    if (early_success && *strategy != Strategy::kRolling)
        return aws_fail("InvalidParameterException", "earlySuccessCriteria is allowed with the ROLLING strategy only.");
    TRY_ASSIGN(configuration.hooks, hooks_of(merged));
    TRY_ASSIGN(configuration.alarms, alarms_of(merged));
    return configuration;
}

Json rolling() {
    return {{"strategy", "ROLLING"},
            {"bakeTimeInMinutes", 0},
            {"lifecycleHooks", Json::array()},
            {"alarms", {{"alarmNames", Json::array()}, {"enable", false}, {"rollback", false}}}};
}

/// Blue/green, with a hook where the test traffic flows.
Json asking(std::string_view function) {
    return {{"strategy", "BLUE_GREEN"},
            {"bakeTimeInMinutes", 1},
            {"lifecycleHooks",
             {{{"targetType", "AWS_LAMBDA"},
               {"hookTargetArn", function},
               {"roleArn", "arn:aws:iam::123456789012:role/shop_hooks"},
               {"lifecycleStages", {"POST_TEST_TRAFFIC_SHIFT"}},
               {"timeoutConfiguration", {{"timeoutInMinutes", 10}, {"action", "ROLLBACK"}}}}}}};
}

/// Blue/green, which waits for a person where the test traffic flows, and goes back after so many minutes.
Json pausing(int minutes) {
    return {{"strategy", "BLUE_GREEN"},
            {"bakeTimeInMinutes", 1},
            {"lifecycleHooks",
             {{{"targetType", "PAUSE"},
               {"lifecycleStages", {"POST_TEST_TRAFFIC_SHIFT"}},
               {"timeoutConfiguration", {{"timeoutInMinutes", minutes}, {"action", "ROLLBACK"}}}}}}};
}

Json members_for(Scenario scenario) {
    switch (scenario) {
        case Scenario::kHook: return asking(kOwnFunction);
        case Scenario::kHookFails: return asking(kRefusingFunction);
        case Scenario::kHookTimesOut: return asking(kSilentFunction);
        case Scenario::kShiftFails: return {{"strategy", "BLUE_GREEN"}, {"bakeTimeInMinutes", 1}};
        case Scenario::kBake: return {{"strategy", "BLUE_GREEN"}, {"bakeTimeInMinutes", 10}};
        case Scenario::kPause: return pausing(30);
        case Scenario::kNobodyAnswers: return pausing(1);
        case Scenario::kLinear:
            return {{"strategy", "LINEAR"},
                    {"bakeTimeInMinutes", 1},
                    {"linearConfiguration", {{"stepPercent", 25.0}, {"stepBakeTimeInMinutes", 2}}}};
        case Scenario::kCanary:
            return {{"strategy", "CANARY"},
                    {"bakeTimeInMinutes", 1},
                    {"canaryConfiguration", {{"canaryPercent", 10.0}, {"canaryBakeTimeInMinutes", 5}}}};
        case Scenario::kAlarm:
            return {{"bakeTimeInMinutes", 5},
                    {"alarms", {{"alarmNames", {"shop-5xx"}}, {"enable", true}, {"rollback", true}}}};
        case Scenario::kAlarmInBake:
            return {{"strategy", "BLUE_GREEN"},
                    {"bakeTimeInMinutes", 10},
                    {"alarms", {{"alarmNames", {"shop-5xx"}}, {"enable", true}, {"rollback", true}}}};
        default: return Json::object();
    }
}

}  // namespace

DeploymentConfiguration configured_for(const DeploymentConfiguration& present, Scenario before, Scenario scenario) {
    if (!configures_the_service(before) && !configures_the_service(scenario)) return present;
    Json members = rolling();
    members.update(members_for(scenario));
    return merged_configuration(present, {{"deploymentConfiguration", std::move(members)}}).value_or(present);
}

DeploymentConfiguration default_configuration() {
    DeploymentConfiguration configuration;
    configuration.content = dump_json({{"deploymentCircuitBreaker", {{"enable", false}, {"rollback", false}}},
                                       {"maximumPercent", configuration.maximum_percent},
                                       {"minimumHealthyPercent", configuration.minimum_healthy_percent},
                                       {"strategy", "ROLLING"},
                                       {"bakeTimeInMinutes", 0}});
    return configuration;
}

AwsResult<DeploymentConfiguration> merged_configuration(const DeploymentConfiguration& present, const Json& request) {
    const Json* given = find(request, "deploymentConfiguration");
    if (given == nullptr) return present;
    if (!given->is_object()) return aws_fail("SerializationException", "deploymentConfiguration: expected an object");
    Json merged = parse_json(present.content).value_or(Json::object());
    for (const auto& [name, value] : given->items())
        if (!value.is_null()) merged[name] = value;

    const Parameters parameters(merged);
    DeploymentConfiguration configuration = present;
    TRY_ASSIGN(const auto maximum, parameters.number("maximumPercent"));
    TRY_ASSIGN(const auto minimum, parameters.number("minimumHealthyPercent"));
    configuration.maximum_percent = maximum.value_or(configuration.maximum_percent);
    configuration.minimum_healthy_percent = minimum.value_or(configuration.minimum_healthy_percent);
    if (configuration.maximum_percent < 0 || configuration.minimum_healthy_percent < 0)
        return aws_fail("InvalidParameterException", "Percentages cannot be negative.");
    if (const Json* breaker = find(merged, "deploymentCircuitBreaker")) {
        if (!breaker->is_object() || !breaker->contains("enable") || !breaker->contains("rollback"))
            return aws_fail("InvalidParameterException", "deploymentCircuitBreaker needs enable and rollback.");
        TRY_ASSIGN(configuration.breaker, Parameters(*breaker).flag("enable"));
        TRY_ASSIGN(configuration.breaker_rollback, Parameters(*breaker).flag("rollback"));
    }
    configuration.content = dump_json(merged);
    return with_strategy(std::move(configuration), merged, *given);
}

}  // namespace ci_lambda::sandbox
