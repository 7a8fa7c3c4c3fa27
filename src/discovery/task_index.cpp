#include "discovery/task_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"
#include "base/worker_pool.hpp"
#include "services/schedules/target.hpp"

namespace ci_lambda {

/// One look, while it goes on.
struct TaskIndex::Look {
    Deadline deadline;
    WallTime began{};
    Place place;  // of the clusters: where a family's secrets are that are named without one
    std::vector<TaskStarter> starters = {};
    std::vector<std::string> warnings = {};
    std::string unread = {};
    struct Unread {
        Error error;  // of the first one
        std::vector<std::string> names = {};
    };
    std::map<std::pair<std::string, ErrorKind>, Unread> unread_of_a_kind = {};

    void not_read(const std::string& what, const Error& error) { add_unread(what, error, warnings, unread); }
    /// One of many. All that cannot be read for one kind of reason is one warning: a missing permission names each
    /// resource anew.
    void not_read(const std::string& what, const std::string& name, const Error& error) {
        unread_of_a_kind.try_emplace({what, error.kind}, Unread{.error = error}).first->second.names.push_back(name);
    }
    void gather() {
        for (const auto& [kind, some] : unread_of_a_kind) {
            const auto more = some.names.size() - 1;
            not_read(fmt::format("{} {}{}", kind.first, some.names.front(),
                                 more == 0 ? "" : fmt::format(" and {} more", more)),
                     some.error);
        }
    }
};

bool TaskIndex::renew(const std::string& clusters_in, Deadline deadline) {
    const auto now = clock_.now();
    const auto max_age = found_->unread.empty() ? options_.max_age : options_.between_looks;
    if (looked_at_ && now - *looked_at_ < max_age && now >= *looked_at_) return false;
    look(clusters_in, options_.max_age_of_newest, deadline);
    return true;
}

void TaskIndex::look_again(const std::string& clusters_in, Deadline deadline) {
    look(clusters_in, options_.max_age, deadline);
}

void TaskIndex::look(const std::string& clusters_in, Milliseconds max_age_of_newest, Deadline deadline) {
    Look look{.deadline = Deadline::earlier(deadline, Deadline::after(clock_, options_.patience)),
              .began = clock_.now(),
              .place = place_of_arn(clusters_in)};
    list_schedules(look);
    list_rules(clusters_in, look);
    read_revisions(look, max_age_of_newest);
    look.gather();
    std::map<std::string, TaskRevision> revisions;
    for (const auto& [name, revision] : known_.revisions) revisions.emplace(name, revision.says);
    auto found = tasks_of(look.starters, revisions, options_.project, options_.environment);
    std::ranges::move(found.warnings, std::back_inserter(look.warnings));
    found.warnings = std::move(look.warnings);
    found.unread = std::move(look.unread);
    warnings_.tell(found.warnings);
    looked_at_ = look.began;
    starters_ = std::move(look.starters);
    logger_.debug("tasks discovered",
                  {{"tasks", static_cast<int>(found.tasks.size())},
                   {"took_ms", std::chrono::duration_cast<Milliseconds>(clock_.now() - look.began).count()}});
    found_ = std::make_shared<const DiscoveredTasks>(std::move(found));
}

bool TaskIndex::is_our_cluster(std::string_view name) const {
    return std::ranges::any_of(options_.clusters, [&](const ClusterName& ours) { return ours.str() == name; });
}

void TaskIndex::list_schedules(Look& look) {
    auto listed = sources_.schedules.list(look.deadline);
    if (!listed) {
        look.not_read("what the schedules of EventBridge Scheduler start", listed.error());
        keep_as_before(TaskStarter::Kind::kSchedule, nullptr, look);
        return;
    }
    std::erase_if(*listed, [&](const ListedSchedule& schedule) {
        const bool ours =
            schedule.target_arn.contains(":cluster/") && is_our_cluster(last_segment(schedule.target_arn));
        // Of one that calls RunTask itself only the schedule says on which cluster.
        return !ours && !calls_run_task(schedule.target_arn);
    });
    std::set<GroupedName> names;
    for (const auto& schedule : *listed) names.insert(schedule.name);
    std::erase_if(known_.schedules, [&](const auto& known) { return !names.contains(known.first); });
    read_schedules(*listed, look);

    for (const auto& [name, schedule] : known_.schedules) {
        if (schedule.problem) look.not_read("the schedule", name.str(), *schedule.problem);
        const auto& target = schedule.target;
        const auto cluster = last_segment(target.cluster);
        if (target.task_definition.empty() || !is_our_cluster(cluster)) continue;
        look.starters.push_back({.kind = TaskStarter::Kind::kSchedule,
                                 .name = name,
                                 .cluster = ClusterName{std::string(cluster)},
                                 .task_definition = target.task_definition});
    }
}

/// A schedule that has not changed since it was read says what it said. A change within the second in which it was read
/// may not be told apart.
bool TaskIndex::is_young(const KnownTasks::Schedule& known, const ListedSchedule& listed, WallTime now) const {
    constexpr std::chrono::seconds kResolution{2};
    if (!listed.changed_at || known.changed_at != listed.changed_at) return false;
    if (known.problem) return now - known.read_at < options_.max_age_of_newest && now >= known.read_at;
    return known.read_at - *listed.changed_at > kResolution;
}

void TaskIndex::read_schedules(const std::vector<ListedSchedule>& schedules, Look& look) {
    std::vector<const ListedSchedule*> unknown;
    for (const auto& schedule : schedules) {
        const auto known = known_.schedules.find(schedule.name);
        if (known == known_.schedules.end() || !is_young(known->second, schedule, look.began))
            unknown.push_back(&schedule);
    }
    WorkerPool helpers;
    // What was throttled, or lost on the way, is worth another try.
    for (const bool last : {false, true}) {
        std::vector<std::optional<Result<TaskTarget>>> answers(unknown.size());
        WorkerPool::Tasks tasks;
        for (std::size_t i = 0; i < unknown.size(); ++i)
            tasks.emplace_back([&, i] {
                answers[i] = sources_.schedules.get(unknown[i]->name, look.deadline);
                if (*answers[i]) (**answers[i]).whole.clear();
            });
        helpers.run(tasks);
        std::vector<const ListedSchedule*> again;
        for (std::size_t i = 0; i < unknown.size(); ++i) {
            auto& answer = *answers[i];
            const auto& listed = *unknown[i];
            if (answer) {
                known_.schedules[listed.name] = {.changed_at = listed.changed_at,
                                                 .read_at = look.began,
                                                 .target = *std::move(answer),
                                                 .problem = std::nullopt};
                continue;
            }
            const auto& error = answer.error();
            if (error.kind == ErrorKind::kNotFound) {
                known_.schedules.erase(listed.name);  // deleted since it was listed
            } else if (!last && error.retryable()) {
                again.push_back(&listed);
            } else if (may_heal(error)) {
                look.not_read("the schedule", listed.name.str(), error);
            } else {
                auto& known = known_.schedules[listed.name];
                known.changed_at = listed.changed_at;
                known.read_at = look.began;
                known.problem = error;
            }
        }
        if (again.empty()) break;
        unknown = std::move(again);
    }
}

void TaskIndex::list_rules(const std::string& clusters_in, Look& look) {
    if (clusters_in.empty()) {
        look.warnings.emplace_back(
            "the rules of EventBridge are not looked at: which account the clusters are in is not known");
        return;
    }
    std::set<GroupedName> seen;  // a rule may have targets on several clusters
    for (const auto& cluster : options_.clusters) {
        const auto names = sources_.rules.of_cluster(fmt::format("{}:cluster/{}", clusters_in, cluster), look.deadline);
        if (!names) {
            look.not_read(fmt::format("which rules of EventBridge have targets on the cluster {}", cluster),
                          names.error());
            keep_as_before(TaskStarter::Kind::kRule, &cluster, look);
            continue;
        }
        for (const auto& name : *names) {
            if (!seen.insert(name).second) continue;
            const auto targets = sources_.rules.get(name, look.deadline);
            if (!targets && targets.error().kind == ErrorKind::kNotFound) continue;
            if (!targets) {
                look.not_read("the targets of the rule", name.str(), targets.error());
                for (const auto& before : starters_)
                    if (before.kind == TaskStarter::Kind::kRule && before.name == name) look.starters.push_back(before);
                continue;
            }
            for (const auto& target : *targets)
                if (is_our_cluster(last_segment(target.cluster)) && !target.task_definition.empty())
                    look.starters.push_back({.kind = TaskStarter::Kind::kRule,
                                             .name = name,
                                             .cluster = ClusterName{std::string(last_segment(target.cluster))},
                                             .task_definition = target.task_definition});
        }
    }
}

void TaskIndex::keep_as_before(TaskStarter::Kind kind, const ClusterName* cluster, Look& look) const {
    for (const auto& starter : starters_)
        if (starter.kind == kind && (cluster == nullptr || starter.cluster == *cluster))
            look.starters.push_back(starter);
}

/// Each revision once. A family that is named without a number is the newest one, which may be another one later.
void TaskIndex::read_revisions(Look& look, Milliseconds max_age_of_newest) {
    std::set<std::string> used;
    std::vector<TaskDefinition> unknown;
    for (const auto& starter : look.starters) {
        const auto& name = starter.task_definition;
        if (!used.insert(name).second) continue;
        const auto known = known_.revisions.find(name);
        const bool moves = !parse_revision(name);
        if (known == known_.revisions.end() || (moves && look.began - known->second.read_at >= max_age_of_newest))
            unknown.emplace_back(name);
    }
    std::erase_if(known_.revisions, [&](const auto& known) { return !used.contains(known.first); });
    const auto answers = sources_.ecs.describe_revisions(unknown, look.deadline);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const auto& name = unknown[i].str();
        if (!answers[i]) {
            look.not_read("the task definition", short_name(name), answers[i].error());
            continue;
        }
        auto [rules, problems] = read_task_rules(answers[i]->definition.tags);
        known_.revisions[name] = {
            .says = {.uses = std::make_shared<const ServiceUses>(uses_of(answers[i]->references, look.place)),
                     .rules = std::move(rules),
                     .problems = std::move(problems)},
            .read_at = look.began};
    }
}

}  // namespace ci_lambda
