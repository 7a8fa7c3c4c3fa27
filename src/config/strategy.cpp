#include "config/strategy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

using Type = WantedStrategy::Type;

constexpr auto kTypes = std::to_array<std::pair<std::string_view, Type>>({{"keep", Type::kKeep},
                                                                          {"rolling", Type::kRolling},
                                                                          {"blue_green", Type::kBlueGreen},
                                                                          {"linear", Type::kLinear},
                                                                          {"canary", Type::kCanary}});
constexpr std::string_view kTypesExpected = "rolling, blue_green, linear, canary or keep";
constexpr std::string_view kLooksLike = "a word such as canary, canary:10%:10m, or a JSON object";

/// Those that a hook may have, and whether a pause may.
constexpr auto kHookStages =
    std::to_array<std::pair<std::string_view, bool>>({{"RECONCILE_SERVICE", true},
                                                      {"PRE_SCALE_UP", true},
                                                      {"POST_SCALE_UP", true},
                                                      {"TEST_TRAFFIC_SHIFT", false},
                                                      {"POST_TEST_TRAFFIC_SHIFT", true},
                                                      {"PRE_PRODUCTION_TRAFFIC_SHIFT", true},
                                                      {"PRODUCTION_TRAFFIC_SHIFT", false},
                                                      {"POST_PRODUCTION_TRAFFIC_SHIFT", true}});

constexpr int kLongestMinutes = 1440;
constexpr int kLongestPauseMinutes = 20160;
constexpr int kDefaultBakeMinutes = 5;
constexpr std::ptrdiff_t kMostHooksOfAKind = 10;
constexpr std::size_t kLongestAlarmName = 255;

/// ECS's own defaults.
constexpr double kCanaryPercent = 5;
constexpr int kCanaryMinutes = 10;
constexpr double kLinearPercent = 10;
constexpr int kLinearMinutes = 6;

std::optional<Type> parse_type(std::string_view word) {
    for (const auto& [name, type] : kTypes)
        if (name == word) return type;
    return std::nullopt;
}

std::string found_there(const Json& value) {
    if (value.is_structured() || value.is_null()) return fmt::format("is {}", type_name(value));
    if (value.is_string()) return fmt::format("is {}", in_quotes(value.get_ref<const std::string&>()));
    return fmt::format("is {}", shown(dump_json(value)));
}

class StrategyReader {
public:
    WantedStrategy object(const Json& json) {
        constexpr std::array<std::string_view, 7> kKeys{"type",   "percent", "step_minutes", "bake_minutes",
                                                        "alarms", "hooks",   "early_success"};
        know(json, "", kKeys);
        WantedStrategy strategy;
        if (const Json* type = find(json, "type"); type == nullptr)
            problem("/type", "is missing", kTypesExpected);
        else if (const auto known = type->is_string() ? parse_type(type->get_ref<const std::string&>()) : std::nullopt)
            strategy.type = *known;
        else
            problem("/type", found_there(*type), kTypesExpected);
        if (!problems_.empty() && strategy.type == Type::kKeep) return strategy;
        steps(strategy, find(json, "percent"), find(json, "step_minutes"));
        if (const auto bake = whole(find(json, "bake_minutes"), "/bake_minutes", 0, kLongestMinutes))
            strategy.bake_minutes = bake;
        if (const Json* alarms = find(json, "alarms")) read_alarms(*alarms, strategy);
        if (const Json* hooks = find(json, "hooks")) read_hooks(*hooks, strategy);
        if (const Json* early = find(json, "early_success")) read_early_success(*early, strategy);
        return strategy;
    }

    /// `TYPE[:PERCENT[%]][:Nm][:Nm]`.
    WantedStrategy word(std::string_view text) {
        const auto parts = split(text, ':');
        WantedStrategy strategy;
        const auto type = parse_type(to_lower(trim(parts.front())));
        if (!type) {
            std::vector<std::string> names;
            for (const auto& [name, unused] : kTypes) names.emplace_back(name);
            const auto meant = closest(to_lower(trim(parts.front())), names);
            problem("",
                    fmt::format("is {}{}", in_quotes(text), meant ? fmt::format(" (did you mean {}?)", *meant) : ""),
                    kLooksLike);
            return strategy;
        }
        strategy.type = *type;
        const bool has_steps = *type == Type::kLinear || *type == Type::kCanary;
        std::optional<Json> percent;
        std::optional<Json> step;
        std::optional<Json> bake;
        for (std::size_t i = 1; i < parts.size(); ++i) {
            auto part = trim(parts[i]);
            const bool minutes = part.ends_with('m');
            if (minutes || part.ends_with('%')) part.remove_suffix(1);
            auto& place = !minutes ? percent : has_steps && !step ? step : bake;
            const auto number = parse_json(part);
            if (place || !number || !number->is_number()) {
                problem("", fmt::format("is {}", in_quotes(text)), kLooksLike);
                return strategy;
            }
            place = *number;
        }
        steps(strategy, percent ? &*percent : nullptr, step ? &*step : nullptr);
        if (const auto minutes = whole(bake ? &*bake : nullptr, "/bake_minutes", 0, kLongestMinutes))
            strategy.bake_minutes = minutes;
        return strategy;
    }

    /// What belongs together.
    std::expected<WantedStrategy, std::vector<StrategyProblem>> finish(WantedStrategy strategy, std::string_view text) {
        if (strategy.type == Type::kKeep && problems_.empty() &&
            (strategy.bake_minutes || strategy.alarms || strategy.hooks || strategy.early_success))
            problem("/type", "is keep, which changes nothing", "nothing beside it, or another type");
        if (strategy.type == Type::kRolling && strategy.hooks && !strategy.hooks->empty())
            problem("/hooks", "are for a rolling strategy, which has no stages for them",
                    "blue_green, linear or canary as the type, or no hooks");
        if (strategy.moves_traffic() && strategy.early_success && strategy.early_success->on)
            problem("/early_success", "is for rolling only", "rolling as the type, or no early_success");
        if (!problems_.empty()) return std::unexpected(std::move(problems_));
        if (strategy.moves_traffic() && !strategy.bake_minutes) strategy.bake_minutes = kDefaultBakeMinutes;
        strategy.written = std::string(text);
        return strategy;
    }

    void problem(std::string place, std::string what, std::string_view expects) {
        problems_.push_back({.place = std::move(place), .what = std::move(what), .expects = std::string(expects)});
    }

private:
    template <std::size_t N>
    void know(const Json& object, const std::string& place, const std::array<std::string_view, N>& keys) {
        const std::vector<std::string> known(keys.begin(), keys.end());
        for (const auto& [key, unused] : object.items()) {
            if (std::ranges::find(known, key) != known.end()) continue;
            const auto meant = closest(key, known);
            problem(json_pointer(place, shown(key)), "is not known",
                    meant ? fmt::format("\"{}\"?", *meant) : fmt::format("one of {}", join(known, ", ")));
        }
    }

    std::optional<int> whole(const Json* value, const std::string& place, int least, int most) {
        if (value == nullptr) return std::nullopt;
        if (const auto number = whole_number_in(*value, least, most)) return number;
        problem(place, found_there(*value), fmt::format("a whole number from {} to {}", least, most));
        return std::nullopt;
    }

    void steps(WantedStrategy& strategy, const Json* percent, const Json* minutes) {
        const bool canary = strategy.type == Type::kCanary;
        if (!canary && strategy.type != Type::kLinear) {
            for (const auto& [value, place] : {std::pair(percent, "/percent"), std::pair(minutes, "/step_minutes")})
                if (value != nullptr) problem(place, "is for linear and canary only", "");
            return;
        }
        strategy.percent = canary ? kCanaryPercent : kLinearPercent;
        if (percent != nullptr) {
            const double least = canary ? 0.1 : 3;
            const double given = percent->is_number() ? percent->get<double>() : 0;
            const double tenths = std::round(given * 10);
            if (given < least || given > 100 || std::abs(tenths - given * 10) > 1e-6)
                problem("/percent", found_there(*percent),
                        fmt::format("a number from {} to 100, with at most one decimal", least));
            else
                strategy.percent = tenths / 10;
        }
        strategy.step_minutes =
            whole(minutes, "/step_minutes", 0, kLongestMinutes).value_or(canary ? kCanaryMinutes : kLinearMinutes);
    }

    void read_alarms(const Json& alarms, WantedStrategy& strategy) {
        constexpr std::string_view kNames = "a list of names of CloudWatch alarms; an empty one: none";
        if (!alarms.is_array()) return problem("/alarms", found_there(alarms), kNames);
        auto& names = strategy.alarms.emplace();
        for (std::size_t i = 0; i < alarms.size(); ++i) {
            const auto name = alarms[i].is_string() ? alarms[i].get<std::string>() : "";
            // An ARN is the slip of the pen that ECS does not tell.
            if (name.empty() || name.size() > kLongestAlarmName || name.starts_with("arn:") ||
                std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < ' '; }))
                problem(fmt::format("/alarms/{}", i), found_there(alarms[i]), "the name of an alarm, not its ARN");
            else if (std::ranges::find(names, name) == names.end())
                names.push_back(name);
        }
    }

    void read_hooks(const Json& hooks, WantedStrategy& strategy) {
        if (!hooks.is_array()) return problem("/hooks", found_there(hooks), "a list of hooks; an empty one: none");
        auto& all = strategy.hooks.emplace();
        for (std::size_t i = 0; i < hooks.size(); ++i) {
            const auto place = fmt::format("/hooks/{}", i);
            if (hooks[i].is_object())
                read_hook(hooks[i], place, all);
            else
                problem(place, found_there(hooks[i]), R"({"type":"pause","stages":["POST_TEST_TRAFFIC_SHIFT"]})");
        }
        const auto pauses = std::ranges::count_if(all, [](const auto& hook) { return hook.function.empty(); });
        if (pauses > kMostHooksOfAKind || std::ssize(all) - pauses > kMostHooksOfAKind)
            problem("/hooks", fmt::format("has {}", all.size()), "at most 10 of each type");
    }

    void read_hook(const Json& json, const std::string& place, std::vector<WantedStrategy::Hook>& all) {
        constexpr std::array<std::string_view, 6> kKeys{"type",       "stages",   "timeout_minutes",
                                                        "on_timeout", "function", "role"};
        know(json, place, kKeys);
        const auto type = find_string(json, "type").value_or("");
        const bool pause = type == "pause";
        if (!pause && type != "lambda") return problem(place + "/type", "is none of the two", "pause or lambda");
        WantedStrategy::Hook hook;
        for (const auto* key : {"function", "role"}) {
            const Json* given = find(json, key);
            const auto member = fmt::format("{}/{}", place, key);
            auto text = find_string(json, key).value_or("");
            const bool function = key == std::string_view("function");
            if (pause && given != nullptr)
                problem(member, "is for a hook of the type lambda", "");
            else if (!pause && (!text.starts_with("arn:") || !text.contains(function ? ":function:" : ":role/")))
                problem(member, given == nullptr ? "is missing" : found_there(*given),
                        function ? "the ARN of a Lambda function" : "the ARN of a role with which ECS may invoke it");
            (function ? hook.function : hook.role) = std::move(text);
        }
        read_stages(json, place + "/stages", pause, hook);
        hook.timeout_minutes = whole(find(json, "timeout_minutes"), place + "/timeout_minutes", 1,
                                     pause ? kLongestPauseMinutes : kLongestMinutes);
        if (const Json* then = find(json, "on_timeout")) {
            hook.then_continues = *then == "continue";
            if (!hook.then_continues && *then != "roll_back")
                problem(place + "/on_timeout", found_there(*then), "roll_back or continue");
            if (!hook.timeout_minutes) hook.timeout_minutes = kLongestMinutes;
        }
        all.push_back(std::move(hook));
    }

    void read_stages(const Json& json, const std::string& place, bool pause, WantedStrategy::Hook& hook) {
        std::vector<std::string_view> allowed;
        for (const auto& [name, pauses] : kHookStages)
            if (pauses || !pause) allowed.push_back(name);
        const auto expects = fmt::format("a list of {}", fmt::join(allowed, ", "));
        const Json* stages = find(json, "stages");
        if (stages == nullptr || !stages->is_array() || stages->empty())
            return problem(place,
                           stages == nullptr ? "is missing"
                           : stages->empty() ? "is empty"
                                             : found_there(*stages),
                           expects);
        for (std::size_t i = 0; i < stages->size(); ++i) {
            const auto& stage = (*stages)[i];
            const auto name = stage.is_string() ? stage.get<std::string>() : "";
            if (std::ranges::find(allowed, name) == allowed.end())
                problem(fmt::format("{}/{}", place, i), found_there(stage), expects);
            else if (std::ranges::find(hook.stages, name) == hook.stages.end())
                hook.stages.push_back(name);
        }
    }

    void read_early_success(const Json& early, WantedStrategy& strategy) {
        constexpr std::array<std::string_view, 2> kKeys{"healthy_percent", "cleanup"};
        constexpr std::string_view kEarly = R"(false, or {"healthy_percent":75,"cleanup":"deferred"})";
        auto& wanted = strategy.early_success.emplace();
        if (early == false) return;
        if (!early.is_object()) return problem("/early_success", found_there(early), kEarly);
        know(early, "/early_success", kKeys);
        wanted.on = true;
        wanted.healthy_percent = whole(find(early, "healthy_percent"), "/early_success/healthy_percent", 0, 100);
        const Json* cleanup = find(early, "cleanup");
        wanted.deferred = cleanup != nullptr && *cleanup == "deferred";
        if (cleanup != nullptr && !wanted.deferred && *cleanup != "blocking")
            problem("/early_success/cleanup", found_there(*cleanup), "blocking or deferred");
    }

    std::vector<StrategyProblem> problems_;
};

}  // namespace

std::expected<WantedStrategy, std::vector<StrategyProblem>> parse_strategy(std::string_view text) {
    const auto written = trim(text);
    StrategyReader reader;
    if (!written.starts_with('{')) return reader.finish(reader.word(written), to_lower(written));
    const auto json = parse_json(written);
    if (json && json->is_object()) return reader.finish(reader.object(*json), dump_json(*json));
    reader.problem("", json ? "is no JSON object" : json.error().message, kLooksLike);
    return reader.finish({}, written);
}

std::string in_words(const std::vector<StrategyProblem>& problems) {
    std::vector<std::string> texts;
    for (const auto& [place, what, expects] : problems)
        texts.push_back(fmt::format("{}{}{}{}", place.empty() ? "" : place.substr(1) + " ", what,
                                    expects.empty() ? "" : "; expected ", expects));
    return join(texts, "; ");
}

std::string in_words(const WantedStrategy& strategy) {
    std::string words;
    switch (strategy.type) {
        case Type::kKeep: return "what the service has";
        case Type::kRolling: words = "rolling"; break;
        case Type::kBlueGreen: words = "blue/green"; break;
        case Type::kLinear:
            words = fmt::format("linear in steps of {} % of the traffic every {} min", strategy.percent,
                                strategy.step_minutes);
            break;
        case Type::kCanary:
            words = fmt::format("canary with {} % of the traffic for {} min", strategy.percent, strategy.step_minutes);
            break;
    }
    if (strategy.bake_minutes) words += fmt::format(", bake time {} min", *strategy.bake_minutes);
    if (strategy.alarms && !strategy.alarms->empty()) words += fmt::format(", alarms {}", join(*strategy.alarms, ", "));
    if (strategy.hooks && !strategy.hooks->empty())
        words += fmt::format(", {} hook{}", strategy.hooks->size(), strategy.hooks->size() == 1 ? "" : "s");
    if (strategy.early_success && strategy.early_success->on) words += ", early success";
    return words;
}

}  // namespace ci_lambda
