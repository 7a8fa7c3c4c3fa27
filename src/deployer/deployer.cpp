#include "deployer/deployer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/text.hpp"
#include "deployer/retry.hpp"
#include "deployer/revision_choice.hpp"

namespace ci_lambda {
namespace {

/// Threads of one decision, the calling one included. They mostly wait for ECS, so there are more of them than
/// connections.
constexpr std::size_t kMaxThreads = 32;

/// Up to ten services of one cluster, described in one call by whoever needs the answer first.
class ServiceBatch {
public:
    ServiceBatch(EcsApi& ecs, ClusterName cluster) : ecs_(ecs), cluster_(std::move(cluster)) {}

    [[nodiscard]] const ClusterName& cluster() const { return cluster_; }
    using Answer = std::shared_ptr<const Result<DescribedServices>>;

    [[nodiscard]] bool full() const { return names_.size() == EcsApi::kMaxServicesPerDescribe; }
    void add(const EcsServiceName& name) { names_.push_back(name); }

    /// The answer, asked for once; a failure that can heal is asked for again, once for each new attempt.
    Answer describe(int attempt, Deadline deadline) {
        const std::scoped_lock lock(mutex_);
        const bool again = answer_ && !answer_->has_value() && answer_->error().retryable() && attempt > attempt_;
        if (!answer_ || again) {
            answer_ =
                std::make_shared<const Result<DescribedServices>>(ecs_.describe_services(cluster_, names_, deadline));
            attempt_ = attempt;
        }
        return answer_;
    }

private:
    EcsApi& ecs_;
    ClusterName cluster_;
    std::vector<EcsServiceName> names_;
    std::mutex mutex_;
    Answer answer_;
    int attempt_ = 0;
};

/// May UpdateService be sent?
Status check_service(const EcsTarget& target, const DescribedServices& described) {
    for (const auto& failure : described.failures) {
        if (failure.name != target.service) continue;
        return fail(ErrorKind::kNotFound,
                    fmt::format("ECS does not know the service {} in cluster {} ({}); check SERVICE_NAME_PATTERN or "
                                "ECS_SERVICE_MAP",
                                target.service, target.cluster, failure.reason));
    }
    const auto* service = described.find(target.service);
    if (service == nullptr) return {};  // neither described nor missing: let UpdateService find out
    if (service->status != "ACTIVE")
        return fail(ErrorKind::kRejected, fmt::format("the service {} is {}, and only an ACTIVE one can be deployed",
                                                      target.service, service->status));
    if (!can_be_updated(*service))
        return fail(ErrorKind::kRejected,
                    fmt::format("the service {} has the deployment controller {}, which UpdateService cannot drive",
                                target.service, service->deployment_controller));
    return {};
}

DeploymentStatus status_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kInProgress: return DeploymentStatus::kInProgress;
        case Verdict::kCompleted: return DeploymentStatus::kCompleted;
        case Verdict::kFailed: return DeploymentStatus::kFailed;
        case Verdict::kRolledBack: return DeploymentStatus::kRolledBack;
        case Verdict::kSuperseded: return DeploymentStatus::kSuperseded;
        case Verdict::kTimedOut: return DeploymentStatus::kTimedOut;
    }
    return DeploymentStatus::kFailed;
}

}  // namespace

std::string_view to_string(DeploymentStatus status) {
    switch (status) {
        case DeploymentStatus::kDeployed: return "deployed";
        case DeploymentStatus::kDryRun: return "dry_run";
        case DeploymentStatus::kFailed: return to_string(Verdict::kFailed);
        case DeploymentStatus::kInProgress: return to_string(Verdict::kInProgress);
        case DeploymentStatus::kCompleted: return to_string(Verdict::kCompleted);
        case DeploymentStatus::kRolledBack: return to_string(Verdict::kRolledBack);
        case DeploymentStatus::kSuperseded: return to_string(Verdict::kSuperseded);
        case DeploymentStatus::kTimedOut: return to_string(Verdict::kTimedOut);
    }
    return "failed";
}

Rollout rollout_of(const DeploymentReport& report) {
    return {.target = report.target,
            .deployment_id = report.deployment_id,
            .task_definition = report.task_definition,
            .started_at = report.started_at};
}

void add_outcome(DeploymentReport& report, const RolloutOutcome& outcome) {
    report.status = status_of(outcome.judgement.verdict);
    report.outcome = outcome.judgement.reason;
    if (!outcome.rollback.empty()) report.outcome += "; " + outcome.rollback;
    report.took = outcome.took;
}

/// Threads that help the calling one. They start when they are first needed, and then sleep between the events, which
/// need not make and join them anew (docs/adr/0007).
class Deployer::Helpers {
public:
    using Tasks = std::vector<std::function<void()>>;

    Helpers() = default;
    Helpers(const Helpers&) = delete;
    Helpers& operator=(const Helpers&) = delete;

    ~Helpers() {
        {
            const std::scoped_lock lock(mutex_);
            stopping_ = true;
        }
        has_tasks_.notify_all();
    }

    /// Returns when all tasks have run, begun in their order, the first one by the calling thread. One call at a time.
    void run(const Tasks& tasks) {
        const auto helpers = std::min(std::max<std::size_t>(tasks.size(), 1), kMaxThreads) - 1;
        while (threads_.size() < helpers) threads_.emplace_back([this] { help(); });
        std::unique_lock lock(mutex_);
        tasks_ = &tasks;
        next_ = 0;
        for (std::size_t i = 0; i < helpers; ++i) has_tasks_.notify_one();
        work(lock);
        all_done_.wait(lock, [&] { return busy_ == 0; });
        tasks_ = nullptr;
    }

private:
    [[nodiscard]] bool more() const { return tasks_ != nullptr && next_ < tasks_->size(); }

    /// With the mutex held, before and after. A task that throws ends the program: others still use what it would
    /// unwind.
    void work(std::unique_lock<std::mutex>& lock) noexcept {
        while (more()) {
            const auto& task = (*tasks_)[next_++];
            ++busy_;
            lock.unlock();
            task();
            lock.lock();
            --busy_;
        }
    }

    void help() {
        std::unique_lock lock(mutex_);
        while (!stopping_) {
            work(lock);
            if (busy_ == 0) all_done_.notify_one();
            has_tasks_.wait(lock, [&] { return stopping_ || more(); });
        }
    }

    std::mutex mutex_;
    std::condition_variable has_tasks_;
    std::condition_variable all_done_;
    const Tasks* tasks_ = nullptr;
    std::size_t next_ = 0;
    std::size_t busy_ = 0;  // tasks that are being run
    bool stopping_ = false;
    std::vector<std::jthread> threads_;  // last: joined before anything above is destroyed
};

/// One decision being carried out.
class Deployer::Run {
public:
    Run(Deployer& deployer, const Deploy& decision, Deadline deadline)
        : deployer_(deployer), deadline_(deadline), reports_(decision.requests.size()) {
        for (const auto& request : decision.requests)
            services_.push_back({.request = request, .batch = batch_for(request)});
    }

    std::vector<DeploymentReport> run() {
        Helpers::Tasks tasks;
        const auto deploy = [&](std::size_t i) {
            tasks.emplace_back([this, i] { reports_[i] = deploy_one(services_[i]); });
        };
        // The calling thread begins with a service at once, so that a single one never waits for a helper to wake up.
        // Then the batches, so that they are on their way while each service looks for its revision.
        if (!services_.empty()) deploy(0);
        for (const auto& batch : batches_) tasks.emplace_back([this, &batch] { (void)batch->describe(1, deadline_); });
        for (std::size_t i = 1; i < services_.size(); ++i) deploy(i);
        deployer_.helpers_->run(tasks);
        return std::move(reports_);
    }

private:
    struct Service {
        const DeploymentRequest& request;
        ServiceBatch& batch;
    };

    ServiceBatch& batch_for(const DeploymentRequest& request) {
        const auto open = std::ranges::find_if(
            batches_, [&](const auto& batch) { return batch->cluster() == request.target.cluster && !batch->full(); });
        auto& batch =
            open != batches_.end()
                ? **open
                : *batches_.emplace_back(std::make_unique<ServiceBatch>(deployer_.ecs_, request.target.cluster));
        batch.add(request.target.service);
        return batch;
    }

    /// What one service is deployed with. Kept over the attempts.
    struct Choice {
        std::optional<TaskDefinition> revision;
        std::vector<TaskDefinition> passed_over;
    };

    DeploymentReport deploy_one(const Service& service) {
        const auto& request = service.request;
        DeploymentReport report{.target = request.target, .reason = request.reason};
        Choice choice{.revision = request.task_definition, .passed_over = {}};
        const auto accepted = with_retries<AcceptedDeployment>(
            {.max_retries = deployer_.options_.max_retries}, deployer_.clock_, deployer_.sleeper_, deadline_,
            [&](const RetryNotice& notice) { log_retry(request, notice); }, report.attempts,
            [&] { return attempt(service, choice, report.attempts); });
        report.reason += passed_over_text(choice.passed_over);
        if (choice.revision) report.task_definition = choice.revision->str();
        if (!accepted) {
            report.error = accepted.error();
            say_failed(report);
            return report;
        }
        report.task_definition = accepted->task_definition;
        report.deployment_id = accepted->deployment_id;
        report.started_at = accepted->created_at;
        if (deployer_.options_.dry_run) {
            report.status = DeploymentStatus::kDryRun;
            say_dry_run(report);
        } else {
            report.status = DeploymentStatus::kDeployed;
            deployer_.memory_.remember_started(report.deployment_id,
                                               {.reason = report.reason, .at = report.started_at});
            say_started(report);
        }
        return report;
    }

    Result<AcceptedDeployment> attempt(const Service& service, Choice& choice, int number) {
        const auto& target = service.request.target;
        std::vector<TaskDefinition> active;
        if (!choice.revision) {
            TRY_ASSIGN(active, deployer_.ecs_.active_task_definitions(target.family, deadline_));
        }
        const auto described = service.batch.describe(number, deadline_);
        TRY(pre_flight(target, *described));
        const auto* present = described->has_value() ? (*described)->find(target.service) : nullptr;
        if (!choice.revision) {
            TRY_ASSIGN(choice, choose(target, active, present));
            deployer_.logger_.debug("deployment revision chosen: the family's highest ACTIVE one",
                                    {{log_key::kService, target.id.str()},
                                     {"task_family", target.family.str()},
                                     {log_key::kTaskDefinition, choice.revision->str()}});
        }
        if (deployer_.options_.dry_run) return AcceptedDeployment{.task_definition = choice.revision->str()};
        UpdateServiceRequest request{
            .cluster = target.cluster, .service = target.service, .task_definition = *choice.revision};
        if (deployer_.options_.rollback_on_failure && present != nullptr)
            request.deployment_configuration = configuration_with_rollback(*present);
        return deployer_.ecs_.update_service(request, deadline_);
    }

    /// The newest revision; where bad ones are rolled back, the newest that was not.
    Result<Choice> choose(const EcsTarget& target, const std::vector<TaskDefinition>& active,
                          const EcsService* present) {
        const auto& newest = active.front();
        const auto* running = present == nullptr ? nullptr : present->primary();
        const bool worth_a_look =
            deployer_.options_.rollback_on_failure && running != nullptr && running->task_definition != newest.str();
        if (!worth_a_look) return Choice{.revision = newest, .passed_over = {}};

        const auto history = deployer_.observer_.history(target, deadline_);
        std::vector<std::string> arns;
        for (const auto& record : history)
            if (!record.target_revision.empty() && std::ranges::find(arns, record.target_revision) == arns.end())
                arns.push_back(record.target_revision);
        if (arns.empty()) return Choice{.revision = newest, .passed_over = {}};
        auto found = choose_revision(active, history, deployer_.observer_.revisions(arns, deadline_));
        if (found.revision.empty())
            return fail(ErrorKind::kRejected,
                        fmt::format("every ACTIVE revision of {} has been rolled back; register a new one, or deploy "
                                    "one by its number",
                                    target.family));
        return Choice{.revision = std::move(found.revision), .passed_over = std::move(found.passed_over)};
    }

    static std::string passed_over_text(const std::vector<TaskDefinition>& passed_over) {
        if (passed_over.empty()) return "";
        std::vector<std::string> names;
        for (const auto& revision : passed_over) names.push_back(short_name(revision.str()));
        return fmt::format(" (not with {}, which was rolled back: register a new revision, or deploy it by its number)",
                           join(names, ", "));
    }

    Status pre_flight(const EcsTarget& target, const Result<DescribedServices>& described) {
        if (described) return check_service(target, *described);
        if (described.error().kind != ErrorKind::kAccessDenied) return std::unexpected(described.error());
        // The origin's IAM policy has no ecs:DescribeServices; its users must not be stopped by our looking first.
        if (!warned_.exchange(true))
            deployer_.logger_.warn("services are not looked at before they are updated: allow ecs:DescribeServices",
                                   {{log_key::kError, described.error().message}});
        return {};
    }

    void log_retry(const DeploymentRequest& request, const RetryNotice& notice) {
        std::vector<LogField> fields{{log_key::kService, request.target.id.str()},
                                     {log_key::kAttempt, notice.attempt},
                                     {log_key::kMaxRetries, notice.max_retries},
                                     {"wait_ms", notice.wait.count()},
                                     {log_key::kError, notice.error->message}};
        if (notice.error->maybe_done) fields.emplace_back("may_start_a_second_rollout", true);
        deployer_.logger_.warn("deployment retry: the last attempt failed in a way that can heal", std::move(fields));
    }

    void say_started(const DeploymentReport& report) {
        deployer_.logger_.info("deployment accepted by ECS", fields_of(report));
        notify(report, NotificationType::kInfo, "Deployment started", "started", report.reason);
    }

    void say_failed(const DeploymentReport& report) {
        auto fields = fields_of(report);
        fields.emplace_back(log_key::kError, report.error->message);
        fields.emplace_back("error_kind", to_string(report.error->kind));
        deployer_.logger_.error("deployment failed: it could not start", std::move(fields));
        notify(report, NotificationType::kError, "Deployment could not start", "could not start",
               fmt::format("{}\nTried because {}.", report.error->message, report.reason));
    }

    void say_dry_run(const DeploymentReport& report) {
        deployer_.logger_.info("deployment not sent: this is a dry run", fields_of(report));
    }

    static std::vector<LogField> fields_of(const DeploymentReport& report) {
        std::vector<LogField> fields{{log_key::kService, report.target.id.str()},
                                     {"cluster", report.target.cluster.str()},
                                     {"ecs_service", report.target.service.str()},
                                     {log_key::kReason, report.reason},
                                     {"attempts", report.attempts}};
        if (!report.task_definition.empty()) fields.emplace_back(log_key::kTaskDefinition, report.task_definition);
        if (!report.deployment_id.empty()) fields.emplace_back(log_key::kDeploymentId, report.deployment_id);
        return fields;
    }

    void notify(const DeploymentReport& report, NotificationType type, std::string_view title, std::string_view status,
                std::string reason) {
        Notification notification{.type = type,
                                  .title = fmt::format("{}: {}", title, report.target.id),
                                  .project = deployer_.options_.project,
                                  .environment = deployer_.options_.environment,
                                  .service = report.target.id.str(),
                                  .status = std::string(status),
                                  .reason = std::move(reason)};
        if (!report.deployment_id.empty()) notification.deployment_id = report.deployment_id;
        if (!report.task_definition.empty()) notification.task_definition = report.task_definition;
        deployer_.notifier_.notify(std::move(notification));
    }

    Deployer& deployer_;
    Deadline deadline_;
    std::vector<std::unique_ptr<ServiceBatch>> batches_;
    std::vector<Service> services_;
    std::vector<DeploymentReport> reports_;
    std::atomic<bool> warned_{false};
};

Deployer::Deployer(Options options, EcsApi& ecs, RolloutObserver& observer, RolloutMemory& memory, Notifier& notifier,
                   const Clock& clock, Sleeper& sleeper, const Logger& logger)
    : options_(std::move(options)),
      ecs_(ecs),
      observer_(observer),
      memory_(memory),
      notifier_(notifier),
      clock_(clock),
      sleeper_(sleeper),
      logger_(logger),
      helpers_(std::make_unique<Helpers>()) {}

Deployer::~Deployer() = default;

std::vector<DeploymentReport> Deployer::deploy(const Deploy& decision, Deadline deadline) {
    return Run(*this, decision, deadline).run();
}

}  // namespace ci_lambda
