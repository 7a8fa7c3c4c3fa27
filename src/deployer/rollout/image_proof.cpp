#include "deployer/rollout/image_proof.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// "shop_api:v1.42 (sha256:0123456789ab)"
std::string with_digest(std::string_view repository, std::string_view tag, std::string_view digest) {
    const auto name = with_tag_and_digest(parse_image(repository), tag, {});
    return digest.empty() ? name : fmt::format("{} ({})", name, short_image(fmt::format("{}@{}", repository, digest)));
}

/// What a container runs, with each digest that ECS says it runs with.
struct Container {
    const EcsServiceRevision::Image* image = nullptr;
    std::string resolved;               ///< empty where ECS resolved none
    std::vector<std::string> in_tasks;  ///< each once
};

std::vector<Container> containers_of(const RunningImages& running) {
    std::vector<Container> containers;
    for (const auto& image : running.resolved) containers.push_back({.image = &image, .resolved = image.digest});
    for (const auto& image : running.in_tasks) {
        auto known = std::ranges::find_if(
            containers, [&](const Container& one) { return one.image->container == image.container; });
        if (known == containers.end()) known = containers.insert(containers.end(), Container{.image = &image});
        if (!image.digest.empty() && std::ranges::find(known->in_tasks, image.digest) == known->in_tasks.end())
            known->in_tasks.push_back(image.digest);
    }
    return containers;
}

/// The digests that are not `expected` and stand in its place.
std::vector<std::string> others(const Container& container, const std::string& expected) {
    if (!container.resolved.empty() && container.resolved != expected) return {container.resolved};
    if (!container.resolved.empty() && container.in_tasks.size() <= 1) return {};
    auto wrong = container.in_tasks;
    std::erase(wrong, expected);
    return wrong;
}

}  // namespace

ImageProof prove(const std::vector<PushedImage>& pushed, const RunningImages& running) {
    bool seen = false;
    std::vector<std::string> wrong;
    for (const auto& container : containers_of(running)) {
        const auto* expected = newest_for(container.image->image, pushed);
        if (expected == nullptr || expected->digest.empty()) continue;
        const auto image = parse_image(container.image->image);
        for (const auto& digest : others(container, expected->digest))
            wrong.push_back(fmt::format("{}, not {}, which was pushed",
                                        with_digest(image.repository, image.tag, digest),
                                        with_digest(expected->repository, expected->tag, expected->digest)));
        seen = seen || !container.resolved.empty() || !container.in_tasks.empty();
    }
    std::ranges::sort(wrong);
    wrong.erase(std::ranges::unique(wrong).begin(), wrong.end());
    if (!wrong.empty()) return {.found = ImageProof::Found::kAnother, .words = "runs " + join(wrong, "; ")};
    return {.found = seen ? ImageProof::Found::kPushed : ImageProof::Found::kNothing, .words = {}};
}

std::string in_words(const std::vector<EcsServiceRevision::Image>& images, const std::vector<PushedImage>& pushed) {
    std::vector<std::string> texts;
    for (const auto& image : images) {
        const auto named = parse_image(image.image);
        const std::string_view digest = image.digest.empty() ? named.digest : std::string_view(image.digest);
        std::vector<std::string> tags;
        if (!named.tag.empty()) tags.emplace_back(named.tag);
        for (const auto& one : pushed)
            if (is_same_image(one, image.image, digest) && std::ranges::find(tags, one.tag) == tags.end())
                tags.push_back(one.tag);
        auto text = short_image(with_tag_and_digest(named, join(tags, ","), digest));
        if (images.size() > 1) text = fmt::format("{}={}", image.container, text);
        texts.push_back(std::move(text));
    }
    return join(texts, ", ");
}

}  // namespace ci_lambda
