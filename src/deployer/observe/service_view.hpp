#pragma once

#include <memory>
#include <optional>

#include "config/names.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/observe/service_snapshots.hpp"
#include "deployer/rollout/rollout.hpp"

namespace ci_lambda {

/// One service as ECS showed it at one moment, with ECS's records of it, which are read when somebody first asks for
/// them. Who decides after a wait needs a new one.
class ServiceView {
public:
    /// Target and observer must outlive it. `records_unreadable`: they could not be read a moment ago, and asking again
    /// would only take longer still.
    ServiceView(const EcsTarget& target, std::shared_ptr<const ServiceSnapshots::Snapshot> snapshot,
                RolloutObserver& observer, Deadline deadline, bool records_unreadable)
        : target_(&target),
          snapshot_(std::move(snapshot)),
          observer_(&observer),
          deadline_(deadline),
          records_unreadable_(records_unreadable) {}

    [[nodiscard]] const EcsTarget& target() const { return *target_; }
    [[nodiscard]] WallTime asked_at() const { return snapshot_->asked_at; }
    /// What DescribeServices answered about up to ten services.
    [[nodiscard]] const Result<DescribedServices>& answer() const { return snapshot_->services; }

    /// nullptr where ECS did not show it.
    [[nodiscard]] const EcsService* service() const;
    [[nodiscard]] const EcsDeployment* primary() const;

    [[nodiscard]] const History& history();
    /// `nullopt` where nobody has asked.
    [[nodiscard]] const std::optional<History>& history_so_far() const { return history_; }

private:
    const EcsTarget* target_;
    std::shared_ptr<const ServiceSnapshots::Snapshot> snapshot_;
    RolloutObserver* observer_;
    Deadline deadline_;
    bool records_unreadable_;
    std::optional<History> history_;
};

}  // namespace ci_lambda
