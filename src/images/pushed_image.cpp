#include "images/pushed_image.hpp"

#include "base/references.hpp"
#include "images/semver.hpp"

namespace ci_lambda {
namespace {

bool is_newer(const PushedImage& pushed, const PushedImage& other) {
    if (is_older_version(pushed, other.tag) || is_older_version(other, pushed.tag))
        return is_older_version(other, pushed.tag);
    return pushed.at >= other.at;
}

}  // namespace

std::string name_of(const PushedImage& pushed) {
    return with_tag_and_digest(parse_image(pushed.repository), pushed.tag, {});
}

bool counts_in(std::string_view region, std::string_view pushed_in, std::string_view replica_region) {
    return pushed_in.empty() || region == pushed_in || (!replica_region.empty() && region == replica_region);
}

bool is_of_repository(std::string_view image, const PushedImage& pushed) {
    const auto parts = parse_image(image);
    if (parts.repository != pushed.repository) return false;
    if (!pushed.registry.empty()) return is_same_registry(parts.registry, pushed.registry);
    const auto registry = parse_ecr_registry(parts.registry);
    return !registry || ((pushed.account.empty() || registry->account == pushed.account) &&
                         counts_in(registry->region, pushed.region, pushed.replica_region));
}

bool is_of_replica(std::string_view image, const PushedImage& pushed) {
    if (pushed.replica_region.empty() || pushed.replica_region == pushed.region) return false;
    const auto registry = parse_ecr_registry(parse_image(image).registry);
    return registry && registry->region == pushed.replica_region && is_of_repository(image, pushed);
}

bool is_same_image(const PushedImage& pushed, std::string_view image, std::string_view digest) {
    return !pushed.digest.empty() && pushed.digest == digest && is_of_repository(image, pushed);
}

bool is_older_version(const PushedImage& pushed, std::string_view tag) {
    if (!pushed.by_version) return false;
    const auto own = Version::parse(pushed.tag);
    const auto other = Version::parse(tag);
    return own && other && *own < *other;
}

const PushedImage* newest_for(std::string_view image, const std::vector<PushedImage>& images) {
    const PushedImage* newest = nullptr;
    for (const auto& pushed : images)
        if (is_of_repository(image, pushed) && (newest == nullptr || is_newer(pushed, *newest))) newest = &pushed;
    return newest;
}

}  // namespace ci_lambda
