#include "sandbox/ecr/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/references.hpp"
#include "base/result.hpp"
#include "sandbox/aws/event.hpp"
#include "sandbox/aws/paging.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr PageSizes kPages{.usual = 100, .most = 1000};
constexpr std::size_t kMaxIds = 100;

std::unexpected<AwsError> invalid(std::string message) {
    return aws_fail("InvalidParameterException", std::move(message));
}

struct ImageId {
    std::optional<std::string> tag;
    std::optional<std::string> digest;
};

Json id_json(const ImageId& id) {
    Json json = Json::object();
    if (id.digest) json["imageDigest"] = *id.digest;
    if (id.tag) json["imageTag"] = *id.tag;
    return json;
}

AwsResult<std::vector<ImageId>> ids_of(const Json& request) {
    std::vector<ImageId> ids;
    const Json* list = find(request, "imageIds");
    if (list == nullptr) return ids;
    if (!list->is_array()) return aws_fail("SerializationException", "imageIds: expected a list");
    if (list->empty() || list->size() > kMaxIds)
        return invalid(
            fmt::format("Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have "
                        "length between 1 and {}'",
                        kMaxIds));
    for (const auto& one : *list) {
        const Parameters parameters(one);
        TRY_ASSIGN(auto tag, parameters.text("imageTag"));
        TRY_ASSIGN(auto digest, parameters.text("imageDigest"));
        ids.push_back({.tag = std::move(tag), .digest = std::move(digest)});
    }
    return ids;
}

AwsResult<std::vector<ImageId>> required_ids_of(const Json& request) {
    TRY_ASSIGN(auto ids, ids_of(request));
    if (ids.empty())
        return invalid("Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must not be null'");
    return ids;
}

AwsResult<Repository*> repository_of(EcrContext& context, const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(const auto name, parameters.text("repositoryName"));
    TRY_ASSIGN(const auto registry, parameters.text("registryId"));
    if (!name)
        return invalid("Invalid parameter at 'repositoryName' failed to satisfy constraint: 'Member must not be null'");
    return repository_named(context.state, *name, registry.value_or(""));
}

/// What cannot be done about one of several images.
struct ImageFailure {
    std::string_view code;
    std::string_view reason;
};

Json failure_json(const ImageId& id, const ImageFailure& failure) {
    return {{"imageId", id_json(id)}, {"failureCode", failure.code}, {"failureReason", failure.reason}};
}

using FoundImage = std::expected<const StoredManifest*, ImageFailure>;

FoundImage find_image(const Repository& repository, const ImageId& id) {
    if (!id.tag && !id.digest)
        return std::unexpected(
            ImageFailure{"MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"});
    if (id.digest && !is_image_digest(*id.digest))
        return std::unexpected(ImageFailure{
            "InvalidImageDigest",
            "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"});
    const auto* tagged = id.tag ? repository.with_tag(*id.tag) : nullptr;
    const auto* found = id.digest ? repository.with_digest(*id.digest) : tagged;
    if (found == nullptr || (id.tag && tagged == nullptr))
        return std::unexpected(ImageFailure{"ImageNotFound", "Requested image not found"});
    if (id.tag && tagged != found)
        return std::unexpected(ImageFailure{"ImageTagDoesNotMatchDigest", "Requested image tag does not match digest"});
    return found;
}

std::string image_event(const EcrContext& context, const Repository& repository, const StoredManifest& manifest,
                        std::string_view action, const std::string& tag) {
    Json detail{{"result", "SUCCESS"},
                {"repository-name", repository.name},
                {"image-digest", manifest.digest},
                {"action-type", action}};
    if (!tag.empty()) detail["image-tag"] = tag;
    if (action == "PUSH") {
        detail["manifest-media-type"] = manifest.media_type;
        if (!manifest.artifact_media_type.empty()) detail["artifact-media-type"] = manifest.artifact_media_type;
    }
    return make_event({.source = "aws.ecr",
                       .detail_type = "ECR Image Action",
                       .account = context.state.account,
                       .region = context.state.region},
                      detail, context.ids, context.now);
}

Json repository_json(const EcrState& state, const Repository& repository) {
    return {{"repositoryArn", state.repository_arn(repository.name)},
            {"registryId", state.account},
            {"repositoryName", repository.name},
            {"repositoryUri", fmt::format("{}/{}", state.host(), repository.name)},
            {"createdAt", epoch_seconds(repository.created_at)},
            {"imageTagMutability", repository.immutable ? "IMMUTABLE" : "MUTABLE"},
            {"imageScanningConfiguration", {{"scanOnPush", false}}},
            {"encryptionConfiguration", {{"encryptionType", "AES256"}}}};
}

Json image_detail(const EcrState& state, const Repository& repository, const StoredManifest& manifest) {
    Json json{{"registryId", state.account},
              {"repositoryName", repository.name},
              {"imageDigest", manifest.digest},
              {"imageSizeInBytes", size_of(parse_json(manifest.text).value_or(Json::object()))},
              {"imagePushedAt", epoch_seconds(manifest.pushed_at)},
              {"imageManifestMediaType", manifest.media_type},
              {"imageStatus", "ACTIVE"}};
    if (!manifest.artifact_media_type.empty()) json["artifactMediaType"] = manifest.artifact_media_type;
    if (auto tags = repository.tags_of(manifest.digest); !tags.empty()) json["imageTags"] = std::move(tags);
    return json;
}

AwsResult<std::optional<bool>> immutability_of(const Json& request) {
    TRY_ASSIGN(const auto mutability, Parameters(request).text("imageTagMutability"));
    if (!mutability) return std::nullopt;
    if (*mutability != "MUTABLE" && *mutability != "IMMUTABLE")
        return invalid(
            fmt::format("imageTagMutability: the sandbox knows MUTABLE and IMMUTABLE, and not {}", *mutability));
    return *mutability == "IMMUTABLE";
}

EcrAnswer create_repository(EcrContext& context, const Json& request) {
    TRY_ASSIGN(const auto name, Parameters(request).text("repositoryName"));
    TRY_ASSIGN(const auto immutable, immutability_of(request));
    if (!name || !is_repository_name(*name))
        return invalid(
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular "
            "expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''");
    if (context.state.repositories.contains(*name))
        return aws_fail("RepositoryAlreadyExistsException",
                        fmt::format("The repository with name '{}' already exists in the registry with id '{}'", *name,
                                    context.state.account));
    auto& repository = context.state.repositories[*name];
    repository = {.name = *name, .created_at = context.now, .immutable = immutable.value_or(false)};
    return Json{{"repository", repository_json(context.state, repository)}};
}

EcrAnswer put_image_tag_mutability(EcrContext& context, const Json& request) {
    TRY_ASSIGN(auto* repository, repository_of(context, request));
    TRY_ASSIGN(const auto immutable, immutability_of(request));
    if (!immutable) return invalid("imageTagMutability is missing");
    repository->immutable = *immutable;
    return Json{{"registryId", context.state.account},
                {"repositoryName", repository->name},
                {"imageTagMutability", *immutable ? "IMMUTABLE" : "MUTABLE"}};
}

EcrAnswer describe_repositories(EcrContext& context, const Json& request) {
    TRY_ASSIGN(const auto names, Parameters(request).texts("repositoryNames"));
    std::vector<const Repository*> wanted;
    for (const auto& name : names) {
        TRY_ASSIGN(const auto* repository, repository_named(context.state, name));
        wanted.push_back(repository);
    }
    if (names.empty())
        for (const auto& [name, repository] : context.state.repositories) wanted.push_back(&repository);
    TRY_ASSIGN(const auto page, page_of(request, wanted.size(), kPages));
    Json answer{{"repositories", Json::array()}};
    for (auto i = page.begin; i < page.end; ++i)
        answer["repositories"].push_back(repository_json(context.state, *wanted[i]));
    if (!page.next_token.empty()) answer["nextToken"] = page.next_token;
    return answer;
}

/// The filter's tagStatus lets it through.
AwsResult<std::string> wanted_tag_status(const Json& request) {
    const Json* filter = find(request, "filter");
    if (filter == nullptr) return "ANY";
    TRY_ASSIGN(const auto status, Parameters(*filter).text("tagStatus"));
    return status.value_or("ANY");
}

bool passes(const std::string& status, bool tagged) { return status == "ANY" || (status == "TAGGED") == tagged; }

EcrAnswer describe_images(EcrContext& context, const Json& request) {
    TRY_ASSIGN(const auto* repository, repository_of(context, request));
    TRY_ASSIGN(const auto ids, ids_of(request));
    TRY_ASSIGN(const auto status, wanted_tag_status(request));
    std::vector<const StoredManifest*> wanted;
    for (const auto& id : ids) {
        const auto found = find_image(*repository, id);
        if (!found)
            return aws_fail("ImageNotFoundException",
                            fmt::format("The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist "
                                        "within the repository with name '{}' in the registry with id '{}'",
                                        id.digest.value_or("null"), id.tag.value_or("null"), repository->name,
                                        context.state.account));
        if (std::ranges::find(wanted, *found) == wanted.end()) wanted.push_back(*found);
    }
    if (ids.empty())
        for (const auto& manifest : repository->manifests)
            if (passes(status, !repository->tags_of(manifest.digest).empty())) wanted.push_back(&manifest);
    TRY_ASSIGN(const auto page, page_of(request, wanted.size(), kPages));
    Json answer{{"imageDetails", Json::array()}};
    for (auto i = page.begin; i < page.end; ++i)
        answer["imageDetails"].push_back(image_detail(context.state, *repository, *wanted[i]));
    if (!page.next_token.empty()) answer["nextToken"] = page.next_token;
    return answer;
}

EcrAnswer list_images(EcrContext& context, const Json& request) {
    TRY_ASSIGN(const auto* repository, repository_of(context, request));
    TRY_ASSIGN(const auto status, wanted_tag_status(request));
    std::vector<ImageId> ids;
    for (const auto& manifest : repository->manifests) {
        const auto tags = repository->tags_of(manifest.digest);
        if (!passes(status, !tags.empty())) continue;
        for (const auto& tag : tags) ids.push_back({.tag = tag, .digest = manifest.digest});
        if (tags.empty()) ids.push_back({.tag = std::nullopt, .digest = manifest.digest});
    }
    TRY_ASSIGN(const auto page, page_of(request, ids.size(), kPages));
    Json answer{{"imageIds", Json::array()}};
    for (auto i = page.begin; i < page.end; ++i) answer["imageIds"].push_back(id_json(ids[i]));
    if (!page.next_token.empty()) answer["nextToken"] = page.next_token;
    return answer;
}

/// The manifest that a client gets which takes these types. Who does not take an index gets the image for linux/amd64,
/// as an old `docker pull` does.
const StoredManifest* acceptable(const Repository& repository, const StoredManifest& manifest,
                                 const std::vector<std::string>& accepted) {
    if (accepted.empty() || std::ranges::find(accepted, manifest.media_type) != accepted.end()) return &manifest;
    for (const auto& digest : listed_digests(manifest.text))
        if (const auto* image = repository.with_digest(digest)) return image;
    return &manifest;
}

EcrAnswer batch_get_image(EcrContext& context, const Json& request) {
    TRY_ASSIGN(const auto* repository, repository_of(context, request));
    TRY_ASSIGN(const auto ids, required_ids_of(request));
    TRY_ASSIGN(const auto accepted, Parameters(request).texts("acceptedMediaTypes"));
    Json answer{{"images", Json::array()}, {"failures", Json::array()}};
    for (const auto& id : ids) {
        const auto found = find_image(*repository, id);
        if (!found) {
            answer["failures"].push_back(failure_json(id, found.error()));
            continue;
        }
        const auto* manifest = acceptable(*repository, **found, accepted);
        answer["images"].push_back({{"registryId", context.state.account},
                                    {"repositoryName", repository->name},
                                    {"imageId", id_json({.tag = id.tag, .digest = manifest->digest})},
                                    {"imageManifest", manifest->text},
                                    {"imageManifestMediaType", manifest->media_type}});
    }
    return answer;
}

EcrAnswer get_download_url_for_layer(EcrContext& context, const Json& request) {
    TRY_ASSIGN(const auto* repository, repository_of(context, request));
    TRY_ASSIGN(const auto digest, Parameters(request).text("layerDigest"));
    if (!digest)
        return invalid("Invalid parameter at 'layerDigest' failed to satisfy constraint: 'Member must not be null'");
    if (!repository->blobs.contains(*digest))
        return aws_fail("LayersNotFoundException",
                        fmt::format("The layer with digest '{}' does not exist in the repository with name '{}' in the "
                                    "registry with id '{}'",
                                    *digest, repository->name, context.state.account));
    return Json{
        {"downloadUrl", fmt::format("{}/sandbox/blobs/{}/{}", context.state.address, repository->name, *digest)},
        {"layerDigest", *digest}};
}

EcrAnswer put_image(EcrContext& context, const Json& request) {
    const Parameters parameters(request);
    TRY_ASSIGN(auto* repository, repository_of(context, request));
    TRY_ASSIGN(const auto text, parameters.text("imageManifest"));
    TRY_ASSIGN(const auto media_type, parameters.text("imageManifestMediaType"));
    TRY_ASSIGN(const auto tag, parameters.text("imageTag"));
    TRY_ASSIGN(const auto digest, parameters.text("imageDigest"));
    if (!text)
        return invalid("Invalid parameter at 'imageManifest' failed to satisfy constraint: 'Member must not be null'");
    TRY_ASSIGN(const auto stored, put_manifest(context, *repository,
                                               {.manifest = {.text = *text, .media_type = media_type.value_or("")},
                                                .tag = tag.value_or(""),
                                                .digest = digest.value_or("")}));
    return Json{{"image",
                 {{"registryId", context.state.account},
                  {"repositoryName", repository->name},
                  {"imageId", id_json({.tag = tag, .digest = stored.digest})},
                  {"imageManifest", stored.text},
                  {"imageManifestMediaType", stored.media_type}}}};
}

/// Takes a tag away, and with the last one the image; or the image with all of its tags.
void delete_image(EcrContext& context, Repository& repository, const ImageId& id, const std::string& digest) {
    const auto tags = id.tag ? std::vector{*id.tag} : repository.tags_of(digest);
    const StoredManifest gone = *repository.with_digest(digest);
    for (const auto& tag : tags) {
        repository.tags.erase(tag);
        context.events.push_back(image_event(context, repository, gone, "DELETE", tag));
    }
    if (tags.empty()) context.events.push_back(image_event(context, repository, gone, "DELETE", {}));
    if (repository.tags_of(digest).empty())
        std::erase_if(repository.manifests, [&](const StoredManifest& one) { return one.digest == digest; });
}

EcrAnswer batch_delete_image(EcrContext& context, const Json& request) {
    TRY_ASSIGN(auto* repository, repository_of(context, request));
    TRY_ASSIGN(const auto ids, required_ids_of(request));
    Json answer{{"imageIds", Json::array()}, {"failures", Json::array()}};
    for (const auto& id : ids) {
        const auto found = find_image(*repository, id);
        if (!found) {
            answer["failures"].push_back(failure_json(id, found.error()));
            continue;
        }
        const std::string digest = (*found)->digest;
        if (repository->index_of(digest) != nullptr) {
            answer["failures"].push_back(
                failure_json(id, {"ImageReferencedByManifestList", "Requested image referenced by manifest list"}));
            continue;
        }
        delete_image(context, *repository, id, digest);
        answer["imageIds"].push_back(id_json({.tag = id.tag, .digest = digest}));
    }
    return answer;
}

constexpr std::array kOperations{
    EcrOperation{"BatchDeleteImage", &batch_delete_image},
    EcrOperation{"BatchGetImage", &batch_get_image},
    EcrOperation{"CreateRepository", &create_repository},
    EcrOperation{"DescribeImages", &describe_images},
    EcrOperation{"DescribeRepositories", &describe_repositories},
    EcrOperation{"GetDownloadUrlForLayer", &get_download_url_for_layer},
    EcrOperation{"ListImages", &list_images},
    EcrOperation{"PutImage", &put_image},
    EcrOperation{"PutImageTagMutability", &put_image_tag_mutability},
};

/// The manifest as it is to be kept.
AwsResult<StoredManifest> checked(const Repository& repository, const NewManifest& wanted, WallTime now) {
    const auto json = parse_json(wanted.manifest.text);
    if (!json || !json->is_object())
        return invalid("Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'");
    StoredManifest manifest{
        .digest = sha256_digest(wanted.manifest.text),
        .media_type = wanted.manifest.media_type.empty() ? media_type_of(*json) : wanted.manifest.media_type,
        .artifact_media_type = artifact_media_type_of(*json),
        .text = wanted.manifest.text,
        .pushed_at = now};
    if (manifest.media_type.empty())
        return invalid("Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'it is no manifest'");
    if (!wanted.tag.empty() && !is_image_tag(wanted.tag))
        return invalid(
            fmt::format("Invalid parameter at 'imageTag' failed to satisfy constraint: '{}' is no tag", wanted.tag));
    if (!wanted.digest.empty() && wanted.digest != manifest.digest)
        return aws_fail("ImageDigestDoesNotMatchException",
                        fmt::format("The specified image digest '{}' does not match the digest that is calculated for "
                                    "the image: '{}'",
                                    wanted.digest, manifest.digest));
    for (const auto& digest : listed_digests(manifest.text))
        if (repository.with_digest(digest) == nullptr)
            return aws_fail(
                "ReferencedImagesNotFoundException",
                fmt::format("The manifest list refers to the image '{}', which is not in the repository", digest));
    return manifest;
}

/// As docker/metadata-action has them. The commit is made up, and another one for each build.
ImageLabels labels_of(const Repository& repository, const std::string& tag, std::string_view content) {
    constexpr std::size_t kCommitDigits = 40;
    return {{"org.opencontainers.image.revision",
             sha256_digest(content).substr(std::string_view("sha256:").size(), kCommitDigits)},
            {"org.opencontainers.image.source", fmt::format("https://github.com/shop/{}", repository.name)},
            {"org.opencontainers.image.version", tag}};
}

}  // namespace

const EcrOperation* find_ecr_operation(std::string_view name) {
    const auto* const found = std::ranges::find(kOperations, name, &EcrOperation::name);
    return found == kOperations.end() ? nullptr : found;
}

AwsResult<Repository*> repository_named(EcrState& state, const std::string& name, std::string_view registry_id) {
    const auto found = state.repositories.find(name);
    if (found == state.repositories.end() || (!registry_id.empty() && registry_id != state.account))
        return aws_fail("RepositoryNotFoundException",
                        fmt::format("The repository with name '{}' does not exist in the registry with id '{}'", name,
                                    registry_id.empty() ? state.account : registry_id));
    return &found->second;
}

AwsResult<StoredManifest> put_manifest(EcrContext& context, Repository& repository, NewManifest wanted) {
    TRY_ASSIGN(auto manifest, checked(repository, wanted, context.now));
    const auto* known = repository.with_digest(manifest.digest);
    const auto* tagged = wanted.tag.empty() ? nullptr : repository.with_tag(wanted.tag);
    if (known != nullptr && (wanted.tag.empty() || tagged == known))
        return aws_fail("ImageAlreadyExistsException",
                        fmt::format("Image with digest '{}' and tag '{}' already exists in the repository with name "
                                    "'{}' in registry with id '{}'",
                                    manifest.digest, wanted.tag.empty() ? "null" : wanted.tag, repository.name,
                                    context.state.account));
    if (tagged != nullptr && repository.immutable)
        return aws_fail("ImageTagAlreadyExistsException",
                        fmt::format("The image tag '{}' already exists in the '{}' repository and cannot be "
                                    "overwritten because the tag is immutable.",
                                    wanted.tag, repository.name));
    if (known == nullptr)
        repository.manifests.push_back(manifest);
    else
        manifest = *known;  // another tag of it: when it was pushed stays
    if (!wanted.tag.empty()) repository.tags[wanted.tag] = manifest.digest;
    context.events.push_back(image_event(context, repository, manifest, "PUSH", wanted.tag));
    return manifest;
}

namespace {

/// An image that nobody has put yet. With `tagged` off, as one whose tag may not be moved arrives: without it.
AwsResult<Push> put_new_image(EcrContext& context, Repository& repository, const std::string& tag, bool tagged) {
    Push push{.image = fmt::format("{}/{}:{}", context.state.host(), repository.name, tag), .digest = {}};
    const auto content = fmt::format("{} {}", push.image, ++repository.builds);
    auto manifests = build_image(content, labels_of(repository, tag, content));
    push.manifests = manifests.size();
    for (auto& manifest : manifests) {
        const bool last = &manifest == &manifests.back();
        if (!manifest.config.empty()) repository.blobs[sha256_digest(manifest.config)] = manifest.config;
        TRY_ASSIGN(const auto stored,
                   put_manifest(context, repository,
                                {.manifest = std::move(manifest), .tag = last && tagged ? tag : std::string()}));
        push.digest = stored.digest;
    }
    return push;
}

}  // namespace

namespace {

/// `tag`: empty for an image that arrives without one.
std::string replication_event(const EcrContext& context, const std::string& repository, const std::string& digest,
                              const std::string& tag, const Site& from) {
    Json detail{{"result", "SUCCESS"},        {"repository-name", repository},
                {"image-digest", digest},     {"source-account", from.account},
                {"action-type", "REPLICATE"}, {"source-region", from.region}};
    if (!tag.empty()) detail["image-tag"] = tag;
    return make_event({.source = "aws.ecr",
                       .detail_type = "ECR Replication Action",
                       .account = context.state.account,
                       .region = context.state.region,
                       .resources = {context.state.repository_arn(repository)}},
                      detail, context.ids, context.now);
}

}  // namespace

AwsResult<Push> push_new_image(EcrContext& context, Repository& repository, const std::string& tag) {
    TRY_ASSIGN(auto push, put_new_image(context, repository, tag, true));
    push.events = push.manifests;
    return push;
}

AwsResult<Push> replicate_new_image(EcrContext& context, Repository& repository, const std::string& tag,
                                    const std::string& region) {
    std::vector<std::string> of_pushes;  // which nobody makes here: it was pushed elsewhere
    EcrContext arriving{.state = context.state, .ids = context.ids, .now = context.now, .events = of_pushes};
    const bool tagged = !repository.immutable || repository.with_tag(tag) == nullptr;
    TRY_ASSIGN(auto push, put_new_image(arriving, repository, tag, tagged));
    push.events = 1;
    push.tagged = tagged;
    context.events.push_back(replication_event(context, repository.name, push.digest, tagged ? tag : std::string(),
                                               {.region = region, .account = context.state.account}));
    return push;
}

std::optional<ImageCopy> copy_of(const Repository& repository, const std::string& digest) {
    const auto* manifest = repository.with_digest(digest);
    if (manifest == nullptr) return std::nullopt;
    ImageCopy copy{.manifest = *manifest, .listed = repository.index_of(digest) != nullptr};
    const auto json = parse_json(manifest->text);
    const Json* config = json ? find(*json, "config") : nullptr;
    const auto blob =
        config == nullptr ? repository.blobs.end() : repository.blobs.find(find_string(*config, "digest").value_or(""));
    if (blob != repository.blobs.end()) copy.config = blob->second;
    return copy;
}

void receive_copy(EcrContext& context, const std::string& name, ImageCopy copy, const std::string& tag,
                  const Site& from) {
    auto& repository = context.state.repositories[name];
    if (repository.name.empty()) repository = {.name = name, .created_at = context.now};
    const auto digest = copy.manifest.digest;
    const auto* tagged = tag.empty() ? nullptr : repository.with_tag(tag);
    const bool moves = !tag.empty() && (tagged == nullptr || (tagged->digest != digest && !repository.immutable));
    const bool is_new = repository.with_digest(digest) == nullptr;
    if (is_new) {
        copy.manifest.pushed_at = context.now;
        repository.manifests.push_back(std::move(copy.manifest));
    }
    if (!copy.config.empty()) repository.blobs[sha256_digest(copy.config)] = copy.config;
    if (moves) repository.tags[tag] = digest;
    const bool is_part = tag.empty() && copy.listed;
    if ((is_new || moves) && !is_part)
        context.events.push_back(replication_event(context, name, digest, moves ? tag : std::string(), from));
}

}  // namespace ci_lambda::sandbox
