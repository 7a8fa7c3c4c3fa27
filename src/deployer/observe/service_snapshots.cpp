#include "deployer/observe/service_snapshots.hpp"

#include <utility>

namespace ci_lambda {

Result<std::vector<TaskDefinition>> ServiceSnapshots::take_with_revisions(const TaskFamily& family, Deadline deadline) {
    const auto asked_at = clock_.now();
    auto found = ecs_.look_up(cluster_.name, names_, family, tags_, deadline);
    keep({.asked_at = asked_at, .services = std::move(found.services)});
    return std::move(found.revisions);
}

bool ServiceSnapshots::taken_since(WallTime at) const {
    const auto snapshot = last();
    return snapshot != nullptr && snapshot->asked_at >= at;
}

std::shared_ptr<const ServiceSnapshots::Snapshot> ServiceSnapshots::take(WallTime not_before, Deadline deadline) {
    const std::scoped_lock lock(looking_);
    if (auto snapshot = last(); snapshot != nullptr && snapshot->asked_at >= not_before) return snapshot;
    const auto asked_at = clock_.now();
    return keep({.asked_at = asked_at,
                 .services = tags_ == WithTags::kYes ? ecs_.describe_services_and_tags(cluster_.name, names_, deadline)
                                                     : ecs_.describe_services(cluster_.name, names_, deadline)});
}

std::shared_ptr<const ServiceSnapshots::Snapshot> ServiceSnapshots::last() const {
    const std::scoped_lock lock(mutex_);
    return last_;
}

std::shared_ptr<const ServiceSnapshots::Snapshot> ServiceSnapshots::keep(Snapshot snapshot) {
    auto kept = std::make_shared<const Snapshot>(std::move(snapshot));
    const std::scoped_lock lock(mutex_);
    last_ = kept;
    return kept;
}

}  // namespace ci_lambda
