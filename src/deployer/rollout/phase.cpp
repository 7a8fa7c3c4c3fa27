#include "deployer/rollout/phase.hpp"

#include <fmt/format.h>

#include "deployer/rollout/patience.hpp"
#include "deployer/rollout/verdict.hpp"

namespace ci_lambda {
namespace {

std::string_view name_of(DeploymentStrategy strategy) {
    switch (strategy) {
        case DeploymentStrategy::kBlueGreen: return "blue/green";
        case DeploymentStrategy::kLinear: return "linear";
        case DeploymentStrategy::kCanary: return "canary";
        case DeploymentStrategy::kRolling:
        case DeploymentStrategy::kOther: break;
    }
    return "";
}

/// "14:32 UTC", with its date where that is not today's.
std::string clock_time(WallTime time, WallTime now) {
    constexpr std::string_view kDay = "2026-01-31 ";
    const auto text = minute_in_words(time);
    const bool today = minute_in_words(now).starts_with(text.substr(0, kDay.size()));
    return today ? text.substr(kDay.size()) : text;
}

/// " until 14:32 UTC", " until about 14:32 UTC"; nothing of an estimate that has passed.
std::string until_words(const RolloutPhase& phase, WallTime now) {
    if (!phase.until || (phase.about && *phase.until <= now)) return "";
    return fmt::format(" until {}{}", phase.about ? "about " : "", clock_time(*phase.until, now));
}

/// "10 min": what is configured has no seconds.
std::string plan_words(Milliseconds time) {
    auto words = in_words(time);
    if (words.ends_with(" min 0 s")) words.resize(words.size() - std::string_view(" 0 s").size());
    return words;
}

std::string for_words(const RolloutPhase& phase) {
    return phase.holds && *phase.holds > Milliseconds{0} ? fmt::format(" for {}", plan_words(*phase.holds)) : "";
}

std::string with_comma(const std::string& words) { return words.empty() ? "" : "," + words; }

std::string traffic_words(const RolloutPhase& phase, WallTime now) {
    if (!phase.percent) return "the traffic moves to it";
    auto words = fmt::format("{:g} % of the traffic", *phase.percent);
    if (phase.step_percent && phase.holds && *phase.holds > Milliseconds{0})
        return words + fmt::format(", {:g} % more every {}{}", *phase.step_percent, plan_words(*phase.holds),
                                   with_comma(until_words(phase, now)));
    return words + for_words(phase) + with_comma(until_words(phase, now));
}

std::string words_of(const RolloutPhase& phase, WallTime now) {
    using enum RolloutPhase::Kind;
    switch (phase.kind) {
        case kScalingUp: return "its tasks start";
        case kTestTraffic: return "test traffic goes to it";
        case kTraffic: return traffic_words(phase, now);
        case kBaking:
            return fmt::format("all of the traffic, bakes{}{}", for_words(phase), with_comma(until_words(phase, now)));
        case kWaitsForPerson:
        case kWaitsForHook:
            return fmt::format("waits for {}{}{}{}", phase.kind == kWaitsForPerson ? "a person" : "a hook",
                               phase.stage.empty() ? "" : " at " + phase.stage, until_words(phase, now),
                               phase.then.empty() ? "" : fmt::format(" (then {})", phase.then));
        case kCleaningUp: return "done but for the old tasks, which are being ended";
        case kGoingBack: return "what ran before is brought back";
    }
    return "";
}

/// What the stage alone says. PRE_ and POST_ stages are moments between two others, unless a hook keeps them.
std::optional<RolloutPhase::Kind> kind_of(std::string_view stage) {
    using enum RolloutPhase::Kind;
    if (stage == "RECONCILE_SERVICE" || stage == "PRE_SCALE_UP" || stage == "SCALE_UP" || stage == "POST_SCALE_UP")
        return kScalingUp;
    if (stage == "TEST_TRAFFIC_SHIFT" || stage == "POST_TEST_TRAFFIC_SHIFT") return kTestTraffic;
    if (stage == "PRE_PRODUCTION_TRAFFIC_SHIFT" || stage == "PRODUCTION_TRAFFIC_SHIFT") return kTraffic;
    if (stage == "POST_PRODUCTION_TRAFFIC_SHIFT" || stage == "BAKE_TIME") return kBaking;
    if (stage == "CLEAN_UP") return kCleaningUp;
    return std::nullopt;
}

/// How long a step lasts by the configuration. ECS does not say when it began, but when it last changed the record.
void hold(RolloutPhase& phase, const EcsServiceDeployment& record, Milliseconds time) {
    if (time <= Milliseconds{0}) return;
    phase.holds = time;
    if (!record.updated_at) return;
    phase.until = *record.updated_at + time;
    phase.about = true;
}

void add_traffic(RolloutPhase& phase, const EcsServiceDeployment& record) {
    phase.percent = record.production_percent;
    if (!record.configuration) return;
    const auto& configuration = *record.configuration;
    const bool in_steps =
        configuration.strategy == DeploymentStrategy::kCanary || configuration.strategy == DeploymentStrategy::kLinear;
    constexpr double kAll = 100;
    // There is no wait after the step that reaches 100 %, and none before the first one.
    if (!in_steps || !phase.percent || *phase.percent <= 0 || *phase.percent >= kAll) return;
    if (configuration.strategy == DeploymentStrategy::kLinear) phase.step_percent = configuration.step_percent;
    hold(phase, record, configuration.step_bake);
}

/// By the stage that the record names.
std::optional<RolloutPhase> phase_of_record(const EcsServiceDeployment& record) {
    using enum RolloutPhase::Kind;
    RolloutPhase phase{.stage = record.lifecycle_stage};
    if (record.configuration) phase.strategy = name_of(record.configuration->strategy);
    // During a rollback the stage may still be that of the way forward.
    if (record.rollback_started_at || is_rolling_back(record.status)) {
        phase.kind = kGoingBack;
        phase.stage.clear();
        return phase;
    }
    if (const auto* hook = waits_for(record)) {
        phase.kind = hook->pause ? kWaitsForPerson : kWaitsForHook;
        phase.until = hook->expires_at;
        phase.then = hook->then_rolls_back ? "ECS rolls it back" : "ECS goes on";
        phase.percent = record.production_percent;
        return phase;
    }
    const auto kind = kind_of(record.lifecycle_stage);
    if (!kind) return std::nullopt;
    phase.kind = *kind;
    if (phase.kind == kTraffic) add_traffic(phase, record);
    if (record.lifecycle_stage == "BAKE_TIME" && record.configuration) hold(phase, record, record.configuration->bake);
    return phase;
}

/// A rolling update has no stages; with alarms it bakes when all of its tasks run and no other do.
std::optional<RolloutPhase> phase_of_rolling(const EcsService& service, const EcsDeployment& own) {
    const auto& configuration = service.configuration;
    if (configuration.strategy != DeploymentStrategy::kRolling || configuration.bake <= Milliseconds{0})
        return std::nullopt;
    if (service.deployments.size() > 1 || own.desired_count <= 0 || own.running_count < own.desired_count)
        return std::nullopt;
    return RolloutPhase{.kind = RolloutPhase::Kind::kBaking, .holds = configuration.bake};
}

}  // namespace

std::string_view to_string(RolloutPhase::Kind kind) {
    using enum RolloutPhase::Kind;
    switch (kind) {
        case kScalingUp: return "scaling_up";
        case kTestTraffic: return "test_traffic";
        case kTraffic: return "traffic";
        case kBaking: return "baking";
        case kWaitsForPerson: return "waits_for_person";
        case kWaitsForHook: return "waits_for_hook";
        case kCleaningUp: return "cleaning_up";
        case kGoingBack: return "going_back";
    }
    return "";
}

std::string in_words(const RolloutPhase& phase, WallTime now) {
    const auto words = words_of(phase, now);
    return phase.strategy.empty() ? words : fmt::format("{}: {}", phase.strategy, words);
}

std::optional<RolloutPhase> phase_of(const EcsService& service, const EcsDeployment& own,
                                     const EcsServiceDeployment* record) {
    if (record != nullptr)
        if (auto phase = phase_of_record(*record)) return phase;
    return phase_of_rolling(service, own);
}

}  // namespace ci_lambda
