#include "app/people/promotion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/people/proven_images.hpp"
#include "base/references.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

bool is_ours_to_promote(const EcsServiceRevision::Image& image) {
    return !image.digest.empty() && parse_ecr_registry(parse_image(image.image).registry);
}

/// The image that a container gets: the proven one of its repository, also where that is in another account or region;
/// else what the container of the same name runs.
const EcsServiceRevision::Image* match(const EcsTaskDefinition::Image& container, const EcsServiceRevision& proven) {
    const auto repository = parse_image(container.image).repository;
    const EcsServiceRevision::Image* by_name = nullptr;
    for (const auto& image : proven.images) {
        if (!is_ours_to_promote(image)) continue;
        if (parse_image(image.image).repository == repository) return &image;
        if (image.container == container.container) by_name = &image;
    }
    return by_name;
}

std::string images_by_container(const auto& images) {
    std::vector<std::string> texts;
    for (const auto& image : images) texts.push_back(fmt::format("{}={}", image.container, image.image));
    return join(texts, ", ");
}

Result<TaskDefinition> base_of_deployment(EcsApi& ecs, const EcsTarget& target, Deadline deadline) {
    auto active = ecs.active_task_definitions(target.family, deadline);
    if (active) return active->front();
    if (active.error().kind == ErrorKind::kNotFound)
        if (const auto described = ecs.describe_services(target.cluster, {target.service}, deadline))
            if (const auto* service = described->find(target.service);
                service != nullptr && service->express && !service->task_definition.empty())
                return TaskDefinition(service->task_definition);
    return std::unexpected(std::move(active).error());
}

}  // namespace

Result<ProvenService> find_proven_service(EcsRollouts& ecs, const EcsTarget& target, const EcsService& service,
                                          const std::string& environment, Deadline deadline) {
    const auto* primary = service.primary();
    if (primary == nullptr)
        return fail(ErrorKind::kNotFound, fmt::format("{} has no deployment in {}", target.service, environment));
    if (primary->rollout_state == RolloutState::kInProgress || primary->rollout_state == RolloutState::kFailed)
        return fail(ErrorKind::kRejected,
                    fmt::format("{} {} in {}, so nothing has proven good that could be promoted; see how it ends, then "
                                "promote: ci_lambda wait {}",
                                short_name(primary->task_definition),
                                primary->rollout_state == RolloutState::kFailed ? "has failed" : "is still rolling",
                                environment, target.id));
    TRY_ASSIGN(auto proven, find_proven_images(ecs, target, service, deadline));
    if (!proven.now || std::ranges::none_of(proven.now->images, is_ours_to_promote))
        return fail(ErrorKind::kNotFound,
                    fmt::format("ECS's records do not say which images of Amazon ECR {} runs in {}", target.service,
                                environment));
    return ProvenService{.target = target, .environment = environment, .revision = *std::move(proven.now)};
}

Result<std::vector<WantedImage>> images_to_promote(const EcsTaskDefinition& newest, const ProvenService& proven) {
    std::vector<WantedImage> wanted;
    for (const auto& container : newest.images) {
        const auto parts = parse_image(container.image);
        const auto* image = parse_ecr_registry(parts.registry) ? match(container, proven.revision) : nullptr;
        if (image == nullptr) continue;
        WantedImage one{.registry = std::string(parts.registry),
                        .repository = std::string(parts.repository),
                        .tag = {},
                        .digest = image->digest};
        if (std::ranges::find(wanted, one) == wanted.end()) wanted.push_back(std::move(one));
    }
    if (wanted.empty())
        return fail(ErrorKind::kRejected,
                    fmt::format("no container of {} has a repository, or a name, of those that {} runs in {} ({}): its "
                                "images are {}",
                                short_name(newest.arn), proven.target.service, proven.environment,
                                images_by_container(proven.revision.images), images_by_container(newest.images)));
    return wanted;
}

Result<std::vector<WantedImage>> images_to_promote(EcsApi& ecs, const EcsTarget& target, const ProvenService& proven,
                                                   Deadline deadline) {
    TRY_ASSIGN(const auto base, base_of_deployment(ecs, target, deadline));
    TRY_ASSIGN(const auto newest, ecs.describe_task_definition(base, deadline));
    return images_to_promote(newest, proven);
}

Status resolve_promotion(EcsApi& ecs, DeploymentRequest& request, Deadline deadline) {
    const auto& [environment, source] = *request.promoted_from;
    const auto unread = [&](Error error) {
        return with_context(std::move(error),
                            fmt::format("what {} runs in {} is not known", request.target.id, environment));
    };
    auto described = ecs.describe_services(source.cluster, {source.service}, deadline);
    if (!described) return std::unexpected(unread(std::move(described).error()));
    const auto* service = described->find(source.service);
    if (service == nullptr)
        return fail(ErrorKind::kNotFound,
                    fmt::format("nothing can be promoted from {}: the cluster {} has no service {}", environment,
                                source.cluster, source.service));
    auto proven = find_proven_service(ecs, source, *service, environment, deadline);
    if (!proven) {
        if (proven.error().kind == ErrorKind::kRejected || proven.error().kind == ErrorKind::kNotFound)
            return std::unexpected(std::move(proven).error());
        return std::unexpected(unread(std::move(proven).error()));
    }
    TRY_ASSIGN(request.wanted, images_to_promote(ecs, request.target, *proven, deadline));
    request.reason += fmt::format(" ({} in {})", short_name(proven->revision.task_definition), environment);
    request.promoted_from.reset();
    return {};
}

}  // namespace ci_lambda
