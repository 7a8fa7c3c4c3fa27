#include "base/time_zone.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.hpp"

namespace ci_lambda {

/// Minutes, east of Greenwich; of the clocks that are changed, as they show it. A month 0: they never are.
struct ZoneRule {
    struct Switch {
        std::int8_t month;
        std::int8_t week;  ///< which of this day in the month; 5: the last one
        std::int8_t day;   ///< 0 is Sunday
        std::int16_t at;   ///< minutes of that day; may be of another one
    };
    std::int16_t usual;
    std::int16_t summer;
    Switch to_summer;
    Switch to_usual;
};

namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

#include "base/time_zone_table.inc"

sys_seconds switched_at(const ZoneRule::Switch& when, std::chrono::year year, int ahead_before) {
    constexpr int kLast = 5;
    const auto month = year / std::chrono::month(static_cast<unsigned>(when.month));
    const std::chrono::weekday day(static_cast<unsigned>(when.day));
    const std::chrono::sys_days date = when.week == kLast
                                           ? std::chrono::sys_days(month / day[std::chrono::last])
                                           : std::chrono::sys_days(month / day[static_cast<unsigned>(when.week)]);
    return date + minutes(when.at) - minutes(ahead_before);
}

minutes ahead_by(const ZoneRule& rule, sys_seconds at) {
    if (rule.to_summer.month == 0) return minutes(rule.usual);
    const auto year = std::chrono::year_month_day(std::chrono::floor<days>(at + minutes(rule.usual))).year();
    const auto summer = switched_at(rule.to_summer, year, rule.usual);
    const auto usual = switched_at(rule.to_usual, year, rule.summer);
    // South of the equator summer goes over the turn of the year.
    const bool is_summer = summer < usual ? at >= summer && at < usual : at >= summer || at < usual;
    return minutes(is_summer ? rule.summer : rule.usual);
}

/// Calls `on_zone(name, rule)` for each until it returns true.
template <typename OnZone>
void each_zone(OnZone on_zone) {
    std::string_view rest = kZones;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        const auto blank = line.find(' ');
        const auto rule = static_cast<std::size_t>(parse_unsigned(line.substr(blank + 1)).value_or(0));
        if (on_zone(line.substr(0, blank), kRules.at(rule))) return;
        rest.remove_prefix(end + 1);
    }
}

sys_seconds in_seconds(WallTime at) { return std::chrono::floor<seconds>(at); }

}  // namespace

std::optional<TimeZone> TimeZone::find(std::string_view name) {
    std::optional<TimeZone> found;
    const auto wanted = to_lower(name);
    each_zone([&](std::string_view known, const ZoneRule& rule) {
        if (to_lower(known) != wanted) return false;
        found = TimeZone(std::string(known), rule);
        return true;
    });
    return found;
}

std::vector<std::string> TimeZone::names() {
    std::vector<std::string> all;
    each_zone([&](std::string_view name, const ZoneRule&) {
        all.emplace_back(name);
        return false;
    });
    return all;
}

minutes TimeZone::ahead(WallTime at) const { return ahead_by(*rule_, in_seconds(at)); }

local_seconds TimeZone::local(WallTime at) const {
    return local_seconds((in_seconds(at) + ahead(at)).time_since_epoch());
}

WallTime TimeZone::moment(local_seconds shown, Twice twice) const {
    // No zone is so far from UTC, and none changes its clocks twice within two days.
    constexpr days kFar{1};
    const sys_seconds as_utc(shown.time_since_epoch());
    const auto before = as_utc - ahead_by(*rule_, as_utc - kFar);
    const auto after = as_utc - ahead_by(*rule_, as_utc + kFar);
    const auto shows_it = [&](sys_seconds at) { return at + ahead_by(*rule_, at) == as_utc; };
    const bool first = shows_it(before);
    const bool second = shows_it(after);
    if (first && (!second || twice == Twice::kFirst)) return before;
    if (second) return after;
    // Clocks skip it, and the change lies between the two.
    auto early = std::min(before, after);
    auto late = std::max(before, after);
    while (late - early > seconds{1}) {
        const auto middle = early + (late - early) / 2;
        (ahead_by(*rule_, middle) == ahead_by(*rule_, early) ? early : late) = middle;
    }
    return late;
}

}  // namespace ci_lambda
