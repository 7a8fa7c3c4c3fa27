#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/names.hpp"
#include "services/ecr/api.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// What a service runs exactly, by ECS's records, and what a rollback would bring back.
struct ProvenImages {
    std::optional<EcsServiceRevision> now;     ///< of the PRIMARY, whether it has completed or not
    std::optional<EcsServiceRevision> before;  ///< the last one that completed and ran something else
};

/// Neither where the records do not say. `service`: as it has just been described.
[[nodiscard]] Result<ProvenImages> find_proven_images(EcsRollouts& ecs, const EcsTarget& target,
                                                      const EcsService& service, Deadline deadline);

/// An image of Amazon ECR that may be gone.
struct MissingImage {
    std::string image;   ///< as it is pulled: by its digest where that is known
    std::string reason;  ///< "it is not there any more", "it is archived"
};
/// Which of the images of a revision cannot be pulled any more. Those of other registries nobody can ask for. Fails
/// where ECR may not be asked, or does not answer.
[[nodiscard]] Result<std::vector<MissingImage>> find_missing_images(EcrRegions& registries,
                                                                    const EcsServiceRevision& revision,
                                                                    Deadline deadline);

}  // namespace ci_lambda
