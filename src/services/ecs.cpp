#include "services/ecs.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace ci_lambda {

const EcsDeployment* EcsService::primary() const {
    const auto found = std::ranges::find(deployments, "PRIMARY", &EcsDeployment::status);
    return found == deployments.end() ? nullptr : &*found;
}

const EcsDeployment* EcsService::deployment(const std::string& id) const {
    const auto found = std::ranges::find(deployments, id, &EcsDeployment::id);
    return found == deployments.end() ? nullptr : &*found;
}

const EcsService* DescribedServices::find(const EcsServiceName& name) const {
    const auto found = std::ranges::find(services, name, &EcsService::name);
    return found == services.end() ? nullptr : &*found;
}

std::optional<std::string> configuration_with_rollback(const EcsService& service) {
    if (!can_be_updated(service) || service.rolls_back_by_itself) return std::nullopt;
    Json configuration = Json::object();
    if (!service.deployment_configuration.empty()) {
        auto present = parse_json(service.deployment_configuration);
        if (!present || !present->is_object()) return std::nullopt;
        configuration = *std::move(present);
    }
    if (const auto strategy = find_string(configuration, "strategy"); strategy && *strategy != "ROLLING")
        return std::nullopt;
    auto& breaker = configuration["deploymentCircuitBreaker"];
    if (!breaker.is_object()) breaker = Json::object();
    breaker["enable"] = true;
    breaker["rollback"] = true;
    return dump_json(configuration);
}

}  // namespace ci_lambda
