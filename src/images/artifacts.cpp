#include "images/artifacts.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

constexpr std::size_t kDigitsOfDigest = 64;  // also of a longer one: the referrers' tag cuts it

bool has_prefix(std::string_view text, std::string_view prefix) {
    return to_lower(text.substr(0, prefix.size())) == prefix;
}

bool has_prefix_of(std::string_view text, std::span<const std::string_view> prefixes) {
    return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return has_prefix(text, prefix); });
}

}  // namespace

bool is_digest_tag(std::string_view tag) {
    constexpr std::array<std::string_view, 2> kPrefixes{"sha256-", "sha512-"};
    constexpr std::array<std::string_view, 3> kSuffixes{".sig", ".att", ".sbom"};
    if (std::ranges::none_of(kPrefixes, [&](std::string_view prefix) { return tag.starts_with(prefix); })) return false;
    tag.remove_prefix(kPrefixes.front().size());
    const auto digits = std::min(tag.find_first_not_of("0123456789abcdef"), tag.size());
    const auto rest = tag.substr(digits);
    if (digits >= kDigitsOfDigest) return rest.empty() || rest.starts_with('.');
    return digits > 0 && std::ranges::find(kSuffixes, rest) != kSuffixes.end();
}

bool is_cache_tag(std::string_view tag) {
    return tag == "cache" || tag == "buildcache" || tag.starts_with("buildcache-") || tag.ends_with("-buildcache");
}

std::optional<std::string_view> type_of_no_image(const std::optional<std::string>& manifest,
                                                 const std::optional<std::string>& artifact) {
    // Of manifests those that are never an image: there may be types of images that nobody knows yet.
    constexpr std::array<std::string_view, 2> kNoManifests{"application/vnd.oci.artifact.",
                                                           "application/vnd.cncf.oras.artifact."};
    // Of configurations those of images, and the manifests themselves, should they stand here: anybody makes up others.
    constexpr std::array<std::string_view, 3> kImages{"application/vnd.oci.image.",
                                                      "application/vnd.docker.container.image.",
                                                      "application/vnd.docker.distribution.manifest."};
    if (manifest && has_prefix_of(*manifest, kNoManifests)) return *manifest;
    if (artifact && !artifact->empty() && !has_prefix_of(*artifact, kImages)) return *artifact;
    return std::nullopt;
}

}  // namespace ci_lambda
