#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "config/maps.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

const Setting& find_setting(std::string_view name) { return *std::ranges::find(settings(), name, &Setting::name); }

/// Reads single variables and remembers what is wrong with them. A reader of a bad value returns something harmless,
/// which is never used: a configuration with problems is not handed out.
class Reader {
public:
    explicit Reader(const Environment& environment) : environment_(environment) {}

    /// The value as it stands, or the default of the table; `nullopt` when there is neither.
    std::optional<std::string> text(std::string_view name) {
        const auto& setting = find_setting(name);
        auto value = environment_.get_non_empty(std::string(name));
        if (value) return value;
        if (setting.required) problem(name, "is not set");
        if (setting.default_value.empty()) return std::nullopt;
        return std::string(setting.default_value);
    }

    /// The same without the blanks at its ends, which copying and pasting leaves behind.
    std::optional<std::string> word(std::string_view name) {
        const auto value = text(name);
        if (!value) return std::nullopt;
        return std::string(trim(*value));
    }

    bool boolean(std::string_view name) {
        const auto value = word(name).value_or("");
        const auto parsed = parse_boolean(value);
        if (!parsed) problem(name, fmt::format("{} is not a boolean", in_quotes(value)));
        return parsed.value_or(false);
    }

    int number(std::string_view name, unsigned smallest, unsigned largest) {
        const auto value = word(name).value_or("");
        const auto parsed = parse_unsigned(value);
        if (!parsed || *parsed < smallest || *parsed > largest) {
            problem(name, fmt::format("{} is not a number in range", in_quotes(value)));
            return 0;
        }
        return static_cast<int>(*parsed);
    }

    /// Letters, digits, `_`, `-` and `.`.
    std::optional<std::string> plain_name(std::string_view name) {
        auto value = text(name);
        if (value && !is_valid_service_id(*value))
            problem(name, fmt::format("{} has characters that names must not have", in_quotes(*value)));
        return value;
    }

    void problem(std::string_view name, std::string what) { problems_[name].push_back(std::move(what)); }
    void warning(std::string text) { warnings_.push_back(std::move(text)); }

    [[nodiscard]] bool has_problems() const { return !problems_.empty(); }
    [[nodiscard]] std::vector<std::string> take_warnings() { return std::move(warnings_); }

    /// One line a variable, in the order of the table.
    [[nodiscard]] std::string report() const {
        std::string lines = problems_.size() == 1 ? "a variable is missing or wrong:"
                                                  : fmt::format("{} variables are missing or wrong:", problems_.size());
        for (const auto& setting : settings()) {
            const auto found = problems_.find(setting.name);
            if (found == problems_.end()) continue;
            lines += fmt::format("\n{}: {}; expected {}", setting.name, join(found->second, "; "), setting.expects);
        }
        return lines;
    }

private:
    const Environment& environment_;
    std::map<std::string_view, std::vector<std::string>> problems_;  // keys: the table's names
    std::vector<std::string> warnings_;
};

bool is_region(std::string_view text) {
    return is_valid_service_id(text) && text.find_first_of("_.") == std::string_view::npos;
}

std::string read_region(Reader& reader, const Environment& environment) {
    const bool fall_back = !environment.get_non_empty("AWS_REGION") && environment.get_non_empty("AWS_DEFAULT_REGION");
    const std::string_view name = fall_back ? "AWS_DEFAULT_REGION" : "AWS_REGION";
    auto region = reader.word(name).value_or("");
    if (!is_region(region)) reader.problem(name, fmt::format("{} is not the name of a region", in_quotes(region)));
    return region;
}

LogLevel read_log_level(Reader& reader) {
    const auto text = reader.word("LOG_LEVEL").value_or("");
    const auto level = parse_log_level(text);
    if (!level) reader.problem("LOG_LEVEL", fmt::format("{} is not a log level", in_quotes(text)));
    return level.value_or(LogLevel::kInfo);
}

WithoutEnvironment read_without_environment(Reader& reader) {
    constexpr std::string_view kVariable = "REQUESTS_WITHOUT_ENV";
    const auto text = to_lower(reader.word(kVariable).value_or(""));
    if (text == "warn") return WithoutEnvironment::kWarn;
    if (text == "deploy") return WithoutEnvironment::kDeploy;
    if (text == "ignore") return WithoutEnvironment::kIgnore;
    reader.problem(kVariable, fmt::format("{} is none of the three", in_quotes(text)));
    return WithoutEnvironment::kWarn;
}

/// Words with commas between them.
std::set<std::string> read_list(Reader& reader, std::string_view name, bool (*is_good)(std::string_view)) {
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

std::optional<NamePattern> read_pattern(Reader& reader, std::string_view name, bool needs_name) {
    const auto text = reader.text(name).value_or("");
    auto pattern = NamePattern::parse(text, needs_name);
    if (!pattern) {
        reader.problem(name, fmt::format("{}: {}", in_quotes(text), pattern.error().message));
        return std::nullopt;
    }
    return *std::move(pattern);
}

std::optional<NamePattern> read_cluster_pattern(Reader& reader) {
    constexpr std::string_view kVariable = "CLUSTER_NAME_PATTERN";
    auto pattern = read_pattern(reader, kVariable, false);
    if (pattern && pattern->text().contains("{name}"))
        reader.problem(kVariable, fmt::format("{}: all services share one cluster, so {{name}} has no place here",
                                              in_quotes(pattern->text())));
    return pattern;
}

std::optional<ClusterName> read_cluster_name(Reader& reader) {
    auto name = reader.plain_name("ECS_CLUSTER_NAME");
    if (!name) return std::nullopt;
    return ClusterName{*std::move(name)};
}

std::optional<Secret> read_webhook(Reader& reader) {
    constexpr std::string_view kVariable = "SLACK_WEBHOOK_URL";
    if (!reader.boolean("ENABLE_SLACK_NOTIFICATIONS")) return std::nullopt;
    auto value = reader.word(kVariable);
    if (!value) {
        reader.warning(
            "SLACK_WEBHOOK_URL is not set, so Slack is off; set it, or set ENABLE_SLACK_NOTIFICATIONS=false");
        return std::nullopt;
    }
    const auto url = parse_url(*value);
    if (!url || !url->path.starts_with('/') || url->path == "/")
        reader.problem(kVariable, "is not the URL of a webhook (its value is secret and not shown)");
    else if (!url->https && !is_loopback(url->host))
        reader.problem(kVariable, "would send a secret without encryption (its value is secret and not shown)");
    return Secret{*std::move(value)};
}

std::optional<std::string> read_endpoint(Reader& reader, std::string_view name, bool plain_http_allowed) {
    auto value = reader.word(name);
    if (!value) return std::nullopt;
    const auto url = parse_url(*value);
    if (url && !url->https && !is_loopback(url->host) && !plain_http_allowed)
        reader.problem(name, fmt::format("{} goes to another machine without encryption; use https, or "
                                         "set ALLOW_PLAIN_HTTP=true where that is safe, as in a container network",
                                         in_quotes(*value)));
    if (!url) {
        // What stands in front of an @ may be a password.
        const std::string shown = value->contains('@') ? "the value" : in_quotes(*value);
        reader.problem(name, fmt::format("{} is not the URL of an endpoint", shown));
    }
    if (value->ends_with('/')) value->pop_back();
    return value;
}

std::optional<std::string> read_ecs_endpoint(Reader& reader) {
    const bool plain_http_allowed = reader.boolean("ALLOW_PLAIN_HTTP");
    if (reader.boolean("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) return std::nullopt;
    auto ecs = read_endpoint(reader, "AWS_ENDPOINT_URL_ECS", plain_http_allowed);
    auto all = read_endpoint(reader, "AWS_ENDPOINT_URL", plain_http_allowed);
    return ecs ? ecs : all;
}

/// AWS_USE_FIPS_ENDPOINT or AWS_USE_DUALSTACK_ENDPOINT. As in the AWS SDKs, it is an error beside an endpoint of one's
/// own: which of the two is meant to count, nobody can tell.
bool read_endpoint_variant(Reader& reader, std::string_view name, bool has_endpoint) {
    const bool wanted = reader.boolean(name);
    if (wanted && has_endpoint)
        reader.problem(name,
                       "is on, but AWS_ENDPOINT_URL_ECS or AWS_ENDPOINT_URL names an endpoint: turn one of them off");
    return wanted;
}

/// Everything that the variables with JSON say.
struct Maps {
    std::map<ServiceId, Names::MapEntry> services;
    std::map<std::string, std::vector<ServiceId>> repositories;
    std::map<std::string, std::vector<ServiceId>> prefixes;
    std::map<S3File, std::vector<ServiceId>> files;
    std::map<ServiceId, bool> auto_deploy;
};

/// Hands the variable's JSON, if it is set, to `read`.
template <typename Read>
void read_map(Reader& reader, std::string_view name, std::string_view backend_name, Read read) {
    const auto json = reader.text(name);
    if (!json) return;
    MapReader maps(backend_name);
    read(maps, *json);
    for (const auto& problem : maps.problems()) reader.problem(name, problem);
}

Maps read_maps(Reader& reader, std::string_view backend_name, bool s3_enabled) {
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
    if (s3_enabled && !files_given)
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

/// An id that ECS_SERVICE_MAP does not have is allowed in the other maps, but most likely a slip of the pen.
void warn_of_strangers(Reader& reader, std::string_view variable, const std::set<ServiceId>& ids, const Names& names) {
    const auto known = names.mapped_ids();
    if (known.empty()) return;
    for (const auto& id : ids) {
        if (std::ranges::find(known, id.str()) != known.end()) continue;
        const auto meant = closest(id.str(), known);
        reader.warning(fmt::format("{} names the service \"{}\", which is not in ECS_SERVICE_MAP and is passed by{}",
                                   variable, id, meant ? fmt::format(" (did you mean \"{}\"?)", *meant) : ""));
    }
}

}  // namespace

std::vector<ServiceId> Config::known_services() const {
    std::set<ServiceId> ids;
    for (const auto& id : names.mapped_ids()) ids.insert(ServiceId{id});
    ids.merge(ids_in_values(ecr_repositories));
    ids.merge(ids_in_values(ssm_prefixes));
    ids.merge(ids_in_values(s3_files));
    ids.merge(ids_in_keys(auto_deploy));
    return {ids.begin(), ids.end()};
}

Result<LoadedConfig> load_config(const Environment& environment) {
    Reader reader(environment);
    const auto project = reader.plain_name("PROJECT_NAME").value_or("");
    const auto env = reader.plain_name("PROJECT_ENV").value_or("");
    const auto region = read_region(reader, environment);
    const auto log_level = read_log_level(reader);
    const auto backend_name = reader.plain_name("BACKEND_SERVICE_NAME").value_or("");
    auto cluster_pattern = read_cluster_pattern(reader);
    auto service_pattern = read_pattern(reader, "SERVICE_NAME_PATTERN", true);
    auto family_pattern = read_pattern(reader, "TASK_FAMILY_PATTERN", true);
    auto cluster_name = read_cluster_name(reader);
    auto webhook = read_webhook(reader);
    const bool ecr_enabled = reader.boolean("ENABLE_ECR_MONITORING");
    const bool ssm_enabled = reader.boolean("ENABLE_SSM_MONITORING");
    const bool s3_enabled = reader.boolean("ENABLE_S3_MONITORING");
    const bool manual_enabled = reader.boolean("ENABLE_MANUAL_DEPLOY");
    const auto without_environment = read_without_environment(reader);
    auto event_accounts = read_list(reader, "EVENT_ACCOUNTS", &is_account);
    auto event_regions = read_list(reader, "EVENT_REGIONS", &is_region);
    const bool dry_run = reader.boolean("DRY_RUN");
    const int timeout = reader.number("DEPLOYMENT_TIMEOUT_SECONDS", 1, 86400);
    const bool wait = reader.boolean("WAIT_FOR_DEPLOYMENT");
    const bool rollback = reader.boolean("ROLLBACK_ON_FAILURE");
    const int sweep_interval = reader.number("SWEEP_INTERVAL_SECONDS", 0, 86400);
    if (sweep_interval > 0 && sweep_interval < 60)
        reader.problem("SWEEP_INTERVAL_SECONDS", fmt::format("{} is less than a minute", sweep_interval));
    const int coalesce = reader.number("COALESCE_SECONDS", 0, 60);
    const int max_retries = reader.number("MAX_DEPLOYMENT_RETRIES", 0, 10);
    auto ecs_endpoint = read_ecs_endpoint(reader);
    const bool fips = read_endpoint_variant(reader, "AWS_USE_FIPS_ENDPOINT", ecs_endpoint.has_value());
    const bool dualstack = read_endpoint_variant(reader, "AWS_USE_DUALSTACK_ENDPOINT", ecs_endpoint.has_value());
    auto ca_bundle = reader.text("AWS_CA_BUNDLE");
    auto maps = read_maps(reader, backend_name, s3_enabled);
    if (reader.has_problems() || !cluster_pattern || !service_pattern || !family_pattern)
        return fail(ErrorKind::kConfiguration, reader.report());

    Names names({.project = project,
                 .environment = env,
                 .backend_service_name = backend_name,
                 .cluster_pattern = *std::move(cluster_pattern),
                 .service_pattern = *std::move(service_pattern),
                 .family_pattern = *std::move(family_pattern),
                 .cluster_name = std::move(cluster_name),
                 .service_map = std::move(maps.services)});
    warn_of_strangers(reader, "ECR_REPO_MAP", ids_in_values(maps.repositories), names);
    warn_of_strangers(reader, "SSM_SERVICE_MAP", ids_in_values(maps.prefixes), names);
    warn_of_strangers(reader, "SERVICE_CONFIG or S3_SERVICE_MAP", ids_in_values(maps.files), names);
    warn_of_strangers(reader, "AUTO_DEPLOY_MAP", ids_in_keys(maps.auto_deploy), names);

    return LoadedConfig{.config = {.project = project,
                                   .environment = env,
                                   .region = region,
                                   .log_level = log_level,
                                   .names = std::move(names),
                                   .slack_webhook_url = std::move(webhook),
                                   .ecr_repositories = std::move(maps.repositories),
                                   .ssm_prefixes = std::move(maps.prefixes),
                                   .s3_files = std::move(maps.files),
                                   .auto_deploy = std::move(maps.auto_deploy),
                                   .ecr_enabled = ecr_enabled,
                                   .ssm_enabled = ssm_enabled,
                                   .s3_enabled = s3_enabled,
                                   .manual_enabled = manual_enabled,
                                   .requests_without_environment = without_environment,
                                   .event_accounts = std::move(event_accounts),
                                   .event_regions = std::move(event_regions),
                                   .dry_run = dry_run,
                                   .deployment_timeout = std::chrono::seconds{timeout},
                                   .wait_for_deployment = wait,
                                   .rollback_on_failure = rollback,
                                   .sweep_interval = std::chrono::seconds{sweep_interval},
                                   .coalesce = std::chrono::seconds{coalesce},
                                   .max_deployment_retries = max_retries,
                                   .ecs_endpoint = std::move(ecs_endpoint),
                                   .use_fips_endpoint = fips,
                                   .use_dualstack_endpoint = dualstack,
                                   .ca_bundle = std::move(ca_bundle)},
                        .warnings = reader.take_warnings()};
}

}  // namespace ci_lambda
