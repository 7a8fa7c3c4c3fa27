#include "deployer/deployer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.hpp"
#include "deployer/coalescing.hpp"
#include "deployer/retry.hpp"
#include "deployer/revision_choice.hpp"
#include "deployer/service_looks.hpp"

namespace ci_lambda {
namespace {

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
        case DeploymentStatus::kAlreadyRolling: return "ignored";
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

/// One decision being carried out.
class Deployer::Run {
public:
    Run(Deployer& deployer, const Deploy& decision, Deadline deadline)
        : deployer_(deployer), decision_(decision), deadline_(deadline), reports_(decision.requests.size()) {
        for (const auto& request : decision.requests)
            services_.push_back({.request = request, .looks = looks_for(request.target)});
    }

    std::vector<DeploymentReport> run() {
        let_the_burst_settle();
        if (alone()) {
            reports_[0] = deploy_one(services_[0]);
            return std::move(reports_);
        }
        Helpers::Tasks tasks;
        const auto deploy = [&](std::size_t i) {
            tasks.emplace_back([this, i] { reports_[i] = deploy_one(services_[i]); });
        };
        // The calling thread begins with a service at once. Then the looks, so that they are on their way while each
        // service looks for its revision.
        if (!services_.empty()) deploy(0);
        for (const auto& looks : looks_) tasks.emplace_back([this, &looks] { (void)looks->look({}, deadline_); });
        for (std::size_t i = 1; i < services_.size(); ++i) deploy(i);
        deployer_.helpers_.run(tasks);
        return std::move(reports_);
    }

private:
    using Look = std::shared_ptr<const ServiceLooks::Look>;

    /// One service on its way. What is known of it is kept over the attempts.
    struct Service {
        const DeploymentRequest& request;
        ServiceLooks& looks;
        std::optional<TaskDefinition> revision = request.task_definition;
        std::vector<TaskDefinition> passed_over = {};
        Look look = {};
        /// An UpdateService that ECS may have carried out although no answer came.
        struct Lost {
            WallTime at{};
            std::string primary_before;  ///< `ecs-svc/N` that was PRIMARY when it was sent; empty if nobody knows
        };
        std::optional<Lost> lost = {};

        [[nodiscard]] const EcsService* present() const {
            return look && look->services ? look->services->find(request.target.service) : nullptr;
        }
        [[nodiscard]] const EcsDeployment* primary() const {
            const auto* service = present();
            return service == nullptr ? nullptr : service->primary();
        }
    };

    /// Where an attempt ended.
    struct Outcome {
        AcceptedDeployment deployment;
        std::string already = {};  ///< set when it was not begun by us, in words
    };

    /// A single service needs no helper: its thread makes both lookups at the same time.
    [[nodiscard]] bool alone() const { return services_.size() == 1; }

    ServiceLooks& looks_for(const EcsTarget& target) {
        const auto open = std::ranges::find_if(
            looks_, [&](const auto& looks) { return looks->cluster() == target.cluster && !looks->full(); });
        auto& looks = open != looks_.end() ? **open
                                           : *looks_.emplace_back(std::make_unique<ServiceLooks>(
                                                 deployer_.ecs_, target.cluster, deployer_.clock_));
        looks.add(target.service);
        return looks;
    }

    /// COALESCE_SECONDS, counted from the latest change: what has waited in a queue has waited already.
    void let_the_burst_settle() {
        if (deployer_.options_.dry_run) return;
        const auto now = deployer_.clock_.now();
        const Milliseconds longest = deployer_.options_.coalesce;
        Milliseconds wait{0};
        for (const auto& request : decision_.requests)
            if (request.changed_at)
                wait = std::max(wait, std::chrono::ceil<Milliseconds>(*request.changed_at + longest - now));
        wait = std::min(wait, longest);
        if (const auto left = deadline_.remaining(deployer_.clock_)) wait = std::min(wait, *left / 2);
        if (wait <= Milliseconds{0}) return;
        deployer_.logger_.info("deployment waits for the rest of a burst (COALESCE_SECONDS)",
                               {{"wait_ms", wait.count()}});
        deployer_.sleeper_.sleep_for(wait);
    }

    DeploymentReport deploy_one(Service& service) {
        const auto& request = service.request;
        DeploymentReport report{.target = request.target, .reason = request.reason};
        auto outcome = with_retries<Outcome>(
            {.max_retries = deployer_.options_.max_retries}, deployer_.clock_, deployer_.sleeper_, deadline_,
            [&](const RetryNotice& notice) { log_retry(request, notice); }, report.attempts,
            [&] { return attempt(service); });
        if (!outcome && service.lost) {
            // The last chance to tell the truth about it.
            if (auto begun = look_for_the_lost_one(service)) outcome = *std::move(begun);
        }
        report.reason += passed_over_text(service.passed_over);
        report.passed_over = service.passed_over;
        if (service.revision) report.task_definition = service.revision->str();
        if (!outcome) {
            report.error = outcome.error();
            say_failed(report);
            return report;
        }
        report.task_definition = outcome->deployment.task_definition;
        report.deployment_id = outcome->deployment.deployment_id;
        report.started_at = outcome->deployment.created_at;
        report.outcome = std::move(outcome->already);
        if (!report.outcome.empty()) {
            report.status = DeploymentStatus::kAlreadyRolling;
            deployer_.logger_.info("deployment not sent: " + report.outcome, fields_of(report));
        } else if (deployer_.options_.dry_run) {
            report.status = DeploymentStatus::kDryRun;
            deployer_.logger_.info("deployment not sent: this is a dry run", fields_of(report));
        } else {
            report.status = DeploymentStatus::kDeployed;
            deployer_.memory_.remember_started(report.deployment_id,
                                               {.reason = report.reason, .at = report.started_at});
            say_started(report);
        }
        return report;
    }

    Result<Outcome> attempt(Service& service) {
        const auto& target = service.request.target;
        const auto began = deployer_.clock_.now();
        std::vector<TaskDefinition> active;
        if (!service.revision && alone() && !service.looks.looked()) {
            TRY_ASSIGN(active, service.looks.look_with_revisions(target.family, deadline_));
        } else if (!service.revision) {
            TRY_ASSIGN(active, deployer_.ecs_.active_task_definitions(target.family, deadline_));
        }
        look(service, began);
        TRY(pre_flight(target, service.look->services));
        if (!service.revision) TRY(choose(service, active));
        if (service.lost) {
            if (auto begun = begun_since(service)) return *std::move(begun);
            warn_of_a_second_rollout(service);
        } else if (auto already = already_rolling(service)) {
            return *std::move(already);
        }
        if (deployer_.options_.dry_run) return Outcome{.deployment = {.task_definition = service.revision->str()}};
        return update(service);
    }

    /// The looks are shared with the other services. A new one is needed when the last one failed before this attempt
    /// began, or is older than an UpdateService of which nobody knows what became.
    void look(Service& service, WallTime attempt_began) {
        const auto not_before = service.lost ? service.lost->at + Milliseconds{1} : WallTime{};
        service.look = service.looks.look(not_before, deadline_);
        const auto& services = service.look->services;
        if (!services && services.error().retryable() && service.look->asked_at < attempt_began)
            service.look = service.looks.look(service.look->asked_at + Milliseconds{1}, deadline_);
    }

    Result<Outcome> update(Service& service) {
        const auto& target = service.request.target;
        UpdateServiceRequest request{
            .cluster = target.cluster, .service = target.service, .task_definition = *service.revision};
        if (deployer_.options_.rollback_on_failure && service.present() != nullptr)
            request.deployment_configuration = configuration_with_rollback(*service.present());
        auto accepted = deployer_.ecs_.update_service(request, deadline_);
        if (accepted) return Outcome{.deployment = *std::move(accepted)};
        if (accepted.error().maybe_done) {
            const auto* primary = service.primary();
            service.lost = {.at = deployer_.clock_.now(), .primary_before = primary == nullptr ? "" : primary->id};
        }
        return std::unexpected(std::move(accepted).error());
    }

    /// The deployment that has begun since we looked before a lost UpdateService: that one's, or somebody else's of the
    /// same revision, which does as well.
    std::optional<Outcome> begun_since(const Service& service) {
        const auto* primary = service.primary();
        if (primary == nullptr || service.lost->primary_before.empty()) return std::nullopt;
        if (primary->id == service.lost->primary_before || !runs(*primary, *service.revision)) return std::nullopt;
        deployer_.logger_.warn(
            "deployment found at ECS, whose answer was lost",
            {{log_key::kService, service.request.target.id.str()}, {log_key::kDeploymentId, primary->id}});
        return Outcome{.deployment = {.deployment_id = primary->id,
                                      .task_definition = primary->task_definition,
                                      .created_at = primary->created_at}};
    }

    std::optional<Outcome> look_for_the_lost_one(Service& service) {
        const auto left = deadline_.remaining(deployer_.clock_);
        if (left && *left <= Milliseconds{0}) return std::nullopt;
        look(service, deployer_.clock_.now());
        return begun_since(service);
    }

    void warn_of_a_second_rollout(const Service& service) {
        const bool looked = service.primary() != nullptr && !service.lost->primary_before.empty();
        deployer_.logger_.warn(
            looked ? "deployment retry: UpdateService is sent again; its answer was lost, and ECS shows nothing that "
                     "it began"
                   : "deployment retry: UpdateService is sent again; its answer was lost, and nobody knows what became "
                     "of it",
            {{log_key::kService, service.request.target.id.str()}, {"may_start_a_second_rollout", true}});
    }

    /// What ECS has begun since the change, if it has.
    std::optional<Outcome> already_rolling(Service& service) {
        const auto& changed_at = service.request.changed_at;
        if (!changed_at || service.present() == nullptr) return std::nullopt;
        auto has = has_change(*service.present(), *service.revision, *changed_at);
        if (has == HasChange::kPerhaps && wait_until(settled_at(*changed_at), service)) {
            service.look = service.looks.look(settled_at(*changed_at), deadline_);
            has = service.present() == nullptr ? HasChange::kNo
                                               : has_change(*service.present(), *service.revision, *changed_at);
        }
        if (has != HasChange::kYes) return std::nullopt;
        const auto& primary = *service.primary();
        return Outcome{.deployment = {.deployment_id = primary.id,
                                      .task_definition = primary.task_definition,
                                      .created_at = primary.created_at},
                       .already = already_in_words(primary)};
    }

    /// False where the deadline does not allow it: rather a rollout too many than one that is dropped.
    bool wait_until(WallTime at, const Service& service) {
        const auto wait = std::chrono::ceil<Milliseconds>(at - deployer_.clock_.now());
        if (wait <= Milliseconds{0}) return true;
        if (const auto left = deadline_.remaining(deployer_.clock_); left && *left / 2 <= wait) return false;
        deployer_.logger_.info(
            "deployment waits: another one began at the moment of the change, and may not contain it",
            {{log_key::kService, service.request.target.id.str()}, {"wait_ms", wait.count()}});
        deployer_.sleeper_.sleep_for(wait);
        return true;
    }

    /// The newest revision; where bad ones are rolled back, the newest that was not.
    Status choose(Service& service, const std::vector<TaskDefinition>& active) {
        const auto& target = service.request.target;
        service.revision = active.front();
        const auto* running = service.primary();
        const bool worth_a_look = deployer_.options_.rollback_on_failure && running != nullptr &&
                                  running->task_definition != active.front().str();
        if (worth_a_look) TRY(pass_over_what_was_rolled_back(service, active));
        deployer_.logger_.debug("deployment revision chosen", {{log_key::kService, target.id.str()},
                                                               {"task_family", target.family.str()},
                                                               {log_key::kTaskDefinition, service.revision->str()}});
        return {};
    }

    Status pass_over_what_was_rolled_back(Service& service, const std::vector<TaskDefinition>& active) {
        const auto& target = service.request.target;
        const auto history = deployer_.observer_.history(target, deadline_);
        std::vector<std::string> arns;
        for (const auto& record : history)
            if (!record.target_revision.empty() && std::ranges::find(arns, record.target_revision) == arns.end())
                arns.push_back(record.target_revision);
        if (arns.empty()) return {};
        auto found = choose_revision(active, history, deployer_.observer_.revisions(arns, deadline_));
        if (found.revision.empty()) {
            service.revision.reset();
            return fail(ErrorKind::kRejected,
                        fmt::format("every ACTIVE revision of {} has been rolled back; register a new one, or deploy "
                                    "one by its number",
                                    target.family));
        }
        service.revision = std::move(found.revision);
        service.passed_over = std::move(found.passed_over);
        return {};
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
        if (!deployer_.warned_.exchange(true))
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
    const Deploy& decision_;
    Deadline deadline_;
    std::vector<std::unique_ptr<ServiceLooks>> looks_;
    std::vector<Service> services_;
    std::vector<DeploymentReport> reports_;
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
      logger_(logger) {}

std::vector<DeploymentReport> Deployer::deploy(const Deploy& decision, Deadline deadline) {
    return Run(*this, decision, deadline).run();
}

}  // namespace ci_lambda
