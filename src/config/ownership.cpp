#include "config/ownership.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ci_lambda {

std::string ServiceReading::doubt() const {
    if (rival)
        return fmt::format(
            "its name may also be that of {} in the environment {} of the project {}; ECS_SERVICE_MAP would tell, or a "
            "service_name in the document",
            rival->id, rival->environment, rival->project);
    if (!named)
        return fmt::format(
            R"(no variable names {0}; AUTO_DEPLOY_MAP={{"{0}":true}} would do, or "{0}":{{}} in the document's services)",
            id);
    return {};
}

Ownership::Ownership(const Config& config) : names_(config.names), named_(config.known_services()) {
    const ServiceId backend{std::string(kBackend)};
    std::ranges::remove_copy(named_, std::back_inserter(plausible_), backend);
    plausible_.push_back(backend);
    const auto place = std::ranges::lower_bound(named_, backend);
    if (names_.has_backend_name() && (place == named_.end() || *place != backend)) named_.insert(place, backend);
}

std::optional<ServiceReading> Ownership::read(const EcsServiceName& name) const { return read(names_.cluster(), name); }

std::optional<ServiceReading> Ownership::read(const ClusterName& cluster, const EcsServiceName& name) const {
    auto id = names_.id_of(cluster, name);
    if (!id) return std::nullopt;
    const bool named = names_.has_service_map() || names_.are_discovered() || std::ranges::binary_search(named_, *id);
    return ServiceReading{.id = *std::move(id), .named = named, .rival = names_.read_elsewhere(name, plausible_)};
}

}  // namespace ci_lambda
