#include "sandbox/ecs/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.hpp"

namespace ci_lambda::sandbox {
namespace {

constexpr std::array kScenarios{
    ScenarioText{Scenario::kHealthy, "healthy", "the new tasks start, the old ones are drained"},
    ScenarioText{Scenario::kImageNotFound, "image-not-found", "the image cannot be pulled, no task starts"},
    ScenarioText{Scenario::kCrashOnStart, "crash-on-start", "the container exits with 1 before the task is RUNNING"},
    ScenarioText{Scenario::kCrashAfterStart, "crash-after-start",
                 "the task is RUNNING for a moment, then out of memory; the circuit breaker misses it"},
    ScenarioText{Scenario::kFailingHealthChecks, "failing-health-checks",
                 "the task is RUNNING, but the load balancer finds it unhealthy"},
    ScenarioText{Scenario::kNoCapacity, "no-capacity", "no task can be placed"},
    ScenarioText{Scenario::kSlow, "slow", "healthy, but it takes more than ten minutes of ECS's time"},
    ScenarioText{Scenario::kBake, "bake", "blue/green; old and new tasks both stay for ten minutes of bake time"},
    ScenarioText{Scenario::kPause, "pause", "blue/green; it waits for ContinueServiceDeployment, or 30 minutes"},
    ScenarioText{Scenario::kLinear, "linear", "the traffic moves by 25 percent every two minutes"},
    ScenarioText{Scenario::kCanary, "canary", "10 percent of the traffic move, and the rest after five minutes"},
    ScenarioText{Scenario::kAlarm, "alarm", "all tasks run, then an alarm goes off and ECS rolls back"},
    ScenarioText{Scenario::kAlarmInBake, "alarm-in-bake",
                 "blue/green; an alarm goes off in the ten minutes of bake time, and ECS rolls back"},
    ScenarioText{Scenario::kProtected, "protected", "all new tasks run, one old task stays for half an hour"},
    ScenarioText{Scenario::kHook, "hook", "blue/green; it asks the function itself whether it may go on"},
    ScenarioText{Scenario::kHookFails, "hook-fails", "blue/green; a lifecycle hook's function says no"},
    ScenarioText{Scenario::kHookTimesOut, "hook-times-out", "blue/green; a hook's function does not answer in time"},
    ScenarioText{Scenario::kShiftFails, "shift-fails", "blue/green; the traffic cannot be moved, and ECS rolls back"},
    ScenarioText{Scenario::kNobodyAnswers, "nobody-answers",
                 "blue/green; it waits a minute for a person, and goes back"},
};

}  // namespace

std::span<const ScenarioText> scenarios() { return kScenarios; }

std::string_view name_of(Scenario scenario) {
    const auto* const found = std::ranges::find(kScenarios, scenario, &ScenarioText::scenario);
    return found == kScenarios.end() ? std::string_view{} : found->name;
}

bool is_of_the_image(Scenario scenario) {
    switch (scenario) {
        case Scenario::kHealthy:
        case Scenario::kBake:
        case Scenario::kPause:
        case Scenario::kLinear:
        case Scenario::kCanary:
        case Scenario::kProtected:
        case Scenario::kHook:
        case Scenario::kHookFails:
        case Scenario::kHookTimesOut:
        case Scenario::kShiftFails:
        case Scenario::kNobodyAnswers: return false;
        case Scenario::kImageNotFound:
        case Scenario::kCrashOnStart:
        case Scenario::kCrashAfterStart:
        case Scenario::kFailingHealthChecks:
        case Scenario::kNoCapacity:
        case Scenario::kSlow:
        case Scenario::kAlarm:
        case Scenario::kAlarmInBake: return true;
    }
    return true;
}

bool configures_the_service(Scenario scenario) {
    switch (scenario) {
        case Scenario::kBake:
        case Scenario::kPause:
        case Scenario::kLinear:
        case Scenario::kCanary:
        case Scenario::kAlarm:
        case Scenario::kAlarmInBake:
        case Scenario::kHook:
        case Scenario::kHookFails:
        case Scenario::kHookTimesOut:
        case Scenario::kShiftFails:
        case Scenario::kNobodyAnswers: return true;
        default: return false;
    }
}

Result<Scenario> parse_scenario(std::string_view name) {
    const auto* const found = std::ranges::find(kScenarios, name, &ScenarioText::name);
    if (found != kScenarios.end()) return found->scenario;
    std::vector<std::string> known;
    for (const auto& scenario : kScenarios) known.emplace_back(scenario.name);
    return fail(ErrorKind::kConfiguration,
                fmt::format("there is no scenario \"{}\"; known are: {}", name, join(known, ", ")));
}

Result<ScenarioChoice> parse_scenario_choice(std::string_view text) {
    const auto equals = text.find('=');
    ScenarioChoice choice;
    if (equals != std::string_view::npos) {
        if (equals == 0)
            return fail(ErrorKind::kConfiguration,
                        fmt::format("\"{}\" names no service: write NAME, or SERVICE=NAME", text));
        choice.service = std::string(text.substr(0, equals));
        text.remove_prefix(equals + 1);
    }
    TRY_ASSIGN(choice.scenario, parse_scenario(text));
    return choice;
}

}  // namespace ci_lambda::sandbox
