#include <fmt/format.h>

#include <array>
#include <string>

#include "config/config.hpp"

namespace ci_lambda {
namespace {

constexpr std::string_view kBoolean = "true/false, 1/0, yes/no, on/off or enabled/disabled";
constexpr std::string_view kPattern = "a name with `{project}`, `{env}` and `{name}` in it; `{name}` is needed";
constexpr std::string_view kPlainName = "letters, digits, `_`, `-` and `.` only";
constexpr std::string_view kUrl = "`https://HOST[:PORT]`, or `http://HOST[:PORT]` to this machine";
constexpr std::string_view kFiles = R"(`{"api":[{"bucket":"shop-env","key":"api.env"}]}`)";

constexpr auto kSettings = std::to_array<Setting>({
    {.name = "PROJECT_NAME",
     .default_value = "",
     .required = true,
     .expects = kPlainName,
     .meaning = "The project; `{project}` in the patterns."},
    {.name = "PROJECT_ENV",
     .default_value = "",
     .required = true,
     .expects = kPlainName,
     .meaning = "The environment, such as `dev`; `{env}` in the patterns."},
    {.name = "AWS_REGION",
     .default_value = "us-east-1",
     .expects = "letters, digits and `-` only",
     .meaning = "The region of the ECS cluster. Lambda sets it."},
    {.name = "AWS_DEFAULT_REGION",
     .default_value = "",
     .expects = "letters, digits and `-` only",
     .meaning = "Used where `AWS_REGION` is not set, as on many laptops."},
    {.name = "LOG_LEVEL",
     .default_value = "info",
     .expects = "debug, info, warn or error",
     .meaning = "The least important log lines that are written."},
    {.name = "CLUSTER_NAME_PATTERN",
     .default_value = "{project}_cluster_{env}",
     .expects = "a name with `{project}` and `{env}` in it, without `{name}`",
     .meaning = "The name of the ECS cluster."},
    {.name = "SERVICE_NAME_PATTERN",
     .default_value = "{project}_service_{name}_{env}",
     .expects = kPattern,
     .meaning = "The names of the ECS services."},
    {.name = "TASK_FAMILY_PATTERN",
     .default_value = "{project}_service_{name}_{env}",
     .expects = kPattern,
     .meaning = "The names of the task definition families."},
    {.name = "BACKEND_SERVICE_NAME",
     .default_value = "",
     .expects = kPlainName,
     .meaning = "Another name for the service `backend` in events and maps."},
    {.name = "SLACK_WEBHOOK_URL",
     .default_value = "",
     .expects = "`https://HOST/PATH`, or `http://` to this machine",
     .meaning = "The incoming webhook that is told. Without it Slack is off. A secret: never printed."},
    {.name = "ENABLE_SLACK_NOTIFICATIONS",
     .default_value = "true",
     .expects = kBoolean,
     .meaning = "Whether Slack is told."},
    {.name = "SERVICE_CONFIG",
     .default_value = "",
     .expects = kFiles,
     .meaning = "The files in S3 that each service reads. Required unless `S3_SERVICE_MAP` is given or "
                "`ENABLE_S3_MONITORING` is off; `{}` is allowed."},
    {.name = "DEPLOYMENT_TIMEOUT_SECONDS",
     .default_value = "600",
     .expects = "a whole number from 1 to 86400",
     .meaning = "How long a rollout may take before it counts as failed. Also bounds the start of one, with its "
                "retries; Lambda's own timeout may end both earlier."},
    {.name = "WAIT_FOR_DEPLOYMENT",
     .default_value = "false",
     .expects = kBoolean,
     .meaning = "Whether the function stays until it knows how its rollouts ended, or its own timeout is near."},
    {.name = "ROLLBACK_ON_FAILURE",
     .default_value = "false",
     .expects = kBoolean,
     .meaning =
         "Whether a rollout that fails, or takes longer than `DEPLOYMENT_TIMEOUT_SECONDS`, is rolled back: by the "
         "service's circuit breaker, which is switched on, or by other means where that is not enough."},
    {.name = "SWEEP_INTERVAL_SECONDS",
     .default_value = "0",
     .expects = "0, or a whole number from 60 to 86400",
     .meaning = "How often the sweep is scheduled, which finds rollouts that take too long; 0 when it is not."},
    {.name = "COALESCE_SECONDS",
     .default_value = "0",
     .expects = "a whole number from 0 to 60",
     .meaning = "How long an event waits, counted from its own time, so that one rollout carries a burst of changes."},
    {.name = "MAX_DEPLOYMENT_RETRIES",
     .default_value = "2",
     .expects = "a whole number from 0 to 10",
     .meaning =
         "How often a call to ECS is tried again that failed for a reason that can heal; after 5 s, 10 s, 20 s, .."},
    {.name = "DRY_RUN",
     .default_value = "false",
     .expects = kBoolean,
     .meaning = "Look everything up, say what would be deployed, change nothing."},
    {.name = "ENABLE_ECR_MONITORING",
     .default_value = "true",
     .expects = kBoolean,
     .meaning = "Whether pushed images deploy."},
    {.name = "ENABLE_SSM_MONITORING",
     .default_value = "true",
     .expects = kBoolean,
     .meaning = "Whether changed parameters deploy."},
    {.name = "ENABLE_S3_MONITORING",
     .default_value = "true",
     .expects = kBoolean,
     .meaning = "Whether changed files deploy."},
    {.name = "ENABLE_MANUAL_DEPLOY",
     .default_value = "true",
     .expects = kBoolean,
     .meaning = "Whether manual requests deploy."},
    {.name = "REQUESTS_WITHOUT_ENV",
     .default_value = "warn",
     .expects = "warn, deploy or ignore",
     .meaning = "What becomes of requests of `action.deploy` or `action.production` that name no `env`: `warn` deploys "
                "and says "
                "in the log that other environments may have heard them too; `deploy` is for the only environment of a "
                "project; `ignore` is for several in one account."},
    {.name = "EVENT_ACCOUNTS",
     .default_value = "",
     .expects = "account ids with commas between them, `111122223333,444455556666`",
     .meaning = "Other accounts whose events count, too. Events of all others than these and the function's own are "
                "ignored."},
    {.name = "EVENT_REGIONS",
     .default_value = "",
     .expects = "regions with commas between them, `eu-west-1,eu-central-1`",
     .meaning = "Other regions whose events count, too. Events of all others than these and `AWS_REGION` are ignored."},
    {.name = "ECS_CLUSTER_NAME",
     .default_value = "",
     .expects = "the cluster's name, not its ARN",
     .meaning = "The name of the ECS cluster; used instead of `CLUSTER_NAME_PATTERN`."},
    {.name = "ECS_SERVICE_MAP",
     .default_value = "",
     .expects = R"(`{"api":{"service_name":"shop-api","task_family":"shop-api"}}`)",
     .meaning =
         "The ECS names of every service; used instead of the patterns. A service that is not in it is not ours."},
    {.name = "ECR_REPO_MAP",
     .default_value = "",
     .expects = R"(`{"shop/api":["api","worker"]}`)",
     .meaning = "Which services run the images of a repository; used instead of the naming rule."},
    {.name = "SSM_SERVICE_MAP",
     .default_value = "",
     .expects = R"(`{"/dev/shop/api":"api"}`)",
     .meaning = "Which services read the parameters below a path; used instead of the naming rule."},
    {.name = "S3_SERVICE_MAP",
     .default_value = "",
     .expects = kFiles,
     .meaning = "Merged with `SERVICE_CONFIG`, whose shape it has."},
    {.name = "AUTO_DEPLOY_MAP",
     .default_value = "",
     .expects = R"(`{"api":false}`)",
     .meaning = "Services that events do not deploy (`false`). Manual requests still do."},
    {.name = "AWS_ENDPOINT_URL_ECS",
     .default_value = "",
     .expects = kUrl,
     .meaning = "Where the ECS API is, if not at AWS."},
    {.name = "AWS_ENDPOINT_URL",
     .default_value = "",
     .expects = kUrl,
     .meaning = "The same for every AWS API; `AWS_ENDPOINT_URL_ECS` goes first."},
    {.name = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
     .default_value = "false",
     .expects = kBoolean,
     .meaning = "Pass over both endpoint variables."},
    {.name = "ALLOW_PLAIN_HTTP",
     .default_value = "false",
     .expects = kBoolean,
     .meaning = "Whether the endpoint variables may name another machine by `http://`, which anybody on the way can "
                "read and change: for emulators in a container network."},
    {.name = "AWS_USE_FIPS_ENDPOINT",
     .default_value = "false",
     .expects = kBoolean,
     .meaning = "Use the endpoint of the ECS API with FIPS 140 validated cryptography. Not together with an endpoint "
                "variable."},
    {.name = "AWS_USE_DUALSTACK_ENDPOINT",
     .default_value = "false",
     .expects = kBoolean,
     .meaning =
         "Use the endpoint of the ECS API that has IPv6 addresses, too. Not together with an endpoint variable."},
    {.name = "AWS_CA_BUNDLE",
     .default_value = "",
     .expects = "the path of a PEM file",
     .meaning = "The certificate authorities to trust, instead of those built in and those of the system."},
});

std::string default_column(const Setting& setting) {
    if (setting.required) return "**required**";
    if (setting.default_value.empty()) return "none";
    return fmt::format("`{}`", setting.default_value);
}

}  // namespace

std::span<const Setting> settings() { return kSettings; }

std::string settings_markdown() {
    std::string table =
        "| Variable | Default | What it is | What it looks like |\n"
        "|---|---|---|---|\n";
    for (const auto& setting : settings())
        table += fmt::format("| `{}` | {} | {} | {} |\n", setting.name, default_column(setting), setting.meaning,
                             setting.expects);
    return table;
}

}  // namespace ci_lambda
