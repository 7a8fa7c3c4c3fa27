#include "app/people/named_services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "deployer/observe/inventory.hpp"
#include "discovery/discovered.hpp"

namespace ci_lambda {
namespace {

/// Longer than any id that is meant.
constexpr std::size_t kLongestShownId = 60;
/// So many ids help; more are a wall.
constexpr std::size_t kMostIds = 20;

std::string with_suggestion(std::string problem, std::string_view given, std::vector<std::string> ids) {
    const auto meant = closest(given, ids);
    problem += meant ? fmt::format("; did you mean \"{}\"?", *meant) : ".";
    if (ids.empty()) return problem;
    const auto all = ids.size();
    ids.resize(std::min(all, kMostIds));
    return problem + fmt::format(" Services: {}{}.", join(ids, ", "),
                                 all > kMostIds ? fmt::format(" and {} more", all - kMostIds) : "");
}

Result<EcsTarget> named_service(const Config& config, const std::string& name) {
    if (trim(name).empty())
        return fail(ErrorKind::kConfiguration,
                    "the service's name is empty (a variable that is not set?); the backend is called \"backend\"");
    const auto id = config.names.canonical(name);
    if (!id)
        return fail(ErrorKind::kConfiguration,
                    fmt::format("there is no service \"{}\": ids have letters, digits, '_', '-' and '.'",
                                truncate_utf8(name, kLongestShownId)));
    if (auto target = config.names.target(*id)) return *std::move(target);
    if (config.names.are_discovered())
        return fail(ErrorKind::kNotFound,
                    with_suggestion(fmt::format("there is no service \"{}\" in {}",
                                                truncate_utf8(id->str(), kLongestShownId), clusters_in_words(config)),
                                    id->str(), config.names.mapped_ids()));
    if (!config.names.has_service_map())
        return fail(ErrorKind::kNotFound,
                    fmt::format("{} leaves no name for \"{}\"", config.called("SERVICE_NAME_PATTERN"), *id));
    return fail(ErrorKind::kNotFound, with_suggestion(fmt::format("there is no service \"{}\" in {}",
                                                                  truncate_utf8(id->str(), kLongestShownId),
                                                                  config.called("ECS_SERVICE_MAP")),
                                                      id->str(), config.names.mapped_ids()));
}

}  // namespace

Result<std::vector<EcsTarget>> named_services(const Config& config, const std::vector<std::string>& names) {
    std::vector<EcsTarget> targets;
    for (const auto& name : names) {
        TRY_ASSIGN(auto target, named_service(config, name));
        if (std::ranges::find(targets, target) == targets.end()) targets.push_back(std::move(target));
    }
    return targets;
}

NamedByPeople split_tasks(const std::vector<std::string>& names) {
    NamedByPeople named;
    for (const auto& name : names) {
        auto& some = name.starts_with(kTaskPrefix) ? named.tasks : named.services;
        if (std::ranges::find(some, name) == some.end()) some.push_back(name);
    }
    return named;
}

std::string no_such_service(const Config& config, EcsApi& ecs, const EcsTarget& target, Deadline deadline) {
    std::vector<std::string> ids;
    for (const auto& ours : find_our_services(config, ecs, deadline).targets)
        if (ours.id != target.id) ids.push_back(ours.id.str());
    return with_suggestion(fmt::format("ECS has no service {} in cluster {}, so there is no \"{}\"", target.service,
                                       target.cluster, truncate_utf8(target.id.str(), kLongestShownId)),
                           target.id.str(), std::move(ids));
}

Status check_that_they_exist(const Config& config, EcsApi& ecs, const std::vector<EcsTarget>& targets,
                             Deadline deadline) {
    if (config.names.are_discovered()) return {};  // they were just seen
    for (std::size_t i = 0; i < targets.size(); i += EcsApi::kMaxServicesPerDescribe) {
        std::vector<EcsServiceName> names;
        for (std::size_t k = i; k < std::min(targets.size(), i + EcsApi::kMaxServicesPerDescribe); ++k)
            names.push_back(targets[k].service);
        const auto described = ecs.describe_services(config.names.cluster(), names, deadline);
        if (!described) {
            if (described.error().retryable() || described.error().kind == ErrorKind::kAccessDenied) return {};
            return std::unexpected(described.error());
        }
        for (const auto& target : targets) {
            const auto missing =
                std::ranges::find(described->failures, target.service, &DescribedServices::Failure::name);
            if (missing != described->failures.end() && missing->reason.starts_with("MISSING"))
                return fail(ErrorKind::kNotFound, no_such_service(config, ecs, target, deadline));
        }
    }
    return {};
}

}  // namespace ci_lambda
