#include "config/document_services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "config/approval_settings.hpp"
#include "config/service_task_reader.hpp"
#include "config/values.hpp"
#include "config/verify_reader.hpp"

namespace ci_lambda {
namespace {

/// A service of the document whose key is an id.
struct IdentifiedService {
    ServiceId id;
    const DocumentService* said;
};

std::vector<IdentifiedService> identify(const Document& document, std::string_view backend_name,
                                        SettingReader& reader) {
    std::vector<IdentifiedService> services;
    std::set<ServiceId> ids;
    for (const auto& service : document.services()) {
        // The backend has a name that can be read: in the document its id is not the empty text.
        auto id = service.key.empty() ? std::nullopt : Names::canonical(service.key, backend_name);
        if (!id)
            reader.problem({.pointer = service.pointer,
                            .what = service.key.empty() ? "has no id" : "is not a service id",
                            .expects = "letters, digits, '_', '-' and '.', as in \"api\" or \"backend\""});
        else if (!ids.insert(*id).second)
            reader.problem({.pointer = service.pointer,
                            .what = fmt::format("is a second name for {}, which is there already", *id),
                            .expects = {}});
        else
            services.push_back({.id = *std::move(id), .said = &service});
    }
    return services;
}

/// The service map, made of names that are written and of names that the patterns make.
class ServiceMapBuilder {
public:
    ServiceMapBuilder(const PatternNames& names, SettingReader& reader) : names_(names), reader_(reader) {}

    void add(const IdentifiedService& service, std::map<ServiceId, Names::MapEntry>& map) {
        const auto name = name_of(service, service.said->service_name, names_.service_pattern, "service_name");
        const auto family = name_of(service, service.said->task_family, names_.family_pattern, "task_family");
        if (!name || !family) return;
        if (const auto [owner, added] = owners_.try_emplace(*name, service.id); !added)
            reader_.problem({.pointer = service.said->pointer + "/service_name",
                             .what = fmt::format("is {}, as that of {}", in_quotes(*name), owner->second),
                             .expects = "a name for each service"});
        map.try_emplace(service.id, Names::MapEntry{.service = EcsServiceName{*name},
                                                    .family = TaskFamily{*family},
                                                    .by_pattern = !service.said->service_name});
    }

private:
    std::optional<std::string> name_of(const IdentifiedService& service, const std::optional<std::string>& written,
                                       const std::optional<NamePattern>& pattern, std::string_view member) {
        const auto place = fmt::format("{}/{}", service.said->pointer, member);
        if (written) {
            if (is_valid_service_id(*written)) return written;
            reader_.problem({.pointer = place,
                             .what = fmt::format("is {}", in_quotes(*written)),
                             .expects = "a plain name, without ARN or revision"});
            return std::nullopt;
        }
        if (!pattern) return std::nullopt;
        auto made = pattern->expand(names_.project, names_.environment, service.id);
        if (made.empty()) {
            reader_.problem({.pointer = place,
                             .what = fmt::format("is missing, and the pattern {} leaves no name for {}",
                                                 in_quotes(pattern->text()), service.id),
                             .expects = "a name"});
            return std::nullopt;
        }
        return made;
    }

    const PatternNames& names_;
    SettingReader& reader_;
    std::map<std::string, ServiceId> owners_;  // of ECS services: one that has two would roll twice
};

void add_parameters(const IdentifiedService& service, SettingReader& reader, Maps& maps) {
    for (const auto& path : service.said->parameters) {
        if (auto prefix = parameter_prefix(path))
            maps.prefixes[*std::move(prefix)].push_back(service.id);
        else
            reader.problem({.pointer = service.said->pointer + "/parameters",
                            .what = fmt::format("has {}, a path with an empty segment", in_quotes(path)),
                            .expects = "a list of paths, such as `/dev/shop/api`"});
    }
}

void add_image_mode(const IdentifiedService& service, SettingReader& reader, Maps& maps) {
    const auto& word = *service.said->image_mode;
    if (const auto mode = parse_image_mode(word))
        maps.image_modes[service.id] = *mode;
    else
        reader.problem({.pointer = service.said->pointer + "/image_mode",
                        .what = fmt::format("is {}", in_quotes(word)),
                        .expects = std::string(setting_of("ECR_DEPLOY_MODE").expects)});
}

void add_strategy(const IdentifiedService& service, SettingReader& reader, Maps& maps) {
    if (auto strategy = parse_strategy(*service.said->strategy))
        maps.strategies[service.id] = *std::move(strategy);
    else
        add_problems(strategy.error(), service.said->pointer + "/strategy", reader);
}

/// Told of what is wrong at places below this one of the document.
auto problems_below(std::string place, SettingReader& reader) {
    return [&reader, top = std::move(place)](const std::string& below, std::string what, std::string_view expects) {
        reader.problem({.pointer = top + below, .what = std::move(what), .expects = std::string(expects)});
    };
}

void add_task(const IdentifiedService& service, WhenTaskRuns when, SettingReader& reader, Maps& maps) {
    const bool after = when == WhenTaskRuns::kAfter;
    const auto json = parse_json(after ? *service.said->after : *service.said->before);
    if (!json) return;
    (after ? maps.tasks_after : maps.tasks_before)[service.id] = read_service_task(
        *json, when, service.said->pointer + (after ? "/after" : "/before"), problems_below("", reader));
}

/// A variable wins over what the document says of the same for one service.
void add_verify(const IdentifiedService& service, SettingReader& reader, VerifySettings& verify) {
    const auto json = parse_json(*service.said->verify);
    if (!json) return;
    auto wish = read_verify_wish(*json, service.said->pointer + "/verify", problems_below("", reader));
    if (reader.is_variable("VERIFY_ALARMS")) wish.alarms.reset();
    if (reader.is_variable("VERIFY_URLS")) wish.urls.reset();
    if (wish.says_nothing()) return;
    auto& said = verify.by_service[service.id];
    if (wish.alarms) said.alarms = std::move(wish.alarms);
    if (wish.urls) said.urls = std::move(wish.urls);
    if (wish.time) said.time = wish.time;
}

/// In place of what holds for all.
void add_freezes(const IdentifiedService& service, SettingReader& reader, HoldSettings& holds) {
    holds.own[service.id] =
        read_freezes(*service.said->freezes, problems_below(service.said->pointer + "/freezes", reader));
}

void add_notify(const IdentifiedService& service, SettingReader& reader, NotifySettings& notify) {
    notify.own[service.id] = read_notify(*service.said->notify, names_of(notify.channels),
                                         problems_below(service.said->pointer + "/notify", reader));
}

TagFilter tag_filter(const std::vector<std::string>& texts, std::string_view pointer, SettingReader& reader) {
    std::vector<TagPattern> patterns;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].empty()) continue;  // told of already
        if (auto pattern = TagPattern::parse(texts[i]))
            patterns.push_back(*std::move(pattern));
        else
            reader.problem({.pointer = fmt::format("{}/{}", pointer, i),
                            .what = fmt::format("is {}", std::move(pattern).error().message),
                            .expects = std::string(kTagPatternExpects)});
    }
    return TagFilter(std::move(patterns));
}

void add_tag_filters(const Document& document, const std::vector<IdentifiedService>& services, SettingReader& reader,
                     TagFilters& filters) {
    if (document.default_tags()) filters.others = tag_filter(*document.default_tags(), "/defaults/tags", reader);
    for (const auto& service : services)
        if (service.said->tags)
            filters.by_service[service.id] = tag_filter(*service.said->tags, service.said->pointer + "/tags", reader);
}

template <typename Map>
void sort_values(Map& map) {
    for (auto& [key, ids] : map) sort_unique(ids);
}

}  // namespace

void add_problems(const std::vector<StrategyProblem>& problems, std::string_view pointer, SettingReader& reader) {
    for (const auto& [place, what, expects] : problems)
        reader.problem(
            DocumentProblem{.pointer = fmt::format("{}{}", pointer, place), .what = what, .expects = expects});
}

std::set<ServiceId> add_document_services(const Document& document, const PatternNames& names, SettingReader& reader,
                                          Maps& maps) {
    const auto services = identify(document, names.backend_name, reader);
    ServiceMapBuilder builder(names, reader);
    const bool is_service_map = !reader.is_variable("ECS_SERVICE_MAP") && document.has_service_member("service_name");
    const bool repositories = !reader.is_variable("ECR_REPO_MAP");
    const bool parameters = !reader.is_variable("SSM_SERVICE_MAP");
    const bool files = !reader.is_variable("SERVICE_CONFIG") && !reader.is_variable("S3_SERVICE_MAP");
    const bool auto_deploy = !reader.is_variable("AUTO_DEPLOY_MAP");
    std::set<ServiceId> ids;
    for (const auto& service : services) {
        ids.insert(service.id);
        if (is_service_map) builder.add(service, maps.services);
        if (parameters) add_parameters(service, reader, maps);
        if (auto_deploy && service.said->auto_deploy) maps.auto_deploy[service.id] = *service.said->auto_deploy;
        if (service.said->image_mode) add_image_mode(service, reader, maps);
        if (service.said->strategy) add_strategy(service, reader, maps);
        if (service.said->verify) add_verify(service, reader, maps.verify);
        if (service.said->approval)
            if (const auto json = parse_json(*service.said->approval))
                maps.approval[service.id] = read_approval_wish(*json, service.said->pointer + "/approval", reader);
        if (service.said->before) add_task(service, WhenTaskRuns::kBefore, reader, maps);
        if (service.said->after) add_task(service, WhenTaskRuns::kAfter, reader, maps);
        if (service.said->freezes) add_freezes(service, reader, maps.holds);
        if (service.said->notify) add_notify(service, reader, maps.notify);
        if (repositories)
            for (const auto& repository : service.said->repositories)
                maps.repositories[repository].push_back(service.id);
        if (files)
            for (const auto& file : service.said->files) maps.files[file].push_back(service.id);
    }
    if (!reader.is_variable("ECR_TAG_FILTER")) add_tag_filters(document, services, reader, maps.tag_filters);
    sort_values(maps.repositories);
    sort_values(maps.prefixes);
    sort_values(maps.files);
    return ids;
}

}  // namespace ci_lambda
