#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "handlers/decision.hpp"
#include "images/pushed_image.hpp"
#include "services/ecs/records.hpp"

namespace ci_lambda {

// What pushed images make of a revision of a task definition (ECR_DEPLOY_MODE). Pure.

/// A container whose image is to be another one.
struct ImageChange {
    std::string container;
    std::string from;  ///< as the revision has it
    std::string to;    ///< what was pushed, in the same repository, by ECR_PIN
    friend bool operator==(const ImageChange&, const ImageChange&) = default;
};

/// A revision with pushed images in place of its own.
struct PushedRevision {
    std::vector<ImageChange> changes;    ///< empty: it names all that was pushed, or something newer
    std::vector<std::string> overtaken;  ///< "shop_api:v43 is older than shop_api:v44, which :12 names": a text each
    bool names = false;                  ///< it names some of what was pushed already
    bool exact = false;                  ///< it names all that was pushed by digest: whoever runs it runs that
    EcsTags tags;                        ///< of the revision that is to be registered, where there are changes
};

/// `base`: the newest revision. Each container whose image is of the repository of one of `images` gets the newest of
/// these; the others stay as they are. An image that was pushed before the one that `base` was registered for (its
/// tags say when that was) changes nothing: of two pushes the newer one wins, in whatever order they come. Fails
/// (kRejected) where no container uses any of the repositories.
/// `running`: what runs, where that is another revision; an image by version that is older than what a container of its
/// name has there changes nothing.
[[nodiscard]] Result<PushedRevision> put_in(const EcsTaskDefinition& base, const DeploymentRequest& request,
                                            const EcsTaskDefinition* running = nullptr);

/// Whether `pushed_images_of` reads this tag.
[[nodiscard]] bool says_what_was_pushed(std::string_view tag_key);

/// Its images as it names them, for whoever shows what runs: ECS resolved no digests for them.
[[nodiscard]] std::vector<EcsServiceRevision::Image> images_named_by(const EcsTaskDefinition& revision);

/// What a redeployment of `revision` does not bring of what was pushed last to each repository, in words: "shop-api:42
/// names ..:v1.42, not shop_api:v1.43, which was pushed". Empty where it brings all of it.
[[nodiscard]] std::string why_not_brought(const EcsTaskDefinition& revision, const std::vector<PushedImage>& images);

/// Whether a container names the image's tag or digest, so that a redeployment of `revision` brings it; else a sentence
/// that says what it names instead. Where no container uses the repository it says that.
[[nodiscard]] std::string why_not_named(const EcsTaskDefinition& revision, const PushedImage& image);

/// What the tags of a revision that was registered for a push say was pushed: the images of those containers, and when.
/// Empty for any other revision.
[[nodiscard]] std::vector<PushedImage> pushed_images_of(const EcsTaskDefinition& revision);

}  // namespace ci_lambda
