#include "sandbox/ecr/state.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/ecr/manifests.hpp"

namespace ci_lambda::sandbox {

const StoredManifest* Repository::with_digest(std::string_view digest) const {
    const auto found = std::ranges::find(manifests, digest, &StoredManifest::digest);
    return found == manifests.end() ? nullptr : &*found;
}

const StoredManifest* Repository::with_tag(const std::string& tag) const {
    const auto found = tags.find(tag);
    return found == tags.end() ? nullptr : with_digest(found->second);
}

std::vector<std::string> Repository::tags_of(std::string_view digest) const {
    std::vector<std::string> names;
    for (const auto& [tag, of] : tags)
        if (of == digest) names.push_back(tag);
    return names;
}

const StoredManifest* Repository::index_of(std::string_view digest) const {
    const auto found = std::ranges::find_if(manifests, [&](const StoredManifest& manifest) {
        const auto listed = listed_digests(manifest.text);
        return std::ranges::find(listed, digest) != listed.end();
    });
    return found == manifests.end() ? nullptr : &*found;
}

std::string EcrState::host() const { return fmt::format("{}.dkr.ecr.{}.amazonaws.com", account, region); }

std::string EcrState::repository_arn(std::string_view name) const {
    return fmt::format("arn:aws:ecr:{}:{}:repository/{}", region, account, name);
}

}  // namespace ci_lambda::sandbox
