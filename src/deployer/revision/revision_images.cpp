#include "deployer/revision/revision_images.hpp"

#include <utility>

#include "deployer/revision/pushed_images.hpp"

namespace ci_lambda {

std::optional<EcsTaskDefinition> RevisionImages::find(const TaskDefinition& revision, Deadline deadline) {
    {
        const std::scoped_lock lock(mutex_);
        if (const auto known = known_.find(revision.str()); known != known_.end()) return known->second;
        if (may_not_read_) return std::nullopt;
    }
    auto described = ecs_.describe_task_definition(revision, deadline);
    if (!described) {
        const std::scoped_lock lock(mutex_);
        // Once refused, always refused; what is broken may be well again for the next one.
        const bool refused = described.error().kind == ErrorKind::kAccessDenied;
        if (!refused || !std::exchange(may_not_read_, true))
            logger_.warn(refused ? "images are not named: allow ecs:DescribeTaskDefinition"
                                 : "images are not named: the revision cannot be read",
                         {{log_key::kTaskDefinition, revision.str()}, {log_key::kError, described.error().message}});
        return std::nullopt;
    }
    return keep(revision.str(), *std::move(described));
}

void RevisionImages::remember(EcsTaskDefinition revision) {
    auto arn = revision.arn;
    keep(std::move(arn), std::move(revision));
}

EcsTaskDefinition RevisionImages::keep(std::string name, EcsTaskDefinition revision) {
    std::erase_if(revision.tags, [](const auto& tag) { return !says_what_was_pushed(tag.first); });
    const std::scoped_lock lock(mutex_);
    if (known_.size() == kMax) known_.erase(known_.begin());
    return known_.insert_or_assign(std::move(name), std::move(revision)).first->second;
}

}  // namespace ci_lambda
