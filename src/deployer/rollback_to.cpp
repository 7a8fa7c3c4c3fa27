#include "deployer/rollback_to.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "deployer/named_revision.hpp"
#include "deployer/read_only_ecs.hpp"

namespace ci_lambda {
namespace {

/// The revision with the digests that it had when it last ran well; without digests where ECS does not remember.
EcsServiceRevision as_it_ran(EcsApi& ecs, const EcsTarget& target, const std::string& arn, Deadline deadline) {
    EcsServiceRevision revision{.arn = {}, .task_definition = arn, .images = {}};
    const auto history = ecs.service_deployments(target.cluster, target.service, deadline);
    if (!history) return revision;
    std::vector<std::string> arns;
    for (const auto& record : *history)
        if (record.status == ServiceDeploymentStatus::kSuccessful && !record.target_revision.empty())
            arns.push_back(record.target_revision);
    if (arns.empty()) return revision;
    const auto revisions = ecs.service_revisions(arns, deadline);
    if (!revisions) return revision;
    for (const auto& wanted : arns) {  // the newest first
        const auto found = std::ranges::find(*revisions, wanted, &EcsServiceRevision::arn);
        if (found != revisions->end() && found->task_definition == arn) return *found;
    }
    return revision;
}

bool is_copy(const std::string& arn, const EcsTarget& target) {
    return short_name(arn).starts_with(rollback_family(target.family).str() + ":");
}

class NoLog final : public LogSink {
public:
    void write(std::string_view /*line*/) override {}
};

std::string in_words(const RollbackReport& report, const ReadOnlyEcs& tried) {
    if (report.means == RollbackReport::Means::kEcs)
        return tried.rolled_back ? "would ask ECS to stop what is rolling and to roll it back"
                                 : "would do nothing: " + report.words;
    const auto& revision = tried.copied ? tried.copied->task_definition
                                        : tried.updated.value_or(UpdateServiceRequest{}).task_definition.str();
    return fmt::format("would deploy {}{}", short_name(revision),
                       tried.copied ? ", as a copy with the very images that it ran" : "");
}

}  // namespace

Result<RollbackReport> roll_back_to(EcsApi& ecs, RolloutMemory& memory, const EcsTarget& target,
                                    const TaskDefinition& named, Deadline deadline) {
    TRY_ASSIGN(const auto found, find_named_revision(ecs, target, named, deadline));
    TaskDefinition revision(found.arn);
    if (!is_copy(found.arn, target)) {
        TRY_ASSIGN(revision, ecs.register_pinned_copy(as_it_ran(ecs, target, found.arn, deadline),
                                                      rollback_family(target.family), deadline));
    }
    TRY_ASSIGN(const auto accepted,
               ecs.update_service({.cluster = target.cluster, .service = target.service, .task_definition = revision},
                                  deadline));
    Rollout back{.target = target,
                 .deployment_id = accepted.deployment_id,
                 .task_definition = accepted.task_definition,
                 .started_at = accepted.created_at};
    memory.remember_started(
        back.deployment_id,
        {.reason = fmt::format("rollback to {}", short_name(found.arn)), .at = back.started_at, .rollback = true});
    auto words = fmt::format("{} is deployed again, as was asked", short_name(found.arn));
    if (revision.str() != found.arn) words += fmt::format(", as {}", short_name(revision.str()));
    return RollbackReport{
        .means = RollbackReport::Means::kRevision, .words = std::move(words), .rollout = std::move(back)};
}

Result<std::string> would_roll_back(EcsApi& ecs, const Rollout& now, bool rolling,
                                    const std::optional<TaskDefinition>& named, Deadline deadline) {
    ReadOnlyEcs tried(ecs);
    RolloutMemory nothing_remembered;
    if (named) {
        TRY_ASSIGN(const auto report, roll_back_to(tried, nothing_remembered, now.target, *named, deadline));
        return in_words(report, tried);
    }
    // What it logs has not happened.
    NoLog no_log;
    const SystemClock clock;
    const Redactor redactor;
    const Logger logger(no_log, clock, redactor);
    const auto report = Rollback(tried, nothing_remembered, logger).roll_back_on_request(now, rolling, deadline);
    if (report.means == RollbackReport::Means::kNone) return fail(ErrorKind::kRejected, report.words);
    return in_words(report, tried);
}

}  // namespace ci_lambda
