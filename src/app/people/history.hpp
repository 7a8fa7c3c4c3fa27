#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/names.hpp"
#include "deployer/revision/image_origin.hpp"
#include "deployer/revision/rollback_tags.hpp"
#include "services/ecr/api.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// An image that ran, and what it says of itself.
struct ImageStory {
    std::string container;
    std::string image;              ///< as the task definition names it
    std::string digest;             ///< what it stood for; empty where ECS has not said
    std::vector<std::string> tags;  ///< that this digest has in its repository now
    ImageOrigin origin = {};
    std::string unread = {};  ///< why that is not known; empty where it could be read
};

/// One rollout of the past, or the one that is under way.
struct RolloutStory {
    EcsServiceDeployment record;
    std::string task_definition;  ///< ARN; empty where ECS has forgotten it
    std::vector<ImageStory> images;
    std::string reason;                ///< why the revision was registered, by its tags; empty where nobody said
    std::string registered_for;        ///< the images that it was registered for, by its tags
    std::optional<RollbackCopy> copy;  ///< where it brought something back
};

/// The last rollouts of the service, newest first, at most `limit`. Changes nothing. Fails where ECS's records cannot
/// be read; whatever else cannot be read is left out, and of an image says why.
[[nodiscard]] Result<std::vector<RolloutStory>> look_back(EcsApi& ecs, EcrRegions& registries, const EcsTarget& target,
                                                          std::size_t limit, Deadline deadline);

}  // namespace ci_lambda
