#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "config/config.hpp"
#include "discovery/rules.hpp"
#include "discovery/uses.hpp"

namespace ci_lambda {

/// A service of one of our clusters, as it was when somebody looked.
struct DiscoveredService {
    EcsTarget target;
    std::string task_definition;              ///< ARN of the revision that it runs; empty where there is none
    std::shared_ptr<const ServiceUses> uses;  ///< nullptr: its task definition could not be read
    ServiceRules rules;
    bool express = false;            ///< an Express Mode service
    std::string cannot_deploy = {};  ///< why ECS would refuse a deployment; empty where it would not
};

/// All services of our clusters. Never changed: another look makes another one.
struct Discovered {
    std::vector<DiscoveredService> services;  ///< sorted by id
    /// What is not as it should be, each a sentence that names its service or cluster: what could not be read, bad
    /// tags, services that cannot be deployed.
    std::vector<std::string> warnings = {};
    /// Why something could not be read that may be readable soon (throttling, no time left); empty where there is
    /// nothing like that.
    std::string unread = {};

    [[nodiscard]] const DiscoveredService* find(const ServiceId& id) const;
};

/// The configuration with what was found put into it: discovered services have ids and names, and what their tags say
/// counts where the configuration itself says nothing about them. `written`: without anything discovered.
[[nodiscard]] Config with_discovered(const Config& written, std::shared_ptr<const Discovered> discovered);

/// The discovered services of `config` for which `uses` holds, but for those that one of the values of `map`
/// names: what a map says of a service is all that counts for it.
template <typename Map>
[[nodiscard]] std::vector<ServiceId> discovered_users(const Config& config, const Map& map,
                                                      const std::function<bool(const DiscoveredService&)>& uses) {
    std::vector<ServiceId> ids;
    if (config.discovered == nullptr) return ids;
    std::set<ServiceId> named;
    for (const auto& [key, services] : map) named.insert(services.begin(), services.end());
    for (const auto& service : config.discovered->services)
        if (!named.contains(service.target.id) && uses(service)) ids.push_back(service.target.id);
    return ids;
}

/// Gives each service its id: see `Names::discovered_id`. Two services never get the same one. Sorts them by it.
void identify(std::vector<DiscoveredService>& services, const Names& names);

/// The clusters that are looked at, for a person: "the cluster shop", "the clusters shop, jobs".
[[nodiscard]] std::string clusters_in_words(const Config& config);

}  // namespace ci_lambda
