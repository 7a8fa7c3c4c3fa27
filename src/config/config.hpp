#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "base/names.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "config/names.hpp"
#include "logging/logger.hpp"

namespace ci_lambda {

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

/// Everything that the environment says, checked. Read once, never changed.
struct Config {
    std::string project;
    std::string environment;
    std::string region;
    LogLevel log_level = LogLevel::kInfo;

    Names names;

    std::optional<Secret> slack_webhook_url;  ///< absent when Slack is off, for whatever reason

    std::map<std::string, std::vector<ServiceId>> ecr_repositories;  ///< ECR_REPO_MAP; empty = use the pattern
    std::map<std::string, std::vector<ServiceId>> ssm_prefixes;      ///< SSM_SERVICE_MAP without slashes at the ends;
                                                                     ///< empty = use the pattern
    std::map<S3File, std::vector<ServiceId>> s3_files;               ///< SERVICE_CONFIG and S3_SERVICE_MAP merged
    std::map<ServiceId, bool> auto_deploy;                           ///< AUTO_DEPLOY_MAP

    bool ecr_enabled = true;
    bool ssm_enabled = true;
    bool s3_enabled = true;
    bool manual_enabled = true;
    WithoutEnvironment requests_without_environment = WithoutEnvironment::kWarn;
    std::set<std::string> event_accounts;  ///< EVENT_ACCOUNTS: beside our own
    std::set<std::string> event_regions;   ///< EVENT_REGIONS: beside our own
    bool dry_run = false;

    std::chrono::seconds deployment_timeout{600};  ///< of one rollout, and of starting all of an event's
    bool wait_for_deployment = false;
    bool rollback_on_failure = false;
    std::chrono::seconds sweep_interval{0};  ///< 0: no sweep is scheduled
    std::chrono::seconds coalesce{0};        ///< how long after its own time an event waits for the rest of a burst
    int max_deployment_retries = 2;

    std::optional<std::string> ecs_endpoint;  ///< AWS_ENDPOINT_URL_ECS, else AWS_ENDPOINT_URL
    bool use_fips_endpoint = false;
    bool use_dualstack_endpoint = false;
    std::optional<std::string> ca_bundle;  ///< AWS_CA_BUNDLE

    /// Every service id that the configuration names anywhere, sorted.
    [[nodiscard]] std::vector<ServiceId> known_services() const;
};

/// One row of the table that describes all variables. docs/configuration.md and the README are checked against it.
struct Setting {
    std::string_view name;
    std::string_view default_value;  ///< as written in the environment; empty for none
    bool required = false;
    std::string_view expects;  ///< what it should look like, for the error message and the docs
    std::string_view meaning;  ///< one sentence for the docs
};

[[nodiscard]] std::span<const Setting> settings();

/// The table as Markdown: the very text that stands in docs/configuration.md.
[[nodiscard]] std::string settings_markdown();

struct LoadedConfig {
    Config config;
    std::vector<std::string> warnings;  ///< e.g. Slack is on but has no webhook
};

/// Reads all variables. The error (kConfiguration) names every bad variable, one a line, with what it should look
/// like; it never repeats the value of a secret.
[[nodiscard]] Result<LoadedConfig> load_config(const Environment& environment);

}  // namespace ci_lambda
