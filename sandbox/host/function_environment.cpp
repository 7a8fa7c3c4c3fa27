#include "sandbox/host/function_environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

#include "config/config.hpp"
#include "sandbox/function_url/function_url.hpp"
#include "sandbox/shop/shop.hpp"

namespace ci_lambda::sandbox {
namespace {

/// What any program needs to run.
constexpr std::array kSystemVariables{"PATH", "HOME", "TZ", "LANG"};

constexpr std::array<std::string_view, 18> kBehaviour{"LOG_LEVEL",
                                                      "CODE_DEPLOY",
                                                      "CODE_DEPLOY_GROUPS",
                                                      "DISCOVERY",
                                                      "DISCOVERY_CLUSTERS",
                                                      "DISCOVERY_TASKS",
                                                      "DRY_RUN",
                                                      "MAX_DEPLOYMENT_RETRIES",
                                                      "DEPLOYMENT_TIMEOUT_SECONDS",
                                                      "WAIT_FOR_DEPLOYMENT",
                                                      "ROLLBACK_ON_FAILURE",
                                                      "SWEEP_INTERVAL_SECONDS",
                                                      "COALESCE_SECONDS",
                                                      "FAILURE_LOG_LINES",
                                                      "PIPELINES",
                                                      "BACKEND_SERVICE_NAME",
                                                      "TARGET_ORDER",
                                                      "ROLL_BACK_EARLIER_TARGETS"};

bool is_behaviour(std::string_view name) {
    return name.starts_with("ENABLE_") || name.starts_with("VERIFY_") || name.starts_with("ECR_") ||
           (name.starts_with("APPROVAL_") && !name.starts_with("APPROVAL_KEY")) ||

           name.starts_with("FREEZE_") || name.starts_with("CHANGE_") || name == "HOLDS" || name.ends_with("_MAP") ||
           std::ranges::find(kBehaviour, name) != kBehaviour.end();
}

/// The most that the setting may be.
constexpr double kMostTimeoutSeconds = 86'400;

/// What the function measures by its own clock is as fast as ECS is. Not shorter than `shortest`, unless it is already.
void scale(std::map<std::string, std::string>& variables, const std::string& name, double speed, int shortest) {
    const auto given = variables.find(name);
    std::string text = given == variables.end() ? std::string() : given->second;
    if (text.empty())
        for (const auto& setting : settings())
            if (setting.name == name) text = setting.default_value;
    int seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size()) return;  // the function says what is wrong with it
    const double least = std::min(seconds, shortest);
    const double scaled = std::clamp(seconds / speed, least, kMostTimeoutSeconds);
    variables[name] = fmt::format("{}", std::lround(scaled));
}

}  // namespace

MapEnvironment::MapEnvironment(std::map<std::string, std::string> values) : values_(std::move(values)) {}

std::optional<std::string> MapEnvironment::get(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    return found->second;
}

void MapEnvironment::set(const std::string& name, const std::string& value) { values_[name] = value; }

std::map<std::string, std::string> function_environment(std::uint16_t port, const Environment& user,
                                                        UserSettings settings_passed, double speed,
                                                        const std::vector<Target>& targets) {
    const std::string host = fmt::format("127.0.0.1:{}", port);
    std::map<std::string, std::string> variables{
        {"AWS_LAMBDA_RUNTIME_API", host},
        {"AWS_LAMBDA_FUNCTION_NAME", "ci_lambda"},
        {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
        {"_HANDLER", "bootstrap"},
        {"AWS_REGION", std::string(shop::kRegion)},
        {"AWS_ACCESS_KEY_ID", std::string(kFunctionAccessKey)},
        {"AWS_SECRET_ACCESS_KEY", "sandbox-secret-access-key"},
        {"AWS_SESSION_TOKEN", "sandbox-session-token"},
        {"AWS_ENDPOINT_URL_ECS", fmt::format("http://{}", host)},
        {"AWS_ENDPOINT_URL_CODEDEPLOY", fmt::format("http://{}", host)},
        {"AWS_ENDPOINT_URL_ECR", fmt::format("http://{}", host)},
        {"AWS_ENDPOINT_URL_SCHEDULER", fmt::format("http://{}", host)},
        {"AWS_ENDPOINT_URL_CLOUDWATCH", fmt::format("http://{}", host)},
        {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", fmt::format("http://{}", host)},
        {"AWS_ENDPOINT_URL_EVENTBRIDGE", fmt::format("http://{}", host)},
        {"AWS_ENDPOINT_URL_SECRETS_MANAGER", fmt::format("http://{}", host)},
        {"AWS_ENDPOINT_URL_SSM", fmt::format("http://{}", host)},
        {"AWS_ENDPOINT_URL_LAMBDA", fmt::format("http://{}", host)},
        {"AWS_ENDPOINT_URL_SFN", fmt::format("http://{}", host)},
        {"PIPELINE_STATE_MACHINE", pipelines_state_machine()},
        {"FUNCTION_URL", fmt::format("http://{}{}", host, kFunctionUrlPath)},
        {"VERIFY_SCHEDULE_ROLE", fmt::format("arn:aws:iam::{}:role/shop_schedules", shop::kAccount)},
        {"HOLDS", "true"},
        {"SLACK_WEBHOOK_URL", fmt::format("http://{}{}", host, kSlackPath)},
        {"PROJECT_NAME", std::string(shop::kProject)},
        {"PROJECT_ENV", std::string(shop::kEnvironment)},
        {"SERVICE_CONFIG", std::string(shop::kServiceConfig)},
        // Names them, so that the sweep looks at them, too.
        {"AUTO_DEPLOY_MAP", R"({"backend":true,"web":true})"},
    };
    if (!targets.empty()) {
        variables["AWS_REGION"] = targets.front().site.region;
        variables["PIPELINE_STATE_MACHINE"] = pipelines_state_machine(targets.front().site);
        variables["AWS_ENDPOINT_URL_STS"] = fmt::format("http://{}", host);
        for (const auto& [name, value] : target_variables(targets)) variables[name] = value;
    }
    const auto pass = [&](const std::string& name) {
        if (const auto value = user.get_non_empty(name)) variables[name] = *value;
    };
    for (const auto* const name : kSystemVariables) pass(name);
    if (settings_passed == UserSettings::kLogging) {
        pass("LOG_LEVEL");
        return variables;
    }
    for (const auto& setting : settings())
        if (is_behaviour(setting.name)) pass(std::string(setting.name));
    scale(variables, "DEPLOYMENT_TIMEOUT_SECONDS", speed, kLeastTimeoutSeconds);
    scale(variables, "VERIFY_SECONDS", speed, 1);
    return variables;
}

}  // namespace ci_lambda::sandbox
