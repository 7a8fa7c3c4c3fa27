#include "discovery/tasks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// Takes away `PART_` or `PART-` in front, if something is left.
void drop_front(std::string_view& text, std::string_view part) {
    if (part.empty() || text.size() < part.size() + 2 || !text.starts_with(part)) return;
    const auto joint = text[part.size()];
    if (joint == '_' || joint == '-') text.remove_prefix(part.size() + 1);
}

/// The same at the end.
void drop_back(std::string_view& text, std::string_view part) {
    if (part.empty() || text.size() < part.size() + 2 || !text.ends_with(part)) return;
    const auto joint = text[text.size() - part.size() - 1];
    if (joint == '_' || joint == '-') text.remove_suffix(part.size() + 1);
}

ServiceId id_of_task(std::string_view name) { return ServiceId{fmt::format("{}{}", kTaskPrefix, name)}; }

/// A family without a number is the newest one.
unsigned long long number_named_by(std::string_view task_definition) {
    const auto revision = parse_revision(task_definition);
    return revision ? revision->number : std::numeric_limits<unsigned long long>::max();
}

/// Two families of one name both get their own.
void give_ids(std::vector<DiscoveredTask>& tasks, std::string_view project, std::string_view environment) {
    std::map<std::string, int> families_of;
    for (const auto& task : tasks) ++families_of[task_name(task.family, project, environment)];
    for (auto& task : tasks) {
        const auto name = task_name(task.family, project, environment);
        const bool is_taken = std::ranges::any_of(
            tasks, [&](const DiscoveredTask& other) { return other.family.str() == name && &other != &task; });
        task.id = id_of_task(families_of.at(name) == 1 && !is_taken ? name : task.family.str());
    }
    std::ranges::sort(tasks, {}, &DiscoveredTask::id);
}

std::vector<GroupedName> names_of(const DiscoveredTask& task, TaskStarter::Kind kind) {
    std::set<GroupedName> names;
    for (const auto& starter : task.starters)
        if (starter.kind == kind) names.insert(starter.name);
    return {names.begin(), names.end()};
}

ScheduledTask as_scheduled(const DiscoveredTask& task) {
    std::set<std::string> repositories;
    for (const auto& uses : task.uses)
        for (const auto& use : uses->repositories) repositories.insert(use.repository);
    std::set<ClusterName> clusters;
    for (const auto& starter : task.starters) clusters.insert(starter.cluster);
    return {.id = task.id,
            .family = task.family,
            .repositories = {repositories.begin(), repositories.end()},
            .schedules = names_of(task, TaskStarter::Kind::kSchedule),
            .rules = names_of(task, TaskStarter::Kind::kRule),
            .auto_deploy = task.rules.auto_deploy,
            .tags = task.rules.tags,
            .found_on = {clusters.begin(), clusters.end()}};
}

}  // namespace

std::string in_words(const TaskStarter& starter) {
    return fmt::format("{} {}", starter.kind == TaskStarter::Kind::kRule ? "rule" : "schedule", starter.name.str());
}

const DiscoveredTask* DiscoveredTasks::find(const ServiceId& id) const {
    const auto found = std::ranges::lower_bound(tasks, id, {}, &DiscoveredTask::id);
    return found == tasks.end() || found->id != id ? nullptr : &*found;
}

TaskFamily family_named_by(std::string_view task_definition) {
    const auto revision = parse_revision(task_definition);
    return TaskFamily{std::string(revision ? revision->family : last_segment(task_definition))};
}

std::string task_name(const TaskFamily& family, std::string_view project, std::string_view environment) {
    std::string_view name = family.str();
    drop_front(name, project);
    drop_back(name, environment);
    drop_front(name, "task");
    return std::string(name);
}

DiscoveredTasks tasks_of(const std::vector<TaskStarter>& starters, const std::map<std::string, TaskRevision>& revisions,
                         std::string_view project, std::string_view environment) {
    std::map<TaskFamily, DiscoveredTask> by_family;
    std::map<TaskFamily, unsigned long long> newest;
    DiscoveredTasks found;
    for (const auto& starter : starters) {
        auto family = family_named_by(starter.task_definition);
        auto& task = by_family[family];
        task.family = family;
        if (std::ranges::find(task.starters, starter) == task.starters.end()) task.starters.push_back(starter);
        const auto revision = revisions.find(starter.task_definition);
        if (revision == revisions.end()) continue;
        const auto& uses = revision->second.uses;
        if (std::ranges::find(task.uses, uses) == task.uses.end()) task.uses.push_back(uses);
        const auto number = number_named_by(starter.task_definition);
        if (number < newest[family]) continue;
        newest[family] = number;
        task.rules = revision->second.rules;
    }
    for (const auto& [name, revision] : revisions)
        for (const auto& problem : revision.problems)
            found.warnings.push_back(fmt::format("the task definition {}: {}", short_name(name), problem));
    for (auto& [family, task] : by_family) found.tasks.push_back(std::move(task));
    give_ids(found.tasks, project, environment);
    return found;
}

bool uses_repository(const DiscoveredTask& task, std::string_view repository, const Place& place,
                     std::string_view replica_region) {
    return std::ranges::any_of(
        task.uses, [&](const auto& uses) { return uses_repository(*uses, repository, place, replica_region); });
}

Config with_discovered_tasks(Config config, std::shared_ptr<const DiscoveredTasks> discovered) {
    std::set<TaskFamily> named;
    for (const auto& [id, task] : config.scheduled_tasks) named.insert(task.family);
    for (const auto& task : discovered->tasks) {
        if (named.contains(task.family) || !config.scheduled_tasks.try_emplace(task.id, as_scheduled(task)).second)
            continue;
        if (task.rules.auto_deploy) config.said_by_tags.emplace("AUTO_DEPLOY_MAP", task.id);
        if (task.rules.tags) config.said_by_tags.emplace("ECR_TAG_FILTER", task.id);
        if (task.rules.image_mode) config.said_by_tags.emplace("ECR_DEPLOY_MODE", task.id);
    }
    config.discovered_tasks = std::move(discovered);
    return config;
}

}  // namespace ci_lambda
