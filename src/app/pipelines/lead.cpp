#include "app/pipelines/lead.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "deployer/revision/choice.hpp"
#include "deployer/rollout/direction.hpp"

namespace ci_lambda {
namespace {

/// How often a tag is written that somebody else has written over.
constexpr int kMostWrites = 3;
/// Who writes at the same moment has written by then.
constexpr Milliseconds kMomentAfterWrite{1'000};

struct Tagged {
    std::string arn;
    std::string tag;  ///< empty: there is none
};

/// nullopt: ECS does not show the service.
Result<std::optional<Tagged>> read_tag(Wiring& parts, const EcsTarget& anchor, Deadline deadline) {
    auto described = parts.patiently<DescribedServices>(
        deadline, [&] { return parts.ecs.describe_services_and_tags(anchor.cluster, {anchor.service}, deadline); });
    if (!described) return std::unexpected(std::move(described).error());
    const auto* service = described->find(anchor.service);
    if (service == nullptr || service->arn.empty()) return std::nullopt;
    const auto found = service->tags.find(std::string(kPipelineTag));
    return Tagged{.arn = service->arn, .tag = found == service->tags.end() ? std::string() : found->second};
}

void warn_of_tag(Wiring& parts, const PipelineRun& run, const std::string& why) {
    parts.logger.warn("runs of the pipeline are not told apart",
                      {{"pipeline", run.pipeline}, {"run", run.id}, {log_key::kReason, why}});
}

}  // namespace

Result<Lead> lead_of(Wiring& parts, const RunService& service, Deadline deadline) {
    const auto& target = service.request.target;
    TRY_ASSIGN(const auto described, parts.observer.describe_again(target.cluster, {target.service}, deadline));
    const auto* shown = described.find(target.service);
    const auto* primary = shown == nullptr ? nullptr : shown->primary();
    if (primary == nullptr)
        return fail(ErrorKind::kNotFound, fmt::format("ECS does not show {} any more", target.label()));
    Lead lead{.is = Lead::Is::kOurs, .primary = *primary};
    if (primary->id == service.deployment_id) return lead;
    if (revision_number(primary->task_definition, rollback_family(target.family))) {
        lead.is = Lead::Is::kBack;
        return lead;
    }
    switch (direction_of_primary(*shown, parts.observer.history(target, deadline))) {
        case Direction::kForward: lead.is = Lead::Is::kForward; break;
        case Direction::kBack: lead.is = Lead::Is::kBack; break;
        case Direction::kUnknown: lead.is = Lead::Is::kUnknown; break;
    }
    return lead;
}

Result<std::optional<std::string>> later_run(Wiring& parts, const PipelineRun& run, Deadline deadline) {
    const auto pipeline = parts.config.pipelines.find(run.pipeline);
    const auto services =
        pipeline == parts.config.pipelines.end() ? std::vector<ServiceId>{} : pipeline->second.services();
    const auto anchor = services.empty() ? std::nullopt : parts.config.names.target(services.front());
    if (!anchor) {
        warn_of_tag(parts, run, "the configuration has no such pipeline any more");
        return std::nullopt;
    }
    for (int write = 0;; ++write) {
        auto tagged = read_tag(parts, *anchor, deadline);
        if (!tagged) {
            if (tagged.error().retryable()) return std::unexpected(std::move(tagged).error());
            warn_of_tag(parts, run, tagged.error().message);
            return std::nullopt;
        }
        if (!*tagged) {
            warn_of_tag(parts, run, fmt::format("ECS does not show {}", anchor->label()));
            return std::nullopt;
        }
        const auto& [arn, tag] = **tagged;
        if (is_later(tag, run))
            return fmt::format("a later run of {} has begun ({})", run.pipeline, one_line(tag, 200));
        if (is_of(tag, run)) return std::nullopt;
        if (write == kMostWrites)
            return fail(ErrorKind::kBusy, fmt::format("{} is being run by several at the same moment", run.pipeline));
        const auto written = parts.patiently<void>(
            deadline, [&] { return parts.ecs.tag_service(arn, {{std::string(kPipelineTag), tag_of(run)}}, deadline); });
        if (!written) {
            if (written.error().retryable()) return std::unexpected(written.error());
            warn_of_tag(parts, run, written.error().message);
            return std::nullopt;
        }
        parts.sleeper.sleep_for(kMomentAfterWrite);
    }
}

}  // namespace ci_lambda
