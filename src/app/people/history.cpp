#include "app/people/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/references.hpp"
#include "base/worker_pool.hpp"
#include "deployer/revision/tag_text.hpp"
#include "deployer/rollout/verdict.hpp"

namespace ci_lambda {
namespace {

std::string text(const EcsTags& tags, const std::string& key) {
    const auto found = tags.find(key);
    return found == tags.end() ? "" : found->second;
}

/// An image by what it is, not by what it is called.
struct ImageKey {
    std::string registry;
    std::string repository;
    std::string digest;
    auto operator<=>(const ImageKey&) const = default;
};

void read_image(EcrRegions& registries, const ImageKey& key, ImageStory& story, Deadline deadline) {
    const auto registry = parse_ecr_registry(key.registry);
    if (!registry) {
        story.unread = "it is in no private registry of Amazon ECR";
        return;
    }
    if (key.digest.empty()) {
        story.unread = "ECS has not said which digest ran";
        return;
    }
    auto& ecr = registries.in(registry->region);
    const EcrRepository repository{.name = key.repository, .registry_id = std::string(registry->account)};
    const auto images = ecr.describe_images(repository, {{.tag = {}, .digest = key.digest}}, deadline);
    if (images && !images->empty()) story.tags = images->front().tags;
    if (!images && images.error().kind == ErrorKind::kNotFound) {
        story.unread = "the image is not there any more";
        return;
    }
    if (const auto done = find_origin(ecr, repository, key.digest, story.origin, deadline); !done)
        story.unread = done.error().message;
}

ImageKey key_of(const ImageStory& image) {
    const auto parts = parse_image(image.image);
    return {
        .registry = std::string(parts.registry), .repository = std::string(parts.repository), .digest = image.digest};
}

/// Looks each thing up once, many at the same time.
class LookBack {
public:
    LookBack(EcsApi& ecs, EcrRegions& registries, Deadline deadline)
        : ecs_(ecs), registries_(registries), deadline_(deadline) {}

    Result<std::vector<RolloutStory>> look(const EcsTarget& target, std::size_t limit) {
        TRY_ASSIGN(auto records, ecs_.service_deployments(target.cluster, target.service, deadline_));
        if (records.size() > limit) records.resize(limit);
        for (auto& record : records) stories_.push_back({.record = std::move(record)});
        find_revisions();
        look_closer();
        look_at_images();
        return std::move(stories_);
    }

private:
    void find_revisions() {
        std::vector<std::string> arns;
        for (const auto& story : stories_)
            if (const auto& arn = story.record.target_revision;
                !arn.empty() && std::ranges::find(arns, arn) == arns.end())
                arns.push_back(arn);
        if (arns.empty()) return;
        const auto revisions = ecs_.service_revisions(arns, deadline_);
        if (!revisions) return;
        for (auto& story : stories_) {
            const auto found = std::ranges::find(*revisions, story.record.target_revision, &EcsServiceRevision::arn);
            if (found == revisions->end()) continue;
            story.task_definition = found->task_definition;
            for (const auto& image : found->images)
                story.images.push_back({.container = image.container, .image = image.image, .digest = image.digest});
        }
    }

    /// What the revisions' tags say, and why ECS has taken something back.
    void look_closer() {
        std::map<std::string, EcsTags> tags;
        for (const auto& story : stories_)
            if (!story.task_definition.empty()) tags[story.task_definition];
        WorkerPool::Tasks tasks;
        for (auto& [revision, its_tags] : tags)
            tasks.emplace_back([this, &revision, &its_tags] {
                if (auto described = ecs_.describe_task_definition(TaskDefinition(revision), deadline_))
                    its_tags = std::move(described->tags);
            });
        for (auto& story : stories_)
            if (is_rollback(story.record.status) || story.record.status == ServiceDeploymentStatus::kRollbackFailed)
                tasks.emplace_back([this, &story] {
                    if (auto record = ecs_.service_deployment(story.record.arn, deadline_))
                        story.record = *std::move(record);
                });
        helpers_.run(tasks);
        for (auto& story : stories_) {
            if (story.task_definition.empty()) continue;
            const auto& its_tags = tags[story.task_definition];
            story.copy = RollbackCopy::read(its_tags);
            story.registered_for = text(its_tags, std::string(kImageTag));
            if (!story.copy) story.reason = text(its_tags, std::string(kReasonTag));
        }
    }

    void look_at_images() {
        std::map<ImageKey, ImageStory> known;
        for (const auto& story : stories_)
            for (const auto& image : story.images) known.try_emplace(key_of(image), image);
        WorkerPool::Tasks tasks;
        for (auto& [key, image] : known)
            tasks.emplace_back([this, &key, &image] { read_image(registries_, key, image, deadline_); });
        helpers_.run(tasks);
        for (auto& story : stories_)
            for (auto& image : story.images) {
                auto found = known.at(key_of(image));
                found.container = image.container;
                found.image = image.image;
                image = std::move(found);
            }
    }

    EcsApi& ecs_;
    EcrRegions& registries_;
    Deadline deadline_;
    std::vector<RolloutStory> stories_;
    WorkerPool helpers_;
};

}  // namespace

Result<std::vector<RolloutStory>> look_back(EcsApi& ecs, EcrRegions& registries, const EcsTarget& target,
                                            std::size_t limit, Deadline deadline) {
    return LookBack(ecs, registries, deadline).look(target, limit);
}

}  // namespace ci_lambda
