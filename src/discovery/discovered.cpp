#include "discovery/discovered.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {

const DiscoveredService* Discovered::find(const ServiceId& id) const {
    const auto by_id = [](const DiscoveredService& service) -> const ServiceId& { return service.target.id; };
    const auto found = std::ranges::lower_bound(services, id, {}, by_id);
    return found == services.end() || found->target.id != id ? nullptr : &*found;
}

void identify(std::vector<DiscoveredService>& services, const Names& names) {
    const auto id_of = [&](const DiscoveredService& service) {
        return names.discovered_id(service.target.cluster, service.target.service);
    };
    // What map or patterns name keeps that name, whatever another service is called in ECS.
    std::set<ServiceId> taken;
    for (const auto& service : services)
        if (auto id = id_of(service); id.str() != service.target.service.str()) taken.insert(std::move(id));
    for (auto& service : services) {
        service.target.id = id_of(service);
        if (service.target.id.str() == service.target.service.str() && taken.contains(service.target.id))
            service.target.id = ServiceId{fmt::format("{}.{}", service.target.cluster, service.target.service)};
    }
    std::ranges::sort(services, {},
                      [](const DiscoveredService& service) -> const ServiceId& { return service.target.id; });
}

Config with_discovered(const Config& written, std::shared_ptr<const Discovered> discovered) {
    auto config = written;
    std::map<ServiceId, EcsTarget> targets;
    for (const auto& service : discovered->services) {
        const auto& id = service.target.id;
        targets.emplace(id, service.target);
        const auto say = [&](std::string_view setting, const auto& said, auto& map) {
            if (said && map.try_emplace(id, *said).second) config.said_by_tags.emplace(setting, id);
        };
        say("AUTO_DEPLOY_MAP", service.rules.auto_deploy, config.auto_deploy);
        say("ECR_TAG_FILTER", service.rules.tags, config.tag_filters.by_service);
        say("ECR_DEPLOY_MODE", service.rules.image_mode, config.image_modes);
        say("DEPLOYMENT_STRATEGY", service.rules.strategy, config.strategies);
    }
    config.names = written.names.with_discovered(std::move(targets));
    config.discovered = std::move(discovered);
    return config;
}

std::string clusters_in_words(const Config& config) {
    std::vector<std::string> names;
    for (const auto& cluster : config.clusters) names.push_back(cluster.str());
    return fmt::format("the cluster{} {}", names.size() == 1 ? "" : "s", join(names, ", "));
}

}  // namespace ci_lambda
