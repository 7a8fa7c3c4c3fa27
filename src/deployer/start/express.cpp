#include "deployer/start/express.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/references.hpp"
#include "deployer/rollout/verdict.hpp"

namespace ci_lambda {
namespace {

bool ran(const EcsServiceRevision& revision, const PushedImage& pushed) {
    return std::ranges::any_of(revision.images, [&](const auto& image) {
        return image.digest == pushed.digest || parse_image(image.image).digest == pushed.digest;
    });
}

}  // namespace

Result<ExpressService> find_express(EcsStarter& ecs, const EcsService& service, Deadline deadline) {
    auto described = ecs.describe_express_service(service.arn, deadline);
    if (!described)
        return std::unexpected(
            with_context(std::move(described).error(),
                         fmt::format("{} is an Express service, and what it runs could not be read", service.name)));
    const auto* primary = service.primary();
    const auto* runs = described->of_deployment(primary == nullptr ? std::string_view{} : primary->id);
    if (runs == nullptr)
        return fail(ErrorKind::kBusy,
                    fmt::format("ECS shows no active configuration of the Express service {}", service.name));
    ExpressService found{.arn = service.arn, .runs = *runs, .written_by_ecs = !runs->primary_container.empty()};
    if (!found.written_by_ecs) return found;
    const auto revision = ecs.describe_task_definition(TaskDefinition(runs->task_definition), deadline);
    if (!revision && revision.error().retryable()) return std::unexpected(revision.error());
    // Where it may not be read, what ECS calls the container is all that is known.
    if (revision) found.written_by_ecs = revision->is_primary_container;
    return found;
}

std::string why_taken_back(const std::vector<PushedImage>& images, const History& history,
                           const std::vector<EcsServiceRevision>& revisions) {
    for (const auto& pushed : images) {
        if (pushed.digest.empty()) continue;
        for (const auto& record : history.records) {  // newest first
            const auto revision = std::ranges::find(revisions, record.target_revision, &EcsServiceRevision::arn);
            if (revision == revisions.end() || !ran(*revision, pushed)) continue;
            if (is_rollback(record.status) || record.status == ServiceDeploymentStatus::kRollbackFailed)
                return fmt::format("{} was rolled back: push a newer image, or deploy it by hand", name_of(pushed));
            break;
        }
    }
    return {};
}

}  // namespace ci_lambda
