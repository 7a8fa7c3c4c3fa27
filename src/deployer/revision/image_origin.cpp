#include "deployer/revision/image_origin.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>

namespace ci_lambda {
namespace {

/// What is not there yet.
void fill_in(ImageOrigin& origin, const std::map<std::string, std::string>& texts) {
    const auto fill = [&](std::string& member, std::string_view key) {
        const auto found = texts.find(fmt::format("org.opencontainers.image.{}", key));
        if (member.empty() && found != texts.end()) member = found->second;
    };
    fill(origin.commit, "revision");
    fill(origin.source, "source");
    fill(origin.version, "version");
}

/// Of an index the image that most people mean: the platforms of one build are of one commit.
const EcrPlatform* usual_platform(const EcrManifest& index) {
    for (const auto& platform : index.platforms)
        if (platform.os == "linux" && platform.architecture == "amd64") return &platform;
    return index.platforms.empty() ? nullptr : &index.platforms.front();
}

}  // namespace

Status find_origin(EcrApi& ecr, const EcrRepository& repository, const std::string& digest, ImageOrigin& origin,
                   Deadline deadline) {
    TRY_ASSIGN(auto manifest, ecr.get_manifest(repository, {.tag = {}, .digest = digest}, deadline));
    fill_in(origin, manifest.annotations);
    if (manifest.is_index) {
        const auto* platform = usual_platform(manifest);
        if (platform == nullptr) return {};
        TRY_ASSIGN(manifest, ecr.get_manifest(repository, {.tag = {}, .digest = platform->digest}, deadline));
        fill_in(origin, manifest.annotations);
    }
    if (!origin.commit.empty() || manifest.config_digest.empty()) return {};
    TRY_ASSIGN(const auto config, ecr.get_config(repository, manifest.config_digest, deadline));
    fill_in(origin, config.labels);
    return {};
}

}  // namespace ci_lambda
