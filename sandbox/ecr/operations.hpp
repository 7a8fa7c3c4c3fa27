#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sandbox/aws/ids.hpp"
#include "sandbox/aws/json.hpp"
#include "sandbox/aws/operation.hpp"
#include "sandbox/aws/site.hpp"
#include "sandbox/ecr/manifests.hpp"
#include "sandbox/ecr/state.hpp"

namespace ci_lambda::sandbox {

/// What an operation of the ECR API works on: the state as it is at `now`.
struct EcrContext {
    EcrState& state;
    Ids& ids;
    WallTime now;
    std::vector<std::string>& events;  ///< gets what EventBridge is to deliver
};

using EcrAnswer = AwsResult<nlohmann::json>;
using EcrOperation = AwsOperation<EcrContext>;

/// nullptr when the sandbox does not know it.
[[nodiscard]] const EcrOperation* find_ecr_operation(std::string_view name);

/// A repository of ours; never nullptr. `registry_id`: an account, or empty for ours.
[[nodiscard]] AwsResult<Repository*> repository_named(EcrState& state, const std::string& name,
                                                      std::string_view registry_id = {});

struct NewManifest {
    BuiltManifest manifest;
    std::string tag = {};     ///< empty: none
    std::string digest = {};  ///< what it has to have; empty: whatever it has
};
/// Keeps the manifest, moves the tag to it, and adds the event of a push. Refuses, as ECR does, an index whose images
/// are not there, a tag that may not be moved, and what changes nothing.
[[nodiscard]] AwsResult<StoredManifest> put_manifest(EcrContext& context, Repository& repository, NewManifest wanted);

struct Push {
    std::string image;  ///< with registry and tag
    std::string digest;
    std::size_t manifests = 0;
    std::size_t events = 0;
    bool tagged = true;  ///< else the tag stays where it was
};
/// Puts an image that nobody has put yet, manifest by manifest, as `build_image` has it. As with `docker push`, what
/// was put before a refusal stays.
[[nodiscard]] AwsResult<Push> push_new_image(EcrContext& context, Repository& repository, const std::string& tag);
/// The same, pushed to the registry of another region and replicated into this one. As on AWS there is no event of a
/// push here, and one of the replication; a tag that may not be moved stays where it is, and the image arrives without
/// one (ECR user guide, "Private image replication").
[[nodiscard]] AwsResult<Push> replicate_new_image(EcrContext& context, Repository& repository, const std::string& tag,
                                                  const std::string& region);

/// A manifest on its way from one registry to another.
struct ImageCopy {
    StoredManifest manifest;
    std::string config = {};  ///< the blob of its config, where that was made here
    bool listed = false;      ///< by an index: it is a part of an image
};
/// nullopt when there is no such image.
[[nodiscard]] std::optional<ImageCopy> copy_of(const Repository& repository, const std::string& digest);
/// Takes the copy in, with its tag unless that may not be moved or is empty, and adds the event of the replication;
/// without one for a part of an image, and where nothing is new. A repository that is not there is made.
void receive_copy(EcrContext& context, const std::string& repository, ImageCopy copy, const std::string& tag,
                  const Site& from);

}  // namespace ci_lambda::sandbox
