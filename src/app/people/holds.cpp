#include "app/people/holds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// The tags of services, as DescribeServices shows them: ten in a call.
Status read_holds(App& app, std::vector<ServiceHolds>& all, WallTime now, Deadline deadline) {
    std::map<ClusterRef, std::vector<ServiceHolds*>> by_cluster;
    for (auto& one : all) by_cluster[one.target.cluster_ref()].push_back(&one);
    for (auto& [cluster, some] : by_cluster)
        for (std::size_t begin = 0; begin < some.size(); begin += kMaxServicesPerDescribe) {
            const auto end = std::min(some.size(), begin + kMaxServicesPerDescribe);
            std::vector<EcsServiceName> names;
            for (auto i = begin; i < end; ++i) names.push_back(some[i]->target.service);
            TRY_ASSIGN(const auto described, app.ecs().describe_services_and_tags(cluster.name, names, deadline));
            for (auto i = begin; i < end; ++i) {
                auto& one = *some[i];
                const auto* service = described.find(one.target.service);
                if (service == nullptr) {
                    one.unknown = fmt::format("ECS has no service {}", one.target.service);
                    continue;
                }
                one.hold = hold_in(service->tags);
                one.hold_is_over = one.hold && !hold_in(service->tags, now);
            }
        }
    return {};
}

}  // namespace

Result<std::vector<ServiceHolds>> look_at_tags_and_freezes(App& app, const Clock& clock,
                                                           const std::vector<EcsTarget>& targets, Deadline deadline) {
    const auto& config = app.config();
    const auto now = clock.now();
    std::vector<ServiceHolds> all;
    for (const auto& target : targets) {
        const auto& freezes = config.holds.freezes_of(target.id);
        all.push_back({.target = target, .frozen = frozen_at(freezes, now), .next = next_freeze(freezes, now)});
    }
    if (config.holds.tags) TRY(read_holds(app, all, now, deadline));
    return all;
}

Result<Holds> look_at_holds(App& app, const Clock& clock, const std::vector<EcsTarget>& targets, Deadline deadline) {
    const auto& config = app.config();
    Holds holds;
    TRY_ASSIGN(holds.services, look_at_tags_and_freezes(app, clock, targets, deadline));
    if (!config.schedules.role.empty() && config.holds.is_on())
        for (auto& one : holds.services) {
            auto waiting = app.thaws().waiting(one.target, deadline);
            if (waiting)
                one.waiting = *std::move(waiting);
            else
                one.unknown = fmt::format("what waits for it is not known: {}", waiting.error().message);
        }
    if (!config.holds.calendars.empty()) {
        const auto state = app.calendars().state(config.holds.calendars, deadline);
        const auto names = join(config.holds.calendars, " or ");
        holds.calendar_closed = !state || !state->open;
        holds.calendar = !state ? fmt::format("it is not known whether {} is open: {}", names, state.error().message)
                                : fmt::format("{} {}{}", names, state->open ? "is open" : "is closed",
                                              state->changes_at ? " until " + minute_in_words(*state->changes_at) : "");
    }
    return holds;
}

}  // namespace ci_lambda
