#include "sandbox/ecs/images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::string_view kDigestMark = "@sha256:";

/// 64 bits of FNV-1a. A digest only has to look like one and to differ where the image differs.
std::uint64_t hash(std::string_view text, std::uint64_t seed) {
    constexpr std::uint64_t kOffset = 14'695'981'039'346'656'037U;
    constexpr std::uint64_t kPrime = 1'099'511'628'211U;
    std::uint64_t value = kOffset ^ (seed * kPrime);
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * kPrime;
    return value;
}

std::string digest_of(std::string_view image, int pushes) {
    if (const auto mark = image.find(kDigestMark); mark != std::string_view::npos)
        return std::string(image.substr(mark + 1));
    const std::string content = fmt::format("{}#{}", image, pushes);
    return fmt::format("sha256:{:016x}{:016x}{:016x}{:016x}", hash(content, 1), hash(content, 2), hash(content, 3),
                       hash(content, 4));
}

std::vector<ContainerImage> containers_of(const TaskDefinitionRevision& revision) {
    std::vector<ContainerImage> containers;
    const Json content = parse_json(revision.content).value_or(Json::object());
    const Json* definitions = find(content, "containerDefinitions");
    if (definitions == nullptr || !definitions->is_array()) return containers;
    for (const auto& definition : *definitions)
        containers.push_back({.container = find_string(definition, "name").value_or(""),
                              .image = find_string(definition, "image").value_or(""),
                              .digest = {}});
    return containers;
}

bool has_succeeded(const Service& service, const std::string& task_definition) {
    return std::ranges::any_of(service.revisions, [&](const ServiceRevision& revision) {
        return revision.successful && revision.task_definition == task_definition;
    });
}

bool has_succeeded(const Service& service, const ContainerImage& image) {
    return std::ranges::any_of(service.revisions, [&](const ServiceRevision& revision) {
        return revision.successful &&
               std::ranges::find(revision.images, image.digest, &ContainerImage::digest) != revision.images.end();
    });
}

/// For a new deployment in this scenario; absent: nobody pushes for it.
void find_by_name(EcsState& state, ContainerImage& image, std::optional<Scenario> scenario) {
    auto& pushed = state.images[image.image];
    if (scenario) {
        const bool broken = is_of_the_image(*scenario);
        if (broken || pushed.broken) ++pushed.pushes;  // a broken image is followed by a repaired one
        pushed.broken = broken;
    }
    image.digest = digest_of(image.image, pushed.pushes);
}

/// The same where the registry has the image, or should have it; false where it is another one's. What somebody has
/// pushed since the last deployment is what the scenario is about.
bool find_in_registry(EcsState& state, ContainerImage& image, std::optional<Scenario> scenario) {
    auto found = state.registry == nullptr ? ImageRegistry::Resolved{} : state.registry->resolve(image.image);
    if (!found.is_ours) return false;
    auto& pushed = state.images[image.image];
    if (scenario && !found.digest.empty()) {
        const bool broken = is_of_the_image(*scenario);
        const bool is_new = found.digest != pushed.digest;
        if ((broken || pushed.broken) && !is_new) {
            state.registry->replace(image.image);
            found = state.registry->resolve(image.image);
        }
        pushed.broken = broken;
    }
    pushed.digest = found.digest;
    image.digest = found.digest;
    return true;
}

}  // namespace

ResolvedImages resolve_images(EcsState& state, const Service& service, const TaskDefinitionRevision& revision) {
    const std::string task_definition = state.task_definition_arn(revision);
    const bool goes_back = !service.deployments.empty() && task_definition != service.primary().task_definition &&
                           has_succeeded(service, task_definition);
    const Scenario scenario = is_of_the_image(service.scenario) ? service.scenario : Scenario::kHealthy;
    ResolvedImages resolved{.images = containers_of(revision), .fate = scenario};
    for (auto& image : resolved.images) {
        const auto scenario_of_it = goes_back ? std::nullopt : std::optional(scenario);
        if (!find_in_registry(state, image, scenario_of_it)) find_by_name(state, image, scenario_of_it);
    }
    if (std::ranges::any_of(resolved.images, [](const ContainerImage& image) { return image.digest.empty(); })) {
        resolved.fate = Scenario::kImageNotFound;
        return resolved;
    }
    if (const auto own = state.fates.find(task_definition.substr(task_definition.rfind('/') + 1));
        own != state.fates.end()) {
        resolved.fate = own->second;
        return resolved;
    }
    for (const auto& image : resolved.images)
        if (const auto fate = state.images[image.image].fate; fate && *fate != Scenario::kHealthy)
            resolved.fate = *fate;
    const auto known = [&](const ContainerImage& image) { return has_succeeded(service, image); };
    if (!resolved.images.empty() && std::ranges::all_of(resolved.images, known)) resolved.fate = Scenario::kHealthy;
    return resolved;
}

}  // namespace ci_lambda::sandbox
