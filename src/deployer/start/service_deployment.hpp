#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/retry.hpp"
#include "base/time.hpp"
#include "deployer/gate/gate.hpp"
#include "deployer/observe/memory.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/observe/service_snapshots.hpp"
#include "deployer/revision/chooser.hpp"
#include "deployer/revision/revision_images.hpp"
#include "deployer/start/express.hpp"
#include "deployer/start/pushed_revision.hpp"
#include "deployer/start/replicas.hpp"
#include "deployer/start/report.hpp"
#include "deployer/start/task_before.hpp"
#include "deployer/start/underway.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/ecr/api.hpp"
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
        EcsStarter& ecs;
        EcrRegions& registries;
        RolloutObserver& observer;
        RolloutMemory& memory;
        RevisionImages& revision_images;
        Gate& gate;
        const Clock& clock;
        Sleeper& sleeper;
        const Logger& logger;
        std::atomic<bool>& warned;            ///< that services cannot be looked at: once is enough
        std::atomic<bool>& may_not_describe;  ///< task definitions: once refused, always refused
        EcsTasks* tasks = nullptr;            ///< nullptr: no task runs before a deployment
        LastWordsReader* last_words = nullptr;
        TaskBefore::OnWait on_wait = {};
    };

    /// The request must outlive it; `snapshots` has its service.
    ServiceDeployment(Options options, Context context, const DeploymentRequest& request, ServiceSnapshots& snapshots,
                      Deadline deadline);

    /// Tries until ECS has accepted, has refused for good, or the deadline is near.
    [[nodiscard]] DeploymentReport run();

private:
    /// Where an attempt ended.
    struct Outcome {
        AcceptedDeployment deployment;
        std::string already = {};             ///< set when it was not begun by us, in words
        bool failed = false;                  ///< with `already`: and has failed, and stays
        bool wanted = false;                  ///< with `already`: and is all that a person has asked for
        std::optional<Barrier> barrier = {};  ///< set when it may not begin now
    };
    Result<Outcome> attempt();
    Result<std::optional<Outcome>> what_happens_instead();
    /// The task that has to come first, by what is known now; `nullopt`: none.
    [[nodiscard]] Result<std::optional<TaskBefore::Plan>> task_before() const;
    [[nodiscard]] bool is_old();
    [[nodiscard]] bool others_have_seen_another() const;
    Status look();
    Status look_at_express();
    Status pre_flight();
    Status choose();
    Status register_pin(const EcsServiceRevision& good);
    /// Of what was pushed elsewhere, what the revision that is to be deployed pulls from its own region.
    Result<std::vector<Replica>> replicas();
    [[nodiscard]] std::optional<Outcome> nothing_for_this_push() const;
    [[nodiscard]] Result<std::optional<Outcome>> what_stands_in_the_way();
    Result<std::optional<Outcome>> nothing_for_this_express_service();
    Result<Outcome> update();
    [[nodiscard]] Result<AcceptedDeployment> send();
    [[nodiscard]] Result<AcceptedDeployment> send_to_express();
    /// The strategy that the service is to have; nullptr: whatever it has.
    [[nodiscard]] const WantedStrategy* strategy() const;
    [[nodiscard]] Status check_strategy() const;
    void say_configuration_change(DeploymentReport& report) const;
    void tag_what_ecs_wrote(const AcceptedDeployment& deployment);
    [[nodiscard]] bool ecs_writes_revisions() const { return express_ && express_->written_by_ecs; }

    [[nodiscard]] std::optional<Outcome> begun_unacknowledged();
    [[nodiscard]] std::optional<Outcome> look_once_more();
    [[nodiscard]] std::optional<Outcome> held_back() const;
    [[nodiscard]] std::optional<Outcome> failed_already();
    [[nodiscard]] std::optional<Outcome> newer_than_ours();
    bool wait_until(WallTime at);
    void warn_of_a_second_rollout() const;
    void log_retry(const RetryNotice& notice);
    void name_images(DeploymentReport& report);
    void finish(DeploymentReport& report, Result<Outcome> outcome);
    [[nodiscard]] std::string left_out_text() const;

    [[nodiscard]] const EcsTarget& target() const { return request_.target; }
    /// When what is asked for was changed; a request that says no time means the moment at which it came.
    [[nodiscard]] WallTime wanted_since() const { return request_.changed_at.value_or(asked_at_); }
    /// When it was there to be had, which is later where it comes by replication.
    [[nodiscard]] WallTime there_since() const { return std::max(wanted_since(), replicas_.arrived_at()); }
    /// Since when a rollout must have begun to have what was pushed: `PushedRevisionMaker::needed_since`.
    [[nodiscard]] std::optional<WallTime> needed_since() const;

    Options options_;
    Context context_;
    const DeploymentRequest& request_;
    ServiceSnapshots& snapshots_;
    Deadline deadline_;
    WallTime asked_at_;

    // What this attempt has found out. Nothing of it outlives a wait.
    std::optional<TaskDefinition> listed_;  ///< the newest that ECS lists, or the one that was asked for
    std::optional<ServiceView> view_;
    std::optional<ChosenRevision> chosen_;
    std::vector<TaskDefinition> active_;  ///< all that ECS lists, the highest number first
    std::optional<ExpressService> express_;
    bool records_unreadable_ = false;
    std::string passed_;              ///< what keeps deployments from beginning, and not this one
    std::string change_of_strategy_;  ///< in words; what was sent last, or would be
    std::vector<Replica> missing_;    ///< what has to come before anything is done
    bool waits_for_task_ = false;     ///< the same of the task that runs before it
    bool would_run_before_ = false;   ///< that task is wanted

    // What attempts tell those that follow.
    bool waited_ = false;
    std::optional<UnacknowledgedUpdate> unacknowledged_;
    std::optional<ChosenRevision> unacknowledged_choice_;  ///< what was sent then, and why
    std::optional<TaskDefinition> pin_;                    ///< registered once, deployed perhaps later
    EcsTags tags_to_write_;                                ///< on the revision that ECS writes for what was sent
    PushedRevisionMaker push_;
    ReplicaWatch replicas_;
    TaskBefore before_;
};

}  // namespace ci_lambda
