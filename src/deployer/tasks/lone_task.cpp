#include "deployer/tasks/lone_task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>

#include "base/references.hpp"

namespace ci_lambda {
namespace {

/// FNV-1a, 64 bits.
std::uint64_t hash_of(std::string_view text, std::uint64_t hash) {
    constexpr std::uint64_t kPrime = 1'099'511'628'211U;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= kPrime;
    }
    return hash;
}

}  // namespace

std::string name_of_text(std::string_view text) {
    constexpr std::uint64_t kBasis = 14'695'981'039'346'656'037U;
    const auto first = hash_of(text, kBasis);
    return fmt::format("{:016x}{:016x}", first, hash_of(text, first ^ kBasis));
}

bool has_succeeded(const EcsTask& ended) {
    const auto& containers = ended.what.containers;
    if (containers.empty()) return false;
    return std::ranges::all_of(containers, [&](const auto& one) {
        return (!ended.container.empty() && one.name != ended.container) || one.exit_code == 0;
    });
}

Result<EcsTaskDefinition> definition_of(const ServiceTask& task, const LoneTaskPlan& plan, EcsStarter& ecs,
                                        Deadline deadline) {
    TRY_ASSIGN(auto deployed, ecs.describe_task_definition(plan.revision, deadline));
    if (task.family.empty()) return deployed;
    TRY_ASSIGN(const auto revisions, ecs.active_task_definitions(task.family, deadline));
    TRY_ASSIGN(auto own, ecs.describe_task_definition(revisions.front(), deadline));
    std::map<std::string, std::string> images;
    for (const auto& image : own.images)
        for (const auto& wanted : deployed.images)
            if (image_name(image.image) == image_name(wanted.image) && image.image != wanted.image)
                images.try_emplace(image.container, wanted.image);
    if (images.empty()) return own;
    TRY_ASSIGN(const auto registered, ecs.register_with_images(TaskDefinition(own.arn), images, own.tags, deadline));
    own.arn = registered.str();
    return own;
}

Result<std::string> container_of(const ServiceTask& task, std::string_view task_in_words,
                                 const EcsTaskDefinition& definition, const LoneTaskPlan& plan) {
    const auto has = [&](const std::string& name) {
        return std::ranges::find(definition.images, name, &EcsTaskDefinition::Image::container) !=
               definition.images.end();
    };
    if (!task.container.empty() && !has(task.container))
        return fail(ErrorKind::kRejected, fmt::format("{}: {} has no container {}", task_in_words,
                                                      short_name(definition.arn), task.container));
    if (!task.container.empty()) return task.container;
    if (definition.images.size() == 1) return definition.images.front().container;
    for (const auto& image : definition.images)
        if (newest_for(image.image, plan.pushed) != nullptr) return image.container;
    if (has(plan.balanced_container)) return plan.balanced_container;
    return fail(ErrorKind::kRejected, fmt::format("{}: {} has several containers; say which one by \"container\"",
                                                  task_in_words, short_name(definition.arn)));
}

}  // namespace ci_lambda
