#include "deployer/verify/ticket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace ci_lambda {
namespace {

using std::chrono::seconds;

constexpr seconds kLongestStep{60};
constexpr int kLooks = 5;

seconds since_began(const Rollout& rollout, WallTime at) {
    return std::chrono::duration_cast<seconds>(at - rollout.started_at);
}

/// The number of its deployment, as schedules may be called.
std::string number_of(const Rollout& rollout) {
    constexpr std::size_t kLongest = 40;
    auto number = rollout.deployment_id.substr(rollout.deployment_id.rfind('/') + 1).substr(0, kLongest);
    std::ranges::replace_if(
        number, [](char c) { return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z'); }, '-');
    return number;
}

std::string event_with(const Rollout& rollout, WallTime at, WallTime until, std::string state) {
    Json event{{"action", "verify"},
               {"service", rollout.target.id.str()},
               {"deployment_id", rollout.deployment_id},
               {"task_definition", rollout.task_definition},
               {"started_at", format_rfc3339(rollout.started_at)},
               {"at", format_rfc3339(at)},
               {"until", format_rfc3339(until)},
               {"state", std::move(state)}};
    if (!rollout.target.deployment_target.empty()) event["target"] = rollout.target.deployment_target;
    return dump_json(event);
}

}  // namespace

seconds step_of(seconds time) { return std::clamp(time / kLooks, seconds{1}, kLongestStep); }

WallTime next_look(const Verification& verification, WallTime now, seconds step) {
    const auto& began = verification.rollout.started_at;
    const auto past = std::max<WallTime::duration>(now + step / 2 - began, WallTime::duration{0});
    const auto at = began + (past / step + 1) * step;
    return std::min<WallTime>(at, verification.until);
}

std::string first_schedule_name(const Rollout& rollout) {
    return fmt::format("ci_lambda-verify-{}", number_of(rollout));
}

std::string task_schedule_name(const Rollout& rollout) {
    return fmt::format("ci_lambda-verify-task-{}", number_of(rollout));
}

std::string schedule_name(const Rollout& rollout, WallTime at) {
    return fmt::format("{}-{}", first_schedule_name(rollout), since_began(rollout, at).count());
}

std::string event_of(const Verification& verification, WallTime at) {
    return event_with(verification.rollout, at, verification.until, to_text(verification.state));
}

std::string event_of_task(const Rollout& rollout, WallTime at) {
    return event_with(rollout, at, at, std::string(kTaskAfterState));
}

Verification verification_of(const Verify& decision) {
    return {.rollout = {.target = decision.target,
                        .deployment_id = decision.deployment_id,
                        .task_definition = decision.task_definition,
                        .started_at = decision.started_at,
                        .seen = true},
            .until = decision.until,
            .state = health_state_of(decision.state)};
}

}  // namespace ci_lambda
