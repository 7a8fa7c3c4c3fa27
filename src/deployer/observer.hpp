#pragma once

#include <atomic>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/verdict.hpp"
#include "logging/logger.hpp"
#include "services/ecs.hpp"

namespace ci_lambda {

/// Collects what a verdict needs from ECS, with as few calls as possible. What the function is not allowed to read is
/// left out, with a warning in the log (once for each kind), and the verdict is made without it.
class RolloutObserver {
public:
    /// ECS, clock and logger must outlive it.
    RolloutObserver(EcsApi& ecs, const Clock& clock, const Logger& logger)
        : ecs_(ecs), clock_(clock), logger_(logger) {}

    /// All of them, ten a call.
    [[nodiscard]] Result<DescribedServices> describe(const ClusterName& cluster,
                                                     const std::vector<EcsServiceName>& names, Deadline deadline);

    struct Look {
        RolloutFacts facts;
        Judgement judgement;
    };
    /// The verdict on one rollout. `service` is what DescribeServices has just said of it, nullptr for nothing. Asks
    /// for ECS's records only when the service alone cannot tell, and for stopped tasks only when something went wrong.
    /// Remembers the ARN of ECS's record in the rollout.
    [[nodiscard]] Look look(Rollout& rollout, const EcsService* service, Milliseconds timeout, Deadline deadline);

    /// ECS's records of the service, newest first; empty when they cannot be read.
    [[nodiscard]] std::vector<EcsServiceDeployment> history(const EcsTarget& target, Deadline deadline);
    /// Empty when they cannot be read.
    [[nodiscard]] std::vector<EcsStoppedTask> stopped_tasks(const EcsTarget& target, Deadline deadline);
    /// The exact revisions; empty when they cannot be read.
    [[nodiscard]] std::vector<EcsServiceRevision> revisions(const std::vector<std::string>& arns, Deadline deadline);

private:
    /// Adds ECS's own words on the rollback to the record of this rollout.
    void add_rollback_reason(const Rollout& rollout, std::vector<EcsServiceDeployment>& history, Deadline deadline);
    void note(std::atomic<bool>& noted, std::string_view permission, const Error& error);

    EcsApi& ecs_;
    const Clock& clock_;
    const Logger& logger_;
    std::atomic<bool> noted_history_{false};
    std::atomic<bool> noted_tasks_{false};
    std::atomic<bool> noted_revisions_{false};
};

}  // namespace ci_lambda
