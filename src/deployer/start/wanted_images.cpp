#include "deployer/start/wanted_images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// An image's registry and repository, as a container names them.
struct Place {
    std::string registry;
    std::string repository;
    friend bool operator==(const Place&, const Place&) = default;

    [[nodiscard]] std::string text() const { return registry.empty() ? repository : registry + "/" + repository; }
};

std::vector<Place> places_in(const EcsTaskDefinition& revision) {
    std::vector<Place> places;
    for (const auto& container : revision.images) {
        const auto parts = parse_image(container.image);
        Place place{.registry = std::string(parts.registry), .repository = std::string(parts.repository)};
        if (std::ranges::find(places, place) == places.end()) places.push_back(std::move(place));
    }
    return places;
}

template <typename Keep>
std::vector<Place> those(const std::vector<Place>& places, Keep keep) {
    std::vector<Place> some;
    std::ranges::copy_if(places, std::back_inserter(some), keep);
    return some;
}

std::string texts_of(const std::vector<Place>& places) {
    std::vector<std::string> texts;
    for (const auto& place : places) texts.push_back(place.text());
    return texts.empty() ? "none" : join(texts, ", ");
}

std::string whole_name(const PushedImage& image) {
    return with_tag_and_digest({.registry = image.registry, .repository = image.repository, .tag = {}, .digest = {}},
                               image.tag, image.digest);
}

bool runs_on(const TaskPlatform& platform, std::string_view os, std::string_view architecture) {
    return os == platform.os && architecture == platform.architecture;
}

std::string text_of(const std::vector<EcrPlatform>& platforms) {
    std::vector<std::string> texts;
    for (const auto& one : platforms) {
        auto text = one.os + "/" + one.architecture;
        if (!one.variant.empty()) text += "/" + one.variant;
        if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
    }
    return join(texts, ", ");
}

/// One image being looked up.
class Search {
public:
    Search(EcrApi& ecr, const EcsTaskDefinition& revision, PushedImage& image, ImagePin pin,
           std::vector<std::string>& notes, Deadline deadline)
        : ecr_(ecr), revision_(revision), image_(image), pin_(pin), notes_(notes), deadline_(deadline) {}

    Status find() {
        TRY(find_digest());
        return check_platform();
    }

private:
    [[nodiscard]] EcrRepository repository() const {
        return {.name = image_.repository, .registry_id = image_.account};
    }

    Status find_digest() {
        const auto asked = whole_name(image_);
        auto found = ecr_.describe_images(repository(), {{.tag = image_.tag, .digest = image_.digest}}, deadline_);
        if (found && found->empty()) found = fail(ErrorKind::kNotFound, "ECR knows nothing of it");
        if (!found && found.error().kind == ErrorKind::kNotFound)
            return std::unexpected(with_context(
                std::move(found).error(),
                fmt::format("there is no image {} (push it first, or see what is there: aws ecr list-images "
                            "--repository-name {} --region {})",
                            asked, image_.repository, image_.region)));
        if (!found)
            return std::unexpected(with_context(std::move(found).error(),
                                                fmt::format("whether there is an image {} is not known", asked)));
        const auto& image = found->front();
        if (image.status == EcrImageStatus::kArchived || image.status == EcrImageStatus::kActivating)
            return fail(ErrorKind::kRejected,
                        fmt::format("the image {} is archived, and cannot be pulled before it is restored (aws ecr "
                                    "update-image-storage-class)",
                                    asked));
        image_.digest = image.digest;
        // The digest decides; a tag beside it is for people.
        if (image_.tag.empty() && pin_ == ImagePin::kBoth && !image.tags.empty()) {
            const auto named = std::ranges::find_if(image.tags, [](const auto& tag) { return tag != "latest"; });
            image_.tag = named == image.tags.end() ? image.tags.front() : *named;
        }
        return {};
    }

    Status check_platform() {
        const auto name = whole_name(image_);
        auto manifest = ecr_.get_manifest(repository(), {.tag = {}, .digest = image_.digest}, deadline_);
        if (!manifest) return not_known(std::move(manifest).error());
        if (!manifest->is_image)
            return fail(ErrorKind::kRejected,
                        fmt::format("{} is nothing that a container can be started from ({})", name,
                                    manifest->artifact_type.empty() ? manifest->media_type : manifest->artifact_type));
        if (manifest->is_index) return judge(manifest->platforms);
        auto config = ecr_.get_config(repository(), manifest->config_digest, deadline_);
        if (!config) return not_known(std::move(config).error());
        return judge(
            {{.os = config->os, .architecture = config->architecture, .variant = config->variant, .digest = {}}});
    }

    Status judge(const std::vector<EcrPlatform>& platforms) {
        const auto wanted = platform_of(revision_);
        if (std::ranges::any_of(platforms, [&](const auto& one) { return runs_on(wanted, one.os, one.architecture); }))
            return {};
        const auto what = fmt::format("{} is for {}", whole_name(image_), text_of(platforms));
        if (wanted.is_guess) {
            notes_.push_back(
                fmt::format("{}, and {} does not say on what its tasks run", what, short_name(revision_.arn)));
            return {};
        }
        return fail(ErrorKind::kRejected,
                    fmt::format("{}, and {}, which is {}/{}: build it for that platform, or register a task definition "
                                "with another runtimePlatform",
                                what, wanted.says, wanted.os, wanted.architecture));
    }

    /// That it is there is known; the rest is worth a word. What can heal is tried again.
    Status not_known(Error error) {
        if (error.retryable() || error.kind == ErrorKind::kDeadline) return std::unexpected(std::move(error));
        const auto wanted = platform_of(revision_);
        notes_.push_back(fmt::format("whether {} is for {}/{} is not known: {}", whole_name(image_), wanted.os,
                                     wanted.architecture, error.message));
        return {};
    }

    EcrApi& ecr_;
    const EcsTaskDefinition& revision_;
    PushedImage& image_;
    ImagePin pin_;
    std::vector<std::string>& notes_;
    Deadline deadline_;
};

}  // namespace

TaskPlatform platform_of(const EcsTaskDefinition& revision) {
    const auto name = short_name(revision.arn);
    const bool says_nothing = revision.cpu_architecture.empty() && revision.os_family.empty();
    const auto cpu = revision.cpu_architecture.empty() ? std::string("X86_64") : revision.cpu_architecture;
    const auto os = revision.os_family.empty() ? std::string("LINUX") : revision.os_family;
    return {.os = os.starts_with("WINDOWS") ? "windows" : to_lower(os),
            .architecture = cpu == "X86_64" ? "amd64" : to_lower(cpu),
            .says = says_nothing ? fmt::format("{} names no runtimePlatform", name)
                                 : fmt::format("{} is for {}, {}", name, cpu, os),
            .is_guess = says_nothing && !revision.for_fargate};
}

Result<PushedImage> place_of(const WantedImage& wanted, const std::vector<std::string>& own,
                             const EcsTaskDefinition& revision) {
    const auto all = places_in(revision);
    const auto name = short_name(revision.arn);
    std::vector<Place> meant;
    if (!wanted.repository.empty()) {
        meant = those(all, [&](const Place& place) {
            return place.repository == wanted.repository &&
                   (wanted.registry.empty() || is_same_registry(place.registry, wanted.registry));
        });
        if (meant.empty())
            return fail(ErrorKind::kRejected,
                        fmt::format("no container of {} uses the repository {}: its images are of {}; for another "
                                    "repository register a task definition that names it, and deploy that",
                                    name, Place{.registry = wanted.registry, .repository = wanted.repository}.text(),
                                    texts_of(all)));
    } else {
        meant = those(all, [&](const Place& place) { return std::ranges::find(own, place.repository) != own.end(); });
        if (meant.empty())
            meant = those(all, [](const Place& place) { return parse_ecr_registry(place.registry).has_value(); });
        if (meant.empty()) meant = all;
    }
    if (meant.size() != 1)
        return fail(ErrorKind::kRejected,
                    fmt::format("which image of {} is meant is not clear: its images are of {}; name it whole, as in "
                                "{}",
                                name, texts_of(all),
                                with_tag_and_digest({.registry = {},
                                                     .repository = meant.empty() ? "REPOSITORY" : meant.front().text(),
                                                     .tag = {},
                                                     .digest = {}},
                                                    wanted.tag, wanted.digest)));
    const auto ecr = parse_ecr_registry(meant.front().registry);
    return PushedImage{.repository = meant.front().repository,
                       .tag = wanted.tag,
                       .digest = wanted.digest,
                       .account = ecr ? std::string(ecr->account) : "",
                       .region = ecr ? std::string(ecr->region) : "",
                       .at = {},
                       .registry = meant.front().registry};
}

Result<FoundImages> find_wanted(EcrRegions& registries, const EcsTaskDefinition& revision,
                                const DeploymentRequest& request, WallTime at, Deadline deadline) {
    FoundImages found;
    for (const auto& wanted : request.wanted) {
        TRY_ASSIGN(auto image, place_of(wanted, request.own_repositories, revision));
        image.at = at;
        if (image.region.empty()) {
            const auto platform = platform_of(revision);
            found.notes.push_back(
                fmt::format("{} is in no private registry of Amazon ECR: nobody has checked that it "
                            "is there, and for {}/{}",
                            whole_name(image), platform.os, platform.architecture));
        } else {
            TRY(Search(registries.in(image.region), revision, image, request.image_pin, found.notes, deadline).find());
        }
        found.images.push_back(std::move(image));
    }
    return found;
}

}  // namespace ci_lambda
