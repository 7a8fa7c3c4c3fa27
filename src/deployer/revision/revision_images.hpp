#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/names.hpp"
#include "base/time.hpp"
#include "logging/logger.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// The images that revisions name, and for what they were registered: read once each, as a revision never changes.
/// Bounded. Thread-safe.
class RevisionImages {
public:
    /// Both must outlive it.
    RevisionImages(EcsRevisions& ecs, const Logger& logger) : ecs_(ecs), logger_(logger) {}

    /// Its images, and of its tags those that `pushed_images_of` reads. `nullopt` where it cannot be read: what depends
    /// on it is only there to say more.
    [[nodiscard]] std::optional<EcsTaskDefinition> find(const TaskDefinition& revision, Deadline deadline);

    /// What somebody else has read of a revision, tags included: `find` need not ask for it.
    void remember(EcsTaskDefinition revision);

private:
    static constexpr std::size_t kMax = 1024;

    EcsTaskDefinition keep(std::string name, EcsTaskDefinition revision);

    EcsRevisions& ecs_;
    const Logger& logger_;
    std::mutex mutex_;
    std::map<std::string, EcsTaskDefinition> known_;
    bool may_not_read_ = false;
};

}  // namespace ci_lambda
