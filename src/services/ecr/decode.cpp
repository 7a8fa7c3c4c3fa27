#include "services/ecr/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "services/aws/decode.hpp"

namespace ci_lambda {
namespace {

// Media types: OCI image-spec, media-types.md; Docker's are those of distribution's "Image Manifest V 2, Schema 2".
constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view kDockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";

/// Of in-toto statements: `application/vnd.in-toto+json`, also with an ending for the kind of it.
constexpr std::string_view kInToto = "application/vnd.in-toto";

/// What BuildKit writes as the platform of an attestation.
constexpr std::string_view kUnknown = "unknown";

/// The member `digest` of the descriptor `key`.
std::string digest_of(const Json& manifest, std::string_view key) {
    const Json* descriptor = find(manifest, key);
    return descriptor == nullptr ? "" : text_of(*descriptor, "digest");
}

EcrImageStatus status_of(const Json& detail) {
    const auto status = find_string(detail, "imageStatus");
    // An ECR that knows no archive says nothing.
    if (!status || *status == "ACTIVE") return EcrImageStatus::kActive;
    if (*status == "ARCHIVED") return EcrImageStatus::kArchived;
    if (*status == "ACTIVATING") return EcrImageStatus::kActivating;
    return EcrImageStatus::kOther;
}

std::vector<EcrPlatform> platforms_of(const Json& manifests) {
    std::vector<EcrPlatform> platforms;
    for (const auto& descriptor : manifests) {
        const Json* platform = find(descriptor, "platform");
        if (platform == nullptr) continue;
        EcrPlatform one{.os = text_of(*platform, "os"),
                        .architecture = text_of(*platform, "architecture"),
                        .variant = text_of(*platform, "variant"),
                        .digest = text_of(descriptor, "digest")};
        if (one.os.empty() || one.os == kUnknown || one.architecture == kUnknown) continue;
        platforms.push_back(std::move(one));
    }
    return platforms;
}

std::map<std::string, std::string> texts_in(const Json& json, std::string_view member) {
    std::map<std::string, std::string> texts;
    const Json* object = find(json, member);
    if (object == nullptr || !object->is_object()) return texts;
    for (const auto& [key, value] : object->items())
        if (value.is_string()) texts[key] = value.get<std::string>();
    return texts;
}

/// BuildKit's attestations have the config of an image, and layers that no container is made of.
bool has_attestations(const Json& manifest) {
    const Json* layers = find(manifest, "layers");
    return layers != nullptr && layers->is_array() && std::ranges::any_of(*layers, [](const Json& layer) {
               return text_of(layer, "mediaType").starts_with(kInToto);
           });
}

bool is_image(const EcrManifest& read, const Json& manifest) {
    if (!read.subject_digest.empty()) return false;
    if (read.is_index) return read.artifact_type.empty() && !read.platforms.empty();
    const Json* config = find(manifest, "config");
    const auto type = !read.artifact_type.empty() ? read.artifact_type
                      : config == nullptr         ? ""
                                                  : text_of(*config, "mediaType");
    return (type == kOciConfig || type == kDockerConfig) && !has_attestations(manifest);
}

}  // namespace

EcrImage read_image(const Json& detail) {
    EcrImage image{.digest = text_of(detail, "imageDigest"),
                   .tags = {},
                   .pushed_at = find_epoch_seconds(detail, "imagePushedAt").value_or(WallTime{}),
                   .media_type = text_of(detail, "imageManifestMediaType"),
                   .artifact_media_type = text_of(detail, "artifactMediaType"),
                   .status = status_of(detail)};
    if (const Json* tags = find(detail, "imageTags"); tags != nullptr && tags->is_array())
        for (const auto& tag : *tags)
            if (tag.is_string()) image.tags.push_back(tag.get<std::string>());
    return image;
}

Result<EcrManifest> read_manifest(const Json& image) {
    const auto text = find_string(image, "imageManifest");
    if (!text) return fail(ErrorKind::kProtocol, "ECR's answer to BatchGetImage has no manifest");
    const auto manifest = parse_json(*text);
    if (!manifest || !manifest->is_object())
        return fail(ErrorKind::kProtocol, fmt::format("the manifest that ECR has answered with is no JSON object{}",
                                                      manifest ? "" : ": " + manifest.error().message));
    EcrManifest read{.id = {},
                     .media_type = text_of(image, "imageManifestMediaType"),
                     .is_index = false,
                     .platforms = {},
                     .config_digest = digest_of(*manifest, "config"),
                     .artifact_type = text_of(*manifest, "artifactType"),
                     .subject_digest = digest_of(*manifest, "subject"),
                     .annotations = texts_in(*manifest, "annotations"),
                     .is_image = false};
    if (const Json* id = find(image, "imageId"))
        read.id = {.tag = text_of(*id, "imageTag"), .digest = text_of(*id, "imageDigest")};
    if (read.media_type.empty()) read.media_type = text_of(*manifest, "mediaType");
    const Json* manifests = find(*manifest, "manifests");
    const bool lists = manifests != nullptr && manifests->is_array();
    // A manifest need not repeat its media type.
    read.is_index =
        read.media_type == kOciIndex || read.media_type == kDockerList || (read.media_type.empty() && lists);
    if (read.is_index && lists) read.platforms = platforms_of(*manifests);
    read.is_image = is_image(read, *manifest);
    return read;
}

Result<EcrImageConfig> read_config(std::string_view text) {
    const auto config = parse_json(text);
    if (!config || !config->is_object())
        return fail(ErrorKind::kProtocol,
                    fmt::format("the image's config is no JSON object{}", config ? "" : ": " + config.error().message));
    EcrImageConfig read{.os = text_of(*config, "os"),
                        .architecture = text_of(*config, "architecture"),
                        .variant = text_of(*config, "variant"),
                        .labels = {}};
    if (const Json* inner = find(*config, "config")) read.labels = texts_in(*inner, "Labels");
    return read;
}

Error read_failure_to_get(const Json& failure) {
    auto code = text_of(failure, "failureCode");
    const auto words = one_line(text_of(failure, "failureReason"), 500);
    auto message = code.empty() ? "ECR gives no code" : one_line(code, 100);
    if (!words.empty()) message += ": " + words;
    const bool archived = code == "ImageInaccessible";
    if (archived) message += " (is it archived? Then it has to be restored before anybody can pull it)";
    return {.kind = code == "ImageNotFound" ? ErrorKind::kNotFound : ErrorKind::kRejected,
            .message = std::move(message),
            .code = std::move(code)};
}

}  // namespace ci_lambda
