#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ci_lambda {

// What lies in a repository beside the images, by what its push says of it.

/// A tag that is made of another image's digest: signatures, attestations and bills of materials are pushed beside it.
/// `sha256-<hex>.sig`, `.att` and `.sbom` are Sigstore's (cosign, SIGNATURE_SPEC.md); `sha256-<64 hex>` alone lists
/// what refers to the image, where the registry cannot (OCI distribution specification 1.1, "Referrers Tag Schema"),
/// and with another end it is regclient's or another tool's.
[[nodiscard]] bool is_digest_tag(std::string_view tag);

/// A tag under which builds keep their cache, by convention: `buildcache` (Docker's documentation of BuildKit's
/// registry cache and of build-push-action) with something before or behind a hyphen, and `cache` (AWS's documentation
/// of BuildKit's cache in ECR). `NAME-cache` is none: that is a branch's name as well.
[[nodiscard]] bool is_cache_tag(std::string_view tag);

/// What the push says about the type of what was pushed, where that is no container image: a Helm chart, a cache of
/// BuildKit, a signature. `nullopt` for an image, and where the push says nothing.
///
/// `manifest` is the media type of the manifest, `artifact` that of its configuration or its `artifactType`, as in
/// `manifest-media-type` and `artifact-media-type` of an "ECR Image Action" (ECR user guide).
[[nodiscard]] std::optional<std::string_view> type_of_no_image(const std::optional<std::string>& manifest,
                                                               const std::optional<std::string>& artifact);

}  // namespace ci_lambda
