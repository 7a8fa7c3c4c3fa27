#include "deployer/start/deployer.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "deployer/observe/service_snapshots.hpp"

namespace ci_lambda {

/// One decision being carried out.
class Deployer::Run {
public:
    Run(Deployer& deployer, const Deploy& decision, Deadline deadline)
        : deployer_(deployer), deadline_(deadline), reports_(decision.requests.size()) {
        for (const auto& request : decision.requests) snapshots_of_.push_back(&snapshots_for(request.target));
        for (std::size_t i = 0; i < decision.requests.size(); ++i)
            services_.push_back(std::make_unique<ServiceDeployment>(
                ServiceDeployment::Options{.max_retries = deployer.options_.max_retries,
                                           .dry_run = deployer.options_.dry_run,
                                           .rollback_on_failure = deployer.options_.rollback_on_failure,
                                           .alone = decision.requests.size() == 1},
                deployer.context_, decision.requests[i], *snapshots_of_[i], deadline));
    }

    std::vector<DeploymentReport> run() {
        // A single service needs no helper: its thread makes both lookups at the same time.
        if (services_.size() == 1) {
            reports_[0] = services_[0]->run();
            return std::move(reports_);
        }
        WorkerPool::Tasks tasks;
        const auto deploy = [&](std::size_t i) {
            tasks.emplace_back([this, i] { reports_[i] = services_[i]->run(); });
        };
        // The calling thread begins with a service at once. Then the snapshots, so that they are on their way while
        // each service looks for its revision.
        if (!services_.empty()) deploy(0);
        for (const auto& snapshots : snapshots_)
            tasks.emplace_back([this, &snapshots] { (void)snapshots->take({}, deadline_); });
        for (std::size_t i = 1; i < services_.size(); ++i) deploy(i);
        deployer_.workers_.run(tasks);
        return std::move(reports_);
    }

private:
    ServiceSnapshots& snapshots_for(const EcsTarget& target) {
        const auto open = std::ranges::find_if(
            snapshots_, [&](const auto& some) { return some->cluster() == target.cluster_ref() && !some->full(); });
        auto& snapshots =
            open != snapshots_.end()
                ? **open
                : *snapshots_.emplace_back(std::make_unique<ServiceSnapshots>(
                      deployer_.context_.ecs, target.cluster_ref(), deployer_.context_.clock, deployer_.options_.tags));
        snapshots.add(target.service);
        return snapshots;
    }

    Deployer& deployer_;
    Deadline deadline_;
    std::vector<std::unique_ptr<ServiceSnapshots>> snapshots_;
    std::vector<ServiceSnapshots*> snapshots_of_;
    std::vector<std::unique_ptr<ServiceDeployment>> services_;
    std::vector<DeploymentReport> reports_;
};

Deployer::Deployer(Options options, EcsStarter& ecs, EcrRegions& registries, RolloutObserver& observer,
                   RolloutMemory& memory, RevisionImages& revision_images, Gate& gate, const Clock& clock,
                   Sleeper& sleeper, const Logger& logger, EcsTasks* tasks, LastWordsReader* last_words)
    : options_(std::move(options)),
      context_{.ecs = ecs,
               .registries = registries,
               .observer = observer,
               .memory = memory,
               .revision_images = revision_images,
               .gate = gate,
               .clock = clock,
               .sleeper = sleeper,
               .logger = logger,
               .warned = warned_,
               .may_not_describe = may_not_describe_,
               .tasks = tasks,
               .last_words = last_words,
               .on_wait = options_.on_wait} {}

std::vector<DeploymentReport> Deployer::deploy(const Deploy& decision, Deadline deadline) {
    let_the_burst_settle(decision, deadline);
    return Run(*this, decision, deadline).run();
}

/// COALESCE_SECONDS, or what a change needs itself, counted from the latest change: what has waited in a queue has
/// waited already.
void Deployer::let_the_burst_settle(const Deploy& decision, Deadline deadline) {
    if (options_.dry_run) return;
    const auto now = context_.clock.now();
    Milliseconds wait{0};
    for (const auto& request : decision.requests) {
        if (!request.changed_at) continue;
        const auto longest = std::max<Milliseconds>(options_.coalesce, request.settles);
        wait = std::max(wait, std::min(longest, std::chrono::ceil<Milliseconds>(*request.changed_at + longest - now)));
    }
    if (const auto left = deadline.remaining(context_.clock)) wait = std::min(wait, *left / 2);
    if (wait <= Milliseconds{0}) return;
    context_.logger.info("deployment waits for the rest of a burst", {{"wait_ms", wait.count()}});
    context_.sleeper.sleep_for(wait);
}

}  // namespace ci_lambda
