#include "deployer/verify/health.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ci_lambda {
namespace {

/// CloudWatch repeats the data points in its reasons.
constexpr std::size_t kLongestAlarmReason = 200;
constexpr int kMostCounted = 1000;

std::string in_alarm(const AlarmState& alarm) {
    if (alarm.reason.empty()) return fmt::format("the alarm {} is on", alarm.name);
    return fmt::format("the alarm {} is on: {}", alarm.name, one_line(alarm.reason, kLongestAlarmReason));
}

void judge_alarms(const VerifyRules& rules, WallTime since, const HealthLook& look, Health& health,
                  std::vector<std::string>& reasons) {
    if (rules.alarms.empty()) return;
    if (!look.alarms_unread.empty()) {
        health.unseen.push_back(fmt::format("the alarms could not be read: {}", look.alarms_unread));
        return;
    }
    for (const auto& name : rules.alarms) {
        const auto found = std::ranges::find(look.alarms, name, &AlarmState::name);
        if (found == look.alarms.end())
            health.unseen.push_back(fmt::format("there is no alarm {}", name));
        else if (found->value != AlarmState::Value::kAlarm)
            continue;
        else if (!found->since)
            health.unseen.push_back(fmt::format("the alarm {} is on, and CloudWatch does not say since when", name));
        else if (*found->since < since)
            health.unseen.push_back(
                fmt::format("the alarm {} does not count: it was on before the rollout began", name));
        else
            reasons.push_back(in_alarm(*found));
    }
}

void count(const UrlLook& look, HealthState::Url& url) {
    const bool answered = look.found == UrlLook::Found::kGood || look.found == UrlLook::Found::kBad;
    url.answered = url.answered || answered;
    if (look.found == UrlLook::Found::kGood) {
        url.good = std::min(url.good + 1, kMostCounted);
        url.bad = 0;
    } else if (look.found == UrlLook::Found::kBad || (look.found == UrlLook::Found::kNoAnswer && url.answered)) {
        url.bad = std::min(url.bad + 1, kMostCounted);
        url.good = 0;
    }
}

}  // namespace

std::string to_text(const HealthState& state) {
    std::vector<std::string> parts;
    for (const auto& url : state.urls)
        parts.push_back(fmt::format("{}/{}/{}", url.good, url.bad, url.answered ? 1 : 0));
    return join(parts, ",");
}

HealthState health_state_of(std::string_view text) {
    constexpr std::size_t kNumbers = 3;
    HealthState state;
    if (text.empty()) return state;
    for (const auto& part : split(text, ',')) {
        const auto numbers = split(part, '/');
        auto& url = state.urls.emplace_back();
        if (numbers.size() != kNumbers) continue;
        const auto number = [&](std::size_t i) {
            return static_cast<int>(std::min<unsigned long long>(parse_unsigned(numbers[i]).value_or(0), kMostCounted));
        };
        url = {.good = number(0), .bad = number(1), .answered = number(2) != 0};
    }
    return state;
}

Health judge_health(const VerifyRules& rules, WallTime since, const HealthLook& look, HealthState& state) {
    Health health;
    std::vector<std::string> reasons;
    judge_alarms(rules, since, look, health, reasons);
    state.urls.resize(rules.urls.size());
    std::string waits_for = look.alarms_unread.empty() ? "" : health.unseen.front();
    for (std::size_t i = 0; i < rules.urls.size(); ++i) {
        const auto& rule = rules.urls[i];
        const UrlLook seen = i < look.urls.size() ? look.urls[i] : UrlLook{};
        auto& url = state.urls[i];
        count(seen, url);
        const auto name = shown_url(rule.url);
        if (url.bad >= rule.times)
            reasons.push_back(fmt::format("{} fails, {} {} in a row: {}", name, url.bad,
                                          url.bad == 1 ? "time" : "times", seen.words));
        else if (seen.found == UrlLook::Found::kNoAnswer && !url.answered)
            health.unseen.push_back(
                fmt::format("{} does not answer, and has not since the rollout completed: {}", name, seen.words));
        if (url.bad > 0 && url.bad < rule.times) health.in_doubt = true;
        if (url.good < rule.times && waits_for.empty())
            waits_for = fmt::format("{} has answered as told {} of {} times in a row", name, url.good, rule.times);
    }
    if (!reasons.empty()) {
        health.kind = Health::Kind::kUnhealthy;
        health.why = join(reasons, "; ");
        health.in_doubt = false;
    } else if (waits_for.empty()) {
        health.kind = Health::Kind::kHealthy;
    } else {
        health.why = std::move(waits_for);
    }
    return health;
}

}  // namespace ci_lambda
