#include "app/app.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/version.hpp"
#include "base/text.hpp"
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

std::vector<std::string> services_with(const std::vector<DeploymentReport>& reports, DeploymentStatus status) {
    std::vector<std::string> names;
    for (const auto& report : reports)
        if (report.status == status) names.push_back(report.target.id.str());
    return names;
}

std::string failure_message(const std::vector<DeploymentReport>& reports) {
    std::vector<std::string> failed;
    for (const auto& report : reports)
        if (report.error) failed.push_back(fmt::format("{}: {}", report.target.id, report.error->message));
    std::string message = "deployment failed for " + join(failed, "; ");
    if (const auto succeeded = services_with(reports, DeploymentStatus::kDeployed); !succeeded.empty())
        message += fmt::format(". Started: {}", join(succeeded, ", "));
    return message;
}

NotificationType type_of(NoticeLevel level) {
    switch (level) {
        case NoticeLevel::kSuccess: return NotificationType::kSuccess;
        case NoticeLevel::kInfo: return NotificationType::kInfo;
        case NoticeLevel::kWarning: return NotificationType::kWarning;
        case NoticeLevel::kError: return NotificationType::kError;
    }
    return NotificationType::kInfo;
}

std::string passed_by_text(const std::vector<PassedBy>& passed_by) {
    std::string text;
    for (const auto& one : passed_by) text += fmt::format("; {}: {}", one.service, one.reason);
    return text;
}

class RealApp final : public App {
public:
    RealApp(Options options, const Environment& environment, LogSink& sink, const Clock& clock, Sleeper& sleeper,
            LoadedConfig loaded, std::optional<std::string> ca_bundle)
        : config_(std::move(loaded.config)),
          clock_(clock),
          logger_(sink, clock, redactor_),
          http_({.ca_bundle = std::move(ca_bundle), .ca_bundle_overrides = config_.ca_bundle.has_value()}, clock,
                logger_),
          credentials_(credential_sources(options, environment, http_), clock, redactor_),
          ecs_({.region = config_.region, .endpoint = config_.ecs_endpoint}, http_, credentials_, clock),
          slack_(slack_channel(config_, http_, clock, sleeper)),
          notifications_(channels(slack_.get()), clock, logger_),
          deployer_({.project = config_.project,
                     .environment = config_.environment,
                     .max_retries = config_.max_deployment_retries,
                     .dry_run = options.dry_run.value_or(config_.dry_run)},
                    ecs_, notifications_, clock, sleeper, logger_) {
        register_secrets(environment);
        logger_.set_level(config_.log_level);
        logger_.set_identity(config_.project, config_.environment);
        if (options.announce) logger_.info("cold start", {{"version", version()}, {"commit", commit()}});
        for (const auto& warning : loaded.warnings) logger_.warn("configuration: " + warning);
    }

    Handled handle(std::string_view event_bytes, Deadline deadline) override {
        logger_.debug("event received", {{"event", std::string(event_bytes)}});
        const auto event = decode_event(event_bytes);
        if (!event) return invalid(event.error());
        return handle(*event, deadline);
    }

    Handled handle(const Event& event, Deadline deadline) override {
        notifications_.set_deadline(deadline.minus(kAnswerMargin));
        const auto decision = decide(event, config_);
        if (!decision) return invalid(decision.error());
        return std::visit([&](const auto& what) { return act(event, what, deadline); }, *decision);
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

    Handled act(const Event& event, const Notify& notice, Deadline /*deadline*/) {
        std::string what = fmt::format("{} of {}: {}", notice.event_name, notice.service, notice.status);
        std::vector<LogField> fields{{"event", describe(event)},
                                     {log_key::kService, notice.service.str()},
                                     {"event_name", notice.event_name},
                                     {"status", notice.status}};
        if (notice.deployment_id) fields.emplace_back(log_key::kDeploymentId, *notice.deployment_id);
        if (notice.reason) fields.emplace_back(log_key::kReason, *notice.reason);
        logger_.info("deployment news from ECS", std::move(fields));
        if (!notifications_.has_channels())
            return {.answer = {.status = "ignored", .detail = what + " (no notification channel is on)"}};
        notifications_.notify({.type = type_of(notice.level),
                               .title = fmt::format("Deployment {}: {}", notice.status, notice.service),
                               .project = config_.project,
                               .environment = config_.environment,
                               .service = notice.service.str(),
                               .status = notice.status,
                               .deployment_id = notice.deployment_id,
                               .reason = notice.reason});
        for (const auto& problem : notifications_.flush().problems)
            what += fmt::format(" (not delivered: {})", problem);
        return {.answer = {.status = "notified", .detail = redactor_.redact(what)}};
    }

    Handled act(const Event& event, const Deploy& deploy, Deadline deadline) {
        logger_.debug("event decided: deploy",
                      {{"event", describe(event)}, {"services", static_cast<int>(deploy.requests.size())}});
        for (const auto& passed : deploy.passed_by)
            logger_.info("service passed by", {{log_key::kService, passed.service}, {log_key::kReason, passed.reason}});
        const auto budget = Deadline::earlier(deadline.minus(kAnswerMargin + kNotificationMargin),
                                              Deadline::after(clock_, config_.deployment_timeout));
        auto reports = deployer_.deploy(deploy, budget);
        notifications_.flush();
        for (auto& report : reports) {
            report.reason = redactor_.redact(std::move(report.reason));
            if (report.error) report.error->message = redactor_.redact(std::move(report.error->message));
        }
        return answer_of(std::move(reports), deploy.passed_by);
    }

    static Handled answer_of(std::vector<DeploymentReport> reports, const std::vector<PassedBy>& passed_by) {
        Handled handled;
        if (std::ranges::any_of(reports,
                                [](const auto& report) { return report.status == DeploymentStatus::kFailed; })) {
            const auto message = failure_message(reports);
            handled.answer = {.status = "failed", .detail = message};
            handled.error = HandlingError{.type = "Function.DeploymentFailed", .message = message};
        } else {
            const bool dry = reports.front().status == DeploymentStatus::kDryRun;
            const auto names = services_with(reports, reports.front().status);
            handled.answer = {.status = dry ? "dry_run" : "deployed",
                              .detail = fmt::format("{} {}", dry ? "would deploy" : "ECS accepted the deployment of",
                                                    join(names, ", "))};
        }
        handled.answer.detail += passed_by_text(passed_by);
        handled.answer.deployments = std::move(reports);
        return handled;
    }

    Redactor redactor_;
    Config config_;
    const Clock& clock_;
    Logger logger_;
    CurlHttpClient http_;
    CredentialChain credentials_;
    EcsClient ecs_;
    std::unique_ptr<SlackChannel> slack_;
    NotificationQueue notifications_;
    Deployer deployer_;
};

}  // namespace

Result<std::unique_ptr<App>> App::create(Options options, const Environment& environment, LogSink& sink,
                                         const Clock& clock, Sleeper& sleeper) {
    TRY_ASSIGN(auto loaded, load_config(environment));
    TRY_ASSIGN(auto ca_bundle, find_ca_bundle(loaded.config.ca_bundle, environment, usual_ca_bundles()));
    return std::make_unique<RealApp>(options, environment, sink, clock, sleeper, std::move(loaded),
                                     std::move(ca_bundle));
}

}  // namespace ci_lambda
