#include "sandbox/ecs/configuration.hpp"

#include "base/json.hpp"
#include "base/result.hpp"

namespace ci_lambda::sandbox {

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
    return configuration;
}

}  // namespace ci_lambda::sandbox
