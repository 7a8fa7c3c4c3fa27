#include "deployer/our_services.hpp"

#include <set>

namespace ci_lambda {

OurServices find_our_services(const Config& config, EcsApi& ecs, Deadline deadline) {
    OurServices ours;
    const auto configured = config.known_services();
    std::set<ServiceId> ids(configured.begin(), configured.end());
    if (!config.names.has_service_map()) {
        const auto names = ecs.list_services(config.names.cluster(), deadline);
        if (!names)
            ours.not_listed = names.error();
        else
            for (const auto& name : *names)
                if (const auto id = config.names.id_of(name)) ids.insert(*id);
    }
    for (const auto& id : ids) {
        if (auto target = config.names.target(id))
            ours.targets.push_back(*std::move(target));
        else
            ours.without_target.push_back(id);
    }
    return ours;
}

}  // namespace ci_lambda
