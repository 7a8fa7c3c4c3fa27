#include "config/scheduled_tasks.hpp"

#include "base/json.hpp"
#include "config/names.hpp"

namespace ci_lambda {
namespace {

Json names_to_json(const std::vector<GroupedName>& names) {
    auto list = Json::array();
    for (const auto& name : names) list.push_back(name.str());
    return list;
}

}  // namespace

std::optional<ServiceId> task_id(std::string_view text) {
    if (!text.starts_with(kTaskPrefix) || !is_valid_service_id(text.substr(kTaskPrefix.size()))) return std::nullopt;
    return ServiceId(std::string(text));
}

std::string to_json(const ScheduledTasks& tasks) {
    auto map = Json::object();
    for (const auto& [id, task] : tasks) {
        Json one{{"task_family", task.family.str()}};
        if (!task.repositories.empty()) one["repositories"] = task.repositories;
        if (task.schedules) one["schedules"] = names_to_json(*task.schedules);
        if (task.rules) one["rules"] = names_to_json(*task.rules);
        if (task.auto_deploy) one["auto_deploy"] = *task.auto_deploy;
        if (task.tags) one["tags"] = task.tags->texts();
        map[id.str()] = std::move(one);
    }
    return dump_json(map);
}

}  // namespace ci_lambda
