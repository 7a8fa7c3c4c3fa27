#include "services/ecs/records.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {

const EcsDeployment* EcsService::primary() const {
    const auto found = std::ranges::find(deployments, "PRIMARY", &EcsDeployment::status);
    return found == deployments.end() ? nullptr : &*found;
}

const EcsDeployment* EcsService::deployment(const std::string& id) const {
    const auto found = std::ranges::find(deployments, id, &EcsDeployment::id);
    return found == deployments.end() ? nullptr : &*found;
}

std::string EcsService::revision_of(std::string_view deployment_id) const {
    const auto number = last_segment(deployment_id);
    if (number.empty() || number == deployment_id) return {};
    const auto found =
        std::ranges::find_if(revisions, [&](const std::string& one) { return last_segment(one) == number; });
    return found == revisions.end() ? std::string{} : *found;
}

bool EcsService::shifts_by_network_load_balancer() const {
    // Its listeners are `..:listener/net/..`.
    return std::ranges::any_of(
        load_balancers, [](const auto& balancer) { return balancer.production_rule.contains(":listener/net/"); });
}

const EcsExpressService::Configuration* EcsExpressService::of_deployment(std::string_view deployment_id) const {
    const auto number = last_segment(deployment_id);
    if (!number.empty())
        for (const auto& one : configurations)
            if (last_segment(one.revision) == number) return &one;
    return configurations.empty() ? nullptr : &configurations.front();
}

const EcsService* DescribedServices::find(const EcsServiceName& name) const {
    const auto found = std::ranges::find(services, name, &EcsService::name);
    return found == services.end() ? nullptr : &*found;
}

Error why_it_cannot_be_updated(const EcsService& service) {
    if (service.code_deploy_error)
        return with_context(*service.code_deploy_error,
                            "CodeDeploy deploys the service " + service.name.str() + ", and cannot be used");
    const auto& controller = service.deployment_controller;
    return {.kind = ErrorKind::kRejected,
            .message = "the service " + service.name.str() + " has the deployment controller " + controller +
                       ", which UpdateService cannot drive" +
                       (controller == "CODE_DEPLOY" ? "; with CODE_DEPLOY=true CodeDeploy is asked" : "")};
}

std::optional<std::string> configuration_with_rollback(const EcsService& service) {
    if (service.by_code_deploy || !can_be_updated(service) || service.configuration.rolls_back_by_itself())
        return std::nullopt;
    Json breaker = Json::object();
    if (const auto present = parse_json(service.configuration.circuit_breaker); present && present->is_object())
        breaker = *present;
    breaker["enable"] = true;
    breaker["rollback"] = true;
    return dump_json({{"deploymentCircuitBreaker", std::move(breaker)}});
}

}  // namespace ci_lambda
