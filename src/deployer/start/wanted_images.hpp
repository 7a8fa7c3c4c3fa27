#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "handlers/decision.hpp"
#include "services/ecr/api.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// What a person asks for by an image's name: where it belongs in the newest revision, whether there is one, and whether
// the service's machines can run it.

/// What the tasks of a revision run on, as images say it.
struct TaskPlatform {
    std::string os;            ///< "linux", "windows"
    std::string architecture;  ///< as Go has it: "amd64", "arm64"
    std::string says;          ///< what says so, for people: "shop-api:42 is for X86_64"
    /// The revision says nothing, and on EC2 it then runs on whatever instances there are.
    bool is_guess = false;
};
[[nodiscard]] TaskPlatform platform_of(const EcsTaskDefinition& revision);

/// In place of which image of the revision `wanted` goes: with the registry and the repository that the revision has.
/// `own`: the repositories that the configuration has for the service; they decide where `wanted` names none and the
/// revision has several. Fails (kRejected) where no container uses the repository, and where it is not clear which one
/// is meant. Pure.
[[nodiscard]] Result<PushedImage> place_of(const WantedImage& wanted, const std::vector<std::string>& own,
                                           const EcsTaskDefinition& revision);

struct FoundImages {
    std::vector<PushedImage> images;  ///< with their digests, where their registry is one of Amazon ECR
    std::vector<std::string> notes;   ///< what could not be checked, a sentence each
};
/// All that a request wants. Fails where an image is not there (kNotFound), is archived, is no image or is for other
/// machines (kRejected), and where its repository may not be read (kAccessDenied): the message names the image and the
/// way out. `at`: when it was asked for.
[[nodiscard]] Result<FoundImages> find_wanted(EcrRegions& registries, const EcsTaskDefinition& revision,
                                              const DeploymentRequest& request, WallTime at, Deadline deadline);

}  // namespace ci_lambda
