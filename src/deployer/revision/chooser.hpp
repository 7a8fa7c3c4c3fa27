#pragma once

#include <atomic>
#include <optional>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/observe/service_view.hpp"
#include "deployer/revision/choice.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// What a request deploys.
struct ChosenRevision {
    TaskDefinition newest;            ///< of the family; where the request names a revision, that one
    TaskDefinition revision;          ///< what is to be deployed; where `choice.pin` is set, a copy of it
    RevisionChoice choice;            ///< as long as nothing is left out: nothing but the revision
    std::optional<LeftOut> left_out;  ///< why `newest` is not deployed, where it is not
};

/// Finds out what `choose_revision` needs to know, with as few calls as possible.
class RevisionChooser {
public:
    struct Options {
        bool dry_run = false;
        bool rollback_on_failure = false;
    };
    /// Whatever is passed in must outlive it. `may_not_describe`: task definitions; once refused, always refused.
    RevisionChooser(Options options, EcsRevisions& ecs, RolloutObserver& observer, std::atomic<bool>& may_not_describe)
        : options_(options), ecs_(ecs), observer_(observer), may_not_describe_(may_not_describe) {}

    /// `listed`: the newest ACTIVE revision that ECS lists, or the one that the request names. Fails with kBusy while
    /// ECS cannot say what is to be left out.
    [[nodiscard]] Result<ChosenRevision> choose(const DeploymentRequest& request, const TaskDefinition& listed,
                                                ServiceView& view, Deadline deadline);

private:
    Status check_what_is_asked_for(const DeploymentRequest& request, Deadline deadline);
    Result<std::optional<EcsTaskDefinition>> describe_if_allowed(const TaskDefinition& revision, Deadline deadline);
    Result<TaskDefinition> newest_with_running(const TaskDefinition& listed, const ServiceView& view,
                                               Deadline deadline);
    Result<RevisionFacts> facts_of(const TaskDefinition& newest, ServiceView& view, Deadline deadline);
    Result<std::vector<PastRollout>> past_rollouts(ServiceView& view, Deadline deadline);

    Options options_;
    EcsRevisions& ecs_;
    RolloutObserver& observer_;
    std::atomic<bool>& may_not_describe_;
};

}  // namespace ci_lambda
