#include "deployer/observe/observer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/retry.hpp"
#include "base/text.hpp"
#include "deployer/rollout/patience.hpp"

namespace ci_lambda {
namespace {

/// Of a read: short, as somebody waits for the verdict.
constexpr RetryPolicy kReadAgain{.max_retries = 2, .first_wait = Milliseconds{500}};

/// Of ECS's words on an Express service: enough for a message.
constexpr std::size_t kLongestReason = 400;

/// Something went wrong, and the stopped tasks may tell what; or they show that nothing did.
bool wants_tasks(const Judgement& judgement) {
    return judgement.rolling_back || judgement.draining || judgement.verdict == Verdict::kFailed ||
           judgement.verdict == Verdict::kRolledBack || judgement.verdict == Verdict::kTimedOut;
}

}  // namespace

template <typename T>
Result<T> RolloutObserver::patiently(Deadline deadline, const std::function<Result<T>()>& read, bool* waited) {
    int attempts = 0;
    auto result = with_retries<T>(kReadAgain, clock_, sleeper_, deadline, [](const RetryNotice&) {}, attempts, read);
    if (waited != nullptr) *waited = attempts > 1;
    return result;
}

Result<DescribedServices> RolloutObserver::describe(const ClusterName& cluster,
                                                    const std::vector<EcsServiceName>& names, Deadline deadline) {
    DescribedServices all;
    for (std::size_t i = 0; i < names.size(); i += kMaxServicesPerDescribe) {
        const auto first = names.begin() + static_cast<std::ptrdiff_t>(i);
        const auto last =
            names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), i + kMaxServicesPerDescribe));
        TRY_ASSIGN(auto some, ecs_.describe_services(cluster, {first, last}, deadline));
        std::ranges::move(some.services, std::back_inserter(all.services));
        std::ranges::move(some.failures, std::back_inserter(all.failures));
    }
    return all;
}

Result<DescribedServices> RolloutObserver::describe_again(const ClusterName& cluster,
                                                          const std::vector<EcsServiceName>& names, Deadline deadline) {
    return patiently<DescribedServices>(deadline, [&] { return describe(cluster, names, deadline); });
}

RolloutObserver::Observation RolloutObserver::observe(Rollout& rollout, const EcsService* service, Milliseconds timeout,
                                                      Deadline deadline) {
    Observation seen{.facts = {.service = service, .history = {}, .stopped_tasks = {}, .now = clock_.now()},
                     .judgement = {}};
    if (service != nullptr) {
        seen.facts.history = records_for(rollout, *service, deadline);
        rollout.seen = rollout.seen || service->deployment(rollout.deployment_id) != nullptr;
    }
    seen.judgement = judge(rollout, seen.facts, timeout);
    if (seen.judgement.verdict == Verdict::kTimedOut && seen.facts.history.records.empty() && service != nullptr) {
        // DescribeServices may be late itself: nothing is called late, and stopped, that ECS's record knows as done.
        add_own_record(rollout, *service, seen.facts.history, deadline);
        seen.judgement = judge(rollout, seen.facts, timeout);
    }
    if (!wants_tasks(seen.judgement)) return seen;
    seen.facts.stopped_tasks = stopped_tasks(rollout.target, deadline);
    if (service != nullptr && service->express) seen.facts.express = said_of_express(*service, deadline);
    seen.judgement = judge(rollout, seen.facts, timeout);
    if (seen.judgement.final())
        seen.judgement.last_words = last_words(rollout.deployment_id, seen.facts.stopped_tasks, deadline);
    return seen;
}

std::optional<LastWords> RolloutObserver::last_words(const std::string& deployment_id,
                                                     const std::vector<EcsStoppedTask>& tasks, Deadline deadline) {
    return last_words_ == nullptr ? std::nullopt : last_words_->of(deployment_id, tasks, deadline);
}

History RolloutObserver::records_for(Rollout& rollout, const EcsService& service, Deadline deadline) {
    History history;
    if (needs_history(rollout, service)) {
        history = this->history(rollout.target, deadline);
        const auto* record = record_of(rollout, history.records);
        if (record == nullptr) return history;
        rollout.seen = true;
        rollout.service_deployment = record->arn;
        if (is_rollback(record->status) || record->status == ServiceDeploymentStatus::kRollbackFailed)
            add_details(record->arn, history.records, deadline);
        return history;
    }
    // It is PRIMARY. Where it goes through stages, ECS's record knows which, and whether they are over; and also
    // whether a rollback that was asked for has begun.
    const bool done = service.primary()->rollout_state == RolloutState::kCompleted;
    if (!has_stages(service.configuration) && (done || !rollout.rollback_asked_at)) return history;
    add_own_record(rollout, service, history, deadline);
    return history;
}

/// Of the PRIMARY, by the ARN that DescribeServices tells.
void RolloutObserver::add_own_record(const Rollout& rollout, const EcsService& service, History& history,
                                     Deadline deadline) {
    const auto& arn = rollout.service_deployment.empty() ? service.service_deployment : rollout.service_deployment;
    if (!arn.empty()) add_details(arn, history.records, deadline);
}

History RolloutObserver::history(const EcsTarget& target, Deadline deadline) {
    bool waited = false;
    auto records = patiently<std::vector<EcsServiceDeployment>>(
        deadline, [&] { return ecs_.service_deployments(target.cluster, target.service, deadline); }, &waited);
    if (records) return {.records = *std::move(records), .waited = waited};
    note(noted_history_, "ecs:ListServiceDeployments", records.error());
    return {.records = {}, .unknown = records.error().retryable(), .waited = waited};
}

std::vector<EcsStoppedTask> RolloutObserver::stopped_tasks(const EcsTarget& target, Deadline deadline) {
    auto tasks = ecs_.stopped_tasks(target.cluster, target.service, deadline);
    if (tasks) return *std::move(tasks);
    note(noted_tasks_, "ecs:ListTasks and ecs:DescribeTasks", tasks.error());
    return {};
}

std::string RolloutObserver::said_of_express(const EcsService& service, Deadline deadline) {
    const auto described = ecs_.describe_express_service(service.arn, deadline);
    if (!described) {
        note(noted_express_, "ecs:DescribeExpressGatewayService", described.error());
        return {};
    }
    const bool active = described->status.empty() || described->status == "ACTIVE";
    auto reason = truncate_utf8(described->status_reason, kLongestReason);
    if (active) return reason;
    return reason.empty() ? fmt::format("it is {}", described->status)
                          : fmt::format("it is {}: {}", described->status, reason);
}

Result<std::vector<EcsServiceRevision>> RolloutObserver::revisions(const std::vector<std::string>& arns,
                                                                   Deadline deadline) {
    auto revisions = ecs_.service_revisions(arns, deadline);
    if (revisions || revisions.error().retryable()) return revisions;
    note(noted_revisions_, "ecs:DescribeServiceRevisions", revisions.error());
    return std::vector<EcsServiceRevision>{};
}

RunningImages RolloutObserver::running_images(const Rollout& rollout, const EcsService& service, Deadline deadline) {
    RunningImages images;
    if (const auto arn = revision_of(rollout, service, deadline); !arn.empty()) {
        auto revisions =
            patiently<std::vector<EcsServiceRevision>>(deadline, [&] { return this->revisions({arn}, deadline); });
        if (!revisions)
            note(noted_revisions_, "ecs:DescribeServiceRevisions", revisions.error());
        else if (!revisions->empty())
            images.resolved = std::move(revisions->front().images);
    }
    if (rollout.pushed.empty()) return images;
    auto tasks = patiently<std::vector<EcsRunningTask>>(
        deadline, [&] { return ecs_.running_tasks(rollout.target.cluster, rollout.target.service, deadline); });
    if (!tasks) {
        note(noted_tasks_, "ecs:ListTasks and ecs:DescribeTasks", tasks.error());
        return images;
    }
    for (const auto& task : *tasks) {
        if (task.started_by != rollout.deployment_id) continue;
        for (const auto& image : task.images)
            if (std::ranges::find(images.in_tasks, image) == images.in_tasks.end()) images.in_tasks.push_back(image);
    }
    return images;
}

/// ARN of the rollout's service revision; empty where ECS does not say.
std::string RolloutObserver::revision_of(const Rollout& rollout, const EcsService& service, Deadline deadline) {
    auto arn = service.revision_of(rollout.deployment_id);
    if (!arn.empty()) return arn;
    History history;
    add_own_record(rollout, service, history, deadline);
    const auto* record = history.records.empty() ? nullptr : &history.records.front();
    const bool own = record != nullptr && last_segment(record->target_revision) == last_segment(rollout.deployment_id);
    return own ? record->target_revision : std::string{};
}

void RolloutObserver::add_details(const std::string& arn, std::vector<EcsServiceDeployment>& history,
                                  Deadline deadline) {
    auto detailed = ecs_.service_deployment(arn, deadline);
    if (!detailed) {  // what is known without it will do
        note(noted_details_, "ecs:DescribeServiceDeployments", detailed.error());
        return;
    }
    const auto record = std::ranges::find(history, arn, &EcsServiceDeployment::arn);
    if (record != history.end())
        *record = *std::move(detailed);
    else
        history.push_back(*std::move(detailed));
}

void RolloutObserver::note(std::atomic<bool>& noted, std::string_view permission, const Error& error) {
    if (error.kind != ErrorKind::kAccessDenied) {
        logger_.warn("rollout seen in part only: ECS did not answer a question",
                     {{"asked_for", std::string(permission)}, {log_key::kError, error.message}});
        return;
    }
    if (noted.exchange(true)) return;  // a call that is not allowed will never be
    logger_.warn("rollout seen in part only: this may not be read",
                 {{"needs", std::string(permission)}, {log_key::kError, error.message}});
}

}  // namespace ci_lambda
