#include "app/people/proven_images.hpp"

#include <algorithm>

#include "base/references.hpp"
#include "base/text.hpp"
#include "deployer/revision/choice.hpp"
#include "deployer/rollout/verdict.hpp"

namespace ci_lambda {
namespace {

/// As many as one DescribeServiceRevisions takes; what is older is no longer what one goes back to.
constexpr std::size_t kMostLookedAt = 20;

const EcsServiceRevision* with_arn(const std::vector<EcsServiceRevision>& revisions, const std::string& arn) {
    const auto found = std::ranges::find(revisions, arn, &EcsServiceRevision::arn);
    return found == revisions.end() ? nullptr : &*found;
}

/// The record of what is PRIMARY: ECS gives both the same number. What ECS has brought back has no record of its own.
bool is_record_of(const EcsServiceDeployment& record, const EcsDeployment& primary) {
    return last_segment(record.target_revision) == last_segment(primary.id);
}

}  // namespace

Result<ProvenImages> find_proven_images(EcsRollouts& ecs, const EcsTarget& target, const EcsService& service,
                                        Deadline deadline) {
    ProvenImages proven;
    const auto* primary = service.primary();
    if (primary == nullptr) return proven;
    TRY_ASSIGN(const auto records, ecs.service_deployments(target.cluster, target.service, deadline));
    std::vector<std::string> arns;
    for (const auto& record : records) {
        const bool counts = record.status == ServiceDeploymentStatus::kSuccessful || is_record_of(record, *primary);
        if (counts && !record.target_revision.empty() && arns.size() < kMostLookedAt &&
            std::ranges::find(arns, record.target_revision) == arns.end())
            arns.push_back(record.target_revision);
    }
    if (arns.empty()) return proven;
    TRY_ASSIGN(const auto revisions, ecs.service_revisions(arns, deadline));
    for (const auto& record : records)
        if (const auto* revision = with_arn(revisions, record.target_revision);
            revision != nullptr && is_record_of(record, *primary)) {
            proven.now = *revision;
            break;
        }
    for (const auto& record : records) {
        const auto* revision = with_arn(revisions, record.target_revision);
        if (revision == nullptr || record.status != ServiceDeploymentStatus::kSuccessful) continue;
        if (!proven.now && revision->task_definition == primary->task_definition) proven.now = *revision;
        if (!proven.before && proven.now && !runs_the_same(*revision, *proven.now)) proven.before = *revision;
    }
    return proven;
}

Result<std::vector<MissingImage>> find_missing_images(EcrRegions& registries, const EcsServiceRevision& revision,
                                                      Deadline deadline) {
    std::vector<MissingImage> missing;
    std::vector<std::string> looked_at;
    for (const auto& image : revision.images) {
        auto parts = parse_image(image.image);
        const auto registry = parse_ecr_registry(parts.registry);
        if (!registry) continue;
        if (!image.digest.empty()) parts.digest = image.digest;
        const auto name = with_tag_and_digest(parts, parts.tag, parts.digest);
        if (std::ranges::find(looked_at, name) != looked_at.end()) continue;
        looked_at.push_back(name);
        // The digest is what is pulled: a tag may have gone on to another image.
        EcrImageId id{.tag = {}, .digest = std::string(parts.digest)};
        if (id.digest.empty()) id.tag = parts.tag.empty() ? "latest" : std::string(parts.tag);
        const auto found =
            registries.in(registry->region)
                .describe_images({.name = std::string(parts.repository), .registry_id = std::string(registry->account)},
                                 {id}, deadline);
        if (!found && found.error().kind != ErrorKind::kNotFound) return std::unexpected(found.error());
        if (!found || found->empty())
            missing.push_back({.image = name, .reason = "it is not there any more"});
        else if (found->front().status == EcrImageStatus::kArchived)
            missing.push_back({.image = name, .reason = "it is archived"});
    }
    return missing;
}

}  // namespace ci_lambda
