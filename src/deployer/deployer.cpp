#include "deployer/deployer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "deployer/retry.hpp"

namespace ci_lambda {
namespace {

/// Threads of one decision. They mostly wait for ECS, so there are more of them than connections.
constexpr std::size_t kMaxThreads = 32;

/// Up to ten services of one cluster, described in one call by whoever needs the answer first.
class ServiceBatch {
public:
    ServiceBatch(EcsApi& ecs, ClusterName cluster) : ecs_(ecs), cluster_(std::move(cluster)) {}

    [[nodiscard]] const ClusterName& cluster() const { return cluster_; }
    [[nodiscard]] bool full() const { return names_.size() == EcsApi::kMaxServicesPerDescribe; }
    void add(const EcsServiceName& name) { names_.push_back(name); }

    /// The answer, asked for once; a failure that can heal is asked for again, once for each new attempt.
    Result<DescribedServices> describe(int attempt, Deadline deadline) {
        const std::scoped_lock lock(mutex_);
        const bool again = answer_ && !*answer_ && answer_->error().retryable() && attempt > attempt_;
        if (!answer_ || again) {
            answer_ = ecs_.describe_services(cluster_, names_, deadline);
            attempt_ = attempt;
        }
        return *answer_;
    }

private:
    EcsApi& ecs_;
    ClusterName cluster_;
    std::vector<EcsServiceName> names_;
    std::mutex mutex_;
    std::optional<Result<DescribedServices>> answer_;
    int attempt_ = 0;
};

/// Runs all tasks, in order of their start, on a few threads; the calling thread is one of them.
void run_all(const std::vector<std::function<void()>>& tasks) {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (auto i = next++; i < tasks.size(); i = next++) tasks[i]();
    };
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min(tasks.size(), kMaxThreads); ++i) helpers.emplace_back(work);
    work();
}

/// What ECS says of the service: may UpdateService be sent?
Status check_service(const EcsTarget& target, const DescribedServices& described) {
    for (const auto& failure : described.failures) {
        if (failure.name != target.service) continue;
        return fail(ErrorKind::kNotFound,
                    fmt::format("ECS does not know the service {} in cluster {} ({}); check SERVICE_NAME_PATTERN or "
                                "ECS_SERVICE_MAP",
                                target.service, target.cluster, failure.reason));
    }
    for (const auto& service : described.services) {
        if (service.name != target.service) continue;
        if (service.status != "ACTIVE")
            return fail(ErrorKind::kRejected,
                        fmt::format("the service {} is {}, and only an ACTIVE one can be deployed", target.service,
                                    service.status));
        if (!can_be_updated(service))
            return fail(ErrorKind::kRejected,
                        fmt::format("the service {} has the deployment controller {}, which UpdateService cannot drive",
                                    target.service, service.deployment_controller));
    }
    return {};  // neither described nor missing: let UpdateService find out
}

}  // namespace

std::string_view to_string(DeploymentStatus status) {
    switch (status) {
        case DeploymentStatus::kDeployed: return "deployed";
        case DeploymentStatus::kDryRun: return "dry_run";
        case DeploymentStatus::kFailed: return "failed";
    }
    return "failed";
}

/// One decision being carried out.
class Deployer::Run {
public:
    Run(Deployer& deployer, const Deploy& decision, Deadline deadline)
        : deployer_(deployer), deadline_(deadline), reports_(decision.requests.size()) {
        for (const auto& request : decision.requests)
            services_.push_back({.request = request, .batch = batch_for(request)});
    }

    std::vector<DeploymentReport> run() {
        std::vector<std::function<void()>> tasks;
        // The batches go first, so that they are on their way while each service looks for its revision.
        for (const auto& batch : batches_) tasks.emplace_back([this, &batch] { (void)batch->describe(1, deadline_); });
        for (std::size_t i = 0; i < services_.size(); ++i)
            tasks.emplace_back([this, i] { reports_[i] = deploy_one(services_[i]); });
        run_all(tasks);
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

    DeploymentReport deploy_one(const Service& service) {
        const auto& request = service.request;
        DeploymentReport report{.target = request.target, .reason = request.reason};
        std::optional<TaskDefinition> revision = request.task_definition;
        const auto accepted = with_retries<AcceptedDeployment>(
            {.max_retries = deployer_.options_.max_retries}, deployer_.clock_, deployer_.sleeper_, deadline_,
            [&](const RetryNotice& notice) { log_retry(request, notice); }, report.attempts,
            [&] { return attempt(service, revision, report.attempts); });
        if (revision) report.task_definition = revision->str();
        if (!accepted) {
            report.error = accepted.error();
            say_failed(report);
            return report;
        }
        report.task_definition = accepted->task_definition;
        report.deployment_id = accepted->deployment_id;
        if (deployer_.options_.dry_run) {
            report.status = DeploymentStatus::kDryRun;
            say_dry_run(report);
        } else {
            report.status = DeploymentStatus::kDeployed;
            say_started(report);
        }
        return report;
    }

    Result<AcceptedDeployment> attempt(const Service& service, std::optional<TaskDefinition>& revision, int number) {
        const auto& target = service.request.target;
        if (!revision) {
            TRY_ASSIGN(revision, deployer_.ecs_.newest_task_definition(target.family, deadline_));
            deployer_.logger_.debug("deployment revision chosen: the family's highest ACTIVE one",
                                    {{log_key::kService, target.id.str()},
                                     {"task_family", target.family.str()},
                                     {log_key::kTaskDefinition, revision->str()}});
        }
        TRY(pre_flight(service, number));
        if (deployer_.options_.dry_run) return AcceptedDeployment{.task_definition = revision->str()};
        return deployer_.ecs_.update_service(
            {.cluster = target.cluster, .service = target.service, .task_definition = *revision}, deadline_);
    }

    Status pre_flight(const Service& service, int number) {
        const auto described = service.batch.describe(number, deadline_);
        if (described) return check_service(service.request.target, *described);
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

Deployer::Deployer(Options options, EcsApi& ecs, Notifier& notifier, const Clock& clock, Sleeper& sleeper,
                   const Logger& logger)
    : options_(std::move(options)), ecs_(ecs), notifier_(notifier), clock_(clock), sleeper_(sleeper), logger_(logger) {}

std::vector<DeploymentReport> Deployer::deploy(const Deploy& decision, Deadline deadline) {
    return Run(*this, decision, deadline).run();
}

}  // namespace ci_lambda
