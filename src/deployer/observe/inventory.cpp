#include "deployer/observe/inventory.hpp"

#include <set>
#include <utility>

#include "discovery/discovered.hpp"

namespace ci_lambda {
namespace {

/// All that is in the clusters is ours.
OurServices discovered_services(const Config& config) {
    OurServices ours;
    for (const auto& id : config.known_services()) {
        if (auto target = config.names.target(id)) {
            ours.targets.push_back(*target);
            ours.certain.push_back(*std::move(target));
        } else {
            ours.without_target.push_back(id);
        }
    }
    if (const auto& unread = config.discovered->unread; !unread.empty())
        ours.not_listed = Error{.kind = ErrorKind::kServer, .message = unread};
    return ours;
}

}  // namespace

OurServices find_our_services(const Config& config, EcsInventory& ecs, Deadline deadline) {
    if (config.discovered != nullptr) return discovered_services(config);
    OurServices ours;
    const Ownership ownership(config);
    const auto configured = config.known_services();
    std::set<ServiceId> ids(configured.begin(), configured.end());
    if (!config.names.has_service_map()) {
        const auto names = ecs.list_services(config.names.cluster(), deadline);
        if (!names)
            ours.not_listed = names.error();
        else
            for (const auto& name : *names) {
                auto reading = ownership.read(name);
                if (!reading) continue;
                if (reading->is_rather_another_ones())
                    ours.doubtful.push_back({.name = name, .reading = *std::move(reading)});
                else
                    ids.insert(reading->id);
            }
    }
    for (const auto& id : ids) {
        const auto target = config.names.target(id);
        if (!target) {
            ours.without_target.push_back(id);
            continue;
        }
        ours.targets.push_back(*target);
        // Two ids of one name: only one of them is what the name says.
        auto reading = ownership.read(target->service).value_or(ServiceReading{.id = id, .named = false, .rival = {}});
        if (reading.is_ours_beyond_doubt())
            ours.certain.push_back(*target);
        else
            ours.doubtful.push_back({.name = target->service, .reading = std::move(reading)});
    }
    return ours;
}

}  // namespace ci_lambda
