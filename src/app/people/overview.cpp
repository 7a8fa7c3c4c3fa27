#include "app/people/overview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/people/described_targets.hpp"
#include "app/people/holds.hpp"
#include "app/people/named_services.hpp"
#include "base/text.hpp"
#include "base/worker_pool.hpp"
#include "deployer/holds/hold_gate.hpp"
#include "deployer/observe/inventory.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/revision/pushed_images.hpp"
#include "discovery/discovered.hpp"

namespace ci_lambda {
namespace {

/// So many names show what the cluster is about.
constexpr std::size_t kMostNames = 5;

void look_closer(App& app, RolloutObserver& observer, ServiceOverview& one, Deadline deadline) {
    const auto* primary = one.service->primary();
    if (primary == nullptr) return;
    if (auto definition = app.ecs().describe_task_definition(TaskDefinition(primary->task_definition), deadline))
        one.definition = *std::move(definition);
    const Rollout running{.target = one.target, .deployment_id = primary->id};
    one.images = observer.running_images(running, *one.service, deadline).resolved;
    if (one.images.empty() && one.definition) one.images = images_named_by(*one.definition);
    one.last = look_at_last_rollout(observer, one.target, *one.service, app.config().deployment_timeout, deadline);
}

}  // namespace

Result<std::vector<ServiceOverview>> look_at(App& app, const Clock& clock, Sleeper& sleeper,
                                             const std::vector<EcsTarget>& targets, Deadline deadline) {
    RolloutObserver observer(app.ecs(), clock, sleeper, app.logger(), &app.last_words());
    TRY_ASSIGN(const auto described,
               DescribedTargets::of(targets, [&](const ClusterName& cluster, const std::vector<EcsServiceName>& names) {
                   return observer.describe(cluster, names, deadline);
               }));
    std::vector<ServiceOverview> all;
    for (const auto& target : targets) {
        auto& one = all.emplace_back(ServiceOverview{.target = target});
        if (const auto* service = described.find(target)) one.service = *service;
    }
    if (app.config().holds.is_on()) {
        const auto held = look_at_tags_and_freezes(app, clock, targets, deadline);
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!held)
                all[i].held = fmt::format("whether it is held is not known: {}", held.error().message);
            else if ((*held)[i].hold && !(*held)[i].hold_is_over)
                all[i].held = in_words(*(*held)[i].hold);
            else if ((*held)[i].frozen)
                all[i].held = in_words(*(*held)[i].frozen);
        }
    }
    WorkerPool::Tasks tasks;
    for (auto& one : all)
        if (one.service) tasks.emplace_back([&] { look_closer(app, observer, one, deadline); });
    WorkerPool helpers;
    helpers.run(tasks);
    return all;
}

Result<std::vector<EcsTarget>> named_or_all(App& app, const std::vector<std::string>& named, Deadline deadline) {
    if (!named.empty()) return named_services(app.config(), named);
    auto ours = find_our_services(app.config(), app.ecs(), deadline);
    if (ours.not_listed && ours.targets.empty()) return std::unexpected(*ours.not_listed);
    return std::move(ours.targets);
}

std::string why_there_is_none(App& app, Deadline deadline) {
    const auto& config = app.config();
    const auto cluster = config.names.cluster();
    if (config.names.are_discovered()) return fmt::format("there is none in {}", clusters_in_words(config));
    if (config.names.has_service_map()) return config.called("ECS_SERVICE_MAP") + " names no service";
    const auto listed = app.ecs().list_services(cluster, deadline);
    if (!listed)
        return fmt::format("the services of {} could not be listed ({}), and the configuration names none", cluster,
                           listed.error().message);
    if (listed->empty()) return fmt::format("the cluster {} has no service", cluster);
    const auto example = config.names.target(ServiceId("NAME"));
    std::vector<std::string> some;
    for (std::size_t i = 0; i < std::min(listed->size(), kMostNames); ++i) some.push_back((*listed)[i].str());
    return fmt::format("no service of the cluster {} has a name like {} ({}, {}, {}); it has {}{}", cluster,
                       example ? example->service.str() : "ours", config.called("SERVICE_NAME_PATTERN"),
                       config.called("PROJECT_NAME"), config.called("PROJECT_ENV"), join(some, ", "),
                       listed->size() > kMostNames ? fmt::format(" and {} more", listed->size() - kMostNames) : "");
}

}  // namespace ci_lambda
