#include "sandbox/ecs/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kDeploymentPrefix = "ecs-svc/";

void count(const Task& task, TaskCounts& counts) {
    if (task.is_pending()) ++counts.pending;
    if (task.is_running()) ++counts.running;
}

}  // namespace

TaskCounts Service::counts() const {
    TaskCounts counts{.requested = desired_count};
    for (const auto& task : tasks) count(task, counts);
    return counts;
}

TaskCounts Service::counts_of(const std::string& deployment_id) const {
    TaskCounts counts;
    for (const auto& task : tasks)
        if (task.deployment_id == deployment_id) count(task, counts);
    // ECS asks for tasks of the primary deployment; of the others it keeps what it still needs.
    const bool launches = primary().id == deployment_id && primary().launches;
    counts.requested = launches ? desired_count : counts.running + counts.pending;
    return counts;
}

const ServiceRevision* Service::last_successful_revision() const {
    // The one that succeeded last is not always the newest one that succeeded: a rollback makes an older one current.
    for (const auto& done : std::views::reverse(service_deployments)) {
        if (done.status == ServiceDeploymentStatus::kSuccessful) return revision(done.target.revision);
        if (done.status == ServiceDeploymentStatus::kRollbackSuccessful && done.rollback)
            return revision(done.rollback->restored);
    }
    return nullptr;
}

const ServiceRevision* Service::revision(std::string_view number) const {
    const auto found = std::ranges::find(revisions, number, &ServiceRevision::number);
    return found == revisions.end() ? nullptr : &*found;
}

int Service::unfinished_deployments() const {
    return static_cast<int>(std::ranges::count_if(deployments, [](const Deployment& deployment) {
        return deployment.state == DeploymentState::kActive || deployment.rollout != RolloutState::kCompleted;
    }));
}

ServiceDeployment* Service::ongoing_service_deployment() {
    if (service_deployments.empty() || !service_deployments.back().is_ongoing()) return nullptr;
    return &service_deployments.back();
}

ServiceDeployment* Service::traffic_shift() {
    ServiceDeployment* ongoing = ongoing_service_deployment();
    return ongoing != nullptr && ongoing->shifts_traffic() && !ongoing->rollback ? ongoing : nullptr;
}

std::string EcsState::cluster_arn(std::string_view cluster) const {
    return fmt::format("arn:aws:ecs:{}:{}:cluster/{}", region, account, cluster);
}

std::string EcsState::service_arn(std::string_view cluster, std::string_view service) const {
    return fmt::format("arn:aws:ecs:{}:{}:service/{}/{}", region, account, cluster, service);
}

std::string EcsState::service_arn(const Service& service) const { return service_arn(service.cluster, service.name); }

std::string EcsState::task_arn(std::string_view cluster, std::string_view id) const {
    return fmt::format("arn:aws:ecs:{}:{}:task/{}/{}", region, account, cluster, id);
}

std::string EcsState::task_definition_arn(const TaskDefinitionRevision& revision) const {
    return fmt::format("arn:aws:ecs:{}:{}:task-definition/{}:{}", region, account, revision.family, revision.revision);
}

std::string EcsState::service_revision_arn(const Service& service, std::string_view number) const {
    return fmt::format("arn:aws:ecs:{}:{}:service-revision/{}/{}/{}", region, account, service.cluster, service.name,
                       number);
}

std::string EcsState::service_deployment_arn(const Service& service, std::string_view id) const {
    return fmt::format("arn:aws:ecs:{}:{}:service-deployment/{}/{}/{}", region, account, service.cluster, service.name,
                       id);
}

Service* EcsState::find_service(std::string_view cluster, std::string_view name_or_arn) {
    const auto name = last_segment(name_or_arn);
    const auto found = std::ranges::find_if(
        services, [&](const Service& service) { return service.cluster == cluster && service.name == name; });
    return found == services.end() ? nullptr : &*found;
}

TaskDefinitionRevision* EcsState::find_task_definition(std::string_view reference) {
    const auto name = last_segment(reference);
    const auto colon = name.find(':');
    const auto family = families.find(std::string(name.substr(0, colon)));
    if (family == families.end()) return nullptr;
    auto& revisions = family->second;
    if (colon == std::string_view::npos) {
        auto newest_first = std::views::reverse(revisions);
        const auto found = std::ranges::find(newest_first, true, &TaskDefinitionRevision::active);
        return found == newest_first.end() ? nullptr : &*found;
    }
    const auto number = parse_unsigned(name.substr(colon + 1));
    if (!number) return nullptr;
    const auto found =
        std::ranges::find_if(revisions, [&](const auto& r) { return std::cmp_equal(r.revision, *number); });
    return found == revisions.end() ? nullptr : &*found;
}

std::string revision_number(std::string_view deployment_id) { return std::string(last_segment(deployment_id)); }

std::string deployment_id(std::string_view revision_number) {
    return std::string(kDeploymentPrefix) + std::string(revision_number);
}

}  // namespace ci_lambda::sandbox
