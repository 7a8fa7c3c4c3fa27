#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace ci_lambda::sandbox {

/// What the sandbox's ECR keeps: plain data.

/// A manifest that was put: of an image, of an index, of an attestation.
struct StoredManifest {
    std::string digest;
    std::string media_type;
    std::string artifact_media_type;  ///< of its config, or what it says itself; empty for an index
    std::string text;
    WallTime pushed_at{};
};

struct Repository {
    std::string name;
    WallTime created_at{};
    bool immutable = false;                         ///< a tag that is there cannot be moved
    std::vector<StoredManifest> manifests = {};     ///< in the order of their pushes; each digest once
    std::map<std::string, std::string> tags = {};   ///< the digest of each
    std::map<std::string, std::string> blobs = {};  ///< by their digest; of images that were made here, their configs
    int builds = 0;                                 ///< how many images were made here: no two of them are the same

    /// nullptr when it is not there.
    [[nodiscard]] const StoredManifest* with_digest(std::string_view digest) const;
    [[nodiscard]] const StoredManifest* with_tag(const std::string& tag) const;
    [[nodiscard]] std::vector<std::string> tags_of(std::string_view digest) const;
    /// An index that lists this digest; nullptr for none.
    [[nodiscard]] const StoredManifest* index_of(std::string_view digest) const;
};

struct EcrState {
    std::string account;
    std::string region;
    std::map<std::string, Repository> repositories = {};
    std::string address = {};  ///< where blobs are fetched: `http://127.0.0.1:7327`; empty before somebody listens

    /// `ACCOUNT.dkr.ecr.REGION.amazonaws.com`
    [[nodiscard]] std::string host() const;
    [[nodiscard]] std::string repository_arn(std::string_view name) const;
};

}  // namespace ci_lambda::sandbox
