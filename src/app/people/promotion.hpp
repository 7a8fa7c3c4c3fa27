#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/names.hpp"
#include "handlers/decision.hpp"
#include "services/ecs/api.hpp"

namespace ci_lambda {

/// A service of another environment, and what has proven good there.
struct ProvenService {
    EcsTarget target;
    std::string environment;
    EcsServiceRevision revision;  ///< with the digests of its images, at least one of Amazon ECR
};

/// What `service` runs, by ECS's records; `service`: as it has just been described. Fails (kRejected) while it is
/// rolling, or after it has failed, and (kNotFound) where the records do not say which images of Amazon ECR it runs.
[[nodiscard]] Result<ProvenService> find_proven_service(EcsRollouts& ecs, const EcsTarget& target,
                                                        const EcsService& service, const std::string& environment,
                                                        Deadline deadline);

/// What the newest revision of a family is to have instead of its images: each container of Amazon ECR gets, by its
/// digest, the proven image of its repository, wherever that is; else what the container of its name runs there. Fails
/// (kRejected) where nothing fits. Pure.
[[nodiscard]] Result<std::vector<WantedImage>> images_to_promote(const EcsTaskDefinition& newest,
                                                                 const ProvenService& proven);
/// The same for the newest ACTIVE revision of the target's family, which is looked up; of an Express service, whose
/// family is ECS's, for what it runs.
[[nodiscard]] Result<std::vector<WantedImage>> images_to_promote(EcsApi& ecs, const EcsTarget& target,
                                                                 const ProvenService& proven, Deadline deadline);

/// Looks up what a request with `promoted_from` wants, and puts it into the request: from then on it is one for these
/// images. Says in its reason what was found.
[[nodiscard]] Status resolve_promotion(EcsApi& ecs, DeploymentRequest& request, Deadline deadline);

}  // namespace ci_lambda
