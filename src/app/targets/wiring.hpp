#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "announce/announcer.hpp"
#include "app/answer.hpp"
#include "app/events/counter.hpp"
#include "app/foundation.hpp"
#include "app/options.hpp"
#include "app/targets/voice.hpp"
#include "base/retry.hpp"
#include "config/config.hpp"
#include "deployer/approve/approval_gate.hpp"
#include "deployer/approve/questions.hpp"
#include "deployer/code_deploy/code_deployed_ecs.hpp"
#include "deployer/code_deploy/groups.hpp"
#include "deployer/follow_up/news.hpp"
#include "deployer/follow_up/rollback.hpp"
#include "deployer/follow_up/steering.hpp"
#include "deployer/follow_up/sweeper.hpp"
#include "deployer/follow_up/watcher.hpp"
#include "deployer/gate/gate.hpp"
#include "deployer/holds/hold_gate.hpp"
#include "deployer/holds/thaws.hpp"
#include "deployer/observe/last_words_reader.hpp"
#include "deployer/observe/observer.hpp"
#include "deployer/revision/revision_images.hpp"
#include "deployer/scheduled/task_updater.hpp"
#include "deployer/start/deployer.hpp"
#include "deployer/verify/health_check.hpp"
#include "deployer/verify/task_after.hpp"
#include "deployer/verify/verifier.hpp"
#include "discovery/index.hpp"
#include "discovery/task_index.hpp"
#include "services/change_calendar/client.hpp"
#include "services/cloudwatch/client.hpp"
#include "services/codedeploy/client.hpp"
#include "services/ecr/client.hpp"
#include "services/ecs/client.hpp"
#include "services/event_bus/client.hpp"
#include "services/event_rules/client.hpp"
#include "services/logs/client.hpp"
#include "services/notify/slack_reply.hpp"
#include "services/scheduler/client.hpp"
#include "services/states/client.hpp"

namespace ci_lambda {

/// Every part of the application that depends on its configuration, for one deployment target, wired: declared in the
/// order in which one needs the other. What the parts do together is in `EventHandler` and `PersonalRequests`.
struct Wiring {
    /// What there is already. All of it must outlive the parts.
    struct Context {
        Foundation& foundation;
        Remembered& remembered;  ///< of this target
        Logger& logger;
        HttpClient& http;
        CredentialsProvider& credentials;  ///< to deploy with
        Voice& voice;
    };
    Wiring(const AppOptions& options, const Context& context, Config the_config);
    ~Wiring() = default;
    Wiring(const Wiring&) = delete;
    Wiring& operator=(const Wiring&) = delete;

    Foundation& foundation;
    const Clock& clock;
    Sleeper& sleeper;
    Logger& logger;
    Redactor& redactor;
    CredentialsProvider& credentials;
    Remembered& remembered;
    AnsweredEvents& answered;
    Config config;
    HttpClient& http;

    bool dry_run;
    bool wait;                                 ///< for the ends of rollouts
    std::optional<Milliseconds> wait_at_most;  ///< absent: as long as the invocation lasts
    RolloutWatcher::OnLook on_look;

    EcsClient ecs_itself;
    /// Services that CodeDeploy deploys.
    struct CodeDeploy {
        CodeDeploy(AwsEndpointOptions endpoint, CodeDeployGroups::Named named, Wiring& parts)
            : client(std::move(endpoint), parts.http, parts.credentials, parts.clock, parts.sleeper, parts.logger),
              groups(client, parts.clock, std::move(named)),
              ecs(parts.ecs_itself, client, groups, parts.clock, parts.logger) {}
        CodeDeployClient client;
        CodeDeployGroups groups;
        CodeDeployedEcs ecs;
    };
    std::unique_ptr<CodeDeploy> code_deploy;  ///< nullptr without CODE_DEPLOY
    EcsApi& ecs;                              ///< with what CodeDeploy deploys
    SchedulerClient scheduler;
    /// Where the function lives, which a schedule can call: nullptr where that is where it deploys, too.
    std::unique_ptr<SchedulerClient> scheduler_at_home;
    EventRulesClient event_rules;
    CloudWatchClient cloudwatch;
    EcrClients registries;
    LogsClient logs;
    EventBusClient bus;
    StatesClient states;  ///< where the function lives, with its own credentials
    RevisionImages revision_images;
    struct Discovery {
        Discovery(const Config& config, EcsCatalog& ecs, RevisionImages& images, Wiring& parts)
            : written(config),
              index({.clusters = config.clusters, .on_read = [&images](const auto& read) { images.remember(read); }},
                    written.names, ecs, parts.remembered.revisions, parts.clock, parts.logger) {}
        Config written;  ///< without what was discovered
        DiscoveryIndex index;
        std::unique_ptr<TaskIndex> tasks = {};  ///< nullptr without DISCOVERY_TASKS
    };
    std::unique_ptr<Discovery> discovery;  ///< nullptr without DISCOVERY
    std::string account;                   ///< where it deploys; empty while nobody knows
    Voice& notifications;
    OneTimeCalls calls;  ///< by schedules, also those that the function has made before

    LastWordsReader last_words;
    RolloutObserver observer;
    Rollback rollback;
    Steering steering;
    ApprovalGate approval_gate;
    ChangeCalendarClient calendars;  ///< where the function lives, with its own credentials
    HoldGate hold_gate;
    Thaws thaws;
    Questions questions;
    /// What has to be open for a deployment to begin, in the order in which it is asked.
    Gates gate;
    Deployer deployer;
    TaskUpdater tasks;
    RolloutWatcher watcher;
    HealthCheck health;
    Verifier verifier;
    TaskAfter task_after;
    RolloutNews news;
    Sweeper sweeper;
    Announcer announcer;
    Counter counter;
    SlackReplies replies;

    /// Puts what is in the clusters into `config`, looked up where it is not known or old. Nothing without DISCOVERY.
    void discover(Deadline deadline);
    /// The same at once, for an event of this time that nothing matches; false where that would bring nothing new, or
    /// was done too often.
    bool discover_again(WallTime event_at, Deadline deadline);

    /// The same of the tasks that schedules and rules start there; nothing without DISCOVERY_TASKS. Whatever cannot be
    /// read of them is a warning.
    void discover_tasks(Deadline deadline);
    void discover_tasks_again(Deadline deadline);

    /// Waits until all that was said is delivered, or lost; what was lost does not count as said. The problems, one a
    /// failed delivery, for a person.
    std::vector<std::string> deliver();

    /// A call that what can heal does not end, as long as the configuration says.
    template <typename T>
    Result<T> patiently(Deadline deadline, const std::function<Result<T>()>& call) {
        return with_retries<T>({.max_retries = config.max_deployment_retries}, clock, sleeper, deadline, call);
    }

    /// The answer without secrets in its texts.
    [[nodiscard]] Handled redacted(Handled handled) const;

private:
    void put_in_what_was_found();
    [[nodiscard]] std::string place_of_clusters();
};

/// Where another API than ECS is called: its own variable, else AWS_ENDPOINT_URL, also of the document.
[[nodiscard]] AwsEndpointOptions endpoint_of(const AwsService& service, const Config& config,
                                             const Environment& environment);

/// The function is reached at this machine only, and something on it stands in for Slack, as in the sandbox.
[[nodiscard]] bool is_to_this_machine(const Config& config);

/// What is left for calls to ECS, when notifications and answer are to be out before the deadline.
[[nodiscard]] Deadline working_time(Deadline deadline);
/// What is left for notifications.
[[nodiscard]] Deadline speaking_time(Deadline deadline);

}  // namespace ci_lambda
