#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/retry.hpp"
#include "base/time.hpp"
#include "deployer/observe/memory.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/observe/service_snapshots.hpp"
#include "deployer/revision/choice.hpp"
#include "deployer/start/coalescing.hpp"
#include "deployer/start/report.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// One service on its way from a request to an accepted deployment.
///
/// What it knows is old after a wait: each attempt takes its turn first, then looks at the service and at its family
/// anew, and sends UpdateService at once. So a deployment that somebody else begins during any wait is seen, and never
/// undone: nothing is sent when ECS makes true already what the request wants, or something newer.
class ServiceDeployment {
public:
    struct Options {
        int max_retries = 2;
        bool dry_run = false;
        bool rollback_on_failure = false;
        /// Nobody shares the snapshots: both lookups are made at the same time on this thread.
        bool alone = false;
    };
    /// What all services of a process share. Must outlive it.
    struct Context {
        EcsApi& ecs;
        RolloutObserver& observer;
        RolloutMemory& memory;
        const Clock& clock;
        Sleeper& sleeper;
        const Logger& logger;
        std::atomic<bool>& warned;            ///< that services cannot be looked at: once is enough
        std::atomic<bool>& may_not_describe;  ///< task definitions: once refused, always refused
    };

    /// The request must outlive it; `snapshots` has its service.
    ServiceDeployment(Options options, Context context, const DeploymentRequest& request, ServiceSnapshots& snapshots,
                      Deadline deadline);

    /// Tries until ECS has accepted, has refused for good, or the deadline is near.
    [[nodiscard]] DeploymentReport run();

private:
    using Snapshot = std::shared_ptr<const ServiceSnapshots::Snapshot>;

    /// Where an attempt ended.
    struct Outcome {
        AcceptedDeployment deployment;
        std::string already = {};  ///< set when it was not begun by us, in words
    };
    /// An UpdateService that ECS may have carried out although no answer came.
    struct Lost {
        WallTime sent_at{};          ///< the first one
        WallTime at{};               ///< when the last one was given up
        std::string primary_before;  ///< `ecs-svc/N` that was PRIMARY before; empty if nobody knows
        TaskDefinition revision;
    };

    Result<Outcome> attempt();
    Result<std::optional<Outcome>> what_happens_instead();
    [[nodiscard]] bool is_old();
    [[nodiscard]] bool is_about_to_go_back();
    Status look();
    Status pre_flight();
    Status choose();
    Status check_what_is_asked_for();
    Result<std::optional<EcsTaskDefinition>> describe_if_allowed(const TaskDefinition& revision);
    Result<TaskDefinition> newest_with_running(TaskDefinition newest);
    Result<RevisionFacts> revision_facts(TaskDefinition newest);
    Result<std::vector<PastRollout>> past_rollouts();
    Status register_pin(const EcsServiceRevision& good);
    Result<Outcome> update();

    [[nodiscard]] HasChange has_the_change();
    [[nodiscard]] std::optional<Outcome> held_back() const;
    [[nodiscard]] std::optional<Outcome> newer_than_ours();
    [[nodiscard]] std::optional<Outcome> begun_since();
    [[nodiscard]] std::optional<Outcome> look_for_the_lost_one();
    const History& history();
    bool wait_until(WallTime at);
    void warn_of_a_second_rollout();
    void log_retry(const RetryNotice& notice);
    void finish(DeploymentReport& report, Result<Outcome> outcome);
    [[nodiscard]] std::string left_out_text() const;

    [[nodiscard]] const EcsTarget& target() const { return request_.target; }
    [[nodiscard]] const EcsService* present() const;
    [[nodiscard]] const EcsDeployment* primary() const;
    /// When what is asked for was changed; a request that says no time means the moment at which it came.
    [[nodiscard]] WallTime wanted_since() const { return request_.changed_at.value_or(asked_at_); }

    Options options_;
    Context context_;
    const DeploymentRequest& request_;
    ServiceSnapshots& snapshots_;
    Deadline deadline_;
    WallTime asked_at_;

    // What this attempt has found out. Nothing of it outlives a wait.
    Snapshot snapshot_;
    std::optional<TaskDefinition> newest_;
    std::optional<TaskDefinition> revision_;
    std::optional<History> history_;
    bool records_unreadable_ = false;
    RevisionChoice choice_;
    std::optional<LeftOut> left_out_;  ///< why the newest revision is not deployed, where it is not

    // What attempts tell those that follow.
    bool waited_ = false;
    std::optional<Lost> lost_;
    std::optional<TaskDefinition> pin_;  ///< registered once, deployed perhaps later
};

}  // namespace ci_lambda
