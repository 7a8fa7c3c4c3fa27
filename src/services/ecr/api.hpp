#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ci_lambda {

// The calls of Amazon ECR that we use (API version 2015-09-21): what they say, as records, and the interface. Each
// method is one call, or as many as its limit of images needs; nothing is retried in here. Thread-safe. Errors carry
// ECR's own code and words.

/// A repository of the region that is called.
struct EcrRepository {
    std::string name;
    /// The account whose registry it is in; empty: that of the credentials.
    std::string registry_id = {};
};

/// What tells an image apart within its repository: a tag, a digest, or both, which then have to agree.
struct EcrImageId {
    std::string tag = {};
    std::string digest = {};  ///< `sha256:..`
    friend bool operator==(const EcrImageId&, const EcrImageId&) = default;
};

/// ECR archives images that nobody pulls, if a lifecycle policy says so.
enum class EcrImageStatus {
    kActive,      ///< can be pulled
    kArchived,    ///< cannot be pulled until somebody restores it
    kActivating,  ///< is being restored
    kOther,       ///< what ECR has learnt since
};

/// What DescribeImages says of an image: of an index the index itself, never one of its platforms.
struct EcrImage {
    std::string digest;
    std::vector<std::string> tags;  ///< all that this digest has now, in ECR's order
    WallTime pushed_at{};           ///< when the digest came into the repository; a retag does not change it
    std::string media_type;         ///< of the manifest
    std::string artifact_media_type;
    EcrImageStatus status = EcrImageStatus::kActive;
};

/// What an image of an index is made for, as the index says.
struct EcrPlatform {
    std::string os;            ///< "linux"
    std::string architecture;  ///< as Go has it: "amd64", "arm64"
    std::string variant;       ///< "v7", or empty
    std::string digest;        ///< of the manifest
    friend bool operator==(const EcrPlatform&, const EcrPlatform&) = default;
};

/// A manifest: the list of the images of several platforms, or one image, or something else that is kept with images.
struct EcrManifest {
    EcrImageId id;  ///< as ECR has resolved it
    std::string media_type;
    bool is_index = false;
    /// Of an index: its images. What is no image (attestations: platform `unknown/unknown`) is left out.
    std::vector<EcrPlatform> platforms;
    /// Of a single manifest, which knows its platform only by its config.
    std::string config_digest;
    std::string artifact_type;                       ///< what it says to be; empty for most images
    std::string subject_digest;                      ///< what it is about: signatures, lists of parts
    std::map<std::string, std::string> annotations;  ///< `org.opencontainers.image.revision`, ..; free text of others
    /// False for signatures, attestations, caches, charts: what no container can be started from.
    bool is_image = false;
};

/// What an image says of itself in its config (OCI image-spec, config.md). Free text of whoever built it, or its base.
struct EcrImageConfig {
    std::string os;            ///< "linux"
    std::string architecture;  ///< as Go has it: "amd64", "arm64"
    std::string variant;
    std::map<std::string, std::string> labels;  ///< `org.opencontainers.image.revision`, ..; also those of its base
};

/// How many images one call may ask for (ECR API reference).
inline constexpr std::size_t kMaxImagesPerCall = 100;

/// Amazon ECR, to be read. All of it is idempotent.
class EcrApi {
public:
    EcrApi() = default;
    EcrApi(const EcrApi&) = delete;
    EcrApi& operator=(const EcrApi&) = delete;
    virtual ~EcrApi() = default;

    /// What there is of these images; in no order, and once where two ids mean the same digest. kNotFound, with the
    /// names of repository and images, when the repository or one of the images is not there; kAccessDenied names the
    /// permission. Nothing is asked, and nothing is answered, of no ids.
    virtual Result<std::vector<EcrImage>> describe_images(const EcrRepository& repository,
                                                          const std::vector<EcrImageId>& ids, Deadline deadline) = 0;
    /// The manifest that the tag or the digest stands for: of a multi-platform image its index. Errors as above; an
    /// archived image is kRejected, and the message says so.
    virtual Result<EcrManifest> get_manifest(const EcrRepository& repository, const EcrImageId& id,
                                             Deadline deadline) = 0;
    /// The config of a single image, by the `config_digest` of its manifest. ECR gives a URL, which is fetched; what
    /// does not have that digest, or is larger than configs are, is kProtocol.
    virtual Result<EcrImageConfig> get_config(const EcrRepository& repository, const std::string& digest,
                                              Deadline deadline) = 0;
};

/// Amazon ECR in each region: an image's registry says in which one it is. Thread-safe.
class EcrRegions {
public:
    EcrRegions() = default;
    EcrRegions(const EcrRegions&) = delete;
    EcrRegions& operator=(const EcrRegions&) = delete;
    virtual ~EcrRegions() = default;

    /// Lives as long as this.
    virtual EcrApi& in(std::string_view region) = 0;
};

}  // namespace ci_lambda
