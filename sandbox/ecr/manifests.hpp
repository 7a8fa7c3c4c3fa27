#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ci_lambda::sandbox {

// Manifests as BuildKit writes them (OCI image-spec, manifest.md and image-index.md). There are configs behind them,
// and no layers.

inline constexpr std::string_view kOciIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kDockerListType = "application/vnd.docker.distribution.manifest.list.v2+json";

/// `sha256:` and the hash of the text.
[[nodiscard]] std::string sha256_digest(std::string_view text);

/// A manifest that is to be put.
struct BuiltManifest {
    std::string text;
    std::string media_type;
    std::string config = {};  ///< the blob that it names as its config; empty for an index
};

using ImageLabels = std::map<std::string, std::string>;

/// What `docker buildx build --platform linux/amd64,linux/arm64 --push` puts, in its order: for each platform the image
/// and its attestation (provenance), last the index, which alone gets the tag. Another `content` is another image.
/// `labels` are in the config of each.
[[nodiscard]] std::vector<BuiltManifest> build_image(std::string_view content, const ImageLabels& labels = {});

/// The digests that an index lists; none for any other text.
[[nodiscard]] std::vector<std::string> listed_digests(std::string_view manifest);

/// What a manifest says of itself: its media type, by its shape where it does not; empty for what is no manifest.
[[nodiscard]] std::string media_type_of(const nlohmann::json& manifest);
[[nodiscard]] std::string artifact_media_type_of(const nlohmann::json& manifest);
/// Of what it lists: config and layers, or the manifests of an index.
[[nodiscard]] std::int64_t size_of(const nlohmann::json& manifest);

}  // namespace ci_lambda::sandbox
