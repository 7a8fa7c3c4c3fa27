#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "sandbox/places/target.hpp"

namespace ci_lambda::sandbox {

/// Variables that are held in memory: those of the function, for the sandbox's own copy of its decisions.
class MapEnvironment final : public Environment {
public:
    explicit MapEnvironment(std::map<std::string, std::string> values);
    [[nodiscard]] std::optional<std::string> get(const std::string& name) const override;
    void set(const std::string& name, const std::string& value) override;

private:
    std::map<std::string, std::string> values_;
};

/// The access key id that the function signs with. It tells the function's own calls from everybody else's.
inline constexpr std::string_view kFunctionAccessKey = "AKIASANDBOXFUNCTION0";

/// Path of the Slack inbox; the webhook's URL is the sandbox's address with this path.
inline constexpr std::string_view kSlackPath = "/slack/services/T000/B000/sandbox";
/// The same inbox for who is not the function: a message that comes here belongs to no invocation.
inline constexpr std::string_view kSlackPathOfOthers = "/slack/services/T000/B000/shell";

enum class UserSettings {
    kPassed,   ///< behaviour that the user has set (DRY_RUN, ENABLE_*, *_MAP, ..) reaches the function
    kLogging,  ///< LOG_LEVEL only: for the demo, which tells the same story everywhere
};

/// The least that the function's DEPLOYMENT_TIMEOUT_SECONDS becomes at high speeds: its calls take real time.
inline constexpr int kLeastTimeoutSeconds = 10;

/// All that the function finds in its environment. Nothing else of the user's environment gets there: above all no
/// real credentials. The function is as patient as ECS is fast: its DEPLOYMENT_TIMEOUT_SECONDS, the user's or the
/// usual one, is divided by `speed`. `targets`: where it is to deploy, the home first; none: where it runs.
[[nodiscard]] std::map<std::string, std::string> function_environment(std::uint16_t port, const Environment& user,
                                                                      UserSettings settings, double speed = 1.0,
                                                                      const std::vector<Target>& targets = {});

}  // namespace ci_lambda::sandbox
