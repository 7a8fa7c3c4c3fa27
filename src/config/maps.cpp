#include "config/maps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/values.hpp"
#include "config/verify_reader.hpp"

namespace ci_lambda {
namespace {

using Problems = std::vector<std::string>;

std::string wrong_type(std::string_view where, std::string_view wanted, const Json& value) {
    return fmt::format("{}must be {}, not {}", where, wanted, type_name(value));
}

std::optional<Json> read_object(std::string_view text, Problems& problems) {
    auto json = parse_json(text);
    if (!json) {
        problems.push_back(json.error().message);
        return std::nullopt;
    }
    if (!json->is_object()) {
        problems.push_back(wrong_type("", "a JSON object", *json));
        return std::nullopt;
    }
    return *std::move(json);
}

std::optional<ServiceId> read_id(std::string_view text, std::string_view backend_name, Problems& problems) {
    if (auto task = task_id(text)) return task;
    auto id = Names::canonical(text, backend_name);
    if (!id)
        problems.push_back(fmt::format("{} is not a service id (letters, digits, '_', '-' and '.')", in_quotes(text)));
    return id;
}

/// A member that must be a string with something in it. `where` names the object.
std::optional<std::string> read_text(const Json& object, std::string_view where, std::string_view key,
                                     Problems& problems) {
    const auto member = object.find(key);
    if (member == object.end()) {
        problems.push_back(fmt::format("{}: \"{}\" is missing", where, key));
        return std::nullopt;
    }
    if (!member->is_string()) {
        problems.push_back(wrong_type(fmt::format("{}: \"{}\" ", where, key), "a string", *member));
        return std::nullopt;
    }
    auto text = member->get<std::string>();
    if (text.empty()) {
        problems.push_back(fmt::format("{}: \"{}\" is empty", where, key));
        return std::nullopt;
    }
    return text;
}

/// A name of ECS, which has the characters of a service id: not an ARN, and no revision behind a colon.
std::optional<std::string> read_ecs_name(const Json& object, std::string_view where, std::string_view key,
                                         Problems& problems) {
    auto text = read_text(object, where, key, problems);
    if (text && !is_valid_service_id(*text)) {
        problems.push_back(fmt::format("{}: \"{}\" must be a plain name, without ARN or revision, not {}", where, key,
                                       in_quotes(*text)));
        return std::nullopt;
    }
    return text;
}

/// `"api"` or `["api","worker"]`.
std::vector<ServiceId> read_ids(const Json& value, std::string_view where, std::string_view backend_name,
                                Problems& problems) {
    std::vector<ServiceId> ids;
    const auto add = [&](const Json& item, const std::string& place) {
        if (!item.is_string()) {
            problems.push_back(wrong_type(place, "a service id", item));
        } else if (auto id = read_id(item.get_ref<const std::string&>(), backend_name, problems)) {
            ids.push_back(*std::move(id));
        }
    };
    if (value.is_string()) {
        add(value, fmt::format("{} ", where));
    } else if (!value.is_array()) {
        problems.push_back(wrong_type(fmt::format("{} ", where), "a service id or a list of them", value));
    } else if (value.empty()) {
        problems.push_back(fmt::format("{} names no service", where));
    } else {
        for (std::size_t i = 0; i < value.size(); ++i) add(value[i], fmt::format("{}[{}] ", where, i));
    }
    return ids;
}

void append(std::vector<ServiceId>& to, const std::vector<ServiceId>& ids) {
    to.insert(to.end(), ids.begin(), ids.end());
    sort_unique(to);
}

std::optional<S3File> read_file(const Json& value, std::string_view where, Problems& problems) {
    if (!value.is_object()) {
        problems.push_back(wrong_type(fmt::format("{} ", where), "an object", value));
        return std::nullopt;
    }
    auto bucket = read_text(value, where, "bucket", problems);
    auto key = read_text(value, where, "key", problems);
    if (!bucket || !key) return std::nullopt;
    return S3File{.bucket = *std::move(bucket), .key = *std::move(key)};
}

std::optional<std::string> read_prefix(std::string_view text, Problems& problems) {
    auto prefix = parameter_prefix(text);
    if (!prefix)
        problems.push_back(fmt::format("{} is not a path of parameters: it has an empty segment", in_quotes(text)));
    return prefix;
}

std::optional<bool> read_switch(const Json& value) {
    if (value.is_boolean()) return value.get<bool>();
    if (value.is_string()) return parse_boolean(value.get_ref<const std::string&>());
    return std::nullopt;
}

/// `["v*","!*-rc*"]`.
TagFilter read_tag_filter(const Json& value, std::string_view where, Problems& problems) {
    if (!value.is_array()) {
        problems.push_back(wrong_type(fmt::format("{} ", where), "a list of patterns", value));
        return {};
    }
    std::vector<TagPattern> patterns;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto place = fmt::format("{}[{}]", where, i);
        if (!value[i].is_string()) {
            problems.push_back(wrong_type(place + " ", "a pattern", value[i]));
            continue;
        }
        if (auto pattern = TagPattern::parse(value[i].get_ref<const std::string&>()))
            patterns.push_back(*std::move(pattern));
        else
            problems.push_back(fmt::format("{}: {}", place, pattern.error().message));
    }
    return TagFilter(std::move(patterns));
}

/// `v*, !*-rc*`.
TagFilter read_tag_list(std::string_view text, Problems& problems) {
    std::vector<TagPattern> patterns;
    for (const auto& part : split(text, ',')) {
        if (auto pattern = TagPattern::parse(part))
            patterns.push_back(*std::move(pattern));
        else
            problems.push_back(std::move(pattern).error().message);
    }
    return TagFilter(std::move(patterns));
}

void add_twice_problem(std::string_view key, const ServiceId& id, Problems& problems) {
    problems.push_back(fmt::format("{} is a second name for {}, which is there already", in_quotes(key), id));
}

}  // namespace

std::optional<std::string> parameter_prefix(std::string_view text) {
    if (text.starts_with('/')) text.remove_prefix(1);
    if (text.ends_with('/')) text.remove_suffix(1);
    const auto segments = split(text, '/');
    if (std::ranges::any_of(segments, &std::string::empty)) return std::nullopt;
    return std::string(text);
}

void sort_unique(std::vector<ServiceId>& ids) {
    std::ranges::sort(ids);
    const auto repeated = std::ranges::unique(ids);
    ids.erase(repeated.begin(), repeated.end());
}

namespace {

/// `NAME` or `GROUP/NAME`.
std::optional<GroupedName> read_grouped_name(std::string_view text) {
    const auto slash = text.find('/');
    GroupedName name{.name = std::string(slash == std::string_view::npos ? text : text.substr(slash + 1))};
    if (slash != std::string_view::npos) name.group = text.substr(0, slash);
    const bool good = is_valid_service_id(name.group) && is_valid_service_id(name.name);
    return good ? std::optional(std::move(name)) : std::nullopt;
}

std::vector<GroupedName> read_grouped_names(const Json& value, std::string_view where, Problems& problems) {
    std::vector<GroupedName> names;
    if (!value.is_array()) {
        problems.push_back(wrong_type(fmt::format("{} ", where), "a list of names", value));
        return names;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        auto name = value[i].is_string() ? read_grouped_name(value[i].get_ref<const std::string&>()) : std::nullopt;
        if (name)
            names.push_back(*std::move(name));
        else
            problems.push_back(fmt::format("{}[{}] must be NAME or GROUP/NAME, not {}", where, i,
                                           value[i].is_string() ? in_quotes(value[i].get_ref<const std::string&>())
                                                                : std::string(type_name(value[i]))));
    }
    std::ranges::sort(names);
    const auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    return names;
}

std::vector<std::string> read_repositories(const Json& value, std::string_view where, Problems& problems) {
    std::vector<std::string> names;
    if (!value.is_array()) problems.push_back(wrong_type(fmt::format("{} ", where), "a list of repositories", value));
    for (const auto& item : value.is_array() ? value : Json::array())
        if (item.is_string() && !item.get_ref<const std::string&>().empty())
            names.push_back(item.get<std::string>());
        else
            problems.push_back(fmt::format("{} has what is no name of a repository: {}", where, type_name(item)));
    return names;
}

void sort_unique_texts(std::vector<std::string>& texts) {
    std::ranges::sort(texts);
    const auto repeated = std::ranges::unique(texts);
    texts.erase(repeated.begin(), repeated.end());
}

ScheduledTask read_task(ServiceId id, const Json& value, const std::string& where, Problems& problems) {
    // `type` and `service_name` are Meroku's, and say nothing here.
    static const std::vector<std::string> known{"task_family", "repositories", "schedules", "rules",
                                                "auto_deploy", "tags",         "type",      "service_name"};
    ScheduledTask task{.id = std::move(id)};
    for (const auto& [key, member] : value.items()) {
        const auto place = fmt::format("{}: \"{}\"", where, key);
        if (key == "repositories") task.repositories = read_repositories(member, place, problems);
        if (key == "schedules") task.schedules = read_grouped_names(member, place, problems);
        if (key == "rules") task.rules = read_grouped_names(member, place, problems);
        if (key == "tags") task.tags = read_tag_filter(member, place, problems);
        if (key == "auto_deploy") {
            task.auto_deploy = read_switch(member);
            if (!task.auto_deploy) problems.push_back(wrong_type(place + " ", "true or false", member));
        }
        if (std::ranges::find(known, key) == known.end()) {
            const auto meant = closest(key, known);
            problems.push_back(fmt::format("{}: {} is not known{}", where, in_quotes(key),
                                           meant ? fmt::format(" (did you mean \"{}\"?)", *meant) : ""));
        }
    }
    sort_unique_texts(task.repositories);
    if (auto family = read_ecs_name(value, where, "task_family", problems))
        task.family = TaskFamily(*std::move(family));
    return task;
}

/// The task that an id means, if it means one; one that does not exist is put down.
ScheduledTask* task_of(const ServiceId& id, Maps& maps, std::set<ServiceId>& unknown) {
    const auto found = maps.scheduled_tasks.find(id);
    if (found != maps.scheduled_tasks.end()) return &found->second;
    unknown.insert(id);
    return nullptr;
}

bool is_task(const ServiceId& id) { return id.str().starts_with(kTaskPrefix); }

/// Takes the tasks out of the values of a map, and hands each to `on_task` with its key.
template <typename Map, typename OnTask>
void take_out_of_values(Map& map, const OnTask& on_task) {
    for (auto entry = map.begin(); entry != map.end();) {
        auto& [key, ids] = *entry;
        for (const auto& id : ids)
            if (is_task(id)) on_task(key, id);
        const bool had_tasks = std::erase_if(ids, is_task) > 0;
        entry = had_tasks && ids.empty() ? map.erase(entry) : std::next(entry);
    }
}

template <typename Map, typename OnTask>
void take_out_of_keys(Map& map, const OnTask& on_task) {
    std::erase_if(map, [&](const auto& entry) {
        if (is_task(entry.first)) on_task(entry.first, entry.second);
        return is_task(entry.first);
    });
}

}  // namespace

ScheduledTasks MapReader::scheduled_tasks(std::string_view json) {
    ScheduledTasks tasks;
    const auto object = read_object(json, problems_);
    if (!object) return tasks;
    for (const auto& [key, value] : object->items()) {
        const auto where = in_quotes(key);
        auto id = task_id(key.starts_with(kTaskPrefix) ? key : std::string(kTaskPrefix) + key);
        if (!id) {
            problems_.push_back(fmt::format("{} is not the id of a task, such as task:report", where));
        } else if (!value.is_object()) {
            problems_.push_back(wrong_type(where + " ", "an object", value));
        } else {
            auto task = read_task(*id, value, where, problems_);
            if (!tasks.try_emplace(*id, std::move(task)).second) add_twice_problem(key, *id, problems_);
        }
    }
    return tasks;
}

/// Parameters and files are read when a task starts: they leave it alone.
std::map<std::string_view, std::set<ServiceId>> take_out_tasks(Maps& maps) {
    std::map<std::string_view, std::set<ServiceId>> unknown;
    take_out_of_values(maps.repositories, [&](const std::string& repository, const ServiceId& id) {
        if (auto* task = task_of(id, maps, unknown["ECR_REPO_MAP"])) task->repositories.push_back(repository);
    });
    for (auto& [id, task] : maps.scheduled_tasks) sort_unique_texts(task.repositories);
    take_out_of_values(maps.prefixes, [&](const std::string&, const ServiceId& id) {
        (void)task_of(id, maps, unknown["SSM_SERVICE_MAP"]);
    });
    take_out_of_values(maps.files,
                       [&](const S3File&, const ServiceId& id) { (void)task_of(id, maps, unknown["SERVICE_CONFIG"]); });
    take_out_of_keys(maps.auto_deploy, [&](const ServiceId& id, bool on) {
        auto* task = task_of(id, maps, unknown["AUTO_DEPLOY_MAP"]);
        if (task != nullptr && !task->auto_deploy) task->auto_deploy = on;
    });
    take_out_of_keys(maps.tag_filters.by_service, [&](const ServiceId& id, const TagFilter& filter) {
        auto* task = task_of(id, maps, unknown["ECR_TAG_FILTER"]);
        if (task != nullptr && !task->tags) task->tags = filter;
    });
    std::erase_if(unknown, [](const auto& entry) { return entry.second.empty(); });
    return unknown;
}

std::map<ServiceId, Names::MapEntry> MapReader::services(std::string_view json) {
    std::map<ServiceId, Names::MapEntry> map;
    std::map<std::string, ServiceId> owners;  // of ECS services: one that has two would roll twice
    const auto object = read_object(json, problems_);
    if (!object) return map;
    for (const auto& [key, value] : object->items()) {
        const auto where = in_quotes(key);
        const auto id = task_id(key) ? std::nullopt : read_id(key, backend_name_, problems_);
        if (!id && task_id(key))
            problems_.push_back(fmt::format("{} is a task: it belongs into SCHEDULED_TASK_MAP", where));
        if (!value.is_object()) {
            problems_.push_back(wrong_type(where + " ", "an object", value));
            continue;
        }
        const auto service = read_ecs_name(value, where, "service_name", problems_);
        const auto family = read_ecs_name(value, where, "task_family", problems_);
        if (!id || !service || !family) continue;
        if (const auto [owner, added] = owners.try_emplace(*service, *id); !added && owner->second != *id)
            problems_.push_back(
                fmt::format("{} and \"{}\" have the same service_name {}", where, owner->second, in_quotes(*service)));
        const Names::MapEntry entry{.service = EcsServiceName{*service}, .family = TaskFamily{*family}};
        if (!map.try_emplace(*id, entry).second) add_twice_problem(key, *id, problems_);
    }
    return map;
}

std::map<std::string, std::vector<ServiceId>> MapReader::repositories(std::string_view json) {
    std::map<std::string, std::vector<ServiceId>> map;
    const auto object = read_object(json, problems_);
    if (!object) return map;
    for (const auto& [key, value] : object->items()) {
        if (key.empty()) problems_.emplace_back("\"\" is not the name of a repository");
        append(map[key], read_ids(value, in_quotes(key), backend_name_, problems_));
    }
    return map;
}

std::map<std::string, std::vector<ServiceId>> MapReader::prefixes(std::string_view json) {
    std::map<std::string, std::vector<ServiceId>> map;
    const auto object = read_object(json, problems_);
    if (!object) return map;
    for (const auto& [key, value] : object->items()) {
        const auto ids = read_ids(value, in_quotes(key), backend_name_, problems_);
        if (const auto prefix = read_prefix(key, problems_)) append(map[*prefix], ids);
    }
    return map;
}

void MapReader::files(std::string_view json, std::map<S3File, std::vector<ServiceId>>& files) {
    const auto object = read_object(json, problems_);
    if (!object) return;
    for (const auto& [key, value] : object->items()) {
        const auto id = read_id(key, backend_name_, problems_);
        if (!value.is_array()) {
            problems_.push_back(wrong_type(in_quotes(key) + " ", "a list of files", value));
            continue;
        }
        for (std::size_t i = 0; i < value.size(); ++i) {
            const auto file = read_file(value[i], fmt::format("{}[{}]", in_quotes(key), i), problems_);
            if (id && file) append(files[*file], {*id});
        }
    }
}

std::map<ServiceId, bool> MapReader::switches(std::string_view json) {
    std::map<ServiceId, bool> map;
    const auto object = read_object(json, problems_);
    if (!object) return map;
    for (const auto& [key, value] : object->items()) {
        const auto id = read_id(key, backend_name_, problems_);
        const auto on = read_switch(value);
        if (!on) problems_.push_back(fmt::format("{} must be true or false, not {}", in_quotes(key), type_name(value)));
        if (!id || !on) continue;
        if (!map.try_emplace(*id, *on).second) add_twice_problem(key, *id, problems_);
    }
    return map;
}

TagFilters MapReader::tag_filters(std::string_view text) {
    TagFilters filters;
    text = trim(text);
    // No pattern begins like JSON.
    if (!text.starts_with('{') && !text.starts_with('[')) {
        filters.others = read_tag_list(text, problems_);
        return filters;
    }
    const auto json = parse_json(text);
    if (!json) {
        problems_.push_back(json.error().message);
        return filters;
    }
    if (json->is_array()) {
        filters.others = read_tag_filter(*json, "the list", problems_);
        return filters;
    }
    for (const auto& [key, value] : json->items()) {
        auto filter = read_tag_filter(value, in_quotes(key), problems_);
        if (key == kDefaultTags) {
            filters.others = std::move(filter);
        } else if (const auto id = read_id(key, backend_name_, problems_)) {
            if (!filters.by_service.try_emplace(*id, std::move(filter)).second) add_twice_problem(key, *id, problems_);
        }
    }
    return filters;
}

template <typename List, typename Read>
void MapReader::verify_lists(std::string_view json, VerifySettings& verify, std::optional<List> VerifyWish::* member,
                             Read read) {
    const auto value = parse_json(json);
    if (!value) {
        problems_.push_back(value.error().message);
        return;
    }
    const VerifyProblem problem = [this](const std::string& place, const std::string& what, std::string_view expects) {
        problems_.push_back(fmt::format("{} {} (expected {})", place.empty() ? "it" : place, what, expects));
    };
    if (!value->is_object()) {
        verify.all.*member = read(*value, "", problem);
        return;
    }
    for (const auto& [key, list] : value->items()) {
        auto wanted = read(list, "/" + shown(key), problem);
        if (key == kDefaultTags) {
            verify.all.*member = std::move(wanted);
        } else if (task_id(key)) {
            problems_.push_back(fmt::format("{} is a task: only services are watched", in_quotes(key)));
        } else if (const auto id = read_id(key, backend_name_, problems_)) {
            auto& said = verify.by_service[*id].*member;
            if (said) add_twice_problem(key, *id, problems_);
            said = std::move(wanted);
        }
    }
}

void MapReader::verify_alarms(std::string_view text, VerifySettings& verify) {
    text = trim(text);
    if (text.starts_with('{') || text.starts_with('['))
        return verify_lists(text, verify, &VerifyWish::alarms, &read_verify_alarms);
    auto names = Json::array();
    for (const auto& part : split(text, ',')) names.push_back(trim(part));
    verify_lists(dump_json(names), verify, &VerifyWish::alarms, &read_verify_alarms);
}

void MapReader::verify_urls(std::string_view json, VerifySettings& verify) {
    verify_lists(trim(json), verify, &VerifyWish::urls, &read_verify_urls);
}

}  // namespace ci_lambda
