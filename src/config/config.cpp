#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "config/approval_settings.hpp"
#include "config/channel_settings.hpp"
#include "config/document.hpp"
#include "config/document_services.hpp"
#include "config/maps.hpp"
#include "config/pipeline_settings.hpp"
#include "config/secrets.hpp"
#include "config/setting_reader.hpp"
#include "config/target_settings.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

std::string read_region(SettingReader& reader, const Environment& environment) {
    const bool fall_back = !environment.get_non_empty("AWS_REGION") && environment.get_non_empty("AWS_DEFAULT_REGION");
    const std::string_view name = fall_back ? "AWS_DEFAULT_REGION" : "AWS_REGION";
    auto region = reader.word(name).value_or("");
    if (!is_region(region)) reader.problem(name, fmt::format("{} is not the name of a region", in_quotes(region)));
    return region;
}

LogLevel read_log_level(SettingReader& reader) {
    const auto text = reader.word("LOG_LEVEL").value_or("");
    const auto level = parse_log_level(text);
    if (!level) reader.problem("LOG_LEVEL", fmt::format("{} is not a log level", in_quotes(text)));
    return level.value_or(LogLevel::kInfo);
}

WithoutEnvironment read_without_environment(SettingReader& reader) {
    constexpr std::string_view kVariable = "REQUESTS_WITHOUT_ENV";
    const auto text = to_lower(reader.word(kVariable).value_or(""));
    if (text == "warn") return WithoutEnvironment::kWarn;
    if (text == "deploy") return WithoutEnvironment::kDeploy;
    if (text == "ignore") return WithoutEnvironment::kIgnore;
    reader.problem(kVariable, fmt::format("{} is none of the three", in_quotes(text)));
    return WithoutEnvironment::kWarn;
}

ImageMode read_image_mode(SettingReader& reader) {
    constexpr std::string_view kVariable = "ECR_DEPLOY_MODE";
    const auto text = reader.word(kVariable).value_or("");
    const auto mode = parse_image_mode(to_lower(text));
    if (!mode) reader.problem(kVariable, fmt::format("{} is none of the three", in_quotes(text)));
    return mode.value_or(ImageMode::kRedeploy);
}

ImagePin read_image_pin(SettingReader& reader) {
    constexpr std::string_view kVariable = "ECR_PIN";
    const auto text = to_lower(reader.word(kVariable).value_or(""));
    if (text == "tag") return ImagePin::kTag;
    if (text == "digest") return ImagePin::kDigest;
    if (text != "both") reader.problem(kVariable, fmt::format("{} is none of the three", in_quotes(text)));
    return ImagePin::kBoth;
}

std::optional<WantedStrategy> read_strategy(SettingReader& reader) {
    constexpr std::string_view kVariable = "DEPLOYMENT_STRATEGY";
    const auto written = reader.text(kVariable);
    if (!written) return std::nullopt;
    auto strategy = parse_strategy(*written);
    if (strategy) return *std::move(strategy);
    if (reader.origin(kVariable).kind == SettingOrigin::Kind::kDocument)
        add_problems(strategy.error(), setting_of(kVariable).pointer, reader);
    else
        reader.problem(kVariable, in_words(strategy.error()));
    return std::nullopt;
}

/// The name that is newer, or the older one.
Config::Schedules read_schedules(SettingReader& reader) {
    constexpr std::size_t kLongest = 64;
    Config::Schedules schedules;
    for (const std::string_view variable : {"VERIFY_SCHEDULE_ROLE", "SCHEDULE_ROLE"}) {
        auto arn = reader.word(variable).value_or("");
        if (!arn.empty() && !account_of_role(arn))
            reader.problem(variable, fmt::format("{} is not the ARN of a role", in_quotes(arn)));
        if (!arn.empty()) schedules.role = std::move(arn);
    }
    for (const std::string_view variable : {"VERIFY_SCHEDULE_GROUP", "SCHEDULE_GROUP"}) {
        auto name = reader.plain_name(variable).value_or("");
        if (name.size() > kLongest) reader.problem(variable, "is longer than 64 characters");
        if (!name.empty()) schedules.group = std::move(name);
    }
    return schedules;
}

std::vector<Freeze> read_freeze_windows(SettingReader& reader) {
    constexpr std::string_view kVariable = "FREEZE_WINDOWS";
    const auto text = reader.text(kVariable);
    if (!text) return {};
    return read_freezes(*text, reader.problems_within(kVariable));
}

bool is_calendar(std::string_view name) {
    constexpr std::size_t kShortest = 3;
    constexpr std::size_t kLongest = 200;
    const auto is_good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_./:-").contains(c);
    };
    return name.size() >= kShortest && name.size() <= kLongest && std::ranges::all_of(name, is_good);
}

/// Words with commas between them.
std::set<std::string> read_list(SettingReader& reader, std::string_view name, bool (*is_good)(std::string_view)) {
    std::set<std::string> words;
    const auto text = reader.text(name);
    if (!text) return words;
    for (const auto& part : split(*text, ',')) {
        const auto word = trim(part);
        if (is_good(word))
            words.emplace(word);
        else
            reader.problem(name, fmt::format("{} is not one of what belongs there", in_quotes(word)));
    }
    return words;
}

/// `api=APPLICATION/GROUP`, with commas between them.
std::map<ServiceId, std::pair<std::string, std::string>> read_code_deploy_groups(SettingReader& reader,
                                                                                 std::string_view backend_name) {
    constexpr std::string_view kName = "CODE_DEPLOY_GROUPS";
    std::map<ServiceId, std::pair<std::string, std::string>> groups;
    const auto text = reader.text(kName);
    if (!text) return groups;
    for (const auto& part : split(*text, ',')) {
        const auto word = trim(part);
        const auto equals = word.find('=');
        const auto slash = equals == std::string_view::npos ? equals : word.find('/', equals);
        const auto id = slash == std::string_view::npos
                            ? std::nullopt
                            : Names::canonical(std::string(trim(word.substr(0, equals))), backend_name);
        if (!id || slash == equals + 1 || slash + 1 == word.size())
            reader.problem(kName, fmt::format("{} is not a service with its application and group, api=APP/GROUP",
                                              in_quotes(word)));
        else
            groups[*id] = {std::string(word.substr(equals + 1, slash - equals - 1)),
                           std::string(word.substr(slash + 1))};
    }
    return groups;
}

std::optional<NamePattern> read_pattern(SettingReader& reader, std::string_view name, bool needs_name) {
    const auto text = reader.text(name).value_or("");
    auto pattern = NamePattern::parse(text, needs_name);
    if (!pattern) {
        reader.problem(name, fmt::format("{}: {}", in_quotes(text), pattern.error().message));
        return std::nullopt;
    }
    return *std::move(pattern);
}

std::optional<NamePattern> read_cluster_pattern(SettingReader& reader) {
    constexpr std::string_view kVariable = "CLUSTER_NAME_PATTERN";
    auto pattern = read_pattern(reader, kVariable, false);
    if (pattern && pattern->text().contains("{name}"))
        reader.problem(kVariable, fmt::format("{}: all services share one cluster, so {{name}} has no place here",
                                              in_quotes(pattern->text())));
    return pattern;
}

/// DISCOVERY_CLUSTERS, in its order.
std::vector<ClusterName> read_clusters(SettingReader& reader, bool discovery) {
    constexpr std::string_view kVariable = "DISCOVERY_CLUSTERS";
    std::vector<ClusterName> clusters;
    const auto text = reader.text(kVariable);
    if (!text) return clusters;
    for (const auto& part : split(*text, ',')) {
        ClusterName name{std::string(trim(part))};
        if (!is_valid_service_id(name.str()))
            reader.problem(kVariable, fmt::format("{} is not the name of a cluster", in_quotes(name.str())));
        else if (std::ranges::find(clusters, name) == clusters.end())
            clusters.push_back(std::move(name));
    }
    if (!discovery && !clusters.empty())
        reader.warning(fmt::format("DISCOVERY_CLUSTERS{} names clusters, but DISCOVERY{} is off",
                                   reader.or_place(kVariable), reader.or_place("DISCOVERY")));
    return discovery ? clusters : std::vector<ClusterName>{};
}

/// The project's own cluster in front of the others.
std::vector<ClusterName> with_own(std::vector<ClusterName> clusters, const ClusterName& own) {
    std::erase(clusters, own);
    clusters.insert(clusters.begin(), own);
    return clusters;
}

std::optional<ClusterName> read_cluster_name(SettingReader& reader) {
    auto name = reader.plain_name("ECS_CLUSTER_NAME");
    if (!name) return std::nullopt;
    return ClusterName{*std::move(name)};
}

/// What is known of the webhook is a secret also where Slack is off.
std::optional<Secret> read_webhook(SettingReader& reader, ReadSecrets& secrets) {
    constexpr std::string_view kVariable = "SLACK_WEBHOOK_URL";
    const bool enabled = reader.boolean("ENABLE_SLACK_NOTIFICATIONS");
    const auto value = reader.word(kVariable);
    if (!value && enabled)
        reader.warning(fmt::format(
            "SLACK_WEBHOOK_URL{} is not set, so Slack is off; set it, or set "
            "ENABLE_SLACK_NOTIFICATIONS{}",
            reader.or_place(kVariable), reader.document() == nullptr ? "=false" : " (/slack/enabled) to false"));
    if (enabled) return read_secret(reader, kVariable, secrets);
    if (value && !is_secret_reference(*value)) secrets.values.emplace_back(*value);
    return std::nullopt;
}

/// How people reach the function.
struct Door {
    std::optional<std::string> url;
    std::optional<Secret> signing_secret;
    bool by_page = false;
};

std::optional<std::string> read_function_url(SettingReader& reader) {
    constexpr std::string_view kVariable = "FUNCTION_URL";
    constexpr std::size_t kLongest = 300;  // links have a token behind it, and must fit into a message
    auto value = reader.word(kVariable);
    if (!value) return std::nullopt;
    const auto url = parse_url(*value);
    if (!url || url->path.find_first_of("?#<>|\"") != std::string::npos || value->size() > kLongest)
        reader.problem(kVariable, fmt::format("{} is not the URL of a function",
                                              value->contains('@') ? "the value" : in_quotes(*value)));
    else if (!url->https && !is_loopback(url->host))
        reader.problem(kVariable,
                       fmt::format("{} goes to another machine without encryption; use https", in_quotes(*value)));
    while (value->ends_with('/')) value->pop_back();
    return value;
}

Door read_door(SettingReader& reader, ReadSecrets& secrets) {
    Door door{.url = read_function_url(reader),
              .signing_secret = read_secret(reader, "SLACK_SIGNING_SECRET", secrets),
              .by_page = reader.boolean("APPROVAL_BY_PAGE")};
    const auto warn = [&](std::string_view name) {
        reader.warning(fmt::format("{}{} does nothing, for there is no FUNCTION_URL{}", name, reader.or_place(name),
                                   reader.or_place("FUNCTION_URL")));
    };
    if (!door.url && reader.word("SLACK_SIGNING_SECRET")) warn("SLACK_SIGNING_SECRET");
    if (!door.url && door.by_page) warn("APPROVAL_BY_PAGE");
    return door;
}

std::optional<std::string> read_endpoint(SettingReader& reader, std::string_view name, bool plain_http_allowed) {
    auto value = reader.word(name);
    if (!value) return std::nullopt;
    const auto url = parse_url(*value);
    if (url && !url->https && !is_loopback(url->host) && !plain_http_allowed)
        reader.problem(name, fmt::format("{} goes to another machine without encryption; use https, or "
                                         "set ALLOW_PLAIN_HTTP=true{} where that is safe, as in a container network",
                                         in_quotes(*value), reader.or_place("ALLOW_PLAIN_HTTP")));
    if (!url) {
        // What stands in front of an @ may be a password.
        const std::string shown = value->contains('@') ? "the value" : in_quotes(*value);
        reader.problem(name, fmt::format("{} is not the URL of an endpoint", shown));
    }
    if (value->ends_with('/')) value->pop_back();
    return value;
}

struct Endpoints {
    std::optional<std::string> ecs;
    std::optional<std::string> all;
};

Endpoints read_endpoints(SettingReader& reader) {
    const bool plain_http_allowed = reader.boolean("ALLOW_PLAIN_HTTP");
    if (reader.boolean("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) return {};
    auto ecs = read_endpoint(reader, "AWS_ENDPOINT_URL_ECS", plain_http_allowed);
    auto all = read_endpoint(reader, "AWS_ENDPOINT_URL", plain_http_allowed);
    return {.ecs = ecs ? ecs : all, .all = all};
}

/// AWS_USE_FIPS_ENDPOINT or AWS_USE_DUALSTACK_ENDPOINT. As in the AWS SDKs, it is an error beside an endpoint of one's
/// own: which of the two is meant to count, nobody can tell.
bool read_endpoint_variant(SettingReader& reader, std::string_view name, bool has_endpoint) {
    const bool wanted = reader.boolean(name);
    if (wanted && has_endpoint)
        reader.problem(name,
                       "is on, but AWS_ENDPOINT_URL_ECS or AWS_ENDPOINT_URL names an endpoint: turn one of them off");
    return wanted;
}

/// Hands the variable's JSON, if it is set, to `read`.
template <typename Read>
void read_map(SettingReader& reader, std::string_view name, std::string_view backend_name, Read read) {
    const auto json = reader.text(name);
    if (!json) return;
    MapReader maps(backend_name);
    read(maps, *json);
    for (const auto& problem : maps.problems()) reader.problem(name, problem);
}

/// The variables with JSON.
Maps read_maps(SettingReader& reader, std::string_view backend_name, bool files_needed) {
    Maps maps;
    bool files_given = false;
    const auto read_files = [&](MapReader& map, const std::string& json) {
        files_given = true;
        map.files(json, maps.files);
    };
    read_map(reader, "ECS_SERVICE_MAP", backend_name,
             [&](MapReader& map, const std::string& json) { maps.services = map.services(json); });
    read_map(reader, "ECR_REPO_MAP", backend_name,
             [&](MapReader& map, const std::string& json) { maps.repositories = map.repositories(json); });
    read_map(reader, "SSM_SERVICE_MAP", backend_name,
             [&](MapReader& map, const std::string& json) { maps.prefixes = map.prefixes(json); });
    read_map(reader, "SERVICE_CONFIG", backend_name, read_files);
    read_map(reader, "S3_SERVICE_MAP", backend_name, read_files);
    read_map(reader, "AUTO_DEPLOY_MAP", backend_name,
             [&](MapReader& map, const std::string& json) { maps.auto_deploy = map.switches(json); });
    read_map(reader, "ECR_TAG_FILTER", backend_name,
             [&](MapReader& map, const std::string& text) { maps.tag_filters = map.tag_filters(text); });
    read_map(reader, "SCHEDULED_TASK_MAP", backend_name,
             [&](MapReader& map, const std::string& json) { maps.scheduled_tasks = map.scheduled_tasks(json); });
    read_map(reader, "VERIFY_ALARMS", backend_name,
             [&](MapReader& map, const std::string& text) { map.verify_alarms(text, maps.verify); });
    read_map(reader, "VERIFY_URLS", backend_name,
             [&](MapReader& map, const std::string& json) { map.verify_urls(json, maps.verify); });
    // A document says what there is: a service without files has none. A variable can be forgotten.
    if (files_needed && !files_given && reader.document() == nullptr)
        reader.problem("SERVICE_CONFIG", "is not set (S3_SERVICE_MAP will do, too; or set ENABLE_S3_MONITORING=false)");
    return maps;
}

template <typename Map>
std::set<ServiceId> ids_in_values(const Map& map) {
    std::set<ServiceId> ids;
    for (const auto& [key, services] : map) ids.insert(services.begin(), services.end());
    return ids;
}

template <typename Map>
std::set<ServiceId> ids_in_keys(const Map& map) {
    std::set<ServiceId> ids;
    for (const auto& [id, value] : map) ids.insert(id);
    return ids;
}

/// An id that the service map does not have is allowed in the other maps, but most likely a slip of the pen.
void warn_of_strangers(SettingReader& reader, std::string_view variable, const std::set<ServiceId>& ids,
                       const Names& names) {
    const auto known = names.mapped_ids();
    if (known.empty()) return;
    for (const auto& id : ids) {
        if (std::ranges::find(known, id.str()) != known.end()) continue;
        const auto meant = closest(id.str(), known);
        reader.warning(fmt::format("{} names the service \"{}\", which is not in {} and is passed by{}", variable, id,
                                   reader.is_variable("ECS_SERVICE_MAP") ? "ECS_SERVICE_MAP" : "the document",
                                   meant ? fmt::format(" (did you mean \"{}\"?)", *meant) : ""));
    }
}

/// An id of a task that does not exist is most likely a slip of the pen, too.
void warn_of_unknown_tasks(SettingReader& reader, const std::map<std::string_view, std::set<ServiceId>>& unknown,
                           const ScheduledTasks& tasks) {
    std::vector<std::string> known;
    for (const auto& [id, task] : tasks) known.push_back(id.str());
    for (const auto& [variable, ids] : unknown)
        for (const auto& id : ids) {
            const auto meant = closest(id.str(), known);
            reader.warning(fmt::format("{} names {}, which is not in {} and is passed by{}", reader.called(variable),
                                       id, reader.called("SCHEDULED_TASK_MAP"),
                                       meant ? fmt::format(" (did you mean \"{}\"?)", *meant) : ""));
        }
}

/// Ids that a map or the document names, and the service map does not have.
void warn_of_all_strangers(SettingReader& reader, const Maps& maps, const std::set<ServiceId>& other_services,
                           const Names& names) {
    warn_of_strangers(reader, reader.called("ECR_REPO_MAP"), ids_in_values(maps.repositories), names);
    warn_of_strangers(reader, reader.called("SSM_SERVICE_MAP"), ids_in_values(maps.prefixes), names);
    const bool files_in_document = reader.origin("SERVICE_CONFIG").kind == SettingOrigin::Kind::kDocument;
    warn_of_strangers(reader, files_in_document ? reader.called("SERVICE_CONFIG") : "SERVICE_CONFIG or S3_SERVICE_MAP",
                      ids_in_values(maps.files), names);
    warn_of_strangers(reader, reader.called("AUTO_DEPLOY_MAP"), ids_in_keys(maps.auto_deploy), names);
    warn_of_strangers(reader, reader.called("ECR_TAG_FILTER"), ids_in_keys(maps.tag_filters.by_service), names);
    warn_of_strangers(reader, "what is watched (VERIFY_ALARMS, VERIFY_URLS, verify)",
                      ids_in_keys(maps.verify.by_service), names);
    warn_of_strangers(reader, "the document's freezes", ids_in_keys(maps.holds.own), names);
    warn_of_strangers(reader, "the document's notify", ids_in_keys(maps.notify.own), names);
    warn_of_strangers(reader, "the document", other_services, names);
}

/// Those of `ids` that none of the maps has.
std::set<ServiceId> ids_in_none(std::set<ServiceId> ids, const Maps& maps) {
    const auto take_out = [&](const std::set<ServiceId>& named) {
        std::erase_if(ids, [&](const ServiceId& id) { return named.contains(id); });
    };
    take_out(ids_in_keys(maps.services));
    take_out(ids_in_values(maps.repositories));
    take_out(ids_in_values(maps.prefixes));
    take_out(ids_in_values(maps.files));
    take_out(ids_in_keys(maps.auto_deploy));
    take_out(ids_in_keys(maps.image_modes));
    take_out(ids_in_keys(maps.strategies));
    take_out(ids_in_keys(maps.tag_filters.by_service));
    take_out(ids_in_keys(maps.verify.by_service));
    take_out(ids_in_keys(maps.approval));
    take_out(ids_in_keys(maps.tasks_before));
    take_out(ids_in_keys(maps.tasks_after));
    take_out(ids_in_keys(maps.holds.own));
    return ids;
}

Result<LoadedConfig> load(const Environment& environment, const Document* document);

}  // namespace

std::vector<ServiceId> Config::known_services() const {
    std::set<ServiceId> ids;
    for (const auto& id : names.mapped_ids()) ids.insert(ServiceId{id});
    ids.merge(ids_in_values(ecr_repositories));
    ids.merge(ids_in_values(ssm_prefixes));
    ids.merge(ids_in_values(s3_files));
    ids.merge(ids_in_keys(auto_deploy));
    ids.merge(ids_in_keys(image_modes));
    ids.merge(ids_in_keys(strategies));
    ids.merge(ids_in_keys(tag_filters.by_service));
    ids.merge(ids_in_keys(verify.by_service));
    ids.merge(ids_in_keys(approval.by_service));
    ids.merge(ids_in_keys(tasks_before));
    ids.merge(ids_in_keys(tasks_after));
    ids.merge(ids_in_keys(holds.own));
    // Where there is a service map, it has them all.
    if (!names.has_service_map())
        for (const auto& [name, pipeline] : pipelines)
            for (const auto& id : pipeline.services()) ids.insert(id);
    ids.insert(other_services.begin(), other_services.end());
    for (const auto& [id, target] : names.discovered()) ids.insert(id);
    return {ids.begin(), ids.end()};
}

std::string Config::called(std::string_view setting) const {
    if (!in_document.contains(setting)) return std::string(setting);
    return fmt::format("{} of the configuration document", setting_of(setting).pointer);
}

std::string Config::called(std::string_view setting, const ServiceId& id) const {
    if (!said_by_tags.contains({setting, id})) return called(setting);
    const auto member = std::ranges::find(service_members(), setting, &ServiceMember::variable);
    const std::string_view other = setting == "DEPLOYMENT_STRATEGY" ? "strategy" : "image_mode";
    const auto key = member == service_members().end() ? other : member->key;
    return fmt::format("its tag {}", service_tag(key));
}

bool Config::deploys_on_events(const ServiceId& id) const {
    const auto found = auto_deploy.find(id);
    return found == auto_deploy.end() ? auto_deploy_default : found->second;
}

ImageMode Config::image_mode_of(const ServiceId& id) const {
    const auto found = image_modes.find(id);
    return found == image_modes.end() ? image_mode : found->second;
}

std::optional<ServiceTask> Config::task_before(const ServiceId& id) const {
    const auto found = tasks_before.find(id);
    return found == tasks_before.end() ? std::nullopt : std::optional(found->second);
}

std::optional<ServiceTask> Config::task_after(const ServiceId& id) const {
    const auto found = tasks_after.find(id);
    return found == tasks_after.end() ? std::nullopt : std::optional(found->second);
}

std::optional<WantedStrategy> Config::strategy_of(const ServiceId& id) const {
    const auto found = strategies.find(id);
    auto wanted = found == strategies.end() ? strategy : found->second;
    if (wanted && wanted->type == WantedStrategy::Type::kKeep) return std::nullopt;
    return wanted;
}

Config in_target(const Config& config, const DeploymentTarget& target) {
    auto one = config;
    one.region = target.region;
    one.deployment_target = config.targets.several() ? target.name : "";
    one.names = config.names.in_target(target, one.deployment_target);
    if (target.cluster && !one.clusters.empty()) one.clusters = with_own(std::move(one.clusters), *target.cluster);
    one.replicated_from = {config.home_region};
    for (const auto& other : config.targets.all) one.replicated_from.insert(other.region);
    one.replicated_from.erase(target.region);
    return one;
}

std::optional<ImageMode> parse_image_mode(std::string_view word) {
    for (const auto mode : {ImageMode::kRedeploy, ImageMode::kMatch, ImageMode::kRevision})
        if (word == to_string(mode)) return mode;
    return std::nullopt;
}

std::string_view to_string(ImageMode mode) {
    switch (mode) {
        case ImageMode::kRedeploy: return "redeploy";
        case ImageMode::kMatch: return "match";
        case ImageMode::kRevision: return "revision";
    }
    return "redeploy";
}

Result<LoadedConfig> load_config(const Environment& environment) {
    TRY_ASSIGN(const auto source, find_document(environment));
    if (!source) return load_config(environment, std::nullopt);
    if (source->kind != SourceRef::Kind::kInline)
        return fail(ErrorKind::kConfiguration,
                    fmt::format("{}={}: the document has to be read first, which cannot be done here",
                                kDocumentVariable, to_string(*source)));
    return load_config(environment, DocumentText{.text = source->text, .source = kDocumentVariable});
}

Result<LoadedConfig> load_config(const Environment& environment, const std::optional<DocumentText>& document) {
    if (!document) return load(environment, nullptr);
    TRY_ASSIGN(const auto parsed, Document::parse(*document));
    return load(environment, &parsed);
}

namespace {

Result<LoadedConfig> load(const Environment& environment, const Document* document) {
    SettingReader reader(environment, document);
    const auto project = reader.plain_name("PROJECT_NAME").value_or("");
    const auto env = reader.plain_name("PROJECT_ENV").value_or("");
    const auto region = read_region(reader, environment);
    const auto log_level = read_log_level(reader);
    const auto backend_name = reader.plain_name("BACKEND_SERVICE_NAME").value_or("");
    auto cluster_pattern = read_cluster_pattern(reader);
    auto service_pattern = read_pattern(reader, "SERVICE_NAME_PATTERN", true);
    auto family_pattern = read_pattern(reader, "TASK_FAMILY_PATTERN", true);
    auto cluster_name = read_cluster_name(reader);
    const bool discovery = reader.boolean("DISCOVERY");
    auto clusters = read_clusters(reader, discovery);
    const bool discovers_tasks = reader.boolean("DISCOVERY_TASKS");
    if (discovers_tasks && !discovery)
        reader.warning(fmt::format("DISCOVERY_TASKS{} finds nothing, for DISCOVERY{} is off",
                                   reader.or_place("DISCOVERY_TASKS"), reader.or_place("DISCOVERY")));
    const bool code_deploy = reader.boolean("CODE_DEPLOY");
    auto code_deploy_groups = read_code_deploy_groups(reader, backend_name);
    if (!code_deploy && !code_deploy_groups.empty())
        reader.warning(fmt::format("CODE_DEPLOY_GROUPS{} does nothing, for CODE_DEPLOY{} is off",
                                   reader.or_place("CODE_DEPLOY_GROUPS"), reader.or_place("CODE_DEPLOY")));
    if (!cluster_name && !clusters.empty()) cluster_name = clusters.front();
    ReadSecrets secrets;
    auto webhook = read_webhook(reader, secrets);
    auto notify = read_notify_settings(reader, environment, secrets);
    const bool ecr_enabled = reader.boolean("ENABLE_ECR_MONITORING");
    const auto image_mode = read_image_mode(reader);
    const auto image_pin = read_image_pin(reader);
    auto strategy = read_strategy(reader);
    const bool ssm_enabled = reader.boolean("ENABLE_SSM_MONITORING");
    const bool s3_enabled = reader.boolean("ENABLE_S3_MONITORING");
    const bool manual_enabled = reader.boolean("ENABLE_MANUAL_DEPLOY");
    const auto without_environment = read_without_environment(reader);
    auto event_accounts = read_list(reader, "EVENT_ACCOUNTS", &is_account);
    auto event_regions = read_list(reader, "EVENT_REGIONS", &is_region);
    auto targets = read_targets(reader);
    const bool dry_run = reader.boolean("DRY_RUN");
    const bool metrics = reader.boolean("METRICS");
    const bool metrics_by_service = reader.boolean("METRICS_BY_SERVICE");
    const int timeout = reader.number("DEPLOYMENT_TIMEOUT_SECONDS");
    const bool wait = reader.boolean("WAIT_FOR_DEPLOYMENT");
    const bool rollback = reader.boolean("ROLLBACK_ON_FAILURE");
    const int sweep_interval = reader.number("SWEEP_INTERVAL_SECONDS");
    const int coalesce = reader.number("COALESCE_SECONDS");
    const int failure_log_lines = reader.number("FAILURE_LOG_LINES");
    const int max_retries = reader.number("MAX_DEPLOYMENT_RETRIES");
    const int verify_time = reader.number("VERIFY_SECONDS");
    auto approval = read_approval_settings(reader, secrets);
    auto schedules = read_schedules(reader);
    const bool holds = reader.boolean("HOLDS");
    auto freezes = read_freeze_windows(reader);
    const auto calendars = read_list(reader, "CHANGE_CALENDARS", &is_calendar);
    auto pipelines = read_pipeline_settings(reader, {.environment = env, .backend_name = backend_name});
    auto state_machine = read_state_machine(reader);
    auto endpoints = read_endpoints(reader);
    const bool fips = read_endpoint_variant(reader, "AWS_USE_FIPS_ENDPOINT", endpoints.ecs.has_value());
    const bool dualstack = read_endpoint_variant(reader, "AWS_USE_DUALSTACK_ENDPOINT", endpoints.ecs.has_value());
    auto ca_bundle = reader.text("AWS_CA_BUNDLE");
    auto door = read_door(reader, secrets);
    auto maps = read_maps(reader, backend_name, s3_enabled && !discovery);
    maps.notify = std::move(notify);
    std::set<ServiceId> document_ids;
    if (document != nullptr)
        document_ids = add_document_services(*document,
                                             {.project = project,
                                              .environment = env,
                                              .backend_name = backend_name,
                                              .service_pattern = service_pattern,
                                              .family_pattern = family_pattern},
                                             reader, maps);
    maps.verify.all.time = std::chrono::seconds{verify_time};
    approval.by_service = std::move(maps.approval);
    add_approvals_of_stages(approval, pipelines);
    check_approval(approval, reader);
    warn_of_silence(maps.notify, webhook.has_value(), reader);
    maps.holds.tags = holds;
    maps.holds.freezes = std::move(freezes);
    maps.holds.calendars.assign(calendars.begin(), calendars.end());
    warn_of_unknown_tasks(reader, take_out_tasks(maps), maps.scheduled_tasks);
    auto other_services = ids_in_none(std::move(document_ids), maps);
    for (const auto& [name, pipeline] : pipelines)
        for (const auto& id : pipeline.services()) other_services.erase(id);
    if (reader.has_problems() || !cluster_pattern || !service_pattern || !family_pattern)
        return fail(ErrorKind::kConfiguration, reader.report());

    Names names({.project = project,
                 .environment = env,
                 .region = region,
                 .backend_service_name = backend_name,
                 .cluster_pattern = *std::move(cluster_pattern),
                 .service_pattern = *std::move(service_pattern),
                 .family_pattern = *std::move(family_pattern),
                 .cluster_name = std::move(cluster_name),
                 .service_map = std::move(maps.services)});
    // What is discovered may be named, too, and is not known yet.
    if (!discovery) check_services_of_pipelines(reader, pipelines, names);
    if (reader.has_problems()) return fail(ErrorKind::kConfiguration, reader.report());
    if (!discovery) warn_of_all_strangers(reader, maps, other_services, names);
    const auto own_cluster = names.cluster();
    std::vector<SettingOrigin> origins;
    origins.reserve(settings().size());
    SettingsInDocument in_document;
    for (const auto& setting : settings()) {
        origins.push_back(reader.origin(setting.name));
        if (origins.back().kind == SettingOrigin::Kind::kDocument) in_document.names.insert(setting.name);
    }

    return LoadedConfig{
        .config = {.project = project,
                   .environment = env,
                   .region = region,
                   .log_level = log_level,
                   .names = std::move(names),
                   .slack_webhook_url = std::move(webhook),
                   .notify = std::move(maps.notify),
                   .ecr_repositories = std::move(maps.repositories),
                   .ssm_prefixes = std::move(maps.prefixes),
                   .s3_files = std::move(maps.files),
                   .auto_deploy = std::move(maps.auto_deploy),
                   .auto_deploy_default = document == nullptr || document->default_auto_deploy().value_or(true),
                   .tag_filters = std::move(maps.tag_filters),
                   .scheduled_tasks = std::move(maps.scheduled_tasks),
                   .discovery = discovery,
                   .clusters = discovery ? with_own(std::move(clusters), own_cluster) : std::vector<ClusterName>{},
                   .discovered = nullptr,
                   .discovers_tasks = discovery && discovers_tasks,
                   .discovered_tasks = nullptr,
                   .said_by_tags = {},
                   .other_services = std::move(other_services),
                   .code_deploy = code_deploy,
                   .code_deploy_groups = std::move(code_deploy_groups),
                   .ecr_enabled = ecr_enabled,
                   .image_mode = image_mode,
                   .image_modes = std::move(maps.image_modes),
                   .image_pin = image_pin,
                   .strategy = std::move(strategy),
                   .tasks_before = std::move(maps.tasks_before),
                   .tasks_after = std::move(maps.tasks_after),
                   .strategies = std::move(maps.strategies),
                   .ssm_enabled = ssm_enabled,
                   .s3_enabled = s3_enabled,
                   .manual_enabled = manual_enabled,
                   .requests_without_environment = without_environment,
                   .event_accounts = std::move(event_accounts),
                   .event_regions = std::move(event_regions),
                   .targets = std::move(targets),
                   .deployment_target = {},
                   .home_region = region,
                   .dry_run = dry_run,
                   .metrics = metrics,
                   .metrics_by_service = metrics_by_service,
                   .deployment_timeout = std::chrono::seconds{timeout},
                   .wait_for_deployment = wait,
                   .rollback_on_failure = rollback,
                   .sweep_interval = std::chrono::seconds{sweep_interval},
                   .coalesce = std::chrono::seconds{coalesce},
                   .max_deployment_retries = max_retries,
                   .failure_log_lines = static_cast<std::size_t>(failure_log_lines),
                   .verify = std::move(maps.verify),
                   .approval = std::move(approval),
                   .holds = std::move(maps.holds),
                   .pipelines = std::move(pipelines),
                   .pipeline_state_machine = std::move(state_machine),
                   .schedules = std::move(schedules),
                   .ecs_endpoint = std::move(endpoints.ecs),
                   .aws_endpoint = std::move(endpoints.all),
                   .use_fips_endpoint = fips,
                   .use_dualstack_endpoint = dualstack,
                   .ca_bundle = std::move(ca_bundle),
                   .function_url = std::move(door.url),
                   .slack_signing_secret = std::move(door.signing_secret),
                   .approval_by_page = door.by_page,
                   .in_document = std::move(in_document)},
        .warnings = reader.take_warnings(),
        .origins = std::move(origins),
        .secret_references = std::move(secrets.references),
        .secrets = std::move(secrets.values)};
}

}  // namespace
}  // namespace ci_lambda
