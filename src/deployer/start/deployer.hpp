#pragma once

#include <atomic>
#include <vector>

#include "base/time.hpp"
#include "base/worker_pool.hpp"
#include "deployer/gate/gate.hpp"
#include "deployer/observe/memory.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/revision/revision_images.hpp"
#include "deployer/start/report.hpp"
#include "deployer/start/service_deployment.hpp"
#include "handlers/decision.hpp"
#include "logging/logger.hpp"
#include "services/ecr/api.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// Carries out a `Deploy` decision: all of its services at the same time, each as a `ServiceDeployment`. Says nothing
/// to people: the reports do. Whatever is passed in must outlive it.
class Deployer {
public:
    struct Options {
        int max_retries = 2;
        bool dry_run = false;
        /// Switches the services' circuit breakers on, and leaves out revisions that were rolled back.
        bool rollback_on_failure = false;
        /// How long after its own time an event waits for the rest of a burst; at most half of what the deadline
        /// leaves.
        std::chrono::seconds coalesce{0};
        WithTags tags = WithTags::kNo;  ///< of services: for the gate
        /// Told of tasks that run before deployments, and are waited for.
        TaskBefore::OnWait on_wait = {};
    };
    Deployer(Options options, EcsStarter& ecs, EcrRegions& registries, RolloutObserver& observer, RolloutMemory& memory,
             RevisionImages& revision_images, Gate& gate, const Clock& clock, Sleeper& sleeper, const Logger& logger,
             EcsTasks* tasks = nullptr, LastWordsReader* last_words = nullptr);
    /// One report per request, in the order of the requests. Returns before the deadline. One decision at a time.
    [[nodiscard]] std::vector<DeploymentReport> deploy(const Deploy& decision, Deadline deadline);
    /// See `WorkerPool::rest`. Between decisions.
    void release_idle() { workers_.release_idle(); }

private:
    class Run;
    void let_the_burst_settle(const Deploy& decision, Deadline deadline);

    Options options_;
    ServiceDeployment::Context context_;
    std::atomic<bool> warned_{false};
    std::atomic<bool> may_not_describe_{false};
    WorkerPool workers_;
};

}  // namespace ci_lambda
