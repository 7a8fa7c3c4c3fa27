#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "config/names.hpp"
#include "deployer/follow_up/rollback.hpp"
#include "deployer/observe/memory.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/revision/revision_images.hpp"
#include "deployer/rollout/verdict.hpp"
#include "services/ecs/api.hpp"
#include "support/fake_ecs.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::testing {

inline EcsTarget target(const std::string& id) {
    const auto name = fmt::format("shop_service_{}_dev", id);
    return {.id = ServiceId(id),
            .cluster = ClusterName("shop_cluster_dev"),
            .service = EcsServiceName(name),
            .family = TaskFamily(name)};
}

inline std::string arn_of(const std::string& revision) {
    return "arn:aws:ecs:us-east-1:123456789012:task-definition/shop_service_api_dev:" + revision;
}

/// The moment at which the rollouts of these tests begin: when a FakeClock starts.
inline WallTime start() { return FakeClock().now(); }

/// The rollout `ecs-svc/1` of api, to revision 8.
inline Rollout rollout_to_8() {
    return {
        .target = target("api"), .deployment_id = "ecs-svc/1", .task_definition = arn_of("8"), .started_at = start()};
}

inline EcsDeployment deployment(const std::string& id, const std::string& revision, RolloutState state,
                                const std::string& status = "PRIMARY") {
    return {.id = id,
            .status = status,
            .task_definition = arn_of(revision),
            .desired_count = 2,
            .running_count = state == RolloutState::kCompleted ? 2 : 0,
            .created_at = start(),
            .updated_at = start(),
            .rollout_state = state};
}

inline EcsService service_with(std::vector<EcsDeployment> deployments) {
    return {.name = target("api").service,
            .status = "ACTIVE",
            .desired_count = 2,
            .running_count = 2,
            .deployments = std::move(deployments)};
}

inline EcsServiceDeployment record(const std::string& id, ServiceDeploymentStatus status, Milliseconds after = {},
                                   const std::string& revision = "8") {
    return {.arn = "service-deployment/" + id,
            .status = status,
            .target_revision = "service-revision/" + revision,
            .created_at = start() + after};
}

inline EcsStoppedTask stopped_task(const std::string& stop_code, const std::string& reason,
                                   std::vector<EcsStoppedTask::Container> containers = {}) {
    return {.started_by = "ecs-svc/1",
            .stop_code = stop_code,
            .stopped_reason = reason,
            .stopped_at = start(),
            .containers = std::move(containers)};
}

/// All that works on rollouts, with an ECS that a test scripts and time that it moves.
class RolloutFixture : public ::testing::Test {
protected:
    FakeEcs ecs_;
    FakeClock clock_;
    RecordingLog log_;
    RolloutMemory memory_;
    RevisionImages revision_images_{ecs_, log_.logger};
    FakeSleeper sleeper_{clock_};
    RolloutObserver observer_{ecs_, clock_, sleeper_, log_.logger};
    Rollback rollback_{{.max_retries = 2}, ecs_, memory_, clock_, sleeper_, log_.logger};
};

}  // namespace ci_lambda::testing
