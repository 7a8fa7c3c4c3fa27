#include "app/app.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ranges>

#include "announce/announcer.hpp"
#include "app/answered_events.hpp"
#include "app/batch.hpp"
#include "app/version.hpp"
#include "base/allocator.hpp"
#include "base/text.hpp"
#include "deployer/follow_up/news.hpp"
#include "deployer/follow_up/rollback.hpp"
#include "deployer/observe/inventory.hpp"
#include "deployer/observe/last_rollout.hpp"
#include "deployer/observe/memory.hpp"
#include "deployer/revision/named_revision.hpp"
#include "deployer/start/attach.hpp"
#include "handlers/merge.hpp"
#include "net/credentials.hpp"
#include "net/curl_http_client.hpp"
#include "services/ecs/client.hpp"
#include "services/notify/queue.hpp"
#include "services/notify/slack.hpp"

namespace ci_lambda {
namespace {

/// Kept free before the invocation's deadline, for the notifications and for the answer itself.
constexpr Milliseconds kAnswerMargin{500};
constexpr Milliseconds kNotificationMargin{2000};

/// How much of an event a debug line shows: all of EventBridge's largest (1 MB) would not fit into a line of
/// CloudWatch.
constexpr std::size_t kLoggedEventCharacters = 64'000;
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
          ecs_({.region = config_.region,
                .endpoint = config_.ecs_endpoint,
                .fips = config_.use_fips_endpoint,
                .dualstack = config_.use_dualstack_endpoint},
               http_, credentials_, clock, sleeper, logger_),
          slack_(slack_channel(config_, http_, clock, sleeper)),
          notifications_(channels(slack_.get()), clock, sleeper, logger_),
          for_people_(options.profiles != nullptr),
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
                   observer_, rollback_, memory_, clock, logger_),
          announcer_({.project = config_.project,
                      .environment = config_.environment,
                      .sweeps = config_.sweep_interval > std::chrono::seconds{0}},
                     notifications_, memory_, clock, logger_) {
        register_secrets(environment);
        logger_.set_level(config_.log_level);
        logger_.set_identity(config_.project, config_.environment);
        if (options.announce) logger_.info("cold start", {{"version", version()}, {"commit", commit()}});
        for (const auto& warning : loaded.warnings) logger_.warn("configuration: " + warning);
    }

    void set_home(Home home) override { home_ = std::move(home); }

    Handled handle(std::string_view event_bytes, Deadline deadline) override {
        if (logger_.enabled(LogLevel::kDebug))
            logger_.debug("event received", {{"event", truncate_utf8(event_bytes, kLoggedEventCharacters)}});
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
        if (!event.envelope.account.empty()) find_home();
        const auto decision = decide(event, config_, home_);
        if (!decision) return invalid(decision.error());
        auto handled = std::visit([&](const auto& what) { return act(event, what, deadline); }, *decision);
        answered_.remember(event, handled);
        return handled;
    }

    Handled deploy(const Deploy& decision, const DeployOptions& options, Deadline deadline) override {
        notifications_.set_deadline(deadline.minus(kAnswerMargin));
        const std::vector<Announcer::Cause> causes{{.id = {}, .decision = &decision}};
        if (!options.attach || dry_run_)
            return redacted(ci_lambda::answer_of(deploy_all(decision, causes, deadline), decision.passed_by));
        Deploy rest{.requests = {}, .passed_by = decision.passed_by};
        std::vector<DeploymentReport> attached;
        for (const auto& request : decision.requests) {
            const auto rolling = rolling_already(ecs_, observer_, request, deadline);
            if (!rolling) {
                rest.requests.push_back(request);
                continue;
            }
            attached.push_back(report_of(request.target, *rolling, request.reason));
            if (options.on_attached) options.on_attached(attached.back());
        }
        return redacted(
            ci_lambda::answer_of(deploy_all(rest, causes, deadline, std::move(attached)), decision.passed_by));
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
        return redacted(ci_lambda::answer_of(std::move(reports), {}));
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
        for (const auto* variable :
             {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"})
            redactor_.add(Secret(environment.get_non_empty(variable).value_or("")));
        // Also where Slack is off: it is no less a secret.
        const auto webhook = environment.get_non_empty("SLACK_WEBHOOK_URL").value_or("");
        register_webhook(trim(webhook));
    }

    /// The path is what is secret about it, and of the path its last part, the token: pages and people repeat them.
    void register_webhook(std::string_view url) {
        redactor_.add(Secret(std::string(url)));
        url = url.substr(0, url.find('?'));
        if (const auto host = url.find("://"); host != std::string_view::npos) url.remove_prefix(host + 3);
        if (const auto path = url.find('/'); path != std::string_view::npos)
            redactor_.add(Secret(std::string(url.substr(path))));
        while (url.ends_with('/')) url.remove_suffix(1);
        redactor_.add(Secret(std::string(last_segment(url))));
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

    /// What came of something that ECS said.
    struct Heard {
        std::string what;                           ///< for the answer
        std::optional<Notification> told = {};      ///< what people should hear of it
        std::optional<DeploymentReport> back = {};  ///< of the rollout that is being rolled back because of it
        std::optional<Error> undone = {};           ///< a rollback that could not begin, for a reason that can heal
    };

    Handled act(const Event& event, const Notify& notice, Deadline deadline) {
        const auto heard = hear(event, notice, deadline);
        if (heard.told) announcer_.news({*heard.told});
        return answer_of(heard, flush());
    }

    Heard hear(const Event& event, const Notify& notice, Deadline deadline) {
        Heard heard{.what = fmt::format("{} of {}: {}", notice.event_name, notice.service, notice.status)};
        log(event, notice);
        const bool acts = config_.rollback_on_failure && !dry_run_ && !notice.doubt;
        const auto target = config_.names.target(notice.service);
        if (!notifications_.has_channels() && !acts) {
            heard.what += " (no notification channel is on)";
            return heard;
        }
        const auto at = parse_rfc3339(event.envelope.time).value_or(clock_.now());
        auto [told, done, undone] =
            target ? news_.tell(notice, *target, at, working_time(deadline)) : RolloutNews::News{};
        if (!done.empty()) heard.back = rolled_back_for(notice, *target, std::move(done));
        heard.undone = std::move(undone);
        if (!told || !announcer_.is_new(*told)) {
            heard.what += " (said before)";
            return heard;
        }
        logger_.info("deployment verdict", {{log_key::kService, notice.service.str()},
                                            {"status", told->status},
                                            {log_key::kReason, told->reason.value_or("")}});
        heard.what = fmt::format("{} of {}: {}", notice.event_name, notice.service, told->status);
        if (heard.back) heard.back->task_definition = told->task_definition.value_or("");
        if (notifications_.has_channels())
            heard.told = std::move(told);
        else
            heard.what += " (no notification channel is on)";
        return heard;
    }

    void log(const Event& event, const Notify& notice) {
        std::vector<LogField> fields{{"event", describe(event)},
                                     {log_key::kService, notice.service.str()},
                                     {"event_name", notice.event_name},
                                     {"status", notice.status}};
        if (notice.deployment_id) fields.emplace_back(log_key::kDeploymentId, *notice.deployment_id);
        if (notice.reason) fields.emplace_back(log_key::kReason, *notice.reason);
        logger_.info("deployment news from ECS", std::move(fields));
    }

    static DeploymentReport rolled_back_for(const Notify& notice, const EcsTarget& target, std::string how) {
        return {.target = target,
                .status = DeploymentStatus::kInProgress,
                .reason = fmt::format("a rollback, because of {}", notice.event_name),
                .task_definition = {},
                .deployment_id = notice.deployment_id.value_or(""),
                .attempts = 1,
                .outcome = std::move(how)};
    }

    [[nodiscard]] Handled answer_of(const Heard& heard, const std::vector<std::string>& problems) const {
        Handled handled{.answer = {.status = heard.told ? "notified" : "ignored", .detail = heard.what}};
        for (const auto& problem : problems) handled.answer.detail += fmt::format(" (not delivered: {})", problem);
        if (heard.back) {
            if (!heard.told) handled.answer.status = to_string(heard.back->status);
            handled.answer.detail += fmt::format("; it is being rolled back: {}", heard.back->outcome);
            handled.answer.deployments.push_back(*heard.back);
        }
        if (heard.undone) {
            // The event comes again, and with it the chance to do it.
            handled.answer.status = "failed";
            handled.error = HandlingError{
                .type = "Function.RollbackFailed",
                .message = fmt::format("{}; it could not be rolled back: {}", heard.what, heard.undone->message)};
        }
        return redacted(std::move(handled));
    }

    /// All is delivered, or lost: what was, is not counted as told.
    std::vector<std::string> flush() {
        const auto delivery = notifications_.flush();
        announcer_.lost(delivery.lost);
        return delivery.problems;
    }

    Handled act(const Event& event, const Sweep& sweep, Deadline deadline) {
        const auto ours = find_our_services(config_, ecs_, working_time(deadline));
        if (ours.not_listed)
            logger_.warn("sweep incomplete: only the services that the configuration names are looked at",
                         {{log_key::kError, ours.not_listed->message}});
        const auto scheduled_at = sweep.scheduled ? parse_rfc3339(event.envelope.time) : std::nullopt;
        const auto overdue = sweeper_.sweep(ours.certain, scheduled_at, working_time(deadline));
        if (!overdue) {
            const auto message = redactor_.redact(overdue.error().message);
            logger_.error("sweep failed", {{log_key::kError, message}});
            return {.answer = {.status = "failed", .detail = message},
                    .error = HandlingError{.type = "Function.SweepFailed", .message = message}};
        }
        std::vector<RolloutOutcome> news;
        for (const auto& one : *overdue)
            if (one.news) news.push_back(one.outcome);
        announcer_.overdue(news);
        flush();
        logger_.info("sweep done", {{"services", static_cast<int>(ours.certain.size())},
                                    {"overdue", static_cast<int>(overdue->size())}});
        auto handled = ci_lambda::answer_of(*overdue, ours.certain.size());
        if (!ours.doubtful.empty()) handled.answer.detail += "; " + leave_alone(ours.doubtful);
        return redacted(std::move(handled));
    }

    /// Says that these may be somebody else's, so that the sweep does not touch them.
    std::string leave_alone(const std::vector<DoubtfulService>& services) {
        constexpr std::size_t kNamedAtMost = 20;
        std::vector<std::string> names;
        for (const auto& service : services | std::views::take(kNamedAtMost)) names.push_back(service.name.str());
        // What rather is another project's will always be there; what may be ours wants to be named.
        const bool others =
            std::ranges::all_of(services, [](const auto& service) { return service.reading.is_rather_another_ones(); });
        logger_.log(others ? LogLevel::kInfo : LogLevel::kWarn,
                    "services left alone by the sweep: they may not be ours (`ci_lambda check` says why)",
                    {{"services", static_cast<int>(services.size())}, {"names", names}});
        return fmt::format("{} left alone, as they may not be ours", services.size());
    }

    std::optional<Handled> answered_before(const Event& event) {
        auto before = answered_.find(event);
        if (before)
            logger_.info("event repeated: answered as before, and nothing done again",
                         {{"event", describe(event)}, {"event_id", event.envelope.id}});
        return before;
    }

    /// Lambda says with each invocation where the function lives. For people, their credentials may know it.
    void find_home() {
        if (!for_people_ || !home_.account.empty()) return;
        if (const auto credentials = credentials_.get()) home_.account = credentials->account_id;
    }

    Handled handle_batch(const Delivery& delivery, Deadline deadline) {
        notifications_.set_deadline(deadline.minus(kAnswerMargin));
        find_home();
        Batch batch(delivery, config_, home_);
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
        std::vector<std::pair<const Batch::Item*, Heard>> heard;
        for (const auto* item : step) {
            if (const auto before = answered_before(item->event)) {
                batch.done(*item, *before);
            } else if (const auto* deploy = std::get_if<Deploy>(&item->decision)) {
                deploying.push_back(item);
                decisions.push_back(*deploy);
            } else if (const auto* notice = std::get_if<Notify>(&item->decision)) {
                heard.emplace_back(item, hear(item->event, *notice, deadline));
            } else {
                finish(batch, *item,
                       std::visit([&](const auto& what) { return act(item->event, what, deadline); }, item->decision));
            }
        }
        auto reports = tell(batch, heard);
        if (decisions.empty()) return reports;
        std::vector<Announcer::Cause> causes;
        for (std::size_t i = 0; i < deploying.size(); ++i)
            causes.push_back({.id = deploying[i]->event.envelope.id, .decision = &decisions[i]});
        const auto deployed = deploy_all(merge(decisions), causes, deadline);
        for (std::size_t i = 0; i < deploying.size(); ++i)
            finish(batch, *deploying[i],
                   redacted(ci_lambda::answer_of(reports_for(decisions[i], deployed), decisions[i].passed_by)));
        std::ranges::copy(deployed, std::back_inserter(reports));
        return reports;
    }

    /// What ECS said in one step of a batch, in one message. The reports are of what is rolled back because of it.
    std::vector<DeploymentReport> tell(Batch& batch, const std::vector<std::pair<const Batch::Item*, Heard>>& heard) {
        std::vector<Notification> news;
        std::vector<DeploymentReport> reports;
        for (const auto& [item, one] : heard) {
            if (one.told) news.push_back(*one.told);
            if (one.back) reports.push_back(*one.back);
        }
        announcer_.news(std::move(news));
        const auto problems = flush();
        for (const auto& [item, one] : heard)
            finish(batch, *item, answer_of(one, one.told ? problems : std::vector<std::string>{}));
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
        const std::vector<Announcer::Cause> causes{{.id = event.envelope.id, .decision = &deploy}};
        return redacted(ci_lambda::answer_of(deploy_all(deploy, causes, deadline), deploy.passed_by));
    }

    /// With `reports` of deployments that need not be begun any more.
    std::vector<DeploymentReport> deploy_all(const Deploy& deploy, const std::vector<Announcer::Cause>& causes,
                                             Deadline deadline, std::vector<DeploymentReport> reports = {}) {
        for (const auto& warning : deploy.warnings)
            logger_.warn("request names no environment", {{log_key::kReason, warning}});
        for (const auto& passed : deploy.passed_by)
            logger_.info("service passed by", {{log_key::kService, passed.service}, {log_key::kReason, passed.reason}});
        const auto budget =
            Deadline::earlier(working_time(deadline), Deadline::after(clock_, config_.deployment_timeout));
        if (!deploy.requests.empty()) {
            auto begun = deployer_.deploy(deploy, budget);
            announcer_.deployments(begun, causes);
            std::ranges::move(begun, std::back_inserter(reports));
        }
        if (wait_ && !dry_run_) watch(reports, deadline);
        flush();
        return reports;
    }

    [[nodiscard]] Handled not_rolled_back(const EcsTarget& target, const std::string& why) const {
        const auto message = redactor_.redact(fmt::format("{}: {}", target.id, why));
        return {.answer = {.status = "failed", .detail = message},
                .error = HandlingError{.type = "Function.RollbackFailed", .message = message}};
    }

    [[nodiscard]] Handled would_be_rolled_back(const Rollout& rollout, const RollbackReport& report) const {
        auto handled = ci_lambda::answer_of({{.target = rollout.target,
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
        announcer_.rollback(done, report.words);
        flush();
        if (request.wait) {
            const auto outcomes = watcher_.watch({followed}, waiting_time(deadline), on_look_);
            add_outcome(done, outcomes.front());
            if (own && done.status == DeploymentStatus::kCompleted) done.status = DeploymentStatus::kRolledBack;
        }
        auto handled = ci_lambda::answer_of({done}, {});
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
        notifications_.hand_over();  // "started" is news now, not when all is over
        const auto tell = [this](const std::vector<RolloutOutcome>& verdicts) {
            announcer_.verdicts(verdicts);
            notifications_.hand_over();
        };
        const auto outcomes = watcher_.watch(rollouts, waiting_time(deadline), on_look_, tell);
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
    Home home_;
    const Clock& clock_;
    Sleeper& sleeper_;
    Logger logger_;
    CurlHttpClient http_;
    CredentialChain credentials_;
    EcsClient ecs_;
    std::unique_ptr<SlackChannel> slack_;
    NotificationQueue notifications_;
    bool for_people_;
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
    Announcer announcer_;
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
