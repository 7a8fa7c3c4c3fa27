#include "app/app.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "app/answered_events.hpp"
#include "app/batch.hpp"
#include "app/version.hpp"
#include "base/allocator.hpp"
#include "deployer/attach.hpp"
#include "deployer/last_rollout.hpp"
#include "deployer/memory.hpp"
#include "deployer/named_revision.hpp"
#include "deployer/news.hpp"
#include "deployer/our_services.hpp"
#include "deployer/rollback.hpp"
#include "handlers/merge.hpp"
#include "net/credentials.hpp"
#include "net/curl_http_client.hpp"
#include "services/ecs_client.hpp"
#include "services/notifier.hpp"
#include "services/slack.hpp"

namespace ci_lambda {
namespace {

/// Kept free before the invocation's deadline, for the notifications and for the answer itself.
constexpr Milliseconds kAnswerMargin{500};
constexpr Milliseconds kNotificationMargin{2000};

/// Of a rollout that somebody waits for who did not begin it: only the waiting has an end.
constexpr Milliseconds kAsLongAsItTakes = std::chrono::days{365};

class RealApp final : public App {
public:
    RealApp(Options options, const Environment& environment, LogSink& sink, const Clock& clock, Sleeper& sleeper,
            LoadedConfig loaded, std::optional<std::string> ca_bundle)
        : config_(std::move(loaded.config)),
          clock_(clock),
          sleeper_(sleeper),
          logger_(sink, clock, redactor_),
          http_({.ca_bundle = std::move(ca_bundle), .ca_bundle_overrides = config_.ca_bundle.has_value()}, clock,
                logger_),
          credentials_(credential_sources(options, environment, http_), clock, redactor_),
          ecs_({.region = config_.region, .endpoint = config_.ecs_endpoint}, http_, credentials_, clock, sleeper,
               logger_),
          slack_(slack_channel(config_, http_, clock, sleeper)),
          notifications_(channels(slack_.get()), clock, logger_),
          dry_run_(options.dry_run.value_or(config_.dry_run)),
          wait_(options.wait.value_or(config_.wait_for_deployment)),
          on_look_(std::move(options.on_look)),
          wait_at_most_(options.patience),
          patience_(std::max<Milliseconds>(config_.deployment_timeout, options.patience.value_or(Milliseconds{0}))),
          answered_(clock),
          observer_(ecs_, clock, sleeper, logger_),
          rollback_({.max_retries = config_.max_deployment_retries}, ecs_, observer_, memory_, clock, sleeper, logger_),
          deployer_({.max_retries = config_.max_deployment_retries,
                     .dry_run = dry_run_,
                     .rollback_on_failure = config_.rollback_on_failure,
                     .coalesce = config_.coalesce},
                    ecs_, observer_, memory_, clock, sleeper, logger_),
          watcher_({.timeout = patience_, .roll_back = config_.rollback_on_failure}, observer_, rollback_, clock,
                   sleeper, logger_),
          news_({.timeout = config_.deployment_timeout,
                 .roll_back = config_.rollback_on_failure && !dry_run_,
                 .waits = config_.wait_for_deployment},
                observer_, rollback_, memory_),
          sweeper_({.timeout = config_.deployment_timeout,
                    .interval = config_.sweep_interval,
                    .roll_back = config_.rollback_on_failure && !dry_run_},
                   observer_, rollback_, memory_, clock, logger_) {
        register_secrets(environment);
        logger_.set_level(config_.log_level);
        logger_.set_identity(config_.project, config_.environment);
        if (options.announce) logger_.info("cold start", {{"version", version()}, {"commit", commit()}});
        for (const auto& warning : loaded.warnings) logger_.warn("configuration: " + warning);
    }

    Handled handle(std::string_view event_bytes, Deadline deadline) override {
        logger_.debug("event received", {{"event", std::string(event_bytes)}});
        return handle(decode_delivery(event_bytes), deadline);
    }

    Handled handle(const Delivery& delivery, Deadline deadline) override {
        if (delivery.source != Delivery::Source::kEvent) return handle_batch(delivery, deadline);
        const auto& events = delivery.messages.front().events;
        if (!events) return invalid(events.error());
        return handle(events->front(), deadline);
    }

    Handled handle(const Event& event, Deadline deadline) override {
        notifications_.set_deadline(deadline.minus(kAnswerMargin));
        if (auto before = answered_before(event)) return *std::move(before);
        const auto decision = decide(event, config_);
        if (!decision) return invalid(decision.error());
        auto handled = std::visit([&](const auto& what) { return act(event, what, deadline); }, *decision);
        answered_.remember(event, handled);
        return handled;
    }

    Handled deploy(const Deploy& decision, const DeployOptions& options, Deadline deadline) override {
        notifications_.set_deadline(deadline.minus(kAnswerMargin));
        if (!options.attach || dry_run_) return redacted(answer_of(deploy_all(decision, deadline), decision.passed_by));
        Deploy rest{.requests = {}, .passed_by = decision.passed_by};
        std::vector<DeploymentReport> attached;
        for (const auto& request : decision.requests) {
            const auto rolling = rolling_already(ecs_, request, deadline);
            if (!rolling) {
                rest.requests.push_back(request);
                continue;
            }
            attached.push_back(report_of(request.target, *rolling, request.reason));
            if (options.on_attached) options.on_attached(attached.back());
        }
        return redacted(answer_of(deploy_all(rest, deadline, std::move(attached)), decision.passed_by));
    }

    Handled roll_back(const RollbackRequest& request, Deadline deadline) override {
        const auto& target = request.target;
        notifications_.set_deadline(deadline.minus(kAnswerMargin));
        const auto described = observer_.describe(target.cluster, {target.service}, deadline);
        if (!described) return not_rolled_back(target, described.error().message);
        const auto* service = described->find(target.service);
        const auto* primary = service == nullptr ? nullptr : service->primary();
        if (primary == nullptr)
            return not_rolled_back(target, fmt::format("ECS has no service {} with a deployment", target.service));
        const Rollout rollout{.target = target,
                              .deployment_id = primary->id,
                              .task_definition = primary->task_definition,
                              .started_at = primary->created_at,
                              .seen = true};
        if (request.to)
            if (const auto found = find_named_revision(ecs_, target, *request.to, deadline); !found)
                return not_rolled_back(target, found.error().message);
        const auto report =
            rollback_.roll_back_on_request({.rollout = rollout,
                                            .rolling = primary->rollout_state == RolloutState::kInProgress,
                                            .reason = request.reason,
                                            .to = request.to,
                                            .dry_run = dry_run_},
                                           deadline);
        if (report.dry) return would_be_rolled_back(rollout, report);
        if (report.means == RollbackReport::Means::kNone) return not_rolled_back(target, report.words);
        logger_.info("rollback asked for", {{log_key::kService, target.id.str()},
                                            {log_key::kDeploymentId, rollout.deployment_id},
                                            {log_key::kReason, request.reason}});
        return follow_rollback(rollout, report, request, deadline);
    }

    Handled wait_for(const std::vector<EcsTarget>& targets, Deadline deadline) override {
        std::vector<EcsServiceName> names;
        for (const auto& target : targets) names.push_back(target.service);
        const auto described = observer_.describe(config_.names.cluster(), names, deadline);
        if (!described)
            return {.answer = {.status = "failed", .detail = redactor_.redact(described.error().message)},
                    .error = HandlingError{.type = "Function.WaitFailed", .message = described.error().message}};
        std::vector<DeploymentReport> reports;
        std::vector<std::size_t> going;  // which of them go on
        std::vector<Rollout> rollouts;
        for (const auto& target : targets) {
            reports.push_back(report_of_last(target, described->find(target.service), deadline));
            if (reports.back().status != DeploymentStatus::kInProgress) continue;
            going.push_back(reports.size() - 1);
            rollouts.push_back(rollout_of(reports.back()));
        }
        // Not `watcher_`: who only waits must not roll anything back.
        RolloutWatcher watcher({.timeout = kAsLongAsItTakes, .roll_back = false}, observer_, rollback_, clock_,
                               sleeper_, logger_);
        const auto enough = Deadline::after(clock_, wait_at_most_.value_or(config_.deployment_timeout));
        const auto outcomes = watcher.watch(rollouts, Deadline::earlier(deadline, enough), on_look_);
        for (std::size_t i = 0; i < outcomes.size(); ++i) add_outcome(reports[going[i]], outcomes[i]);
        return redacted(answer_of(std::move(reports), {}));
    }

    void rest() override {
        deployer_.rest();
        notifications_.rest();
        give_free_memory_back();
    }

    const Config& config() const override { return config_; }
    Logger& logger() override { return logger_; }
    const Redactor& redactor() const override { return redactor_; }
    EcsApi& ecs() override { return ecs_; }
    CredentialsProvider& credentials() override { return credentials_; }

private:
    static std::vector<std::unique_ptr<CredentialSource>> credential_sources(const Options& options,
                                                                             const Environment& environment,
                                                                             HttpClient& http) {
        std::vector<std::unique_ptr<CredentialSource>> sources;
        sources.push_back(environment_credentials(environment));
        sources.push_back(container_credentials(environment, http));
        if (options.profiles != nullptr) sources.push_back(options.profiles(environment));
        return sources;
    }

    /// Known from the start, so that not even an event that repeats one of them puts it into a log line.
    void register_secrets(const Environment& environment) {
        for (const auto* variable : {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"})
            redactor_.add(Secret(environment.get_non_empty(variable).value_or("")));
        if (!config_.slack_webhook_url) return;
        const auto& url = config_.slack_webhook_url->reveal();
        redactor_.add(*config_.slack_webhook_url);
        // The path is what is secret about it, and what an error page would repeat.
        const auto host = url.find("://") + 3;
        if (const auto path = url.find('/', host); path != std::string::npos) redactor_.add(Secret(url.substr(path)));
    }

    static std::unique_ptr<SlackChannel> slack_channel(const Config& config, HttpClient& http, const Clock& clock,
                                                       Sleeper& sleeper) {
        if (!config.slack_webhook_url) return nullptr;
        return std::make_unique<SlackChannel>(*config.slack_webhook_url, http, clock, sleeper);
    }

    static std::vector<NotificationChannel*> channels(SlackChannel* slack) {
        std::vector<NotificationChannel*> all;
        if (slack != nullptr) all.push_back(slack);
        return all;
    }

    Handled invalid(const Error& error) {
        const auto message = redactor_.redact(error.message);
        logger_.error("event refused: it cannot be acted upon", {{log_key::kError, message}});
        return {.answer = {.status = "failed", .detail = message},
                .error = HandlingError{.type = "Function.InvalidEvent", .message = message}};
    }

    Handled act(const Event& event, const Ignore& ignore, Deadline /*deadline*/) {
        std::vector<LogField> fields{{"event", describe(event)}, {log_key::kReason, ignore.reason}};
        if (ignore.hint) fields.emplace_back("hint", *ignore.hint);
        logger_.info("event ignored", std::move(fields));
        return {.answer = {.status = "ignored", .detail = redactor_.redact(ignore.reason)}};
    }

    Handled act(const Event& event, const Notify& notice, Deadline deadline) {
        std::string what = fmt::format("{} of {}: {}", notice.event_name, notice.service, notice.status);
        std::vector<LogField> fields{{"event", describe(event)},
                                     {log_key::kService, notice.service.str()},
                                     {"event_name", notice.event_name},
                                     {"status", notice.status}};
        if (notice.deployment_id) fields.emplace_back(log_key::kDeploymentId, *notice.deployment_id);
        if (notice.reason) fields.emplace_back(log_key::kReason, *notice.reason);
        logger_.info("deployment news from ECS", std::move(fields));
        const bool acts = config_.rollback_on_failure && !dry_run_;
        if (!notifications_.has_channels() && !acts)
            return {.answer = {.status = "ignored", .detail = what + " (no notification channel is on)"}};
        const auto target = config_.names.target(notice.service);
        const auto at = parse_rfc3339(event.envelope.time).value_or(clock_.now());
        auto news = target ? news_.tell(notice, *target, at, working_time(deadline)) : RolloutNews::News{};
        auto handled = tell(notice, std::move(news.told), std::move(what));
        if (!news.done.empty()) {
            // Something was begun, whether anybody is told or not.
            handled.answer.status = "notified";
            handled.answer.detail += redactor_.redact("; rollback: " + news.done);
        }
        if (news.undone) {
            // The event comes again, and with it the chance to do it.
            const auto message = redactor_.redact(
                fmt::format("{}: it could not be rolled back: {}", notice.service, news.undone->message));
            handled.answer.status = "failed";
            handled.error = HandlingError{.type = "Function.RollbackFailed", .message = message};
        }
        return handled;
    }

    /// Says it, where there is something to say and somebody to say it to.
    Handled tell(const Notify& notice, std::optional<Notification> told, std::string what) {
        if (!told) return {.answer = {.status = "ignored", .detail = redactor_.redact(what + " (said before)")}};
        what = fmt::format("{} of {}: {}", notice.event_name, notice.service, told->status);
        logger_.info("deployment verdict", {{log_key::kService, notice.service.str()},
                                            {"status", told->status},
                                            {log_key::kReason, told->reason.value_or("")}});
        if (!notifications_.has_channels())
            return {
                .answer = {.status = "ignored", .detail = redactor_.redact(what + " (no notification channel is on)")}};
        say(*std::move(told));
        for (const auto& problem : notifications_.flush().problems)
            what += fmt::format(" (not delivered: {})", problem);
        return {.answer = {.status = "notified", .detail = redactor_.redact(what)}};
    }

    Handled act(const Event& event, const Sweep& sweep, Deadline deadline) {
        const auto ours = find_our_services(config_, ecs_, working_time(deadline));
        if (ours.not_listed)
            logger_.warn("sweep incomplete: only the services that the configuration names are looked at",
                         {{log_key::kError, ours.not_listed->message}});
        const auto scheduled_at = sweep.scheduled ? parse_rfc3339(event.envelope.time) : std::nullopt;
        const auto overdue = sweeper_.sweep(ours.targets, scheduled_at, working_time(deadline));
        if (!overdue) {
            const auto message = redactor_.redact(overdue.error().message);
            logger_.error("sweep failed", {{log_key::kError, message}});
            return {.answer = {.status = "failed", .detail = message},
                    .error = HandlingError{.type = "Function.SweepFailed", .message = message}};
        }
        for (const auto& one : *overdue)
            if (one.news) say_overdue(one.outcome);
        notifications_.flush();
        logger_.info("sweep done", {{"services", static_cast<int>(ours.targets.size())},
                                    {"overdue", static_cast<int>(overdue->size())}});
        return redacted(answer_of(*overdue, ours.targets.size()));
    }

    std::optional<Handled> answered_before(const Event& event) {
        auto before = answered_.find(event);
        if (before)
            logger_.info("event repeated: answered as before, and nothing done again",
                         {{"event", describe(event)}, {"event_id", event.envelope.id}});
        return before;
    }

    Handled handle_batch(const Delivery& delivery, Deadline deadline) {
        notifications_.set_deadline(deadline.minus(kAnswerMargin));
        Batch batch(delivery, config_);
        std::vector<DeploymentReport> reports;
        for (auto step = batch.next(); !step.empty(); step = batch.next())
            std::ranges::move(carry_out(batch, step, deadline), std::back_inserter(reports));
        auto handled = redacted(batch.answer(std::move(reports)));
        logger_.log(handled.answer.status == "failed" ? LogLevel::kError : LogLevel::kInfo, "batch handled",
                    {{"messages", static_cast<int>(delivery.messages.size())},
                     {"status", handled.answer.status},
                     {"detail", handled.answer.detail}});
        return handled;
    }

    /// One step of a batch: each service at most once, whatever number of events asks for it.
    std::vector<DeploymentReport> carry_out(Batch& batch, const std::vector<const Batch::Item*>& step,
                                            Deadline deadline) {
        std::vector<const Batch::Item*> deploying;
        std::vector<Deploy> decisions;
        for (const auto* item : step) {
            if (const auto before = answered_before(item->event)) {
                batch.done(*item, *before);
            } else if (const auto* deploy = std::get_if<Deploy>(&item->decision)) {
                deploying.push_back(item);
                decisions.push_back(*deploy);
            } else {
                finish(batch, *item,
                       std::visit([&](const auto& what) { return act(item->event, what, deadline); }, item->decision));
            }
        }
        if (decisions.empty()) return {};
        auto reports = deploy_all(merge(decisions), deadline);
        for (std::size_t i = 0; i < deploying.size(); ++i)
            finish(batch, *deploying[i],
                   redacted(answer_of(reports_for(decisions[i], reports), decisions[i].passed_by)));
        return reports;
    }

    void finish(Batch& batch, const Batch::Item& item, const Handled& handled) {
        answered_.remember(item.event, handled);
        batch.done(item, handled);
    }

    static std::vector<DeploymentReport> reports_for(const Deploy& decision,
                                                     const std::vector<DeploymentReport>& reports) {
        std::vector<DeploymentReport> some;
        for (const auto& report : reports)
            if (std::ranges::find(decision.requests, report.target, &DeploymentRequest::target) !=
                decision.requests.end())
                some.push_back(report);
        return some;
    }

    Handled act(const Event& event, const Deploy& deploy, Deadline deadline) {
        logger_.debug("event decided: deploy",
                      {{"event", describe(event)}, {"services", static_cast<int>(deploy.requests.size())}});
        return redacted(answer_of(deploy_all(deploy, deadline), deploy.passed_by));
    }

    /// With `reports` of deployments that need not be begun any more.
    std::vector<DeploymentReport> deploy_all(const Deploy& deploy, Deadline deadline,
                                             std::vector<DeploymentReport> reports = {}) {
        for (const auto& passed : deploy.passed_by)
            logger_.info("service passed by", {{log_key::kService, passed.service}, {log_key::kReason, passed.reason}});
        const auto budget =
            Deadline::earlier(working_time(deadline), Deadline::after(clock_, config_.deployment_timeout));
        if (!deploy.requests.empty()) {
            auto begun = deployer_.deploy(deploy, budget);
            for (const auto& report : begun) say_started_or_not(report);
            std::ranges::move(begun, std::back_inserter(reports));
        }
        if (wait_ && !dry_run_) watch(reports, deadline);
        notifications_.flush();
        return reports;
    }

    [[nodiscard]] Handled not_rolled_back(const EcsTarget& target, const std::string& why) const {
        const auto message = redactor_.redact(fmt::format("{}: {}", target.id, why));
        return {.answer = {.status = "failed", .detail = message},
                .error = HandlingError{.type = "Function.RollbackFailed", .message = message}};
    }

    [[nodiscard]] Handled would_be_rolled_back(const Rollout& rollout, const RollbackReport& report) const {
        auto handled = answer_of({{.target = rollout.target,
                                   .status = DeploymentStatus::kDryRun,
                                   .reason = "a rollback was asked for",
                                   .task_definition = rollout.task_definition,
                                   .outcome = report.words}},
                                 {});
        handled.answer.detail = fmt::format("{}: {}", rollout.target.id, report.words);
        return redacted(std::move(handled));
    }

    /// A rollback that a person asked for is on its way: with ECS, or as a rollout of its own.
    Handled follow_rollback(const Rollout& rollout, const RollbackReport& report, const RollbackRequest& request,
                            Deadline deadline) {
        const bool own = report.rollout.has_value();
        const auto& followed = own ? *report.rollout : rollout;
        DeploymentReport done{.target = followed.target,
                              .status = own ? DeploymentStatus::kDeployed : DeploymentStatus::kInProgress,
                              .reason = request.reason.empty() ? "a rollback was asked for" : request.reason,
                              .task_definition = followed.task_definition,
                              .deployment_id = followed.deployment_id,
                              .started_at = followed.started_at,
                              .attempts = 1};
        say({.type = NotificationType::kWarning,
             .title = fmt::format("Rollback started: {}", done.target.id),
             .service = done.target.id.str(),
             .status = "rolling back",
             .deployment_id = done.deployment_id,
             .task_definition = done.task_definition,
             .reason = fmt::format("{}: {}", done.reason, report.words)});
        notifications_.flush();
        if (request.wait) {
            const auto outcomes = watcher_.watch({followed}, waiting_time(deadline), on_look_);
            add_outcome(done, outcomes.front());
            if (own && done.status == DeploymentStatus::kCompleted) done.status = DeploymentStatus::kRolledBack;
        }
        auto handled = answer_of({done}, {});
        handled.answer.detail =
            fmt::format("{}: {}{}{}", rollout.target.id, report.words, done.outcome.empty() ? "" : "; ", done.outcome);
        return redacted(std::move(handled));
    }

    static DeploymentReport report_of(const EcsTarget& target, const EcsDeployment& rolling, std::string reason) {
        return {.target = target,
                .status = DeploymentStatus::kDeployed,
                .reason = std::move(reason),
                .task_definition = rolling.task_definition,
                .deployment_id = rolling.id,
                .started_at = rolling.created_at};
    }

    /// What a service rolls out, or has rolled out last; `kInProgress` where there is something to wait for.
    DeploymentReport report_of_last(const EcsTarget& target, const EcsService* service, Deadline deadline) {
        DeploymentReport report{.target = target, .status = DeploymentStatus::kFailed, .reason = "waited for"};
        if (service == nullptr) {
            report.error =
                Error{.kind = ErrorKind::kNotFound, .message = fmt::format("ECS has no service {}", target.service)};
            return report;
        }
        const auto last = look_at_last_rollout(observer_, target, *service, kAsLongAsItTakes, deadline);
        report.task_definition = last.rollout.task_definition;
        report.deployment_id = last.rollout.deployment_id;
        report.started_at = last.rollout.started_at;
        add_outcome(report, {.rollout = last.rollout, .judgement = last.judgement});
        report.took.reset();
        if (last.judgement.final()) report.outcome = ended_in_words(last, clock_.now());
        return report;
    }

    /// Waits for the ends of those that have started.
    void watch(std::vector<DeploymentReport>& reports, Deadline deadline) {
        std::vector<DeploymentReport*> started;
        std::vector<Rollout> rollouts;
        for (auto& report : reports) {
            if (report.status != DeploymentStatus::kDeployed || report.deployment_id.empty()) continue;
            started.push_back(&report);
            rollouts.push_back(rollout_of(report));
        }
        if (rollouts.empty()) return;
        notifications_.flush();  // "started" is news now, not when all is over
        const auto outcomes = watcher_.watch(rollouts, waiting_time(deadline), on_look_,
                                             [&](const std::vector<RolloutOutcome>& verdicts) {
                                                 for (const auto& outcome : verdicts) say_verdict(outcome);
                                                 notifications_.flush();
                                             });
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            add_outcome(*started[i], outcomes[i]);
            log_outcome(*started[i]);
        }
    }

    void log_outcome(const DeploymentReport& report) {
        const bool good = report.status == DeploymentStatus::kCompleted ||
                          report.status == DeploymentStatus::kSuperseded ||
                          report.status == DeploymentStatus::kInProgress;
        logger_.log(good ? LogLevel::kInfo : LogLevel::kError, "rollout watched",
                    {{log_key::kService, report.target.id.str()},
                     {log_key::kDeploymentId, report.deployment_id},
                     {"status", std::string(to_string(report.status))},
                     {log_key::kReason, report.outcome},
                     {"took_ms", report.took.value_or(Milliseconds{0}).count()}});
    }

    void say_started_or_not(const DeploymentReport& report) {
        const bool started = report.status == DeploymentStatus::kDeployed;
        if (!started && !report.error) return;
        const std::string status = started ? "started" : "could not start";
        Notification notification{.type = started ? NotificationType::kInfo : NotificationType::kError,
                                  .title = fmt::format("Deployment {}: {}", status, report.target.id),
                                  .service = report.target.id.str(),
                                  .status = status,
                                  .reason = report.reason};
        if (!started) notification.reason = fmt::format("{}\nTried because {}.", report.error->message, report.reason);
        if (!report.deployment_id.empty()) notification.deployment_id = report.deployment_id;
        if (!report.task_definition.empty()) notification.task_definition = report.task_definition;
        say(std::move(notification));
    }

    /// What nobody else tells: ECS's own events and the sweep tell the rest. One voice for each fact.
    void say_verdict(const RolloutOutcome& outcome) {
        if (outcome.judgement.told_by_ecs) return;
        // A rollout that goes back is over before the next sweep can find it.
        const bool left_to_the_sweep = config_.sweep_interval > std::chrono::seconds{0} && !outcome.going_back;
        switch (outcome.judgement.verdict) {
            case Verdict::kTimedOut:
                if (!left_to_the_sweep && memory_.first_time(overdue_fact(outcome.rollout), outcome.rollout.started_at))
                    say_overdue(outcome);
                break;
            case Verdict::kFailed: say_outcome(outcome, NotificationType::kError, "failed"); break;
            case Verdict::kSuperseded: say_outcome(outcome, NotificationType::kInfo, "superseded"); break;
            case Verdict::kInProgress:
            case Verdict::kCompleted:
            case Verdict::kRolledBack: break;
        }
    }

    void say_overdue(const RolloutOutcome& outcome) { say_outcome(outcome, NotificationType::kError, "timed out"); }

    void say_outcome(const RolloutOutcome& outcome, NotificationType type, const std::string& status) {
        Notification notification{.type = type,
                                  .title = fmt::format("Deployment {}: {}", status, outcome.rollout.target.id),
                                  .service = outcome.rollout.target.id.str(),
                                  .status = status,
                                  .deployment_id = outcome.rollout.deployment_id,
                                  .task_definition = outcome.rollout.task_definition,
                                  .took = in_words(outcome.took),
                                  .reason = outcome.judgement.reason};
        if (!outcome.rollback.empty()) *notification.reason += fmt::format("\nRollback: {}.", outcome.rollback);
        if (const auto started = memory_.started(outcome.rollout.deployment_id))
            notification.started_because = started->reason;
        say(std::move(notification));
    }

    void say(Notification notification) {
        notification.project = config_.project;
        notification.environment = config_.environment;
        notifications_.notify(std::move(notification));
    }

    /// How long to wait for rollouts.
    [[nodiscard]] Deadline waiting_time(Deadline deadline) const {
        if (!wait_at_most_) return working_time(deadline);
        return Deadline::earlier(working_time(deadline), Deadline::after(clock_, *wait_at_most_));
    }

    /// What is left for calls to ECS.
    [[nodiscard]] static Deadline working_time(Deadline deadline) {
        return deadline.minus(kAnswerMargin + kNotificationMargin);
    }

    [[nodiscard]] Handled redacted(Handled handled) const {
        for (auto& report : handled.answer.deployments) {
            report.reason = redactor_.redact(std::move(report.reason));
            report.outcome = redactor_.redact(std::move(report.outcome));
            if (report.error) report.error->message = redactor_.redact(std::move(report.error->message));
        }
        handled.answer.detail = redactor_.redact(std::move(handled.answer.detail));
        if (handled.error) handled.error->message = redactor_.redact(std::move(handled.error->message));
        return handled;
    }

    Redactor redactor_;
    Config config_;
    const Clock& clock_;
    Sleeper& sleeper_;
    Logger logger_;
    CurlHttpClient http_;
    CredentialChain credentials_;
    EcsClient ecs_;
    std::unique_ptr<SlackChannel> slack_;
    NotificationQueue notifications_;
    bool dry_run_;
    bool wait_;
    RolloutWatcher::OnLook on_look_;
    std::optional<Milliseconds> wait_at_most_;
    Milliseconds patience_;  // of one rollout that somebody waits for
    AnsweredEvents answered_;
    RolloutMemory memory_;
    RolloutObserver observer_;
    Rollback rollback_;
    Deployer deployer_;
    RolloutWatcher watcher_;
    RolloutNews news_;
    Sweeper sweeper_;
};

}  // namespace

Result<std::unique_ptr<App>> App::create(Options options, const Environment& environment, LogSink& sink,
                                         const Clock& clock, Sleeper& sleeper) {
    TRY_ASSIGN(auto loaded, load_config(environment));
    TRY_ASSIGN(auto ca_bundle, find_ca_bundle(loaded.config.ca_bundle, environment, usual_ca_bundles()));
    return std::make_unique<RealApp>(std::move(options), environment, sink, clock, sleeper, std::move(loaded),
                                     std::move(ca_bundle));
}

}  // namespace ci_lambda
