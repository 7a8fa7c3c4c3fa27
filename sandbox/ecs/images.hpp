#pragma once

#include <string>
#include <vector>

#include "sandbox/ecs/state.hpp"

namespace ci_lambda::sandbox {

/// What a new deployment runs, and how that goes.
struct ResolvedImages {
    std::vector<ContainerImage> images;
    Scenario fate = Scenario::kHealthy;
};

/// Finds the digests behind the images of a task definition, as ECS does once for each deployment.
///
/// Where the state has a registry, it is asked what the name of one of its images stands for now. An image that it does
/// not have cannot be pulled, whatever the scenario is, and has no digest.
///
/// A scenario is a thing of the images: when the service's scenario is another than healthy, new images are thought to
/// have been pushed under the same names, so that each name stands for another digest than before. What has run well
/// goes on to run well, whatever the scenario is: a digest of an earlier successful revision; and, with the images that
/// stand behind its names now, a task definition that has succeeded before and is not the one that is being replaced.
[[nodiscard]] ResolvedImages resolve_images(EcsState& state, const Service& service,
                                            const TaskDefinitionRevision& revision);

}  // namespace ci_lambda::sandbox
