#include "deployer/code_deploy/groups.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ci_lambda {
namespace {

/// All groups of an account are many calls: who asks for a service that none of them has asks not so soon again.
constexpr std::chrono::minutes kLooksAgainAfter{5};

}  // namespace

Result<CodeDeployGroup> CodeDeployGroups::find(const Service& service, const std::vector<EcsTaskSet>& task_sets,
                                               Deadline deadline) {
    if (auto named = named_(service)) return *std::move(named);
    if (auto found = known(service)) return *std::move(found);
    for (const auto& set : task_sets) {
        if (set.external_id.empty()) continue;
        auto deployment = api_.deployment(set.external_id, deadline);
        if (!deployment && deployment.error().kind != ErrorKind::kNotFound)
            return std::unexpected(std::move(deployment).error());
        if (!deployment) continue;  // CodeDeploy forgets
        remember(deployment->group, service);
        return deployment->group;
    }
    TRY(look_at_all(deadline));
    if (auto found = known(service)) return *std::move(found);
    return fail(ErrorKind::kNotFound,
                fmt::format("no deployment group of CodeDeploy deploys {} of the cluster {}; name it in "
                            "CODE_DEPLOY_GROUPS, or create one",
                            service.service, service.cluster));
}

std::optional<CodeDeployGroup> CodeDeployGroups::known(const Service& service) {
    const std::scoped_lock lock(mutex_);
    const auto found = groups_.find(key_of(service));
    return found == groups_.end() ? std::nullopt : std::optional(found->second);
}

void CodeDeployGroups::remember(const CodeDeployGroup& group, const Service& service) {
    const std::scoped_lock lock(mutex_);
    groups_[key_of(service)] = group;
    services_[group] = service;
}

void CodeDeployGroups::forget(const Service& service) {
    const std::scoped_lock lock(mutex_);
    const auto found = groups_.find(key_of(service));
    if (found == groups_.end()) return;
    services_.erase(found->second);
    groups_.erase(found);
    looked_at_.reset();
}

Status CodeDeployGroups::look_at_all(Deadline deadline) {
    const std::scoped_lock one_at_a_time(looking_);
    {
        const std::scoped_lock lock(mutex_);
        if (looked_at_ && clock_.now() - *looked_at_ < kLooksAgainAfter) return {};
    }
    TRY_ASSIGN(const auto all, api_.all_groups(deadline));
    for (const auto& info : all)
        for (const auto& service : info.services) remember(info.group, service);
    const std::scoped_lock lock(mutex_);
    looked_at_ = clock_.now();
    return {};
}

Result<std::optional<CodeDeployGroups::Service>> CodeDeployGroups::service_of(const CodeDeployGroup& group,
                                                                              Deadline deadline) {
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = services_.find(group); found != services_.end()) return std::optional(found->second);
    }
    auto info = api_.deployment_group(group, deadline);
    if (!info && info.error().kind == ErrorKind::kNotFound) return std::nullopt;
    if (!info) return std::unexpected(std::move(info).error());
    if (info->services.empty()) return std::nullopt;
    remember(group, info->services.front());
    return std::optional(info->services.front());
}

}  // namespace ci_lambda
