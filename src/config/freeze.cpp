#include "config/freeze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/values.hpp"

namespace ci_lambda {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kDay = 24 * 60;
constexpr int kWeek = 7 * kDay;
constexpr std::size_t kMostFreezes = 100;
constexpr std::size_t kLongestReason = 200;

constexpr std::string_view kExpectsFreeze =
    R"({"weekly":"Fri 16:00 - Mon 08:00","zone":"Europe/Berlin"} or {"from":"2026-12-24","to":"2027-01-02","zone":"UTC"})";
constexpr std::string_view kExpectsWeekly = R"(two times of the week, "Fri 16:00 - Mon 08:00" or "Sat - Sun")";
constexpr std::string_view kExpectsDaily = R"(two times of the day, "18:00 - 08:00")";
constexpr std::string_view kExpectsDate = R"(a date, "2026-12-24", or a date and a time, "2026-12-24 18:00")";
constexpr std::string_view kExpectsZone = R"(a zone of the IANA database, "Europe/Berlin", or "UTC")";

std::optional<int> number_of(std::string_view digits, int most) {
    if (digits.empty() || digits.size() > 4 || digits.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    const auto number = static_cast<int>(parse_unsigned(digits).value_or(0));
    return number <= most ? std::optional(number) : std::nullopt;
}

/// `08:00`, to `24:00`: minutes.
std::optional<int> time_of_day(std::string_view text) {
    constexpr int kLastHour = 24;
    constexpr int kLastMinute = 59;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || text.size() != colon + 3) return std::nullopt;
    const auto hour = number_of(text.substr(0, colon), kLastHour);
    const auto minute = number_of(text.substr(colon + 1), kLastMinute);
    if (!hour || !minute || (*hour == kLastHour && *minute > 0)) return std::nullopt;
    return *hour * 60 + *minute;
}

/// `Fri`, `friday`: 0 is Monday.
std::optional<int> day_of_week(std::string_view text) {
    constexpr std::array<std::string_view, 7> kNames{"monday", "tuesday",  "wednesday", "thursday",
                                                     "friday", "saturday", "sunday"};
    const auto word = to_lower(text);
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (word == kNames[i] || word == kNames[i].substr(0, 3)) return static_cast<int>(i);
    return std::nullopt;
}

std::optional<local_days> date_of(std::string_view text) {
    constexpr std::size_t kLength = 10;
    if (text.size() != kLength || text[4] != '-' || text[7] != '-') return std::nullopt;
    constexpr int kLastYear = 2199;
    const auto year = number_of(text.substr(0, 4), kLastYear);
    const auto month = number_of(text.substr(5, 2), 12);
    const auto day = number_of(text.substr(8, 2), 31);
    if (!year || *year < 2000 || !month || !day) return std::nullopt;
    const auto date = std::chrono::year(*year) / *month / *day;
    return date.ok() ? std::optional(local_days(date)) : std::nullopt;
}

/// Without a time it is the day, and its end is the next one's beginning.
struct DateAndTime {
    local_seconds at;
    bool is_day = false;
};

std::optional<DateAndTime> date_and_time(std::string_view text) {
    constexpr std::size_t kDateLength = 10;
    const auto date = date_of(text.substr(0, kDateLength));
    if (!date) return std::nullopt;
    if (text.size() == kDateLength) return DateAndTime{.at = *date, .is_day = true};
    if (text[kDateLength] != ' ' && text[kDateLength] != 'T') return std::nullopt;
    const auto time = time_of_day(text.substr(kDateLength + 1));
    return time ? std::optional(DateAndTime{.at = *date + minutes(*time)}) : std::nullopt;
}

/// The two sides of " - ".
std::optional<std::pair<std::string, std::string>> sides_of(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos || text.find('-', dash + 1) != std::string_view::npos) return std::nullopt;
    return std::pair{std::string(trim(text.substr(0, dash))), std::string(trim(text.substr(dash + 1)))};
}

std::optional<Freeze::Hours> hours_of_day(std::string_view text) {
    const auto sides = sides_of(text);
    const auto from = sides ? time_of_day(sides->first) : std::nullopt;
    const auto to = sides ? time_of_day(sides->second) : std::nullopt;
    if (!from || !to || *from == kDay) return std::nullopt;
    return Freeze::Hours{.from = *from, .to = *to > *from ? *to : *to + kDay};
}

/// `Fri 16:00`, `Fri`, and for an end also `20:00`.
struct TimeOfWeek {
    std::optional<int> day;
    std::optional<int> time;
};

std::optional<TimeOfWeek> time_of_week(const std::string& text) {
    const auto blank = text.find(' ');
    if (blank == std::string::npos) {
        if (const auto day = day_of_week(text)) return TimeOfWeek{.day = day, .time = {}};
        if (const auto time = time_of_day(text)) return TimeOfWeek{.day = {}, .time = time};
        return std::nullopt;
    }
    const TimeOfWeek both{.day = day_of_week(text.substr(0, blank)), .time = time_of_day(trim(text.substr(blank)))};
    return both.day && both.time ? std::optional(both) : std::nullopt;
}

std::optional<Freeze::Hours> hours_of_week(std::string_view text) {
    const auto sides = sides_of(text);
    const auto from = sides ? time_of_week(sides->first) : std::nullopt;
    const auto to = sides ? time_of_week(sides->second) : std::nullopt;
    if (!from || !to || !from->day) return std::nullopt;
    const int begin = *from->day * kDay + from->time.value_or(0);
    const int end_day = to->day.value_or(*from->day);
    int end = end_day * kDay + to->time.value_or(kDay);
    // "Fri 22:00 - 06:00" ends on Saturday.
    if (end <= begin) end += to->day ? kWeek : kDay;
    return Freeze::Hours{.from = begin, .to = end};
}

struct Span {
    WallTime from;
    WallTime to;
};

/// The times of a freeze that begin, or end, within a week and a half of a moment.
std::vector<Span> spans_around(const Freeze& freeze, WallTime at) {
    const auto span = [&](local_seconds from, local_seconds to) {
        return Span{.from = freeze.zone.moment(from, TimeZone::Twice::kFirst),
                    .to = freeze.zone.moment(to, TimeZone::Twice::kSecond)};
    };
    if (freeze.dates) return {span(freeze.dates->from, freeze.dates->to)};
    const auto today = std::chrono::floor<days>(freeze.zone.local(at));
    const auto monday = today - (std::chrono::weekday(today) - std::chrono::Monday);
    std::vector<Span> all;
    for (const int week : {-2, -1, 0, 1})
        for (const auto& one : freeze.hours) {
            const auto begin = local_seconds(monday) + days(7 * week);
            all.push_back(span(begin + minutes(one.from), begin + minutes(one.to)));
        }
    return all;
}

std::optional<FrozenTime> one_at(const std::vector<Freeze>& freezes, WallTime at) {
    std::optional<FrozenTime> longest;
    for (const auto& freeze : freezes)
        for (const auto& span : spans_around(freeze, at))
            if (span.from <= at && at < span.to && (!longest || span.to > longest->until))
                longest = {.from = span.from, .until = span.to, .freeze = &freeze};
    return longest;
}

/// Whether what comes again every week leaves no time between.
bool is_whole_week(const std::vector<Freeze>& freezes) {
    std::vector<Freeze> weekly;
    for (const auto& freeze : freezes)
        if (!freeze.dates) weekly.push_back(freeze);
    // Any week will do.
    const WallTime begin{std::chrono::sys_days(std::chrono::year(2028) / 6 / 5)};
    auto at = begin;
    while (at < begin + days(8)) {
        const auto frozen = one_at(weekly, at);
        if (!frozen) return false;
        at = frozen->until;
    }
    return true;
}

/// One of the list, member by member.
class FreezeReader {
public:
    FreezeReader(const Json& value, std::string place, const FreezeProblem& problem)
        : value_(value), place_(std::move(place)), problem_(problem) {}

    std::optional<Freeze> read() {
        if (!value_.is_object()) return refuse("", fmt::format("is {}", type_name(value_)), kExpectsFreeze);
        if (!check_members()) return std::nullopt;
        const auto zone = text("zone");
        if (!zone) return refuse("/zone", "is missing", kExpectsZone);
        const auto known = TimeZone::find(*zone);
        if (!known) {
            const auto names = TimeZone::names();
            const auto meant = closest(*zone, names);
            return refuse("/zone", fmt::format("is {}, which is no time zone", in_quotes(*zone)),
                          meant ? fmt::format("\"{}\"?", *meant) : std::string(kExpectsZone));
        }
        Freeze freeze{.zone = *known,
                      .reason = truncate_utf8(one_line(text("reason").value_or(""), kLongestReason), kLongestReason),
                      .written = dump_json(value_)};
        const bool good = value_.contains("weekly")  ? read_weekly(freeze)
                          : value_.contains("daily") ? read_daily(freeze)
                                                     : read_dates(freeze);
        freeze.words += fmt::format(", {}", known->name());
        return good ? std::optional(std::move(freeze)) : std::nullopt;
    }

private:
    std::nullopt_t refuse(std::string_view member, std::string what, std::string_view expects) {
        problem_(place_ + std::string(member), std::move(what), expects);
        return std::nullopt;
    }

    std::optional<std::string> text(const char* key) const { return find_string(value_, key); }

    bool check_members() {
        static const std::vector<std::string> known{"weekly", "daily", "from", "to", "zone", "reason"};
        for (const auto& [key, member] : value_.items()) {
            if (std::ranges::find(known, key) == known.end()) {
                const auto meant = closest(key, known);
                refuse(json_pointer("", shown(key)), "is not known",
                       meant ? fmt::format("\"{}\"?", *meant) : fmt::format("one of {}", join(known, ", ")));
                return false;
            }
            if (!member.is_string() || member.get_ref<const std::string&>().empty()) {
                refuse("/" + key, member.is_string() ? "is empty" : fmt::format("is {}", type_name(member)),
                       "a string");
                return false;
            }
        }
        const int kinds = static_cast<int>(value_.contains("weekly")) + static_cast<int>(value_.contains("daily")) +
                          static_cast<int>(value_.contains("from") || value_.contains("to"));
        if (kinds == 1) return true;
        refuse("", kinds == 0 ? "does not say when" : "says in two ways when", kExpectsFreeze);
        return false;
    }

    bool read_weekly(Freeze& freeze) {
        freeze.words = *text("weekly");
        const auto read = hours_of_week(freeze.words);
        if (!read) {
            refuse("/weekly", fmt::format("is {}", in_quotes(freeze.words)), kExpectsWeekly);
            return false;
        }
        if (read->to - read->from >= kWeek) {
            refuse("/weekly", fmt::format("is {}, which is the whole week", in_quotes(freeze.words)),
                   "a range that ends before it begins anew");
            return false;
        }
        freeze.hours = {*read};
        return true;
    }

    bool read_daily(Freeze& freeze) {
        freeze.words = *text("daily");
        const auto read = hours_of_day(freeze.words);
        if (!read) {
            refuse("/daily", fmt::format("is {}", in_quotes(freeze.words)), kExpectsDaily);
            return false;
        }
        if (read->to - read->from >= kDay) {
            refuse("/daily", fmt::format("is {}, which is the whole day", in_quotes(freeze.words)),
                   "a range that ends before it begins anew");
            return false;
        }
        for (int day = 0; day < kWeek; day += kDay)
            freeze.hours.push_back({.from = day + read->from, .to = day + read->to});
        freeze.words = "daily " + freeze.words;
        return true;
    }

    std::optional<DateAndTime> date(const char* key) {
        const auto written = text(key);
        const auto place = fmt::format("/{}", key);
        if (!written)
            return refuse(place, place == "/to" ? "is missing: it would never end" : "is missing", kExpectsDate);
        auto read = date_and_time(*written);
        if (!read) return refuse(place, fmt::format("is {}", in_quotes(*written)), kExpectsDate);
        return read;
    }

    bool read_dates(Freeze& freeze) {
        const auto from = date("from");
        const auto to = date("to");
        if (!from || !to) return false;
        const auto end = to->is_day ? to->at + days(1) : to->at;
        if (end <= from->at) {
            refuse("/to", fmt::format("is {}, and that is not after \"from\"", in_quotes(*text("to"))),
                   "a later date (a date without a time is that whole day)");
            return false;
        }
        freeze.dates = {.from = from->at, .to = end};
        freeze.words = fmt::format("{} - {}", *text("from"), *text("to"));
        return true;
    }

    const Json& value_;
    std::string place_;
    const FreezeProblem& problem_;
};

}  // namespace

std::optional<FrozenTime> frozen_at(const std::vector<Freeze>& freezes, WallTime at) {
    // One may go over into the next. More than that is a week without an end, which is not read.
    constexpr int kMostLinks = 1000;
    auto frozen = one_at(freezes, at);
    for (int links = 0; frozen && links < kMostLinks; ++links) {
        const auto next = one_at(freezes, frozen->until);
        if (!next) break;
        frozen->until = next->until;
    }
    return frozen;
}

std::optional<FrozenTime> next_freeze(const std::vector<Freeze>& freezes, WallTime after) {
    std::optional<FrozenTime> next;
    for (const auto& freeze : freezes)
        for (const auto& span : spans_around(freeze, after))
            if (span.from > after && span.from < after + days(366) && (!next || span.from < next->from))
                next = {.from = span.from, .until = span.to, .freeze = &freeze};
    if (next) next->until = frozen_at(freezes, next->from)->until;
    return next;
}

bool HoldSettings::is_on() const {
    return tags || !freezes.empty() || !calendars.empty() ||
           std::ranges::any_of(own, [](const auto& one) { return !one.second.empty(); });
}

std::vector<Freeze> read_freezes(std::string_view text, const FreezeProblem& problem) {
    std::vector<Freeze> freezes;
    const auto json = parse_json(text);
    if (!json) {
        problem("", fmt::format("is no JSON: {}", json.error().message), "a list of freezes");
        return freezes;
    }
    if (!json->is_array()) {
        problem("", fmt::format("is {}", type_name(*json)), "a list of freezes");
        return freezes;
    }
    if (json->size() > kMostFreezes) {
        problem("", "has more than 100 freezes", "at most 100");
        return freezes;
    }
    for (std::size_t i = 0; i < json->size(); ++i)
        if (auto freeze = FreezeReader((*json)[i], fmt::format("/{}", i), problem).read())
            freezes.push_back(*std::move(freeze));
    if (!freezes.empty() && is_whole_week(freezes))
        problem("", "freezes the whole week: nothing would ever be deployed", "a time at which it is open");
    return freezes;
}

std::string to_json(const std::vector<Freeze>& freezes) {
    std::vector<std::string> written;
    for (const auto& freeze : freezes) written.push_back(freeze.written);
    return fmt::format("[{}]", join(written, ","));
}

namespace {

/// `2h`, `90m`, `3d`, `1h30m`.
std::optional<minutes> duration_of(std::string_view text) {
    constexpr int kMost = 9999;
    minutes sum{0};
    while (!text.empty()) {
        const auto end = text.find_first_not_of("0123456789");
        const auto number = end == std::string_view::npos ? std::nullopt : number_of(text.substr(0, end), kMost);
        if (!number) return std::nullopt;
        switch (text[end]) {
            case 'm': sum += minutes(*number); break;
            case 'h': sum += hours(*number); break;
            case 'd': sum += days(*number); break;
            default: return std::nullopt;
        }
        text.remove_prefix(end + 1);
    }
    return sum;
}

Result<WallTime> moment_of(std::string_view text, WallTime now) {
    constexpr std::string_view kLooksLike =
        R"("2h", "18:00 Europe/Berlin", "2026-12-01 08:00" (UTC, where no zone is named) or "2026-12-01T08:00Z")";
    const auto refuse = [&](std::string_view why) {
        return fail(ErrorKind::kConfiguration, fmt::format("{} is no time at which a hold can end{}; it looks like {}",
                                                           in_quotes(text), why, kLooksLike));
    };
    if (const auto duration = duration_of(text); duration && !text.empty()) return now + *duration;
    if (const auto exact = parse_rfc3339(std::string(text))) return *exact;
    if (text.ends_with('Z'))
        if (const auto exact = date_and_time(text.substr(0, text.size() - 1)); exact && !exact->is_day)
            return TimeZone::utc().moment(exact->at, TimeZone::Twice::kSecond);
    // The zone is what stands behind the last blank, unless that is the time of a date.
    auto zone = TimeZone::utc();
    auto rest = text;
    if (const auto blank = text.rfind(' '); blank != std::string_view::npos && !time_of_day(text.substr(blank + 1))) {
        const auto name = text.substr(blank + 1);
        const auto known = TimeZone::find(name);
        if (!known) {
            const auto names = TimeZone::names();
            const auto meant = closest(std::string(name), names);
            return refuse(fmt::format(": {} is no time zone{}", in_quotes(name),
                                      meant ? fmt::format(" (did you mean {}?)", *meant) : ""));
        }
        zone = *known;
        rest = trim(text.substr(0, blank));
    }
    if (const auto time = time_of_day(rest)) {
        const auto today = std::chrono::floor<days>(zone.local(now));
        for (const int day : {0, 1}) {
            const auto at = zone.moment(local_seconds(today + days(day)) + minutes(*time), TimeZone::Twice::kSecond);
            if (at > now) return at;
        }
    }
    if (const auto date = date_and_time(rest)) return zone.moment(date->at, TimeZone::Twice::kSecond);
    return refuse("");
}

}  // namespace

Result<WallTime> parse_until(std::string_view text, WallTime now) {
    text = trim(text);
    TRY_ASSIGN(const auto at, moment_of(text, now));
    if (at <= now)
        return fail(ErrorKind::kConfiguration,
                    fmt::format("{} is over already ({})", in_quotes(text), minute_in_words(at)));
    if (at > now + days(3660))
        return fail(ErrorKind::kConfiguration, fmt::format("{} is more than ten years away", in_quotes(text)));
    return at;
}

}  // namespace ci_lambda
