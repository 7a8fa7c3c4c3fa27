#include "deployer/revision/pushed_images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "config/settings.hpp"
#include "deployer/revision/tag_text.hpp"

namespace ci_lambda {
namespace {

// Tags of a revision that was registered for a push. Those with a container say of each when its image was pushed.
constexpr std::string_view kPrefix = "ci_lambda:";
constexpr std::string_view kPushedAt = "ci_lambda:pushed-at/";

std::string pushed_at_key(std::string_view container) {
    return truncate_utf8(fmt::format("{}{}", kPushedAt, container), kLongestTagKey);
}

std::optional<WallTime> pushed_at(const EcsTaskDefinition& revision, std::string_view container) {
    const auto found = revision.tags.find(pushed_at_key(container));
    return found == revision.tags.end() ? std::nullopt : parse_rfc3339(found->second);
}

/// What we have written is of the revision that is copied; what people say there is of the family.
bool is_said_by_people(std::string_view key) {
    return !key.starts_with(kPrefix) || std::ranges::any_of(service_members(), [&](const ServiceMember& member) {
        return service_tag(member.key) == key;
    });
}

/// What was pushed, for tags.
std::string text_of(const PushedImage& pushed) {
    return with_tag_and_digest(parse_image(pushed.repository), pushed.tag, pushed.digest);
}

/// Without a digest in the event there is nothing to pin but the tag; without a tag nothing but the digest.
bool pins_digest(const PushedImage& pushed, ImagePin pin) {
    return !pushed.digest.empty() && (pin != ImagePin::kTag || pushed.tag.empty());
}

/// What the container is to name.
std::string pinned(std::string_view image, const PushedImage& pushed, ImagePin pin) {
    const bool with_digest = pins_digest(pushed, pin);
    const bool with_tag = pin != ImagePin::kDigest || !with_digest;
    return with_tag_and_digest(parse_image(image), with_tag ? pushed.tag : std::string_view{},
                               with_digest ? pushed.digest : std::string_view{});
}

std::string repositories(const std::vector<PushedImage>& images) {
    std::vector<std::string> names;
    for (const auto& image : images)
        if (std::ranges::find(names, image.repository) == names.end()) names.push_back(image.repository);
    return join(names, ", ");
}

std::string images_of(const EcsTaskDefinition& revision) {
    std::vector<std::string> images;
    for (const auto& container : revision.images) images.push_back(container.image);
    return images.empty() ? "none" : join(images, ", ");
}

/// Whether the image that is there already brings what was pushed.
bool names(std::string_view image, const PushedImage& pushed) {
    const auto there = parse_image(image);
    if (!there.digest.empty() && !pushed.digest.empty()) return there.digest == pushed.digest;
    return there.digest.empty() && there.tag == pushed.tag;
}

/// The same for a revision of ours: where the digest is to be named, a tag alone is not enough, for it may move.
bool names_as_wanted(std::string_view image, const PushedImage& pushed, ImagePin pin) {
    return pins_digest(pushed, pin) ? parse_image(image).digest == pushed.digest : names(image, pushed);
}

/// In words; empty where it is not.
std::string older_than_what_runs(std::string_view container, const PushedImage& pushed,
                                 const EcsTaskDefinition& running) {
    const auto runs = std::ranges::find(running.images, container, &EcsTaskDefinition::Image::container);
    if (runs == running.images.end() || !is_of_repository(runs->image, pushed)) return {};
    const auto tag = parse_image(runs->image).tag;
    if (!is_older_version(pushed, tag)) return {};
    return fmt::format("{} is an older version than {}, which {} has and runs", name_of(pushed), tag,
                       short_name(running.arn));
}

/// ECR_PIN may have left out the tag or the digest: the tag with the whole image has both, as long as it is not cut.
void complete(PushedImage& image, const EcsTaskDefinition& revision) {
    const auto whole = revision.tags.find(std::string(kImageTag));
    if (whole == revision.tags.end()) return;
    for (const auto& text : split(whole->second, ' ')) {
        const auto parts = parse_image(text);
        if (parts.repository != image.repository || (!image.tag.empty() && image.tag != parts.tag)) continue;
        if (!image.digest.empty() && image.digest != parts.digest) continue;
        image.tag = parts.tag;
        if (is_image_digest(parts.digest)) image.digest = parts.digest;
    }
}

}  // namespace

std::vector<PushedImage> pushed_images_of(const EcsTaskDefinition& revision) {
    std::vector<PushedImage> images;
    for (const auto& container : revision.images) {
        const auto at = pushed_at(revision, container.container);
        if (!at) continue;
        const auto parts = parse_image(container.image);
        const auto registry = parse_ecr_registry(parts.registry);
        PushedImage image{.repository = std::string(parts.repository),
                          .tag = std::string(parts.tag),
                          .digest = std::string(parts.digest),
                          .account = registry ? std::string(registry->account) : std::string(),
                          .region = registry ? std::string(registry->region) : std::string(),
                          .at = *at};
        complete(image, revision);
        if (std::ranges::find(images, image) == images.end()) images.push_back(std::move(image));
    }
    return images;
}

Result<PushedRevision> put_in(const EcsTaskDefinition& base, const DeploymentRequest& request,
                              const EcsTaskDefinition* running) {
    PushedRevision put{.changes = {}, .overtaken = {}, .names = false, .exact = true, .tags = {}};
    bool used = false;
    for (const auto& [key, value] : base.tags)
        if (is_said_by_people(key) || key.starts_with(kPushedAt)) put.tags[key] = value;
    std::vector<std::string> texts;
    for (const auto& container : base.images) {
        const auto* pushed = newest_for(container.image, request.images);
        if (pushed == nullptr) continue;
        used = true;
        const auto name = short_name(base.arn);
        if (auto older = older_than_what_runs(container.container, *pushed, running != nullptr ? *running : base);
            !older.empty()) {
            put.overtaken.push_back(std::move(older));
            continue;
        }
        if (names_as_wanted(container.image, *pushed, request.image_pin)) {
            put.names = true;
            put.exact = put.exact && !parse_image(container.image).digest.empty();
            continue;
        }
        // A person may go back.
        if (const auto there = pushed_at(base, container.container);
            request.wanted.empty() && there && *there > pushed->at) {
            put.overtaken.push_back(fmt::format("{} was pushed before {}, which {} has", name_of(*pushed),
                                                last_segment(container.image), name));
            continue;
        }
        put.exact = false;
        auto to = pinned(container.image, *pushed, request.image_pin);
        texts.push_back(text_of(*pushed));
        put.tags[pushed_at_key(container.container)] = format_rfc3339(pushed->at);
        put.changes.push_back({.container = container.container, .from = container.image, .to = std::move(to)});
    }
    if (!used)
        return fail(ErrorKind::kRejected,
                    fmt::format("no container of {} uses the repository {}: its images are {}", short_name(base.arn),
                                repositories(request.images), images_of(base)));
    put.tags[std::string(kImageTag)] = tag_text(join(texts, " "));
    put.tags[std::string(kReasonTag)] = tag_text(request.reason);
    return put;
}

bool says_what_was_pushed(std::string_view tag_key) { return tag_key == kImageTag || tag_key.starts_with(kPushedAt); }

std::vector<EcsServiceRevision::Image> images_named_by(const EcsTaskDefinition& revision) {
    std::vector<EcsServiceRevision::Image> images;
    for (const auto& image : revision.images)
        images.push_back({.container = image.container, .image = image.image, .digest = {}});
    return images;
}

std::string why_not_brought(const EcsTaskDefinition& revision, const std::vector<PushedImage>& images) {
    std::vector<std::string> missing;
    for (const auto& image : images) {
        const auto is_same = [&](const PushedImage& other) {
            return other.repository == image.repository && other.account == image.account &&
                   other.region == image.region && (other.at > image.at || other.digest == image.digest);
        };
        // Another tag of the same image, or a later push, that is there will do.
        const bool there = std::ranges::any_of(
            images, [&](const PushedImage& other) { return is_same(other) && why_not_named(revision, other).empty(); });
        if (there) continue;
        auto why = why_not_named(revision, image);
        if (std::ranges::find(missing, why) == missing.end()) missing.push_back(std::move(why));
    }
    return join(missing, "; ");
}

std::string why_not_named(const EcsTaskDefinition& revision, const PushedImage& image) {
    std::vector<std::string> others;
    for (const auto& container : revision.images) {
        if (!is_of_repository(container.image, image)) continue;
        if (names(container.image, image)) return {};
        others.push_back(container.image);
    }
    const auto pushed = name_of(image);
    if (others.empty())
        return fmt::format("no container of {} uses the repository {}: its images are {}", short_name(revision.arn),
                           image.repository, images_of(revision));
    return fmt::format("{} names {}, not {}, which was pushed", short_name(revision.arn), join(others, " and "),
                       pushed);
}

}  // namespace ci_lambda
