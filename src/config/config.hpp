#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/environment.hpp"
#include "base/names.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "config/approval.hpp"
#include "config/channel.hpp"
#include "config/document_source.hpp"
#include "config/freeze.hpp"
#include "config/names.hpp"
#include "config/pipeline.hpp"
#include "config/scheduled_tasks.hpp"
#include "config/service_task.hpp"
#include "config/settings.hpp"
#include "config/strategy.hpp"
#include "config/targets.hpp"
#include "config/verify.hpp"
#include "images/tag_filter.hpp"
#include "logging/logger.hpp"

namespace ci_lambda {

struct Discovered;
struct DiscoveredTasks;

/// An object in S3 that a service reads when it starts. Keys are compared raw.
struct S3File {
    std::string bucket;
    std::string key;
    friend auto operator<=>(const S3File&, const S3File&) = default;
};

/// What becomes of a manual request that does not say for which environment it is.
enum class WithoutEnvironment {
    kWarn,    ///< deployed, with a warning in the log
    kDeploy,  ///< deployed: there is no other environment
    kIgnore,
};

/// What the push of an image does: ECR_DEPLOY_MODE.
enum class ImageMode {
    kRedeploy,  ///< the newest revision is deployed, whatever image it names
    kMatch,     ///< the same, if the revision names what was pushed
    kRevision,  ///< a new revision with the pushed image is registered and deployed
};

[[nodiscard]] std::optional<ImageMode> parse_image_mode(std::string_view word);
/// `redeploy`, `match`, `revision`.
[[nodiscard]] std::string_view to_string(ImageMode mode);

/// How a revision that we register names the pushed image: ECR_PIN.
enum class ImagePin { kTag, kDigest, kBoth };

/// The settings, by the table's names, whose values the document holds. Two configurations that say the same are equal,
/// wherever they say it.
struct SettingsInDocument {
    std::set<std::string_view> names;
    [[nodiscard]] bool contains(std::string_view setting) const { return names.contains(setting); }
    friend bool operator==(const SettingsInDocument&, const SettingsInDocument&) { return true; }
};

/// Everything that environment and document say, checked. Never changed: a new document makes another one.
struct Config {
    std::string project;
    std::string environment;
    std::string region;
    LogLevel log_level = LogLevel::kInfo;

    Names names;

    std::optional<Secret> slack_webhook_url;  ///< absent when Slack is off, for whatever reason
    NotifySettings notify;                    ///< the other channels, and which of all hears what

    std::map<std::string, std::vector<ServiceId>> ecr_repositories;  ///< ECR_REPO_MAP; empty = use the pattern
    std::map<std::string, std::vector<ServiceId>> ssm_prefixes;      ///< SSM_SERVICE_MAP without slashes at the ends;
                                                                     ///< empty = use the pattern
    std::map<S3File, std::vector<ServiceId>> s3_files;               ///< SERVICE_CONFIG and S3_SERVICE_MAP merged
    std::map<ServiceId, bool> auto_deploy;                           ///< AUTO_DEPLOY_MAP
    bool auto_deploy_default = true;                                 ///< of services that `auto_deploy` does not have
    TagFilters tag_filters;                                          ///< ECR_TAG_FILTER
    ScheduledTasks scheduled_tasks;                                  ///< SCHEDULED_TASK_MAP
    bool discovery = false;
    std::vector<ClusterName> clusters;  ///< whose services are discovered, the project's own first; empty without it
    /// What was found there, put into this configuration by `with_discovered`; nullptr before.
    std::shared_ptr<const Discovered> discovered;
    bool discovers_tasks = false;  ///< DISCOVERY_TASKS, with discovery
    /// The same of tasks, by `with_discovered_tasks`: they are among `scheduled_tasks` then.
    std::shared_ptr<const DiscoveredTasks> discovered_tasks;
    std::set<std::pair<std::string_view, ServiceId>> said_by_tags;  ///< settings that tags of services say

    std::set<ServiceId> other_services;  ///< that the document names without saying anything else that counts

    bool code_deploy = false;  ///< CODE_DEPLOY: it is asked about services that it deploys
    /// CODE_DEPLOY_GROUPS: application and group.
    std::map<ServiceId, std::pair<std::string, std::string>> code_deploy_groups;

    bool ecr_enabled = true;
    ImageMode image_mode = ImageMode::kRedeploy;  ///< ECR_DEPLOY_MODE
    std::map<ServiceId, ImageMode> image_modes;   ///< of services for which the document says another one
    ImagePin image_pin = ImagePin::kBoth;
    std::optional<WantedStrategy> strategy;          ///< DEPLOYMENT_STRATEGY
    std::map<ServiceId, ServiceTask> tasks_before;   ///< that run before a service is deployed
    std::map<ServiceId, ServiceTask> tasks_after;    ///< that run once a deployment of it has completed
    std::map<ServiceId, WantedStrategy> strategies;  ///< of services that say another one
    bool ssm_enabled = true;
    bool s3_enabled = true;
    bool manual_enabled = true;
    WithoutEnvironment requests_without_environment = WithoutEnvironment::kWarn;
    std::set<std::string> event_accounts;  ///< EVENT_ACCOUNTS: beside our own
    std::set<std::string> event_regions;   ///< EVENT_REGIONS: beside our own
    DeploymentTargets targets;             ///< REGIONS or TARGETS
    std::string deployment_target;         ///< which of several of them this is of; empty: of all, or of the only one
    std::string home_region;               ///< where the function runs, whatever `region` it deploys in
    /// Of one target, the regions whose pushes count there, by their replicas in its own: those of the other targets,
    /// and the function's. Else empty.
    std::set<std::string> replicated_from;
    bool dry_run = false;
    bool metrics = true;              ///< METRICS
    bool metrics_by_service = false;  ///< METRICS_BY_SERVICE

    std::chrono::seconds deployment_timeout{600};  ///< of one rollout, and of starting all of an event's
    bool wait_for_deployment = false;
    bool rollback_on_failure = false;
    std::chrono::seconds sweep_interval{0};  ///< 0: no sweep is scheduled
    std::chrono::seconds coalesce{0};        ///< how long after its own time an event waits for the rest of a burst
    int max_deployment_retries = 2;
    std::size_t failure_log_lines = 0;  ///< FAILURE_LOG_LINES: of a container that failed; 0: none are read
    VerifySettings verify;              ///< what is watched after a rollout has completed
    ApprovalSettings approval;
    HoldSettings holds;  ///< what keeps deployments from beginning
    Pipelines pipelines;
    std::string pipeline_state_machine;  ///< PIPELINE_STATE_MACHINE: its ARN; empty: there is none
    /// SCHEDULE_ROLE and SCHEDULE_GROUP, or their older names: how EventBridge Scheduler calls the function once.
    struct Schedules {
        std::string role;   ///< ARN; empty: it cannot
        std::string group;  ///< in which the schedules are made
        friend bool operator==(const Schedules&, const Schedules&) = default;
    } schedules;

    std::optional<std::string> ecs_endpoint;  ///< AWS_ENDPOINT_URL_ECS, else AWS_ENDPOINT_URL
    std::optional<std::string> aws_endpoint;  ///< AWS_ENDPOINT_URL: of every API that has none of its own
    bool use_fips_endpoint = false;
    bool use_dualstack_endpoint = false;
    std::optional<std::string> ca_bundle;  ///< AWS_CA_BUNDLE

    std::optional<std::string> function_url;     ///< FUNCTION_URL, without a slash at its end
    std::optional<Secret> slack_signing_secret;  ///< SLACK_SIGNING_SECRET
    bool approval_by_page = false;               ///< APPROVAL_BY_PAGE

    SettingsInDocument in_document;

    /// What a message calls a setting: the variable, or its place where the document holds it.
    [[nodiscard]] std::string called(std::string_view setting) const;
    /// The same of what counts for one service, which its own tags may say.
    [[nodiscard]] std::string called(std::string_view setting, const ServiceId& id) const;

    /// Every service id that the configuration names anywhere, sorted.
    [[nodiscard]] std::vector<ServiceId> known_services() const;

    /// Whether events deploy the service. Manual requests always do.
    [[nodiscard]] bool deploys_on_events(const ServiceId& id) const;
    /// The same of a task.
    [[nodiscard]] bool deploys_on_events(const ScheduledTask& task) const {
        return task.auto_deploy.value_or(auto_deploy_default);
    }

    /// Whose registry has a replica of what was pushed there, where that counts: our own region; else empty.
    [[nodiscard]] std::string replica_region(const std::string& pushed_in) const {
        return pushed_in != region && replicated_from.contains(pushed_in) ? region : std::string();
    }

    /// What a push does to the service.
    [[nodiscard]] ImageMode image_mode_of(const ServiceId& id) const;

    /// The task that runs before it is deployed; `nullopt`: none.
    [[nodiscard]] std::optional<ServiceTask> task_before(const ServiceId& id) const;
    /// The one that runs once a deployment of it has completed.
    [[nodiscard]] std::optional<ServiceTask> task_after(const ServiceId& id) const;
    /// The strategy of its deployments; `nullopt`: whatever the service has.
    [[nodiscard]] std::optional<WantedStrategy> strategy_of(const ServiceId& id) const;

    friend bool operator==(const Config&, const Config&) = default;
};

/// The configuration of one of its deployment targets: with that one's region and names. It still knows the others, to
/// tell which events are meant for which of them.
[[nodiscard]] Config in_target(const Config& config, const DeploymentTarget& target);

/// A configuration document that has been read.
struct DocumentText {
    std::string text;
    std::string source;  ///< where it comes from, for messages: `ssm:/shop/dev/ci_lambda`
};

/// Where the value of a setting comes from.
struct SettingOrigin {
    enum class Kind { kNothing, kDefault, kVariable, kDocument };
    std::string_view setting;  ///< the name in the settings table
    Kind kind = Kind::kNothing;
    std::string_view place = {};  ///< the variable that is set, or the pointer in the document
};

/// A setting that names a secret instead of holding it.
struct SecretReference {
    std::string_view setting;  ///< the name in the settings table
    SourceRef source;
    std::string place = {};  ///< of CHANNELS: which of its secrets, `team/webhook`
    friend bool operator==(const SecretReference&, const SecretReference&) = default;
};

struct LoadedConfig {
    Config config;                       ///< without the secrets that are still to be read
    std::vector<std::string> warnings;   ///< e.g. Slack is on but has no webhook
    std::vector<SettingOrigin> origins;  ///< one for each row of `settings()`, in its order
    /// To be read and handed to `set_secret`; until then the settings are not in `config`.
    std::vector<SecretReference> secret_references;
    /// Every secret that stood in a variable or in the document, also of what is switched off: for the redactor.
    std::vector<Secret> secrets;
};

/// Reads all variables, and the document where CI_LAMBDA_CONFIG holds it inline. The error (kConfiguration) names every
/// bad variable, one a line, with what it should look like; it never repeats the value of a secret. A document that
/// would have to be read first is an error here.
[[nodiscard]] Result<LoadedConfig> load_config(const Environment& environment);

/// Reads all variables and, where there is one, the document, whatever CI_LAMBDA_CONFIG says. A variable that is set
/// wins over the document. The error names every bad place in the document by its JSON pointer, or, of broken JSON,
/// line and column.
[[nodiscard]] Result<LoadedConfig> load_config(const Environment& environment,
                                               const std::optional<DocumentText>& document);

/// Puts a secret that has been read in its place. The error (kConfiguration) says what is wrong with it, without it.
[[nodiscard]] Status set_secret(LoadedConfig& loaded, const SecretReference& reference, std::string_view value);

/// The same for all of them, each read by `read`; the error tells of all that failed.
[[nodiscard]] Status read_secrets(LoadedConfig& loaded,
                                  const std::function<Result<std::string>(const SourceRef&)>& read);

}  // namespace ci_lambda
