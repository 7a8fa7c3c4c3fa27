#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/text.hpp"
#include "discovery/discovered.hpp"
#include "handlers/handlers.hpp"

namespace ci_lambda {
namespace {

/// `{env}/{project}/{service}/NAME`, NAME of one or more segments.
std::vector<ServiceId> services_by_path(std::string_view name, const Config& config) {
    constexpr std::size_t kFewestSegments = 4;
    const auto segments = split(name, '/');
    if (segments.size() < kFewestSegments || segments[0] != config.environment || segments[1] != config.project ||
        std::ranges::any_of(segments, &std::string::empty))
        return {};
    const auto id = config.names.canonical(segments[2]);
    return id ? std::vector{*id} : std::vector<ServiceId>{};
}

bool lies_below(std::string_view name, std::string_view prefix) {
    return name.starts_with(prefix) && (name.size() == prefix.size() || name[prefix.size()] == '/');
}

/// The longest prefix wins: a service's own path goes before the path that it lies in.
std::vector<ServiceId> services_by_map(std::string_view name, const Config& config) {
    const std::vector<ServiceId>* services = nullptr;
    // Prefixes of one name are sorted by their length, so the last is the longest.
    for (const auto& [prefix, ids] : config.ssm_prefixes)
        if (lies_below(name, prefix)) services = &ids;
    return services == nullptr ? std::vector<ServiceId>{} : *services;
}

/// Meroku's Terraform creates `PATH/env` for each service and each scheduled task, with a blank in it, so that the path
/// is there for somebody to fill in: thirty services would roll for nothing, before they exist. What is filled in later
/// is an `Update`. Only that one name counts: a parameter `PATH/db/env` is somebody's own.
bool is_placeholder(std::string_view name, const Config& config) {
    constexpr std::string_view kName = "/env";
    if (!name.ends_with(kName)) return false;
    const auto path = name.substr(0, name.size() - kName.size());
    if (!config.ssm_prefixes.empty()) return config.ssm_prefixes.contains(std::string(path));
    const auto segments = split(path, '/');
    constexpr std::size_t kServicePath = 3;
    constexpr std::size_t kTaskPath = 4;
    return segments.size() == kServicePath || (segments.size() == kTaskPath && segments[2] == "task");
}

std::string not_our_parameter(const std::string& name, const Config& config) {
    if (config.discovery) return fmt::format("no service of {} uses the parameter {}", clusters_in_words(config), name);
    if (!config.ssm_prefixes.empty())
        return fmt::format("parameter {} is below no path of {}", name, config.called("SSM_SERVICE_MAP"));
    return fmt::format("parameter {} is not named /{}/{}/SERVICE/NAME", name, config.environment, config.project);
}

}  // namespace

Decision decide_ssm(const ParameterChange& change, const Config& config, const Place& where) {
    if (!config.ssm_enabled) return ignore("changed parameters do not deploy (ENABLE_SSM_MONITORING is off)");
    if (change.failed) return ignore(fmt::format("the change of parameter {} failed", change.name));
    if (change.operation == "Delete")
        return ignore(
            fmt::format("parameter {} was deleted, and redeploying after a delete would turn running tasks "
                        "into tasks that cannot start",
                        change.name));
    if (change.operation == "LabelParameterVersion")
        return ignore(fmt::format("a label of parameter {} was moved; its value is the same", change.name));
    if (change.operation != "Create" && change.operation != "Update")
        return ignore(fmt::format("operation {} on a parameter is neither Create nor Update", change.operation));

    // Parameter Store has /a/b and a/b; people mean the same by them.
    std::string_view name = change.name;
    if (name.starts_with('/')) name.remove_prefix(1);
    auto services = config.ssm_prefixes.empty() ? services_by_path(name, config) : services_by_map(name, config);
    if (config.ssm_prefixes.empty()) keep_existing(services, config);
    add(services, discovered_users(config, config.ssm_prefixes, [&](const DiscoveredService& service) {
            return (service.uses && uses_parameter(*service.uses, name, where)) ||
                   std::ranges::any_of(service.rules.parameters,
                                       [&](const std::string& path) { return lies_below(name, path); });
        }));
    if (services.empty()) return unmatched(not_our_parameter(change.name, config));
    if (change.operation == "Create" && is_placeholder(name, config))
        return ignore(fmt::format(
            "parameter {} was created, and the first value of \"env\" is a placeholder; an update of it deploys",
            change.name));
    return deploy_automatically(
        std::move(services),
        fmt::format("parameter {} was {}", change.name, change.operation == "Create" ? "created" : "updated"), config);
}

}  // namespace ci_lambda
