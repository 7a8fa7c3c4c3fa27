#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/ecr/api.hpp"

namespace ci_lambda::testing {

/// An image as a test wants it to be.
struct FakeImage {
    EcrImage image;
    EcrManifest manifest;
    EcrImageConfig config = {};
};

/// Registries with the images that a test puts there, the same in each region. What may not be read says so. Images are
/// put there first; asking is thread-safe.
class FakeEcr final : public EcrApi, public EcrRegions {
public:
    EcrApi& in(std::string_view region) override {
        const std::scoped_lock lock(mutex_);
        regions.emplace_back(region);
        return *this;
    }

    /// A multi-platform image.
    FakeImage& add(const std::string& repository, const std::string& digest, std::vector<std::string> tags,
                   const std::vector<std::string>& architectures = {"amd64", "arm64"}) {
        FakeImage made{.image = {.digest = digest, .tags = std::move(tags)}, .manifest = {.is_index = true}};
        made.manifest.id.digest = digest;
        made.manifest.is_image = true;
        for (const auto& architecture : architectures)
            made.manifest.platforms.push_back(
                {.os = "linux", .architecture = architecture, .variant = {}, .digest = "sha256:" + architecture});
        return repositories[repository].emplace_back(std::move(made));
    }
    /// One that knows its platform only by its config.
    FakeImage& add_single(const std::string& repository, const std::string& digest, std::vector<std::string> tags,
                          const std::string& architecture = "amd64") {
        auto& made = add(repository, digest, std::move(tags), {});
        made.manifest.is_index = false;
        made.manifest.config_digest = "sha256:config-of-" + digest.substr(digest.size() - 4);
        made.config = {.os = "linux", .architecture = architecture, .variant = {}, .labels = {}};
        return made;
    }

    Result<std::vector<EcrImage>> describe_images(const EcrRepository& repository, const std::vector<EcrImageId>& ids,
                                                  Deadline) override {
        if (describe_error) return std::unexpected(*describe_error);
        std::vector<EcrImage> found;
        for (const auto& id : ids) {
            const auto* one = find(repository, id);
            if (one == nullptr)
                return fail(ErrorKind::kNotFound, fmt::format("ecr DescribeImages: ImageNotFoundException: {}:{}@{}",
                                                              repository.name, id.tag, id.digest));
            found.push_back(one->image);
        }
        return found;
    }
    Result<EcrManifest> get_manifest(const EcrRepository& repository, const EcrImageId& id, Deadline) override {
        if (manifest_error) return std::unexpected(*manifest_error);
        const auto* one = find(repository, id);
        if (one == nullptr) return fail(ErrorKind::kNotFound, "ecr BatchGetImage: ImageNotFound");
        return one->manifest;
    }
    Result<EcrImageConfig> get_config(const EcrRepository& repository, const std::string& digest, Deadline) override {
        if (config_error) return std::unexpected(*config_error);
        for (const auto& one : images_of(repository))
            if (one.manifest.config_digest == digest) return one.config;
        return fail(ErrorKind::kNotFound, "ecr GetDownloadUrlForLayer: LayersNotFoundException");
    }

    std::map<std::string, std::vector<FakeImage>> repositories;
    std::vector<std::string> regions;  ///< that were asked for
    std::optional<Error> describe_error;
    std::optional<Error> manifest_error;
    std::optional<Error> config_error;

private:
    [[nodiscard]] const std::vector<FakeImage>& images_of(const EcrRepository& repository) const {
        const auto found = repositories.find(repository.name);
        return found == repositories.end() ? none_ : found->second;
    }
    const FakeImage* find(const EcrRepository& repository, const EcrImageId& id) const {
        const auto& images = images_of(repository);
        const auto found = std::ranges::find_if(images, [&](const FakeImage& one) {
            return (id.digest.empty() || one.image.digest == id.digest) &&
                   (id.tag.empty() || std::ranges::find(one.image.tags, id.tag) != one.image.tags.end());
        });
        return found == images.end() ? nullptr : &*found;
    }

    std::mutex mutex_;
    const std::vector<FakeImage> none_;
};

}  // namespace ci_lambda::testing
