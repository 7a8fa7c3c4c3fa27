#include "deployer/observe/service_snapshots.hpp"

namespace ci_lambda {

Result<std::vector<TaskDefinition>> ServiceSnapshots::take_with_revisions(const TaskFamily& family, Deadline deadline) {
    const auto asked_at = clock_.now();
    auto found = ecs_.look_up(cluster_.name, names_, family, deadline);
    last_ = std::make_shared<const Snapshot>(asked_at, std::move(found.services));
    return std::move(found.revisions);
}

std::shared_ptr<const ServiceSnapshots::Snapshot> ServiceSnapshots::take(WallTime not_before, Deadline deadline) {
    const std::scoped_lock lock(mutex_);  // held during the call: the others want its answer, not a call of their own
    if (!last_ || last_->asked_at < not_before) {
        const auto asked_at = clock_.now();
        last_ = std::make_shared<const Snapshot>(asked_at, ecs_.describe_services(cluster_.name, names_, deadline));
    }
    return last_;
}

}  // namespace ci_lambda
