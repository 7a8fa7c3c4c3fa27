#include "app/wiring.hpp"

#include <algorithm>
#include <utility>

#include "app/version.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// Kept free before the invocation's deadline, for the notifications and for the answer itself.
constexpr Milliseconds kAnswerMargin{500};
constexpr Milliseconds kNotificationMargin{2000};

std::vector<std::unique_ptr<CredentialSource>> credential_sources(const AppOptions& options,
                                                                  const Environment& environment, HttpClient& http) {
    std::vector<std::unique_ptr<CredentialSource>> sources;
    sources.push_back(environment_credentials(environment));
    sources.push_back(container_credentials(environment, http));
    if (options.profiles != nullptr) sources.push_back(options.profiles(environment));
    return sources;
}

/// The path is what is secret about it, and of the path its last part, the token: pages and people repeat them.
void register_webhook(std::string_view url, Redactor& redactor) {
    redactor.add(Secret(std::string(url)));
    url = url.substr(0, url.find('?'));
    if (const auto host = url.find("://"); host != std::string_view::npos) url.remove_prefix(host + 3);
    if (const auto path = url.find('/'); path != std::string_view::npos)
        redactor.add(Secret(std::string(url.substr(path))));
    while (url.ends_with('/')) url.remove_suffix(1);
    redactor.add(Secret(std::string(last_segment(url))));
}

/// Known from the start, so that not even an event that repeats one of them puts it into a log line.
void register_secrets(const Environment& environment, Redactor& redactor) {
    for (const auto* variable :
         {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"})
        redactor.add(Secret(environment.get_non_empty(variable).value_or("")));
    // Also where Slack is off: it is no less a secret.
    const auto webhook = environment.get_non_empty("SLACK_WEBHOOK_URL").value_or("");
    register_webhook(trim(webhook), redactor);
}

std::unique_ptr<SlackChannel> slack_channel(const Config& config, HttpClient& http, const Clock& clock,
                                            Sleeper& sleeper) {
    if (!config.slack_webhook_url) return nullptr;
    return std::make_unique<SlackChannel>(*config.slack_webhook_url, http, clock, sleeper);
}

std::vector<NotificationChannel*> channels(SlackChannel* slack) {
    std::vector<NotificationChannel*> all;
    if (slack != nullptr) all.push_back(slack);
    return all;
}

/// Of one rollout that somebody waits for.
Milliseconds patience(const AppOptions& options, const Config& config) {
    return std::max<Milliseconds>(config.deployment_timeout, options.patience.value_or(Milliseconds{0}));
}

}  // namespace

Wiring::Wiring(AppOptions options, const Environment& environment, LogSink& sink, const Clock& the_clock,
               Sleeper& the_sleeper, LoadedConfig loaded, std::optional<std::string> ca_bundle)
    : config(std::move(loaded.config)),
      clock(the_clock),
      sleeper(the_sleeper),
      logger(sink, clock, redactor),
      for_people(options.profiles != nullptr),
      dry_run(options.dry_run.value_or(config.dry_run)),
      wait(options.wait.value_or(config.wait_for_deployment)),
      wait_at_most(options.patience),
      on_look(std::move(options.on_look)),
      http({.ca_bundle = std::move(ca_bundle), .ca_bundle_overrides = config.ca_bundle.has_value()}, clock, logger),
      credentials(credential_sources(options, environment, http), clock, redactor),
      ecs({.region = config.region,
           .endpoint = config.ecs_endpoint,
           .fips = config.use_fips_endpoint,
           .dualstack = config.use_dualstack_endpoint},
          http, credentials, clock, sleeper, logger),
      slack(slack_channel(config, http, clock, sleeper)),
      notifications(channels(slack.get()), clock, sleeper, logger),
      answered(clock),
      observer(ecs, clock, sleeper, logger),
      rollback({.max_retries = config.max_deployment_retries}, ecs, observer, memory, clock, sleeper, logger),
      deployer({.max_retries = config.max_deployment_retries,
                .dry_run = dry_run,
                .rollback_on_failure = config.rollback_on_failure,
                .coalesce = config.coalesce},
               ecs, observer, memory, clock, sleeper, logger),
      watcher({.timeout = patience(options, config), .roll_back = config.rollback_on_failure}, observer, rollback,
              clock, sleeper, logger),
      news({.timeout = config.deployment_timeout,
            .roll_back = config.rollback_on_failure && !dry_run,
            .waits = config.wait_for_deployment},
           observer, rollback, memory),
      sweeper({.timeout = config.deployment_timeout,
               .interval = config.sweep_interval,
               .roll_back = config.rollback_on_failure && !dry_run},
              observer, rollback, memory, clock, logger),
      announcer({.project = config.project,
                 .environment = config.environment,
                 .sweeps = config.sweep_interval > std::chrono::seconds{0}},
                notifications, memory, clock, logger) {
    register_secrets(environment, redactor);
    logger.set_level(config.log_level);
    logger.set_identity(config.project, config.environment);
    if (options.announce) logger.info("cold start", {{"version", version()}, {"commit", commit()}});
    for (const auto& warning : loaded.warnings) logger.warn("configuration: " + warning);
}

std::vector<std::string> Wiring::deliver() {
    const auto delivery = notifications.flush();
    announcer.lost(delivery.lost);
    return delivery.problems;
}

Handled Wiring::redacted(Handled handled) const {
    for (auto& report : handled.answer.deployments) {
        report.reason = redactor.redact(std::move(report.reason));
        report.outcome = redactor.redact(std::move(report.outcome));
        if (report.error) report.error->message = redactor.redact(std::move(report.error->message));
    }
    handled.answer.detail = redactor.redact(std::move(handled.answer.detail));
    if (handled.error) handled.error->message = redactor.redact(std::move(handled.error->message));
    return handled;
}

Deadline working_time(Deadline deadline) { return deadline.minus(kAnswerMargin + kNotificationMargin); }

Deadline speaking_time(Deadline deadline) { return deadline.minus(kAnswerMargin); }

}  // namespace ci_lambda
