#include "sandbox/ecs/seed.hpp"

#include <fmt/format.h>

#include <utility>

#include "sandbox/ecs/configuration.hpp"
#include "sandbox/ecs/images.hpp"
#include "sandbox/ecs/pace.hpp"
#include "sandbox/ecs/task_life.hpp"

namespace ci_lambda::sandbox {
namespace {

Task running_task(const Deployment& deployment, Ids& ids, WallTime since) {
    Task task = new_task(deployment, ids, Pace(1.0), since);
    task.status = TaskStatus::kRunning;
    task.health = TaskHealth::kHealthy;
    task.started_at = since;
    task.next_step_at.reset();
    return task;
}

ServiceDeployment finished_deployment(const Service& service, const std::string& revision, Ids& ids, WallTime since) {
    ServiceDeployment done;
    done.id = ids.token(21);
    done.status = ServiceDeploymentStatus::kSuccessful;
    done.target = {.revision = revision,
                   .tasks = {.requested = service.desired_count, .running = service.desired_count, .pending = 0}};
    done.configuration = service.configuration;
    done.created_at = since;
    done.updated_at = since;
    done.started_at = since;
    done.finished_at = since;
    return done;
}

}  // namespace

void add_running_service(EcsState& state, Ids& ids, const ServiceSeed& seed, WallTime since) {
    const TaskDefinitionRevision* revision = state.find_task_definition(seed.task_definition);
    if (revision == nullptr) return;
    Service service;
    service.name = seed.name;
    service.cluster = seed.cluster;
    service.desired_count = seed.desired_count;
    service.created_at = since;
    service.configuration = default_configuration();
    service.target_group = fmt::format("arn:aws:elasticloadbalancing:{}:{}:targetgroup/{}/{}", state.region,
                                       state.account, seed.name.substr(0, 32), ids.hex(16));
    service.container = seed.container;
    service.container_port = seed.container_port;
    service.has_alternate = seed.has_alternate;

    Deployment deployment;
    const std::string number = ids.digits(19);
    deployment.id = deployment_id(number);
    deployment.rollout = RolloutState::kCompleted;
    deployment.rollout_reason = fmt::format("ECS deployment {} completed.", deployment.id);
    deployment.task_definition = state.task_definition_arn(*revision);
    deployment.images = resolve_images(state, service, *revision).images;
    deployment.created_at = since;
    deployment.updated_at = since;
    deployment.wanted_since = since;
    for (int i = 0; i < seed.desired_count; ++i) service.tasks.push_back(running_task(deployment, ids, since));
    service.revisions.push_back({.number = number,
                                 .task_definition = deployment.task_definition,
                                 .images = deployment.images,
                                 .created_at = since,
                                 .successful = true});
    service.service_deployments.push_back(finished_deployment(service, number, ids, since));
    service.deployments.push_back(std::move(deployment));
    state.services.push_back(std::move(service));
}

}  // namespace ci_lambda::sandbox
