#include "deployer/start/strategy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ci_lambda {
namespace {

using Type = WantedStrategy::Type;

constexpr std::ptrdiff_t kMostUnfinished = 5;

DeploymentStrategy strategy_of(Type type) {
    switch (type) {
        case Type::kBlueGreen: return DeploymentStrategy::kBlueGreen;
        case Type::kLinear: return DeploymentStrategy::kLinear;
        case Type::kCanary: return DeploymentStrategy::kCanary;
        default: return DeploymentStrategy::kRolling;
    }
}

std::string_view called_by_ecs(DeploymentStrategy strategy) {
    switch (strategy) {
        case DeploymentStrategy::kRolling: return "ROLLING";
        case DeploymentStrategy::kBlueGreen: return "BLUE_GREEN";
        case DeploymentStrategy::kLinear: return "LINEAR";
        case DeploymentStrategy::kCanary: return "CANARY";
        case DeploymentStrategy::kOther: break;
    }
    return "another one";
}

int minutes(Milliseconds time) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(time).count());
}

/// Which fields of a load balancer are missing, for a traffic shift.
std::vector<std::string> missing_fields(const EcsLoadBalancer& balancer) {
    std::vector<std::string> missing;
    if (balancer.alternate_target_group.empty()) missing.emplace_back("alternateTargetGroupArn");
    if (balancer.production_rule.empty()) missing.emplace_back("productionListenerRule");
    if (balancer.role.empty()) missing.emplace_back("roleArn");
    return missing;
}

std::optional<std::string> why_no_shift(const WantedStrategy& wanted, const EcsService& service) {
    const auto& balancers = service.load_balancers;
    if (balancers.empty()) {
        // Blue/green works without traffic: new tasks, bake time, clean-up.
        if (service.service_connect || wanted.type == Type::kBlueGreen) return std::nullopt;
        return "it has neither a load balancer nor Service Connect, so there is no traffic to shift: add "
               "loadBalancers with an advancedConfiguration or a serviceConnectConfiguration to it, or let its "
               "strategy be blue_green or rolling";
    }
    for (std::size_t i = 0; i < balancers.size(); ++i) {
        const auto& balancer = balancers[i];
        const auto place = fmt::format("loadBalancers[{}]", i);
        if (balancer.classic) return fmt::format("{} is a Classic Load Balancer, which cannot shift traffic", place);
        if (!balancer.advanced)
            return fmt::format(
                "{} has no advancedConfiguration: add alternateTargetGroupArn, productionListenerRule and "
                "roleArn (for test traffic testListenerRule, too) with UpdateService",
                place);
        if (const auto missing = missing_fields(balancer); !missing.empty())
            return fmt::format("{}.advancedConfiguration has no {}: add {}", place, join(missing, " and no "),
                               missing.size() == 1 ? "it" : "them");
        if (balancer.alternate_target_group == balancer.target_group)
            return fmt::format("{}.advancedConfiguration has the target group itself as alternateTargetGroupArn",
                               place);
        if (!balancer.test_rule.empty() && balancer.test_rule == balancer.production_rule)
            return fmt::format("{}.advancedConfiguration has the same rule for production and for test traffic", place);
    }
    return std::nullopt;
}

bool same_number(double one, double other) { return std::abs(one - other) < 0.05; }

/// How much of what is wanted DescribeServices shows: of a pause it may show the stages alone.
enum class Seen { kNothing, kPart, kAll };

Seen seen_of(const EcsLifecycleHook& has, const WantedStrategy::Hook& wanted) {
    constexpr int kDefaultMinutes = 1440;
    auto stages = has.stages;
    auto wanted_stages = wanted.stages;
    std::ranges::sort(stages);
    std::ranges::sort(wanted_stages);
    if (has.pause != wanted.function.empty() || has.function != wanted.function || has.role != wanted.role ||
        stages != wanted_stages)
        return Seen::kNothing;
    if (!has.timeout) return wanted.timeout_minutes ? Seen::kPart : Seen::kAll;
    return minutes(*has.timeout) == wanted.timeout_minutes.value_or(kDefaultMinutes) &&
                   has.then_continues.value_or(false) == wanted.then_continues
               ? Seen::kAll
               : Seen::kNothing;
}

Seen seen_of(std::vector<EcsLifecycleHook> has, const std::vector<WantedStrategy::Hook>& wanted) {
    if (has.size() != wanted.size()) return Seen::kNothing;
    auto seen = Seen::kAll;
    for (const auto& hook : wanted) {
        // Those that are seen whole go first.
        std::ranges::stable_sort(has, std::ranges::greater{}, [&](const auto& one) { return seen_of(one, hook); });
        seen = std::min(seen, seen_of(has.front(), hook));
        has.erase(has.begin());
    }
    return seen;
}

Json hook_json(const WantedStrategy::Hook& hook) {
    Json json{{"targetType", hook.function.empty() ? "PAUSE" : "AWS_LAMBDA"}, {"lifecycleStages", hook.stages}};
    if (!hook.function.empty()) {
        json["hookTargetArn"] = hook.function;
        json["roleArn"] = hook.role;
    }
    if (hook.timeout_minutes)
        json["timeoutConfiguration"] = {{"timeoutInMinutes", *hook.timeout_minutes},
                                        {"action", hook.then_continues ? "CONTINUE" : "ROLLBACK"}};
    return json;
}

/// Collects the members that differ.
class Difference {
public:
    Difference(const WantedStrategy& wanted, const EcsDeploymentConfiguration& has) : wanted_(wanted), has_(has) {}

    void find_all() {
        other_strategy_ = strategy_of(wanted_.type) != has_.strategy;
        if (other_strategy_) members_["strategy"] = called_by_ecs(strategy_of(wanted_.type));
        if (other_strategy_)
            words_.push_back(fmt::format("{} instead of {}", in_words(wanted_), called_by_ecs(has_.strategy)));
        steps();
        bake();
        alarms();
        hooks();
        early_success();
    }

    [[nodiscard]] const Json& members() const { return members_; }
    [[nodiscard]] std::string words() const { return join(words_, ", "); }

private:
    /// With another strategy all has been said.
    void say(std::string words) {
        if (!other_strategy_) words_.push_back(std::move(words));
    }

    void steps() {
        const bool canary = wanted_.type == Type::kCanary;
        if (!canary && wanted_.type != Type::kLinear) return;
        if (!other_strategy_ && same_number(wanted_.percent, has_.step_percent) &&
            wanted_.step_minutes == minutes(has_.step_bake))
            return;
        members_[canary ? "canaryConfiguration" : "linearConfiguration"] = {
            {canary ? "canaryPercent" : "stepPercent", wanted_.percent},
            {canary ? "canaryBakeTimeInMinutes" : "stepBakeTimeInMinutes", wanted_.step_minutes}};
        say(fmt::format("{} % for {} min instead of {} % for {} min", wanted_.percent, wanted_.step_minutes,
                        has_.step_percent, minutes(has_.step_bake)));
    }

    void bake() {
        auto bake = wanted_.bake_minutes;
        // That of a shift of traffic has no place in a rolling update.
        if (!bake && other_strategy_) bake = 0;
        const bool must_be_given = other_strategy_ && wanted_.moves_traffic();
        if (!bake || (*bake == minutes(has_.bake) && !must_be_given)) return;
        members_["bakeTimeInMinutes"] = *bake;
        say(fmt::format("bake time {} min instead of {} min", *bake, minutes(has_.bake)));
    }

    void alarms() {
        if (!wanted_.alarms) return;
        auto has = has_.alarm_names;
        auto names = *wanted_.alarms;
        std::ranges::sort(has);
        std::ranges::sort(names);
        if (names.empty() ? !has_.alarms_on : has_.alarms_roll_back && has == names) return;
        members_["alarms"] = {
            {"alarmNames", *wanted_.alarms}, {"enable", !names.empty()}, {"rollback", !names.empty()}};
        say(names.empty() ? "no alarms" : fmt::format("the alarms {}", join(*wanted_.alarms, ", ")));
    }

    /// Those of which only a part can be seen are sent, too, but nothing is said: most likely nothing changes.
    void hooks() {
        if (!wanted_.hooks) return;
        const auto seen = seen_of(has_.hooks, *wanted_.hooks);
        if (seen == Seen::kAll) return;
        auto& hooks = members_["lifecycleHooks"] = Json::array();
        for (const auto& hook : *wanted_.hooks) hooks.push_back(hook_json(hook));
        if (seen == Seen::kNothing)
            say(fmt::format("{} hooks instead of {}", wanted_.hooks->size(), has_.hooks.size()));
    }

    void early_success() {
        auto wanted = wanted_.early_success;
        // It is for rolling updates only.
        if (wanted_.moves_traffic() && has_.early_success) wanted = WantedStrategy::EarlySuccess{};
        if (!wanted || wanted->on == has_.early_success) {
            if (!wanted || !wanted->on) return;
            if (wanted->deferred == has_.cleanup_deferred &&
                (!wanted->healthy_percent || wanted->healthy_percent == has_.early_healthy_percent))
                return;
        }
        auto& member = members_["earlySuccessCriteria"] = {{"enable", wanted->on}};
        if (wanted->on) {
            if (wanted->healthy_percent) member["healthyPercent"] = *wanted->healthy_percent;
            member["sourceServiceRevisionCleanup"] = wanted->deferred ? "DEFERRED" : "BLOCKING";
        }
        say(wanted->on ? "early success" : "no early success");
    }

    const WantedStrategy& wanted_;
    const EcsDeploymentConfiguration& has_;
    bool other_strategy_ = false;
    Json members_ = Json::object();
    std::vector<std::string> words_;
};

}  // namespace

std::optional<std::string> why_not_with(const WantedStrategy& wanted, const EcsService& service) {
    if (wanted.type == Type::kKeep) return std::nullopt;
    const auto refuse = [&](std::string_view why) {
        return fmt::format("{} cannot have the strategy {}: {}", service.name, in_words(wanted), why);
    };
    if (service.express)
        return refuse(
            "it is an Express service, and ECS itself chooses its strategy; let its strategy be keep in the "
            "configuration");
    if (!can_be_updated(service) || service.by_code_deploy)
        return refuse(
            fmt::format("its deployment controller is {}, and strategies are those of the controller ECS; let its "
                        "strategy be keep in the configuration",
                        service.deployment_controller));
    if (wanted.moves_traffic())
        if (const auto why = why_no_shift(wanted, service)) return refuse(*why);
    if (wanted.early_success && wanted.early_success->healthy_percent &&
        *wanted.early_success->healthy_percent < service.configuration.minimum_healthy_percent)
        return refuse(fmt::format("healthy_percent of early_success is less than its minimumHealthyPercent, {}",
                                  service.configuration.minimum_healthy_percent));
    return std::nullopt;
}

ConfigurationChange change_of_configuration(const WantedStrategy* wanted, const EcsService& service, bool rolls_back) {
    ConfigurationChange change;
    Json members = Json::object();
    auto then = service;
    if (wanted != nullptr && wanted->type != Type::kKeep) {
        Difference difference(*wanted, service.configuration);
        difference.find_all();
        members = difference.members();
        change.words = difference.words();
        then.configuration.strategy = strategy_of(wanted->type);
        if (wanted->alarms) then.configuration.alarms_roll_back = !wanted->alarms->empty();
    }
    if (rolls_back)
        if (const auto breaker = configuration_with_rollback(then))
            members.update(parse_json(*breaker).value_or(Json::object()));
    if (!members.empty()) change.json = dump_json(members);
    return change;
}

std::optional<std::string> why_no_more_deployments(const EcsService& service) {
    const auto draining = std::ranges::count(service.deployments, "ACTIVE", &EcsDeployment::status);
    const auto* primary = service.primary();
    const bool rolls = primary != nullptr && (primary->rollout_state == RolloutState::kInProgress ||
                                              primary->rollout_state == RolloutState::kFailed);
    const auto unfinished = draining + (rolls ? 1 : 0);
    if (unfinished < kMostUnfinished) return std::nullopt;
    return fmt::format(
        "{} deployments of {} are unfinished, and ECS takes no further one: {} of them still have tasks "
        "that are being ended (or that task protection holds); this can heal by itself",
        unfinished, service.name, draining);
}

}  // namespace ci_lambda
