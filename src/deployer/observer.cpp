#include "deployer/observer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ci_lambda {
namespace {

/// Something went wrong, and the stopped tasks may tell what.
bool wants_tasks(const Judgement& judgement) {
    return judgement.rolling_back || judgement.verdict == Verdict::kFailed ||
           judgement.verdict == Verdict::kRolledBack || judgement.verdict == Verdict::kTimedOut;
}

}  // namespace

Result<DescribedServices> RolloutObserver::describe(const ClusterName& cluster,
                                                    const std::vector<EcsServiceName>& names, Deadline deadline) {
    DescribedServices all;
    for (std::size_t i = 0; i < names.size(); i += EcsApi::kMaxServicesPerDescribe) {
        const auto first = names.begin() + static_cast<std::ptrdiff_t>(i);
        const auto last =
            names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), i + EcsApi::kMaxServicesPerDescribe));
        TRY_ASSIGN(auto some, ecs_.describe_services(cluster, {first, last}, deadline));
        std::ranges::move(some.services, std::back_inserter(all.services));
        std::ranges::move(some.failures, std::back_inserter(all.failures));
    }
    return all;
}

RolloutObserver::Look RolloutObserver::look(Rollout& rollout, const EcsService* service, Milliseconds timeout,
                                            Deadline deadline) {
    Look look{.facts = {.service = service, .history = {}, .stopped_tasks = {}, .now = clock_.now()}, .judgement = {}};
    if (service != nullptr && needs_history(rollout, *service)) {
        look.facts.history = history(rollout.target, deadline);
        if (const auto* record = record_of(rollout, look.facts.history)) {
            rollout.service_deployment = record->arn;
            if (is_rollback(record->status) || record->status == ServiceDeploymentStatus::kRollbackFailed)
                add_rollback_reason(rollout, look.facts.history, deadline);
        }
    }
    look.judgement = judge(rollout, look.facts, timeout);
    if (!wants_tasks(look.judgement)) return look;
    look.facts.stopped_tasks = stopped_tasks(rollout.target, deadline);
    look.judgement = judge(rollout, look.facts, timeout);
    return look;
}

std::vector<EcsServiceDeployment> RolloutObserver::history(const EcsTarget& target, Deadline deadline) {
    auto history = ecs_.service_deployments(target.cluster, target.service, deadline);
    if (history) return *std::move(history);
    note(noted_history_, "ecs:ListServiceDeployments", history.error());
    return {};
}

std::vector<EcsStoppedTask> RolloutObserver::stopped_tasks(const EcsTarget& target, Deadline deadline) {
    auto tasks = ecs_.stopped_tasks(target.cluster, target.service, deadline);
    if (tasks) return *std::move(tasks);
    note(noted_tasks_, "ecs:ListTasks and ecs:DescribeTasks", tasks.error());
    return {};
}

std::vector<EcsServiceRevision> RolloutObserver::revisions(const std::vector<std::string>& arns, Deadline deadline) {
    auto revisions = ecs_.service_revisions(arns, deadline);
    if (revisions) return *std::move(revisions);
    note(noted_revisions_, "ecs:DescribeServiceRevisions", revisions.error());
    return {};
}

void RolloutObserver::add_rollback_reason(const Rollout& rollout, std::vector<EcsServiceDeployment>& history,
                                          Deadline deadline) {
    const auto detailed = ecs_.service_deployment(rollout.service_deployment, deadline);
    if (!detailed) return;  // the list's own words will do
    const auto record = std::ranges::find(history, rollout.service_deployment, &EcsServiceDeployment::arn);
    if (record != history.end()) record->rollback_reason = detailed->rollback_reason;
}

void RolloutObserver::note(std::atomic<bool>& noted, std::string_view permission, const Error& error) {
    std::vector<LogField> fields{{log_key::kError, error.message}};
    // A throttle or a lost connection is nobody's missing permission, and another story next time. A call that is not
    // allowed will never be: once is enough.
    if (error.kind == ErrorKind::kAccessDenied) {
        if (noted.exchange(true)) return;
        fields.emplace_back("needs", permission);
    }
    logger_.warn("rollout seen in part only: this could not be read", std::move(fields));
}

}  // namespace ci_lambda
