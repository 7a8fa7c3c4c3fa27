#include "config/migration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/approval_settings.hpp"
#include "config/document.hpp"
#include "config/maps.hpp"
#include "config/secrets.hpp"
#include "config/service_task_reader.hpp"
#include "config/setting_reader.hpp"
#include "config/values.hpp"
#include "config/verify_reader.hpp"

namespace ci_lambda {
namespace {

using OrderedDocument = nlohmann::ordered_json;
using Origin = SettingOrigin::Kind;

/// A word, or the object.
OrderedDocument written(const WantedStrategy& strategy) {
    if (strategy.written.starts_with('{')) return OrderedDocument::parse(strategy.written);
    return strategy.written;
}

/// What is said about each service, in the members of `/services/ID`.
std::map<std::string, OrderedDocument> services_of(const Config& config) {
    std::map<std::string, OrderedDocument> services;
    for (const auto& id : config.known_services()) services.emplace(id.str(), OrderedDocument::object());
    for (const auto& [id, entry] : config.names.service_map()) {
        auto& service = services[id.str()];
        if (!entry.by_pattern) service["service_name"] = entry.service.str();
        service["task_family"] = entry.family.str();
    }
    for (const auto& [repository, ids] : config.ecr_repositories)
        for (const auto& id : ids) services[id.str()]["repositories"].push_back(repository);
    for (const auto& [prefix, ids] : config.ssm_prefixes)
        for (const auto& id : ids) services[id.str()]["parameters"].push_back("/" + prefix);
    for (const auto& [file, ids] : config.s3_files)
        for (const auto& id : ids) services[id.str()]["files"].push_back({{"bucket", file.bucket}, {"key", file.key}});
    for (const auto& [id, on] : config.auto_deploy) services[id.str()]["auto_deploy"] = on;
    for (const auto& [id, mode] : config.image_modes) services[id.str()]["image_mode"] = to_string(mode);
    for (const auto& [id, strategy] : config.strategies) services[id.str()]["strategy"] = written(strategy);
    for (const auto& [id, filter] : config.tag_filters.by_service) services[id.str()]["tags"] = filter.texts();
    for (const auto& [id, wish] : config.verify.by_service)
        services[id.str()]["verify"] = OrderedDocument::parse(wish_json(wish));
    for (const auto& [id, wish] : config.approval.by_service)
        services[id.str()]["approval"] = OrderedDocument::parse(wish_json(wish));
    for (const auto& [id, task] : config.tasks_before)
        services[id.str()]["before"] = OrderedDocument::parse(service_task_json(task));
    for (const auto& [id, task] : config.tasks_after)
        services[id.str()]["after"] = OrderedDocument::parse(service_task_json(task));
    for (const auto& [id, freezes] : config.holds.own)
        services[id.str()]["freezes"] = OrderedDocument::parse(to_json(freezes));
    for (const auto& [id, rules] : config.notify.own)
        services[id.str()]["notify"] = OrderedDocument::parse(to_json(rules));
    return services;
}

/// A good value of a variable in the type that the document has for it.
OrderedDocument typed(const Setting& setting, const std::string& text) {
    switch (setting.type) {
        case SettingType::kBoolean: return parse_boolean(text).value_or(false);
        case SettingType::kInteger: return parse_unsigned(trim(text)).value_or(0);
        case SettingType::kChoice: {
            const auto word = to_lower(trim(text));
            return word == "warning" ? "warn" : word;  // two spellings of one log level
        }
        case SettingType::kList: {
            auto list = OrderedDocument::array();
            for (const auto& item : split(text, ',')) list.push_back(trim(item));
            return list;
        }
        case SettingType::kFreezes: return OrderedDocument::parse(dump_json(parse_json(text).value_or(Json::array())));
        case SettingType::kPipelines:
        case SettingType::kChannels:
        case SettingType::kNotify:
        case SettingType::kTargets: return OrderedDocument::parse(dump_json(parse_json(text).value_or(Json::object())));
        case SettingType::kStrategy: {
            const auto strategy = parse_strategy(text);
            return strategy ? written(*strategy) : OrderedDocument(text);
        }
        default:
            // A path may have blanks at its ends.
            return setting.format.empty() ? std::string_view(text) : trim(text);
    }
}

/// With what the other maps say of them.
OrderedDocument tasks_of(const Config& config) { return OrderedDocument::parse(to_json(config.scheduled_tasks)); }

/// What is said for all services; null for nothing. Of one service it stands with the rest of what is said of that.
OrderedDocument verify_of(const Setting& setting, const Config& config) {
    const auto& all = config.verify.all;
    if (setting.name == "VERIFY_ALARMS" && all.alarms) return OrderedDocument::parse(alarms_json(*all.alarms));
    if (setting.name == "VERIFY_URLS" && all.urls) return OrderedDocument::parse(urls_json(*all.urls));
    return nullptr;
}

/// Made of what was read, as its text in the environment may be another one than in the document.
bool is_a_map_of_its_own(const Setting& setting) {
    return setting.type == SettingType::kTasks || setting.type == SettingType::kVerify;
}

/// For people: the query of a URL may hold a secret.
OrderedDocument without_queries(OrderedDocument urls) {
    for (auto& one : urls) {
        auto& url = one.is_object() ? one["url"] : one;
        url = shown_url(url.get<std::string>());
    }
    return urls;
}

/// The same of what is said about a service.
OrderedDocument service_without_queries(OrderedDocument members) {
    if (members.contains("verify") && members["verify"].contains("urls"))
        members["verify"]["urls"] = without_queries(members["verify"]["urls"]);
    return members;
}

/// Environment and document together, with what each setting has in the end.
struct Effective {
    LoadedConfig loaded;
    std::vector<std::optional<std::string>> texts;  // by row; without defaults, and of no setting per service
};

Result<Effective> effective(const Environment& environment, const std::optional<DocumentText>& document) {
    TRY_ASSIGN(auto loaded, load_config(environment, document));
    std::optional<Document> parsed;
    if (document) {
        TRY_ASSIGN(parsed, Document::parse(*document));
    }
    SettingReader reader(environment, parsed ? &*parsed : nullptr);
    Effective all{.loaded = std::move(loaded), .texts = {}};
    for (const auto& origin : all.loaded.origins) {
        const auto& setting = setting_of(origin.setting);
        const bool said = origin.kind == Origin::kVariable || origin.kind == Origin::kDocument;
        // AWS_REGION may come from AWS_DEFAULT_REGION.
        const auto name = origin.kind == Origin::kVariable ? origin.place : setting.name;
        all.texts.push_back(said && !setting.is_per_service() ? reader.text(name) : std::nullopt);
    }
    return all;
}

void put_at(OrderedDocument& root, std::string_view pointer, OrderedDocument value) {
    auto* place = &root;
    for (const auto& key : split(pointer.substr(1), '/')) place = &(*place)[key];
    *place = std::move(value);
}

bool is_plain_secret(const Setting& setting, const std::string& text) {
    return setting.secret && !is_secret_reference(trim(text));
}

/// The ids that this map names and the service map does not have.
template <typename Ids>
std::vector<std::string> strangers(const Ids& ids, const Config& config) {
    std::set<std::string> found;
    if (config.names.has_service_map())
        for (const auto& id : ids)
            if (!config.names.target(id)) found.insert(id.str());
    return {found.begin(), found.end()};
}

template <typename Map>
std::vector<ServiceId> named_in_values(const Map& map) {
    std::vector<ServiceId> ids;
    for (const auto& [key, values] : map) ids.insert(ids.end(), values.begin(), values.end());
    return ids;
}

/// Takes out of the document what has to stay a variable, as the document has no way to say it: where the services have
/// names, the document's are all that are ours.
class Keeper {
public:
    Keeper(Config& config, const Environment& environment, std::vector<MigratedConfig::Kept>& kept)
        : config_(config), environment_(environment), kept_(kept) {}

    void keep_what_names_strangers() {
        if (keep({"ECR_REPO_MAP"}, strangers(named_in_values(config_.ecr_repositories), config_)))
            config_.ecr_repositories.clear();
        if (keep({"SSM_SERVICE_MAP"}, strangers(named_in_values(config_.ssm_prefixes), config_)))
            config_.ssm_prefixes.clear();
        if (keep({"SERVICE_CONFIG", "S3_SERVICE_MAP"}, strangers(named_in_values(config_.s3_files), config_)))
            config_.s3_files.clear();
        std::vector<ServiceId> switched;
        for (const auto& [id, on] : config_.auto_deploy) switched.push_back(id);
        if (keep({"AUTO_DEPLOY_MAP"}, strangers(switched, config_))) config_.auto_deploy.clear();
        std::vector<ServiceId> watched;
        for (const auto& [id, wish] : config_.verify.by_service) watched.push_back(id);
        if (keep({"VERIFY_ALARMS", "VERIFY_URLS"}, strangers(watched, config_))) {
            config_.verify.by_service.clear();
            config_.verify.all.alarms.reset();
            config_.verify.all.urls.reset();
        }
        std::vector<ServiceId> filtered;
        for (const auto& [id, filter] : config_.tag_filters.by_service) filtered.push_back(id);
        if (keep({"ECR_TAG_FILTER"}, strangers(filtered, config_))) config_.tag_filters = {};
    }

private:
    bool keep(std::initializer_list<std::string_view> variables, const std::vector<std::string>& ids) {
        if (ids.empty()) return false;
        for (const auto variable : variables)
            if (environment_.get_non_empty(std::string(variable)))
                kept_.push_back(
                    {.variable = variable,
                     .why = fmt::format("it names {}, which ECS_SERVICE_MAP does not have: correct or remove "
                                        "that, and it fits into the document",
                                        join(ids, ", "))});
        return true;
    }

    Config& config_;
    const Environment& environment_;
    std::vector<MigratedConfig::Kept>& kept_;
};

OrderedDocument explained_per_service(const Setting& setting, const std::map<std::string, OrderedDocument>& services,
                                      const Config& config) {
    OrderedDocument map = OrderedDocument::object();
    if (setting.name == "ECR_TAG_FILTER" && !config.tag_filters.others.empty())
        map[std::string(kDefaultTags)] = config.tag_filters.others.texts();
    for (const auto& [id, members] : services)
        for (const auto& member : service_members()) {
            const bool files = setting.name == "S3_SERVICE_MAP" && member.variable == "SERVICE_CONFIG";
            if ((member.variable != setting.name && !files) || !members.contains(member.key)) continue;
            const auto& value = members.at(std::string(member.key));
            if (setting.name == "ECS_SERVICE_MAP")
                map[id][std::string(member.key)] = value;
            else
                map[id] = value;
        }
    return map;
}

/// An inline document may hold a secret.
std::string shown_source(const std::optional<DocumentText>& document) {
    if (!document) return "";
    return document->source == kDocumentVariable ? "inline JSON" : document->source;
}

std::string dumped(const OrderedDocument& value) {
    return value.dump(-1, ' ', false, OrderedDocument::error_handler_t::replace);
}

}  // namespace

Result<MigratedConfig> migrate(const Environment& environment, const std::optional<DocumentText>& document) {
    TRY_ASSIGN(auto all, effective(environment, document));
    MigratedConfig migrated;
    auto root = OrderedDocument::object();
    for (std::size_t i = 0; i < settings().size(); ++i) {
        const auto& setting = settings()[i];
        const auto& text = all.texts[i];
        if (!text || !setting.has_pointer() || is_a_map_of_its_own(setting)) continue;
        if (is_plain_secret(setting, *text))
            migrated.kept.push_back({.variable = setting.name,
                                     .why = fmt::format("it is a secret: keep it, or put it into Secrets Manager and "
                                                        "write \"secretsmanager:NAME\" at {}",
                                                        setting.pointer)});
        else
            put_at(root, setting.pointer, typed(setting, *text));
    }
    auto& config = all.loaded.config;
    Keeper(config, environment, migrated.kept).keep_what_names_strangers();
    if (!config.auto_deploy_default) root["defaults"]["auto_deploy"] = false;
    if (!config.tag_filters.others.empty()) root["defaults"]["tags"] = config.tag_filters.others.texts();
    for (auto& [id, members] : services_of(config)) root["services"][id] = std::move(members);
    for (const auto name : {"VERIFY_ALARMS", "VERIFY_URLS"})
        if (auto list = verify_of(setting_of(name), config); !list.is_null())
            put_at(root, setting_of(name).pointer, std::move(list));
    if (!config.scheduled_tasks.empty()) put_at(root, setting_of("SCHEDULED_TASK_MAP").pointer, tasks_of(config));
    migrated.document = root.dump(2, ' ', false, OrderedDocument::error_handler_t::replace) + "\n";
    return migrated;
}

Result<ExplainedConfig> explain(const Environment& environment, const std::optional<DocumentText>& document) {
    TRY_ASSIGN(const auto all, effective(environment, document));
    const auto services = services_of(all.loaded.config);
    ExplainedConfig explained{.auto_deploy_default = all.loaded.config.auto_deploy_default,
                              .default_tags = all.loaded.config.tag_filters.others.texts(),
                              .warnings = all.loaded.warnings};
    for (std::size_t i = 0; i < settings().size(); ++i) {
        const auto& setting = settings()[i];
        const auto& origin = all.loaded.origins[i];
        std::string value;
        if (setting.is_per_service() && origin.kind != Origin::kNothing)
            value = dumped(explained_per_service(setting, services, all.loaded.config));
        else if (setting.type == SettingType::kVerify && !verify_of(setting, all.loaded.config).is_null())
            value = dumped(setting.name == "VERIFY_URLS" ? without_queries(verify_of(setting, all.loaded.config))
                                                         : verify_of(setting, all.loaded.config));
        else if (setting.type == SettingType::kVerify)
            value = all.texts[i] ? "[]" : "";
        else if (all.texts[i] && setting.type == SettingType::kTasks)
            value = dumped(tasks_of(all.loaded.config));
        else if (all.texts[i] && setting.name == kDocumentVariable)
            value = dumped(shown_source(document));
        else if (all.texts[i] && is_plain_secret(setting, *all.texts[i]))
            value = R"("***")";
        else if (all.texts[i])
            value = dumped(typed(setting, *all.texts[i]));
        else if (origin.kind == Origin::kDefault)
            value = dumped(typed(setting, std::string(setting.default_value)));
        explained.settings.push_back({.origin = origin, .value = std::move(value)});
    }
    for (const auto& [id, members] : services)
        explained.services.push_back({.id = id, .members = dumped(service_without_queries(members))});
    return explained;
}

}  // namespace ci_lambda
