#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/names.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// Up to ten services of one cluster, which are described in one call by whoever needs the answer first. Thread-safe
/// once all names are in.
class ServiceSnapshots {
public:
    /// One answer of DescribeServices, and when it was asked for.
    struct Snapshot {
        WallTime asked_at{};
        Result<DescribedServices> services;
    };

    ServiceSnapshots(EcsStarter& ecs, ClusterRef cluster, const Clock& clock, WithTags tags = WithTags::kNo)
        : ecs_(ecs), cluster_(std::move(cluster)), clock_(clock), tags_(tags) {}

    [[nodiscard]] const ClusterRef& cluster() const { return cluster_; }
    [[nodiscard]] bool full() const { return names_.size() == kMaxServicesPerDescribe; }
    void add(const EcsServiceName& name) { names_.push_back(name); }

    /// A new snapshot, and the revisions of this family at the same time, on the calling thread: for a single service.
    /// Nobody may take one meanwhile.
    [[nodiscard]] Result<std::vector<TaskDefinition>> take_with_revisions(const TaskFamily& family, Deadline deadline);
    [[nodiscard]] bool taken_since(WallTime at) const;

    /// The last snapshot if it was asked for at or after `not_before`, else a new one. Never nullptr.
    [[nodiscard]] std::shared_ptr<const Snapshot> take(WallTime not_before, Deadline deadline);

    /// What anybody has seen last; nullptr where nobody has looked. Does not wait for a look that is under way.
    [[nodiscard]] std::shared_ptr<const Snapshot> last() const;

private:
    std::shared_ptr<const Snapshot> keep(Snapshot snapshot);

    EcsStarter& ecs_;
    ClusterRef cluster_;
    const Clock& clock_;
    WithTags tags_;
    std::vector<EcsServiceName> names_;
    std::mutex looking_;  // held during the call: the others want its answer, not a call of their own
    mutable std::mutex mutex_;
    std::shared_ptr<const Snapshot> last_;  // guarded by mutex_
};

}  // namespace ci_lambda
