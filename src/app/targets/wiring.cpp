#include "app/targets/wiring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "announce/links.hpp"
#include "base/references.hpp"
#include "config/values.hpp"
#include "services/aws/endpoint.hpp"
#include "services/aws/environment.hpp"
#include "services/ssm/client.hpp"

namespace ci_lambda {
namespace {

/// Kept free before the invocation's deadline, for the notifications and for the answer itself.
constexpr Milliseconds kAnswerMargin{500};
constexpr Milliseconds kNotificationMargin{2000};

/// A push may become a revision, whose tags say what it must run; of what is discovered, tags say whether.
bool registers_revisions(const Config& config) {
    return config.discovery || config.image_mode == ImageMode::kRevision ||
           std::ranges::any_of(config.image_modes, [](const auto& one) { return one.second == ImageMode::kRevision; });
}

std::unique_ptr<Wiring::Discovery> discovery_of(const Config& config, const TaskIndex::Sources& sources,
                                                RevisionImages& images, Wiring& parts) {
    if (!config.discovery) return nullptr;
    auto discovery = std::make_unique<Wiring::Discovery>(config, sources.ecs, images, parts);
    if (config.discovers_tasks)
        discovery->tasks = std::make_unique<TaskIndex>(
            TaskIndex::Options{
                .clusters = config.clusters, .project = config.project, .environment = config.environment},
            sources, parts.remembered.tasks, parts.clock, parts.logger);
    return discovery;
}

/// The group that CODE_DEPLOY_GROUPS names for a service. Which service that is, is looked up each time: discovery
/// finds out more.
std::optional<CodeDeployGroup> named_group(const Config& config, const CodeDeployGroupInfo::Service& service) {
    for (const auto& [id, group] : config.code_deploy_groups) {
        const auto target = config.names.target(id);
        if (target && target->cluster == service.cluster && target->service == service.service)
            return CodeDeployGroup{.application = group.first, .group = group.second};
    }
    return std::nullopt;
}

std::unique_ptr<Wiring::CodeDeploy> code_deploy_of(Wiring& parts) {
    if (!parts.config.code_deploy) return nullptr;
    return std::make_unique<Wiring::CodeDeploy>(
        endpoint_of(kCodeDeployService, parts.config, parts.foundation.environment),
        [&config = parts.config](const auto& service) { return named_group(config, service); }, parts);
}

std::unique_ptr<SchedulerClient> scheduler_at_home_of(Wiring& parts) {
    const auto& config = parts.config;
    if (config.region == config.home_region && config.names.account().empty()) return nullptr;
    auto endpoint = endpoint_of(kSchedulerService, config, parts.foundation.environment);
    endpoint.region = config.home_region;
    return std::make_unique<SchedulerClient>(std::move(endpoint), parts.http, parts.foundation.credentials, parts.clock,
                                             parts.sleeper, parts.logger);
}

AwsEndpointOptions calendars_at_home(const Wiring& parts) {
    auto endpoint = endpoint_of(kSsmService, parts.config, parts.foundation.environment);
    endpoint.region = parts.config.home_region;
    return endpoint;
}

AwsEndpointOptions states_at_home(const Wiring& parts) {
    auto endpoint = endpoint_of(kStatesService, parts.config, parts.foundation.environment);
    endpoint.region = parts.config.home_region;
    return endpoint;
}

/// Of one rollout that somebody waits for.
Milliseconds patience(const AppOptions& options, const Config& config) {
    return std::max<Milliseconds>(config.deployment_timeout, options.patience.value_or(Milliseconds{0}));
}

/// Who looks at rollouts sees what they wait for before they begin.
TaskBefore::OnWait on_wait_of(const Wiring& parts) {
    if (!parts.on_look) return {};
    return [&parts](const EcsTarget& target, WallTime since, const std::string& words) {
        parts.on_look({.rollout = {.target = target, .deployment_id = {}, .task_definition = {}, .started_at = since},
                       .judgement = {.reason = words},
                       .took = std::chrono::duration_cast<Milliseconds>(parts.clock.now() - since)},
                      nullptr);
    };
}

}  // namespace

bool is_to_this_machine(const Config& config) {
    const auto url = parse_url(config.function_url.value_or(""));
    return url && is_loopback(url->host);
}

AwsEndpointOptions endpoint_of(const AwsService& service, const Config& config, const Environment& environment) {
    AwsEndpointOptions options{.region = config.region,
                               .endpoint = config.aws_endpoint,
                               .fips = config.use_fips_endpoint,
                               .dualstack = config.use_dualstack_endpoint};
    if (auto own = endpoint_options_from(environment, service); own && own->endpoint)
        options.endpoint = std::move(own->endpoint);
    return options;
}

Wiring::Wiring(const AppOptions& options, const Context& context, Config the_config)
    : foundation(context.foundation),
      clock(foundation.clock),
      sleeper(foundation.sleeper),
      logger(context.logger),
      redactor(foundation.redactor),
      credentials(context.credentials),
      remembered(context.remembered),
      answered(remembered.answered),
      config(std::move(the_config)),
      http(context.http),
      dry_run(options.dry_run.value_or(config.dry_run)),
      wait(options.wait.value_or(config.wait_for_deployment) || config.targets.in_order),
      wait_at_most(options.patience),
      on_look(options.on_look),
      ecs_itself({.region = config.region,
                  .endpoint = config.ecs_endpoint,
                  .fips = config.use_fips_endpoint,
                  .dualstack = config.use_dualstack_endpoint},
                 http, credentials, clock, sleeper, logger),
      code_deploy(code_deploy_of(*this)),
      ecs(code_deploy == nullptr ? static_cast<EcsApi&>(ecs_itself) : code_deploy->ecs),
      scheduler(endpoint_of(kSchedulerService, config, foundation.environment), http, credentials, clock, sleeper,
                logger),
      scheduler_at_home(scheduler_at_home_of(*this)),
      event_rules(endpoint_of(kEventsService, config, foundation.environment), http, credentials, clock, sleeper,
                  logger),
      cloudwatch(endpoint_of(kCloudWatchService, config, foundation.environment), http, credentials, clock, sleeper,
                 logger),
      registries(endpoint_of(kEcrService, config, foundation.environment), http, credentials, clock, sleeper, logger),
      logs(endpoint_of(kLogsService, config, foundation.environment), http, credentials, clock, sleeper, logger),
      bus(endpoint_of(kEventsService, config, foundation.environment), http, credentials, clock, sleeper, logger),
      states(states_at_home(*this), http, foundation.credentials, clock, sleeper, logger),
      revision_images(ecs, logger),
      discovery(
          discovery_of(config, {.ecs = ecs, .schedules = scheduler, .rules = event_rules}, revision_images, *this)),
      notifications(context.voice),
      calls({.role = config.schedules.role, .group = config.schedules.group, .function = {}}),
      last_words({.lines = config.failure_log_lines, .region = config.region}, ecs, logs, clock, logger),
      observer(ecs, clock, sleeper, logger, &last_words),
      rollback({.max_retries = config.max_deployment_retries}, ecs, remembered.memory, clock, sleeper, logger),
      steering({.max_retries = config.max_deployment_retries}, ecs, rollback, clock, sleeper, logger),
      approval_gate(approval_options(config), config.approval, ecs, registries, clock),
      calendars(calendars_at_home(*this), http, foundation.credentials, clock, sleeper, logger),
      hold_gate(config, calendars, clock),
      thaws({.retries = {.max_retries = config.max_deployment_retries}, .region = config.region}, config, calls,
            scheduler_at_home != nullptr ? *scheduler_at_home : scheduler, clock, sleeper, logger),
      questions(config, calls, scheduler_at_home != nullptr ? *scheduler_at_home : scheduler, clock, sleeper, logger),
      // Nobody is asked to approve what could not begin now.
      gate({&hold_gate, &approval_gate}),
      deployer({.max_retries = config.max_deployment_retries,
                .dry_run = dry_run,
                .rollback_on_failure = config.rollback_on_failure,
                .coalesce = config.coalesce,
                .tags = config.holds.tags ? WithTags::kYes : WithTags::kNo,
                .on_wait = on_wait_of(*this)},
               ecs, registries, observer, remembered.memory, revision_images, gate, clock, sleeper, logger, &ecs_itself,
               &last_words),
      tasks({.max_retries = config.max_deployment_retries, .dry_run = dry_run}, {.ecs = ecs,
                                                                                 .registries = &registries,
                                                                                 .schedules = scheduler,
                                                                                 .rules = event_rules,
                                                                                 .clock = clock,
                                                                                 .sleeper = sleeper,
                                                                                 .logger = logger}),
      watcher({.timeout = patience(options, config), .roll_back = config.rollback_on_failure}, observer, rollback,
              clock, sleeper, logger),
      health(cloudwatch, http, clock, logger),
      verifier({.retries = {.max_retries = config.max_deployment_retries}, .dry_run = dry_run}, config.verify, calls,
               health, scheduler_at_home != nullptr ? *scheduler_at_home : scheduler, observer, rollback,
               remembered.memory, clock, sleeper, logger),
      task_after({.retries = {.max_retries = config.max_deployment_retries}, .dry_run = dry_run},
                 {.config = config,
                  .tasks = ecs_itself,
                  .ecs = ecs,
                  .last_words = last_words,
                  .observer = observer,
                  .rollback = rollback,
                  .memory = remembered.memory,
                  .calls = calls,
                  .schedules = scheduler_at_home != nullptr ? *scheduler_at_home : scheduler,
                  .clock = clock,
                  .sleeper = sleeper,
                  .logger = logger}),
      news({.timeout = config.deployment_timeout,
            .roll_back = config.rollback_on_failure && !dry_run,
            .waits = config.wait_for_deployment,
            .registers = registers_revisions(config),
            .verifies = (config.verify.is_on() || !config.tasks_after.empty()) && !dry_run},
           observer, rollback, remembered.memory, revision_images),
      sweeper({.timeout = config.deployment_timeout,
               .interval = config.sweep_interval,
               .roll_back = config.rollback_on_failure && !dry_run},
              observer, rollback, remembered.memory, clock, logger),
      announcer({.project = config.project,
                 .environment = config.environment,
                 .sweeps = config.sweep_interval > std::chrono::seconds{0},
                 .link_to = [this](const ServiceId& id) -> std::optional<Link> {
                     const auto target = config.names.target(id);
                     return target ? console_link(*target) : std::nullopt;
                 }},
                notifications, remembered.memory, remembered.told, logger),
      counter(config.sweep_interval > std::chrono::seconds{0}, remembered.counted, remembered.memory, logger),
      replies(http, clock, is_to_this_machine(config)) {}

void Wiring::put_in_what_was_found() {
    config = with_discovered(discovery->written, discovery->index.found());
    if (discovery->tasks != nullptr) config = with_discovered_tasks(std::move(config), discovery->tasks->found());
}

void Wiring::discover(Deadline deadline) {
    if (discovery != nullptr && discovery->index.renew(deadline)) put_in_what_was_found();
}

bool Wiring::discover_again(WallTime event_at, Deadline deadline) {
    if (discovery == nullptr || !discovery->index.look_again(event_at, deadline)) return false;
    put_in_what_was_found();
    return true;
}

/// `arn:PARTITION:ecs:REGION:ACCOUNT`; empty where nobody knows the account.
std::string Wiring::place_of_clusters() {
    auto id = account.empty() ? config.names.account() : account;
    if (id.empty() && config.discovered != nullptr)
        for (const auto& service : config.discovered->services)
            if (const auto owner = account_of_arn(service.task_definition); !owner.empty()) id = owner;
    if (id.empty())
        if (const auto known = credentials.get()) id = known->account_id;
    if (id.empty()) return {};
    return fmt::format("arn:{}:ecs:{}:{}", partition_of(config.region), config.region, id);
}

void Wiring::discover_tasks(Deadline deadline) {
    const bool wanted = discovery != nullptr && discovery->tasks != nullptr;
    if (wanted && discovery->tasks->renew(place_of_clusters(), deadline)) put_in_what_was_found();
}

void Wiring::discover_tasks_again(Deadline deadline) {
    if (discovery == nullptr || discovery->tasks == nullptr) return;
    discovery->tasks->look_again(place_of_clusters(), deadline);
    put_in_what_was_found();
}

std::vector<std::string> Wiring::deliver() {
    const auto delivery = notifications.flush();
    announcer.lost(delivery.lost);
    if (!delivery.problems.empty())
        logger.count(Metric::kNotificationsLost, static_cast<double>(delivery.problems.size()));
    return delivery.problems;
}

Handled Wiring::redacted(Handled handled) const {
    for (auto& task : handled.answer.tasks) {
        task.reason = redactor.redact(std::move(task.reason));
        task.outcome = redactor.redact(std::move(task.outcome));
        if (task.error) task.error->message = redactor.redact(std::move(task.error->message));
    }
    for (auto& report : handled.answer.deployments) {
        report.reason = redactor.redact(std::move(report.reason));
        report.outcome = redactor.redact(std::move(report.outcome));
        report.not_brought = redactor.redact(std::move(report.not_brought));
        for (auto& note : report.notes) note = redactor.redact(std::move(note));
        if (report.error) report.error->message = redactor.redact(std::move(report.error->message));
        if (report.last_words)
            for (auto& line : report.last_words->lines) line = redactor.redact(std::move(line));
    }
    for (auto& run : handled.answer.pipelines) {
        run.words = redactor.redact(std::move(run.words));
        for (auto& stage : run.stages)
            for (auto& service : stage.services) service.words = redactor.redact(std::move(service.words));
    }
    handled.answer.detail = redactor.redact(std::move(handled.answer.detail));
    if (handled.error) handled.error->message = redactor.redact(std::move(handled.error->message));
    return handled;
}

Deadline working_time(Deadline deadline) { return deadline.minus(kAnswerMargin + kNotificationMargin); }

Deadline speaking_time(Deadline deadline) { return deadline.minus(kAnswerMargin); }

}  // namespace ci_lambda
