#pragma once

#include <string>
#include <vector>

#include "images/pushed_image.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// Whether what was pushed is what runs. Pure.

/// The images of a rollout, by ECS: exact, where ECS says so.
struct RunningImages {
    /// Of its service revision: the digests that its tags stood for when its first task started (ECS developer guide,
    /// "container image resolution"). Empty where they may not be read.
    std::vector<EcsServiceRevision::Image> resolved;
    /// Of its running tasks, as far as they were looked at: the same container may be there with several digests.
    std::vector<EcsServiceRevision::Image> in_tasks;

    [[nodiscard]] bool known() const { return !resolved.empty() || !in_tasks.empty(); }
};

/// What ECS says of what was pushed.
struct ImageProof {
    enum class Found {
        kNothing,  ///< nothing was pushed, its digest is not known, or ECS does not say what runs
        kPushed,   ///< the pushed digest, and nothing else in its place
        kAnother
    };
    Found found = Found::kNothing;
    /// With `kAnother`: "runs shop_api:v1.42 (sha256:..), not shop_api:v1.43 (sha256:..), which was pushed".
    std::string words;
};

/// Every container of a repository must run the last of `pushed` that went there. Where ECS resolved the pushed digest
/// and all tasks report one other digest for it, that is taken for the platform's own digest in an image of several
/// platforms; tasks that differ from each other are not.
[[nodiscard]] ImageProof prove(const std::vector<PushedImage>& pushed, const RunningImages& running);

/// "v1.43@sha256:0123456789ab"; of several containers "app=v1.43@sha256:0123456789ab, log=stable". The tags that
/// `pushed` knows of the same digest stand there, too: "v1.43,latest@sha256:..". Empty for none.
[[nodiscard]] std::string in_words(const std::vector<EcsServiceRevision::Image>& images,
                                   const std::vector<PushedImage>& pushed = {});

}  // namespace ci_lambda
