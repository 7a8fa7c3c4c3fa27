#include "config/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "config/targets.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kNamePlaceholder = "{name}";

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
}

Status check_placeholder(std::string_view placeholder) {
    static const std::array<std::string, 3> known{"{project}", "{env}", "{name}"};
    if (std::ranges::find(known, placeholder) != known.end()) return {};
    const auto meant = closest(placeholder, known);
    return fail(ErrorKind::kConfiguration,
                fmt::format("unknown placeholder {}{}; there are {{project}}, {{env}} and {{name}}", shown(placeholder),
                            meant ? fmt::format(" (did you mean {}?)", *meant) : ""));
}

Status check_literal(char c) {
    if (c == '}') return fail(ErrorKind::kConfiguration, R"(a "}" without its "{")");
    if (!is_name_character(c))
        return fail(ErrorKind::kConfiguration,
                    "names in ECS have letters, digits, '_' and '-' only, so the pattern must not have others");
    return {};
}

void erase_first(std::string& text, std::string_view part) { text.erase(text.find(part), part.size()); }

/// The pattern of the backend: `{name}` goes, with the one `_` that joined it to the rest.
std::string without_name(std::string text) {
    while (text.contains(kNamePlaceholder)) {
        if (text.contains("_{name}"))
            erase_first(text, "_{name}");
        else if (text.contains("{name}_"))
            erase_first(text, "{name}_");
        else
            erase_first(text, kNamePlaceholder);
    }
    return text;
}

std::string substitute(std::string text, std::string_view project, std::string_view env) {
    return replace_all(replace_all(std::move(text), "{project}", project), "{env}", env);
}

std::size_t occurrences(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
    return found;
}

/// What stands in `name` where `{name}` stands in `pattern` (its other placeholders filled in). Only a candidate: the
/// caller expands it again and compares.
std::optional<std::string> name_in(const std::string& name, const std::string& pattern) {
    const auto placeholders = occurrences(pattern, kNamePlaceholder);
    if (placeholders == 0) return std::nullopt;
    const auto fixed = pattern.size() - (placeholders * kNamePlaceholder.size());
    if (name.size() <= fixed) return std::nullopt;
    return name.substr(pattern.find(kNamePlaceholder), (name.size() - fixed) / placeholders);
}

/// Finds a project and an environment other than ours with which a pattern makes a name.
class ElsewhereReader {
public:
    /// `environments_apart`: the services of our project's other environments are in other clusters.
    ElsewhereReader(std::string_view project, std::string_view environment, bool environments_apart)
        : ours_{project, environment}, environments_apart_(environments_apart) {}

    /// True once `pattern`, without `{name}`, and `name` agree to their ends.
    bool read(std::string_view pattern, std::string_view name) {
        if (pattern.empty()) return name.empty() && is_elsewhere();
        for (std::size_t i = 0; i < kPlaceholders.size(); ++i)
            if (pattern.starts_with(kPlaceholders[i]))
                return read_placeholder(i, pattern.substr(kPlaceholders[i].size()), name);
        return !name.empty() && name.front() == pattern.front() && read(pattern.substr(1), name.substr(1));
    }

    [[nodiscard]] std::string project() const { return std::string(value(0)); }
    [[nodiscard]] std::string environment() const { return std::string(value(1)); }

private:
    static constexpr std::array<std::string_view, 2> kPlaceholders{"{project}", "{env}"};

    bool read_placeholder(std::size_t i, std::string_view pattern, std::string_view name) {
        if (read_[i]) return name.starts_with(*read_[i]) && read(pattern, name.substr(read_[i]->size()));
        for (std::size_t length = 1; length <= name.size(); ++length) {
            read_[i] = name.substr(0, length);
            if (read(pattern, name.substr(length))) return true;
        }
        read_[i].reset();
        return false;
    }

    [[nodiscard]] bool is_elsewhere() const {
        return value(0) != ours_[0] || (value(1) != ours_[1] && !environments_apart_);
    }

    /// What the pattern does not hold cannot be another's.
    [[nodiscard]] std::string_view value(std::size_t i) const { return read_[i].value_or(ours_[i]); }

    std::array<std::string_view, 2> ours_;
    bool environments_apart_;
    std::array<std::optional<std::string_view>, 2> read_;
};

}  // namespace

Result<NamePattern> NamePattern::parse(std::string_view text, bool needs_name) {
    if (text.empty()) return fail(ErrorKind::kConfiguration, "the pattern is empty");
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '{') {
            TRY(check_literal(text[i]));
            continue;
        }
        const auto end = text.find_first_of("{}", i + 1);
        if (end == std::string_view::npos || text[end] == '{')
            return fail(ErrorKind::kConfiguration, R"(a "{" without its "}")");
        TRY(check_placeholder(text.substr(i, end - i + 1)));
        i = end;
    }
    if (needs_name && !text.contains(kNamePlaceholder))
        return fail(ErrorKind::kConfiguration, "the pattern has no {name}, so all services would have one name");
    return NamePattern(std::string(text));
}

std::string NamePattern::expand(std::string_view project, std::string_view env, const ServiceId& id) const {
    if (id.str() == kBackend) return substitute(without_name(text_), project, env);
    return replace_all(substitute(text_, project, env), kNamePlaceholder, id.str());
}

bool is_valid_service_id(std::string_view text) {
    constexpr std::size_t kLongest = 255;
    return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, is_name_character);
}

bool is_account(std::string_view text) {
    constexpr std::size_t kDigits = 12;
    return text.size() == kDigits && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_region(std::string_view text) {
    return is_valid_service_id(text) && text.find_first_of("_.") == std::string_view::npos;
}

/// IAM API reference: names of roles, and their paths.
std::optional<std::string> account_of_role(std::string_view arn) {
    const auto parts = split(arn, ':');
    constexpr std::size_t kParts = 6;
    const bool good = parts.size() == kParts && parts[0] == "arn" && parts[1].starts_with("aws") && parts[2] == "iam" &&
                      parts[3].empty() && is_account(parts[4]) && parts[kParts - 1].starts_with("role/") &&
                      parts[kParts - 1].size() > std::string_view("role/").size() &&
                      arn.find_first_of(" \t\r\n") == std::string_view::npos;
    return good ? std::optional(parts[4]) : std::nullopt;
}

std::string EcsTarget::label() const {
    return deployment_target.empty() ? id.str() : fmt::format("{} in {}", id, deployment_target);
}

TaskFamily rollback_family(const TaskFamily& family) { return TaskFamily(family.str() + "-rollback"); }

std::optional<ServiceId> Names::canonical(std::string_view text) const {
    return canonical(text, options_.backend_service_name);
}

std::optional<ServiceId> Names::canonical(std::string_view text, std::string_view backend_name) {
    if (text.empty() || text == backend_name) return ServiceId{std::string(kBackend)};
    if (!is_valid_service_id(text)) return std::nullopt;
    return ServiceId{std::string(text)};
}

std::optional<EcsTarget> Names::target(const ServiceId& id) const {
    const auto mapped = options_.service_map.find(id);
    if (mapped == options_.service_map.end() && are_discovered()) {
        const auto found = options_.discovered->find(id);
        return found == options_.discovered->end() ? std::nullopt : std::optional(found->second);
    }
    if (has_service_map()) {
        const auto found = mapped;
        if (found == options_.service_map.end()) return std::nullopt;
        return EcsTarget{.id = id,
                         .cluster = cluster(),
                         .service = found->second.service,
                         .family = found->second.family,
                         .region = options_.region,
                         .account = options_.account,
                         .deployment_target = options_.deployment_target};
    }
    EcsTarget target{
        .id = id,
        .cluster = cluster(),
        .service = EcsServiceName{options_.service_pattern.expand(options_.project, options_.environment, id)},
        .family = TaskFamily{options_.family_pattern.expand(options_.project, options_.environment, id)},
        .region = options_.region,
        .account = options_.account,
        .deployment_target = options_.deployment_target};
    // A pattern of `{name}` alone leaves no name for the backend.
    if (target.service.empty() || target.family.empty()) return std::nullopt;
    return target;
}

const std::map<ServiceId, EcsTarget>& Names::discovered() const {
    static const std::map<ServiceId, EcsTarget> none;
    return options_.discovered ? *options_.discovered : none;
}

Names Names::in_target(const DeploymentTarget& target, const std::string& called) const {
    auto options = options_;
    options.region = target.region;
    options.account = target.account;
    options.deployment_target = called;
    if (target.cluster) options.cluster_name = target.cluster;
    options.discovered.reset();
    return Names(std::move(options));
}

Names Names::in_environment(std::string environment) const {
    auto options = options_;
    options.environment = std::move(environment);
    options.discovered.reset();
    for (auto& [id, entry] : options.service_map)
        if (entry.by_pattern)
            entry.service = EcsServiceName{options.service_pattern.expand(options.project, options.environment, id)};
    return Names(std::move(options));
}

Names Names::with_discovered(std::map<ServiceId, EcsTarget> discovered) const {
    auto options = options_;
    options.discovered = std::move(discovered);
    return Names(std::move(options));
}

ServiceId Names::discovered_id(const ClusterName& cluster, const EcsServiceName& name) const {
    if (cluster != this->cluster()) return ServiceId{fmt::format("{}.{}", cluster, name)};
    auto id = configured_id_of(name);
    return id ? *std::move(id) : ServiceId{name.str()};
}

std::optional<ServiceId> Names::id_of(const ClusterName& cluster, const EcsServiceName& name) const {
    const bool own = cluster == this->cluster();
    if (own)
        if (auto id = mapped_id_of(name)) return id;
    if (!are_discovered()) return own ? id_of(name) : std::nullopt;
    const auto found = std::ranges::find_if(*options_.discovered, [&](const auto& one) {
        return one.second.cluster == cluster && one.second.service == name;
    });
    return found == options_.discovered->end() ? std::nullopt : std::optional(found->first);
}

std::optional<ServiceId> Names::id_of(const EcsServiceName& name) const {
    return are_discovered() ? id_of(cluster(), name) : configured_id_of(name);
}

std::optional<ServiceId> Names::mapped_id_of(const EcsServiceName& name) const {
    const auto found =
        std::ranges::find_if(options_.service_map, [&](const auto& entry) { return entry.second.service == name; });
    return found == options_.service_map.end() ? std::nullopt : std::optional(found->first);
}

std::optional<ServiceId> Names::configured_id_of(const EcsServiceName& name) const {
    if (has_service_map()) return mapped_id_of(name);
    const auto names_it = [&](const ServiceId& id) {
        return options_.service_pattern.expand(options_.project, options_.environment, id) == name.str() &&
               !options_.family_pattern.expand(options_.project, options_.environment, id).empty();
    };
    if (ServiceId backend{std::string(kBackend)}; names_it(backend)) return backend;

    const auto pattern = substitute(options_.service_pattern.text(), options_.project, options_.environment);
    const auto candidate = name_in(name.str(), pattern);
    if (!candidate) return std::nullopt;
    auto id = canonical(*candidate);
    if (!id || !names_it(*id)) return std::nullopt;
    return id;
}

std::optional<Names::Reading> Names::read_elsewhere(const EcsServiceName& name,
                                                    const std::vector<ServiceId>& ids) const {
    constexpr std::size_t kLongestName = 255;  // in ECS
    if (name.str().size() > kLongestName) return std::nullopt;
    if (are_discovered()) return std::nullopt;  // all of the cluster is ours
    if (has_service_map()) {
        const auto found = id_of(name);
        if (!found || !options_.service_map.at(*found).by_pattern) return std::nullopt;
    }
    const bool environments_apart = !options_.cluster_name && options_.cluster_pattern.text().contains("{env}");
    for (const auto& id : ids) {
        const bool backend = id.str() == kBackend;
        if (!backend && !name.str().contains(id.str())) continue;
        const auto& text = options_.service_pattern.text();
        const auto pattern = backend ? without_name(text) : replace_all(text, kNamePlaceholder, id.str());
        ElsewhereReader reader(options_.project, options_.environment, environments_apart || backend);
        if (reader.read(pattern, name.str()))
            return Reading{.project = reader.project(), .environment = reader.environment(), .id = id};
    }
    return std::nullopt;
}

ClusterName Names::cluster() const {
    if (options_.cluster_name) return *options_.cluster_name;
    const ServiceId no_service{std::string(kBackend)};
    return ClusterName{options_.cluster_pattern.expand(options_.project, options_.environment, no_service)};
}

std::vector<std::string> Names::mapped_ids() const {
    std::vector<std::string> ids;
    ids.reserve(options_.service_map.size());
    for (const auto& [id, entry] : options_.service_map) ids.push_back(id.str());
    if (!are_discovered()) return ids;
    for (const auto& [id, target] : *options_.discovered)
        if (!options_.service_map.contains(id)) ids.push_back(id.str());
    std::ranges::sort(ids);
    return ids;
}

}  // namespace ci_lambda
